"""Markdown, CSV, JUnit and terminal text of every state."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len

from arena.report import formats as report
from arena.report import summary
from arena.report.text import clean

Document = Callable[[str], dict[str, Any]]


def test_formats_are_repeatable_and_clean(doc: dict[str, Any]) -> None:
    for made in (report.markdown, report.csv, report.junit, report.terminal):
        first = made(doc)
        assert first == made(doc)
        first.encode()
        assert not re.search(
            r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", first
        )


@pytest.mark.parametrize("width", [24, 60, 80, 120])
def test_terminal_lines_stay_below_the_width(doc: dict[str, Any], width: int) -> None:
    said = report.terminal(doc, width)
    for line in said.split("\n"):
        command = line.startswith(("Next:", "or:", "Undo:", "Report:"))
        assert command or cell_len(line) < width, line
    assert not said.endswith("\n")


def test_cut_counts_cells_not_characters() -> None:
    assert summary.cut("漢字漢字", 5) == "漢字…"
    assert summary.cut("漢e\u0301", 3) == "漢e\u0301"
    assert summary.cut("short", 5) == "short"


def test_terminal_names_everybody_and_the_next_commands(doc: dict[str, Any]) -> None:
    said = report.terminal(doc, 120)
    for item in doc["next"]:
        assert item["command"] in said
    for entry in (doc["candidates"] + doc["failed"])[:20]:
        assert clean(entry["label"])[:20] in said
    assert said.split("\n")[-1].endswith(doc["report"])


def test_terminal_of_a_plain_stream_is_ascii(doc: dict[str, Any]) -> None:
    assert report.terminal(doc, 80, unicode=False).isascii()


def test_terminal_colours_only_when_asked(document: Document) -> None:
    assert "\x1b" not in report.terminal(document("winner"), 80)
    coloured = report.terminal(document("winner"), 80, colour=True)
    assert coloured.startswith("\x1b[1;32m")
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == report.terminal(
        document("winner"), 80
    )


def test_terminal_says_why_a_value_is_missing(document: Document) -> None:
    said = report.terminal(document("zero-tests"), 120)
    assert "n/m (not measured) Changed lines covered, all: no test ran" in said


def test_missing_values_never_become_figures(document: Document) -> None:
    doc = document("zero-tests")
    assert "Changed lines covered: not measured (no test ran)" in _plain(
        report.markdown(doc)
    )
    rows = list(csv.DictReader(io.StringIO(report.csv(doc))))
    assert {row["coverage.changed"] for row in rows} == {"not measured: no test ran"}
    assert {row["points coverage.changed"] for row in rows} == {"not counted"}


def _plain(markdown: str) -> str:
    """Markdown as a reader sees it: references resolved."""
    return re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), markdown).replace(
        "\u200b", ""
    )


def test_markdown_shows_hostile_text_as_it_is(sample: Any, document: Document) -> None:
    made = report.markdown(document("hostile"))
    for text in sample.HOSTILE:
        assert clean(text) in _plain(made)
    outside = re.sub(r"</?code>", "", made)
    assert "<" not in outside
    assert "](" not in outside
    assert "@name" not in outside
    assert "`" not in outside


def test_markdown_tables_keep_their_columns(doc: dict[str, Any]) -> None:
    table = [line for line in report.markdown(doc).split("\n") if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1
    assert len(table) == 2 + min(20, len(doc["candidates"]) + len(doc["failed"]))


def test_markdown_holds_the_verdict(doc: dict[str, Any]) -> None:
    seen = _plain(report.markdown(doc))
    assert seen.startswith(f"## {clean(doc['verdict']['headline'])}\n")
    for item in doc["next"]:
        assert item["command"] in seen


def test_csv_has_a_row_for_everybody_and_no_formula(doc: dict[str, Any]) -> None:
    rows = list(csv.reader(io.StringIO(report.csv(doc))))
    assert len(rows) == 1 + len(doc["candidates"]) + len(doc["failed"])
    assert len({len(row) for row in rows}) == 1
    for row in rows:
        for value in row:
            assert value
            assert not value.startswith(("=", "@", "\t", "\r"))
            if value.startswith(("+", "-")):
                float(value)


@pytest.mark.parametrize(
    "evil", ["=1+1", "+1", "-1", "@sum(1)", "\tx", "\rx", "\u22121"]
)
def test_csv_neutralises_formulas(sample: Any, evil: str) -> None:
    doc = sample.two()
    doc["candidates"][0]["label"] = evil
    doc["candidates"][0]["measurements"]["coverage.changed"].update(
        value=None, why_none=evil
    )
    rows = list(csv.reader(io.StringIO(report.csv(doc))))
    assert not rows[1][1].startswith(("=", "+", "-", "@", "\t", "\r", "\u2212"))


def test_csv_totals_are_the_recorded_ones(document: Document) -> None:
    doc = document("winner")
    rows = list(csv.DictReader(io.StringIO(report.csv(doc))))
    for row, candidate in zip(rows, doc["candidates"], strict=True):
        if candidate["total"] is None:
            assert row["total"] == f"excluded: {candidate['excluded']}"
        else:
            assert float(row["total"]) == candidate["total"]


def test_junit_has_a_case_per_gate(doc: dict[str, Any]) -> None:
    root = ET.fromstring(report.junit(doc))
    suites = root.findall("testsuite")
    assert len(suites) == len(doc["candidates"]) + len(doc["failed"])
    for suite, candidate in zip(suites, doc["candidates"], strict=False):
        assert suite.get("name") == clean(candidate["label"])
        gates = candidate["gates"]
        assert [case.get("name") for case in suite.findall("testcase")] == [
            gate["name"] for gate in gates
        ]
        assert len(suite.findall("testcase/failure")) == sum(
            gate["passed"] is False for gate in gates
        )
        assert len(suite.findall("testcase/skipped")) == sum(
            gate["passed"] is None for gate in gates
        )
    assert len(root.findall("testsuite/testcase/error")) == len(doc["failed"])


def test_exploration_never_wins(document: Document) -> None:
    for made in (report.html, report.markdown, report.csv, report.terminal):
        words = made(document("exploration"))
        words = re.sub(r"<(style|script)\b.*?</\1>", "", words, flags=re.DOTALL)
        assert not re.search(r"\bwins\b|\bwinner\b", words)
