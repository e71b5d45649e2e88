"""The page as text: escaping, policy, sameness, states. What needs a browser is in test_browser.py."""

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from arena.machine import resources
from arena.report import formats as report
from arena.report import page, patch
from arena.report.text import clean

Document = Callable[[str], dict[str, Any]]
TEMPLATES = sorted(Path(str(resources.folder("templates"))).rglob("*.j2"))


def test_same_document_gives_the_same_bytes(doc: dict[str, Any]) -> None:
    before = json.dumps(doc, sort_keys=True)
    assert report.html(doc).encode() == report.html(json.loads(before)).encode()
    assert json.dumps(doc, sort_keys=True) == before


def test_policy_holds_the_hashes_of_the_contents(document: Document) -> None:
    text = report.html(document("winner"))
    policy = html.unescape(
        re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    )
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for part, directive in (("style", "style-src"), ("script", "script-src")):
        (contents,) = re.findall(rf"<{part}>(.*?)</{part}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(contents.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy


class _Attributes(HTMLParser):
    """Collects the attributes of all elements, as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(name, value or "") for name, value in attrs]


def test_nothing_is_loaded_from_anywhere(doc: dict[str, Any]) -> None:
    text = report.html(doc)
    for name, value in _Attributes(text).found:
        assert name not in (
            "src",
            "srcset",
            "action",
            "formaction",
            "style",
            "background",
            "poster",
        )
        assert not name.startswith("on")
        assert name not in ("href", "xlink:href") or value.startswith("#")
    style = text.split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_hostile_text_is_text(sample: Any, document: Document) -> None:
    text = report.html(document("hostile"))
    # Shipped parts out of the way: nothing that is left may be an element made of hostile text.
    body = re.sub(r"<(style|script)\b.*?</\1>", "", text, flags=re.DOTALL)
    for forbidden in (
        "<script",
        "<img",
        "<iframe",
        "<base",
        "<form action",
        "<svg onload",
        "window.PWN=1</",
    ):
        assert forbidden not in body
    for evil in sample.HOSTILE:
        assert (
            str(resources.environment().from_string("{{ x }}").render(x=clean(evil)))
            in body
        )


def test_every_field_is_escaped(sample: Any) -> None:
    """Each string of a document in turn becomes hostile; the page never gains a tag."""
    evil = "<i class=evil>"
    doc = sample.failed_entry()

    def poison(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: poison(v, k) for k, v in value.items()}
        if isinstance(value, list) and key not in ("columns", "rows", "cross"):
            return [poison(v, key) for v in value]
        fixed = (
            "label",
            "a",
            "b",
            "measure",
            "winner",
            "leader",
            "runner_up",
            "base",
            "confidence",
            "grade",
            "name",
        )
        return value + evil if isinstance(value, str) and key not in fixed else value

    assert evil not in report.html(poison(doc))


def test_templates_never_mark_text_as_safe() -> None:
    assert TEMPLATES
    for template in TEMPLATES:
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe|autoescape|Markup", text), template
        assert " style=" not in text, template


def test_style_and_script_can_stand_in_the_page() -> None:
    for name in ("report.css", "report.js"):
        text = resources.read_text("templates", name)
        assert "</" not in text
        assert "innerHTML" not in text
        assert "localStorage" not in text
        text.encode("ascii" if name == "report.js" else "utf-8")


def test_unknown_names_in_templates_are_errors() -> None:
    with pytest.raises(Exception, match="undefined"):
        resources.render("report.html.j2", csp="")


def test_json_in_the_page_cannot_end_its_element() -> None:
    text = page.json_for_page({"x": "</script><!--&\u2028"})
    assert not re.search("[<>&\u2028]", text)
    assert json.loads(text) == {"x": "</script><!--&\u2028"}


def test_packed_tests_are_all_tests(document: Document) -> None:
    doc = document("large")
    packed = re.search(r'id="packed">([^<]+)<', report.html(doc))[1]
    # No clock in it: the four bytes of the time are zero.
    assert base64.b64decode(packed)[4:8] == bytes(4)
    lines = gzip.decompress(base64.b64decode(packed)).decode().split("\n")
    tests = doc["details"]["tests"]
    assert len(lines) == len(tests["ids"])
    assert lines[7] == f"r\t{tests['ids'][7]}\t{tests['rows'][7]}"
    assert lines[-1].startswith("-\t")


def test_size_stays_small(document: Document) -> None:
    assert len(report.html(document("winner"))) < 100_000
    assert len(report.html(document("large"))) < 1_000_000


def test_missing_values_show_their_reason(document: Document) -> None:
    text = report.html(document("zero-tests"))
    assert "No test results: no test was collected." in text
    assert text.count("no test ran") > 4
    assert "<td>—</td>" not in text


def test_everything_recorded_about_a_candidate_is_shown(document: Document) -> None:
    text = report.html(document("winner"))
    assert "Retry in fetch (claude-1)" in text
    assert "finished, exit code 0" in text
    assert "202 passed, 0 failed, 4 skipped; flaky: tests/test_client.py" in text
    assert "Stage that decided: required." in text


def test_failed_entries_are_never_hidden(document: Document) -> None:
    text = report.html(document("failed"))
    assert "2 of 3 could be judged; no result from gemini-1 (silent)." in text
    assert "waiting for the model" in text


def test_next_commands_come_from_the_document_only(doc: dict[str, Any]) -> None:
    text = report.html(doc)
    shown = [
        html.unescape(found)
        for found in re.findall(r'<code id="next-\d+">([^<]*)</code>', text)
    ]
    assert shown == [item["command"] for item in doc["next"]]
    excluded = [clean(c["label"]) for c in doc["candidates"] if c["excluded"]]
    assert not any(
        command.endswith(f" {label}") for command in shown for label in excluded
    )


def test_labels_that_look_alike_get_addresses_of_their_own(sample: Any) -> None:
    doc = sample.two()
    for candidate, label in zip(doc["candidates"], ("a/b", "a b"), strict=True):
        candidate["label"] = label
    doc = sample.nothing_measured(doc)
    ids = re.findall(r'\sid="([^"]+)"', report.html(doc))
    assert len(ids) == len(set(ids))
    assert {"c-a-b", "c-a-b~2"} <= set(ids)


def test_details_may_be_absent(sample: Any) -> None:
    doc = sample.winner()
    doc = sample.nothing_measured(doc)
    for made in (
        report.html,
        report.markdown,
        report.csv,
        report.junit,
        report.terminal,
    ):
        assert made(doc)


def test_no_candidates_at_all(sample: Any) -> None:
    doc = sample.nothing_measured(sample.failed_entry())
    doc["candidates"], doc["verdict"] = (
        [],
        {**doc["verdict"], "winner": None, "leader": None},
    )
    for made in (
        report.html,
        report.markdown,
        report.csv,
        report.junit,
        report.terminal,
    ):
        assert made(doc)


def test_lines_that_no_test_ran_are_marked_in_the_diff(document: Document) -> None:
    text = report.html(document("winner"))
    assert re.search(r'class="r miss" data-line="5"', text)
    assert re.search(r'class="r hit" data-line="6"', text)


def test_diffs_are_cut_and_say_so(sample: Any) -> None:
    doc = sample.two()
    label = doc["candidates"][0]["label"]
    lines = "".join(f"+line {i}\n" for i in range(1, 1001)) + f"+{'x' * 5000}\n"
    whole = "".join(
        f"diff --git a/f{n}.py b/f{n}.py\n@@ -0,0 +1,1001 @@\n{lines}" for n in range(9)
    ).encode()
    doc["details"]["diffs"][label] = patch.parse(whole)
    text = report.html(doc)
    assert text.count("602 more lines") == 5
    assert text.count("1002 more lines") == 4
    assert text.count('data-line="399"') == 5
    assert text.count('data-line="400"') == 0


def test_all_diffs_of_a_page_share_one_budget() -> None:
    one = "".join(
        f"diff --git a/f{n}.py b/f{n}.py\n@@ -0,0 +1,999 @@\n" + "+x\n" * 999
        for n in range(9)
    ).encode()
    parsed = patch.parse_all(dict.fromkeys("abcdef", one))
    rows = {name: sum(len(f["lines"]) for f in parsed[name]) for name in parsed}
    assert rows == {"a": 2000, "b": 2000, "c": 2000, "d": 2000, "e": 0, "f": 0}
    assert sum(f["cut"] for f in parsed["f"]) == 9 * 1000


def test_long_lines_are_cut_and_say_so() -> None:
    (file,) = patch.parse(b"diff --git a/f b/f\n@@ -0,0 +1 @@\n+" + b"x" * 5000)
    assert file["lines"][1][3] == f"{'x' * 2000} … 3000 more characters"


def test_lines_cut_away_are_counted(document: Document) -> None:
    text = report.html(document("two"))
    assert (
        '<summary>base → claude-1 <span class="quiet">+40 \u22122</span></summary>'
        in text
    )
    assert "25 more lines: <code>git diff " in text
