"""The last words on the terminal: verdict, scoreboard, next command, place of the report."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from arena.report import text, top
from arena.report.board import Board, Cell, Column, Row, board
from arena.report.subject import Doc, prepare

ROWS_SHOWN = 20
LABEL_LIMIT = 24
CELL_LIMIT = 20
TITLE_LIMIT = 14
FEWEST_COLUMNS = 2

_ASCII = str.maketrans(
    {
        "✓": "ok",
        "✗": "FAIL",
        "→": "->",
        "↔": "<->",
        "…": "...",
        "·": "-",
        "\u2013": "-",
        "—": "-",
        "\u2212": "-",
    }
    | {"\u00d7": "x", "▲": "!", "“": '"', "”": '"', "\u2018": "'", "\u2019": "'"}
)
_COLOURS = {"bold": "1", "good": "1;32", "bad": "1;31", "warn": "1;33", "dim": "2"}
_CONFIDENCE = {
    "decisive": "good",
    "clear": "good",
    "leaning": "warn",
    "toss-up": "warn",
    "none": "bad",
}
_STATES = {"win": "bold", "tie": "bold", "out": "dim", "failed": "dim"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Screen:
    """What the terminal can do: cells per line, colour, characters beyond ASCII."""

    width: int
    colour: bool
    unicode: bool

    def say(self, words: str) -> str:
        """The words in characters that the terminal has."""
        return (
            words
            if self.unicode
            else words.translate(_ASCII).encode("ascii", "backslashreplace").decode()
        )

    def paint(self, style: str, line: str) -> str:
        """The line in a colour, where there is colour."""
        return (
            f"\x1b[{_COLOURS[style]}m{line}\x1b[0m"
            if self.colour and style and line
            else line
        )

    def wrap(self, words: str, first: str = "", later: str = "") -> list[str]:
        """The words in lines that stay below the last cell."""
        return wrap(self.say(words), self.width - 1, first, later)


def terminal(
    doc: Doc, width: int = 80, *, colour: bool = False, unicode: bool = True
) -> str:
    """The summary in lines of fewer than `width` cells (commands and paths are never broken).

    `colour` adds escape codes; with `unicode=False` the result is ASCII. There is no line break at the end.
    """
    cleaned = prepare(doc)
    screen = _Screen(width=max(width, 24), colour=colour, unicode=unicode)
    parts = (_words(cleaned, screen), _table(cleaned, screen), _next(cleaned, screen))
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part)


def wrap(words: str, width: int, first: str = "", later: str = "") -> list[str]:
    """Lines of at most `width` cells; `first` and `later` are put before the first and the other lines."""
    lines = textwrap.wrap(
        words,
        width,
        initial_indent=first,
        subsequent_indent=later,
        break_on_hyphens=False,
    )
    # textwrap counts characters; where wide ones make a line too long, it is broken again by cells.
    return [piece for line in lines for piece in _pieces(line, width)]


def _pieces(line: str, width: int) -> Iterator[str]:
    while text.cells(line) > width:
        head = text.cut(line, width, mark="")
        yield head
        line = line[len(head) :]
    yield line


def _words(doc: Doc, screen: _Screen) -> Iterator[str]:
    found = top.verdict(doc, frozenset())
    for line in screen.wrap(found.headline):
        yield screen.paint(_CONFIDENCE.get(found.confidence, "bold"), line)
    for i, reason in enumerate(found.reasons, 1):
        yield from screen.wrap(reason.text, f"  {i} ", "    ")
    for intro, said in (
        (
            "Confidence",
            f"{found.confidence}; {found.why_confidence}"
            if found.why_confidence
            else "",
        ),
        ("Not measured", "; ".join(found.not_measured)),
        ("Incomplete", found.incomplete),
        ("Flags", found.flags),
        ("Not merged by itself", "; ".join(found.blocks)),
        ("Landed", found.landed),
    ):
        if said:
            yield from screen.wrap(f"{intro}: {said}", "  ", "    ")


def _table(doc: Doc, screen: _Screen) -> Iterator[str]:
    shown = board(doc)
    rows = shown.rows[:ROWS_SHOWN]
    texts = [
        [
            screen.say(_short(c, cell))
            for c, cell in zip(shown.columns, r.cells, strict=True)
        ]
        for r in rows
    ]
    heads = [screen.say(text.cut(c.short, TITLE_LIMIT)) for c in shown.columns]
    widths = [
        max(map(text.cells, column)) for column in zip(heads, *texts, strict=True)
    ]
    kept = _fitting(shown.columns, widths, screen.width - 1)
    for state, cells in (
        ("out", heads),
        *((r.state, t) for r, t in zip(rows, texts, strict=True)),
    ):
        line = text.cut(
            _line(shown.columns, cells, widths, kept), screen.width - 1, screen.say("…")
        )
        yield screen.paint(_STATES.get(state, ""), line)
    if len(shown.rows) > ROWS_SHOWN:
        yield from screen.wrap(f"and {len(shown.rows) - ROWS_SHOWN} more in the report")
    yield from _notes(shown, rows, kept, screen)


def _short(column: Column, cell: Cell) -> str:
    if cell.text == text.NOT_MEASURED:
        return "n/m"
    return text.cut(cell.text, LABEL_LIMIT if column.key == "candidate" else CELL_LIMIT)


def _fitting(columns: Sequence[Column], widths: Sequence[int], room: int) -> list[int]:
    """Indices of the columns that fit into `room` cells; those of the lowest priority leave first."""
    kept = list(range(len(columns)))
    while sum(widths[i] + 2 for i in kept) - 2 > room and len(kept) > FEWEST_COLUMNS:
        kept.remove(min(kept, key=lambda i: (columns[i].priority, -i)))
    return kept


def _line(
    columns: Sequence[Column],
    texts: Sequence[str],
    widths: Sequence[int],
    kept: Sequence[int],
) -> str:
    parts = []
    for i in kept:
        gap = " " * (widths[i] - text.cells(texts[i]))
        right = columns[i].numeric and columns[i].key != "rank"
        parts.append(gap + texts[i] if right else texts[i] + gap)
    return "  ".join(parts).rstrip()


def _notes(
    shown: Board, rows: Sequence[Row], kept: Sequence[int], screen: _Screen
) -> Iterator[str]:
    """What the table has no room for: why a candidate is out, and why a value is missing."""
    for row in rows:
        if row.excluded:
            yield from screen.wrap(f"{row.label}: {row.excluded}", "  ", "    ")
    for (title, why), labels in _missing(shown, rows, kept).items():
        who = "all" if len(labels) == len(rows) else ", ".join(labels)
        yield from screen.wrap(
            f"n/m (not measured) {title}, {who}: {why}", "  ", "    "
        )


def _missing(
    shown: Board, rows: Sequence[Row], kept: Sequence[int]
) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for i in kept:
            if row.cells[i].text == text.NOT_MEASURED:
                found.setdefault((shown.columns[i].title, row.cells[i].why), []).append(
                    row.label
                )
    return found


def _next(doc: Doc, screen: _Screen) -> Iterator[str]:
    """Commands stay on one line however long they are: a broken one can't be copied."""
    for i, command in enumerate(top.commands(doc)):
        yield screen.say(f"{'Next:' if i == 0 else 'or:':7} {command.command}")
    if doc.get("undo"):
        yield screen.say(f"{'Undo:':7} {doc['undo']}")
    if doc.get("report"):
        yield screen.say(f"{'Report:':7} {doc['report']}")
