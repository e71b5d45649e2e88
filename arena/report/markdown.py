"""The summary as Markdown, for a pull request or the summary page of a CI run."""

import re
from typing import TYPE_CHECKING

from arena.machine import resources
from arena.report import evidence, top
from arena.report.board import Board, Cell, Row, board
from arena.report.reasons import candidate_sentences, total_sentence
from arena.report.subject import Doc, detailed, prepare

if TYPE_CHECKING:
    from markupsafe import Markup

ROWS_SHOWN = 20

# ASCII signs but harmless ones; a dot or colon in a word (addresses become links); what starts a list.
_MEANINGFUL = re.compile(
    r"[^A-Za-z0-9 ,';%?/=()+.:\-\x80-\U0010ffff]|[.:](?=[^\s\d])|^\s*[+-](?=[\s+-]|$)|^\s*\d+[.)](?=\s|$)"
)


def markdown(doc: Doc) -> str:
    """Verdict, scoreboard (20 rows), reasons of the first, flags and the next commands."""
    cleaned = prepare(doc)
    shown, flags = board(cleaned), evidence.flags(cleaned)
    first = detailed(cleaned)[:1]
    return resources.render(
        "summary.md.j2",
        verdict=_verdict(cleaned),
        header=_header(cleaned),
        head=[escape(column.title) for column in shown.columns],
        rows=[_row(shown, row) for row in shown.rows[:ROWS_SHOWN]],
        more=max(0, len(shown.rows) - ROWS_SHOWN),
        first=[
            (
                code(c["label"]),
                escape(total_sentence(cleaned, c)),
                [escape(s) for s in candidate_sentences(cleaned, c)],
            )
            for c in first
        ],
        flags=[(escape(f.grade), code(f.label), escape(f.summary)) for f in flags],
        replay=code(cleaned["replay"]) if cleaned.get("replay") else "",
        report=code(cleaned["report"]) if cleaned.get("report") else "",
    )


def escape(text: str) -> "Markup":
    """Text that Markdown and HTML show as it is: characters with a meaning become references."""
    return resources.trusted(
        _MEANINGFUL.sub(lambda found: "".join(map(_reference, found[0])), text)
    )


def _reference(character: str) -> str:
    # Hosting sites see "@name" even after references are resolved; a zero-width space stops that.
    return f"&#{ord(character)};{'&#8203;' if character in '@#' else ''}"


def code(text: str) -> "Markup":
    """Text in a fixed font. An element, not backticks: those can't hold a backtick or a reference."""
    return resources.trusted(f"<code>{escape(text)}</code>")


def _verdict(doc: Doc) -> dict[str, object]:
    found = top.verdict(doc, frozenset())
    return {
        "headline": escape(found.headline),
        "lead": escape(found.lead),
        "reasons": [escape(reason.text) for reason in found.reasons],
        "confidence": escape(found.confidence),
        "why_confidence": escape(found.why_confidence),
        "not_measured": [escape(item) for item in found.not_measured],
        "incomplete": escape(found.incomplete),
        "landed": escape(found.landed),
        "blocks": [escape(item) for item in found.blocks],
        "commands": [(code(c.command), escape(c.what)) for c in found.commands],
        "undo": code(found.undo) if found.undo else "",
    }


def _header(doc: Doc) -> dict[str, object]:
    found = top.header(doc)
    return {
        "title": escape(found.title),
        "run": code(found.run),
        "facts": [escape(fact) for fact in found.facts],
        "warning": escape(found.warning),
    }


def _row(shown: Board, row: Row) -> list["Markup"]:
    return [
        _cell(row, column.key, cell)
        for column, cell in zip(shown.columns, row.cells, strict=True)
    ]


def _cell(row: Row, key: str, cell: Cell) -> "Markup":
    if key == "candidate":
        word = (
            f" ({row.standing})"
            if row.standing
            else f" ({row.grade})"
            if row.grade
            else ""
        )
        return code(cell.text) + escape(word)
    if key == "points" and row.excluded:
        return escape(f"excluded: {row.excluded}")
    if cell.why and row.state != "failed" and key not in ("rank", "points"):
        return escape(f"{cell.text}: {cell.why}")
    return escape(cell.text)
