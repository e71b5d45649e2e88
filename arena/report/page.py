"""The HTML page: one file without requests, whose style and script are allowed by their hashes only."""

import base64
import hashlib
import json
from typing import Any

from arena.machine import resources
from arena.report import sections, subject, text
from arena.report.board import board, measured
from arena.report.diffs import diffs
from arena.report.subject import Doc, prepare

# A browser takes longer than anybody waits for a file larger than this: diffs leave, and the page says so.
SIZE_LIMIT = 20_000_000
# From so many columns on, a cell shows a letter instead of a word.
DENSE = 9
WORDS = {
    "P": "pass",
    "F": "FAIL",
    "E": "error",
    "S": "skip",
    "N": "not run",
    "K": "flaky",
    "X": "xfail",
}


def html(doc: Doc) -> str:
    """The whole page as text; the same document gives the same bytes."""
    page = _render(doc, without_diffs=False)
    if len(page.encode()) <= SIZE_LIMIT:
        return page
    return _render(doc, without_diffs=True)


def _render(doc: Doc, *, without_diffs: bool) -> str:
    made = prepare(doc)
    css, js = (resources.read_text("templates", f"report.{k}") for k in ("css", "js"))
    tests, columns = sections.tests(made), made["details"]["tests"]["columns"]
    columns_are_many = len(columns) > DENSE
    words = {letter: letter for letter in WORDS} if columns_are_many else WORDS
    return resources.render(
        "report.html.j2",
        doc=made,
        text=text,
        subject=subject,
        sections=sections,
        measured=measured,
        board=board(made),
        tests=tests,
        dense=columns_are_many,
        words=words,
        sliders=sections.sliders(made)[0],
        diffs=[] if without_diffs else diffs(made),
        without_diffs=without_diffs,
        csp=policy(css, js),
        css=resources.trusted(css),
        js=resources.trusted(js),
        data=resources.trusted(json_for_page(_data(made, tests, words))),
        packed=resources.trusted(tests["packed"]),
    )


def _data(doc: Doc, tests: Doc, words: Doc) -> Doc:
    """What the script needs: fractions per candidate (0 to 1), the noise (points), the recorded winner, tests."""
    criteria, rivals = sections.sliders(doc)
    names = [criterion["measure"] for criterion in criteria]
    return {
        "sliders": {
            "rivals": [
                {
                    "label": c["label"],
                    "fractions": {n: c["fractions"][n] for n in names},
                }
                for c in rivals
            ],
            "noise": doc["rubric"]["noise"],
            "winner": doc["verdict"]["winner"],
            "word": "best-looking candidate" if doc["exploration"] else "winner",
        },
        "tests": {
            "columns": doc["details"]["tests"]["columns"],
            "words": words,
            "differing": tests["differing"],
        },
    }


def json_for_page(data: Any) -> str:
    """JSON that may stand inside a script element: no character in it can end the element."""
    made = json.dumps(data, allow_nan=False, sort_keys=True, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        made = made.replace(character, f"\\u{ord(character):04x}")
    return made


def policy(css: str, js: str) -> str:
    """The content security policy: nothing may load or run but this style sheet and this script."""
    sources = f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(js)}"
    return f"{sources}; base-uri 'none'; form-action 'none'"


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
