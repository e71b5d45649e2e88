"""The HTML page: one file without requests, whose style and script are allowed by their hashes only."""

import base64
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from arena.machine import resources
from arena.report import change, diffs, evidence, matrix, reasons, top
from arena.report.board import Board, board
from arena.report.subject import Doc, details, is_exploration, prepare

# A browser takes longer than anybody waits for a file larger than this: diffs leave, and the page says so.
SIZE_LIMIT = 20_000_000


def html(doc: Doc) -> str:
    """The whole page as text; the same document gives the same bytes."""
    cleaned = prepare(doc)
    page = _render(cleaned, without_diffs=False)
    return (
        page
        if len(page.encode()) <= SIZE_LIMIT
        else _render(cleaned, without_diffs=True)
    )


def write_html(doc: Doc, path: Path) -> None:
    """Write the page to `path`, whole or not at all; folders on the way are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page = html(doc).encode()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(page)
        # mkstemp makes files for their owner only; a report is for everybody who may see its folder.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _render(doc: Doc, *, without_diffs: bool) -> str:
    css, js = (
        resources.read_text("templates", f"report.{kind}") for kind in ("css", "js")
    )
    return resources.render(
        "report.html.j2",
        csp=policy(css, js),
        css=resources.trusted(css),
        js=resources.trusted(js),
        **_sections(doc, without_diffs=without_diffs),
    )


def _sections(doc: Doc, *, without_diffs: bool) -> dict[str, Any]:
    tests, shown_board, flags = matrix.matrix(doc), board(doc), evidence.flags(doc)
    shown_diffs = () if without_diffs else diffs.diffs(doc)
    columns, calls = evidence.behaviour(doc)
    events, earlier = evidence.events(doc)
    contents = _contents(tests, shown_board, len(shown_diffs), len(flags), len(calls))
    known = top.anchors(doc, [name for name, _, _ in contents]) | {
        diff.id for diff in shown_diffs
    }
    return {
        "header": top.header(doc),
        "verdict": top.verdict(doc, known),
        "contents": contents,
        "exploration": is_exploration(doc),
        "board": shown_board,
        "noise": doc["rubric"].get("noise") or 0.0,
        "reasons": reasons.reasons(doc),
        "rubric": doc["rubric"],
        "tests": tests,
        "behaviour": {"columns": columns, "calls": calls},
        "coverage": change.coverage(doc),
        "worst": change.worst_functions(doc),
        "functions": change.functions(doc),
        "diffs": shown_diffs,
        "diffs_left_out": without_diffs,
        "files": change.files(doc),
        "flags": flags,
        "logs": evidence.logs(doc),
        "events": events,
        "earlier_events": earlier,
        "provenance": evidence.provenance(doc),
        "replay": doc.get("replay") or "",
        "data": resources.trusted(json_for_page(_data(doc, tests))),
        "packed": resources.trusted(tests.packed),
    }


def _contents(
    tests: matrix.Matrix,
    shown: Board,
    diff_count: int,
    flag_count: int,
    call_count: int,
) -> tuple[tuple[str, str, int | None], ...]:
    """Sections in their order: address, title and how many things are in it."""
    behaviour = (("behaviour", "Behaviour", call_count),) if call_count else ()
    return (
        ("verdict", "Verdict", None),
        ("scoreboard", "Scoreboard", len(shown.rows)),
        ("reasons", "Reasons", None),
        ("tests", "Tests", tests.differing),
        *behaviour,
        ("coverage", "Coverage", None),
        ("complexity", "Complexity", None),
        ("diffs", "Diffs", diff_count),
        ("files", "Files", None),
        ("flags", "Flags", flag_count),
        ("logs", "Logs", None),
        ("timeline", "Timeline", None),
        ("provenance", "Provenance", None),
    )


def _data(doc: Doc, tests: matrix.Matrix) -> dict[str, Any]:
    return {
        "sliders": reasons.slider_data(doc),
        "tests": {
            "columns": tests.columns,
            "words": {
                letter: matrix.result_word(letter, tests.dense)
                for letter in matrix.WORDS
            },
            "differing": tests.differing,
            "total": len((details(doc, "tests") or {}).get("ids") or ()),
        },
    }


def json_for_page(data: Any) -> str:
    """JSON that may stand inside a script element: no character in it can end the element."""
    text = json.dumps(data, allow_nan=False, sort_keys=True, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def policy(css: str, js: str) -> str:
    """The content security policy: nothing may load or run but this style sheet and this script."""
    sources = f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(js)}"
    return f"{sources}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return (
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    )
