"""The last words on the terminal: verdict, scoreboard, next command, place of the report."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from arena.report import subject
from arena.report.board import Cell, Column, Row, board
from arena.report.subject import Doc, prepare
from arena.report.text import NOT_MEASURED

ROWS_SHOWN = 20
LABEL_LIMIT = 24
CELL_LIMIT = 20
TITLE_LIMIT = 14
FEWEST_COLUMNS = 2

_ASCII: dict[int, int | str] = {
    ord("✓"): "ok",
    ord("✗"): "FAIL",
    ord("→"): "->",
    ord("…"): "...",
}
_ASCII |= str.maketrans("·\u2013—\u2212\u00d7▲“”\u2018\u2019", "----x!\"\"''")
_COLOURS = {"bold": "1", "good": "1;32", "bad": "1;31", "warn": "1;33", "dim": "2"}
_STYLES = {"decisive": "good", "clear": "good", "none": "bad"}
_STATES = {"win": "bold", "tie": "bold", "out": "dim", "failed": "dim"}


class _Screen(NamedTuple):
    """What the terminal can do: cells per line, colour, characters beyond ASCII."""

    width: int
    colour: bool
    unicode: bool

    def say(self, words: str) -> str:
        """The words in characters that the terminal has."""
        if self.unicode:
            return words
        return words.translate(_ASCII).encode("ascii", "backslashreplace").decode()

    def paint(self, style: str, line: str) -> str:
        """The line in a colour, where there is colour."""
        painted = self.colour and style and line
        return f"\x1b[{_COLOURS[style]}m{line}\x1b[0m" if painted else line

    def wrap(self, words: str, first: str = "", later: str = "") -> Iterator[str]:
        """The words in lines that stay below the last cell, each after its indent."""
        from rich.console import Console
        from rich.text import Text

        room = self.width - 1 - max(len(first), len(later))
        for i, line in enumerate(Text(self.say(words)).wrap(Console(), room)):
            yield f"{later if i else first}{line.plain.rstrip()}"


def terminal(
    doc: Doc, width: int = 80, *, colour: bool = False, unicode: bool = True
) -> str:
    """The summary in lines of fewer than `width` cells (commands and paths are never broken).

    `colour` adds escape codes; with `unicode=False` the result is ASCII. There is no line break at the end.
    """
    made = prepare(doc)
    screen = _Screen(max(width, 24), colour, unicode)
    parts = (_words(made, screen), _table(made, screen), _next(made, screen))
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part)


def cut(words: str, limit: int, mark: str = "…") -> str:
    """The words in at most `limit` cells; `mark` stands at the end where something was left out."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(words) <= limit:
        return words
    return set_cell_size(words, limit - cell_len(mark)).rstrip() + mark


def _words(doc: Doc, screen: _Screen) -> Iterator[str]:
    found = doc["verdict"]
    for line in screen.wrap(found["headline"]):
        yield screen.paint(_STYLES.get(found["confidence"], "warn"), line)
    for i, reason in enumerate(found["reasons"], 1):
        yield from screen.wrap(reason["text"], f"  {i} ", "    ")
    for intro, said in (
        ("Confidence", "; ".join((found["confidence"], found["why_confidence"]))),
        ("Not measured", "; ".join(found["not_measured"])),
        ("Incomplete", subject.incomplete(doc)),
        ("Flags", subject.flag_counts(doc)),
        ("Not merged by itself", "; ".join(found["blocks"])),
        ("Landed", subject.landed(doc)),
    ):
        if said:
            yield from screen.wrap(f"{intro}: {said}", "  ", "    ")


def _table(doc: Doc, screen: _Screen) -> Iterator[str]:
    from rich.cells import cell_len

    columns, rows = board(doc)
    shown = rows[:ROWS_SHOWN]
    lines = [[cut(column.short, TITLE_LIMIT) for column in columns]]
    lines += [list(map(_short, columns, row.cells)) for row in shown]
    lines = [list(map(screen.say, line)) for line in lines]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    kept = _fitting(columns, widths, screen.width - 1)
    states = ["out", *(row.entry["state"] for row in shown)]
    for state, line in zip(states, lines, strict=True):
        parts = []
        for i in kept:
            gap = " " * (widths[i] - cell_len(line[i]))
            right = columns[i].numeric and columns[i].key != "rank"
            parts.append(gap + line[i] if right else line[i] + gap)
        whole = cut("  ".join(parts).rstrip(), screen.width - 1, screen.say("…"))
        yield screen.paint(_STATES.get(state, ""), whole)
    if len(rows) > ROWS_SHOWN:
        yield from screen.wrap(f"and {len(rows) - ROWS_SHOWN} more in the report")
    for note in _notes(columns, shown, kept):
        yield from screen.wrap(note, "  ", "    ")


def _short(column: Column, cell: Cell) -> str:
    if cell.text == NOT_MEASURED:
        return "n/m"
    return cut(cell.text, LABEL_LIMIT if column.key == "candidate" else CELL_LIMIT)


def _fitting(columns: Sequence[Column], widths: Sequence[int], room: int) -> list[int]:
    """Indices of the columns that fit into `room` cells; those of the lowest priority leave first."""
    kept = list(range(len(columns)))
    while sum(widths[i] + 2 for i in kept) - 2 > room and len(kept) > FEWEST_COLUMNS:
        kept.remove(min(kept, key=lambda i: (columns[i].priority, -i)))
    return kept


def _notes(
    columns: Sequence[Column], rows: Sequence[Row], kept: Sequence[int]
) -> Iterator[str]:
    """What the table has no room for: why a candidate is out, and why a value is missing."""
    missing: dict[tuple[str, str], list[str]] = {}
    for entry, cells in rows:
        if entry["excluded"]:
            yield f"{entry['label']}: {entry['excluded']}"
        for i in kept:
            if cells[i].text == NOT_MEASURED:
                key = columns[i].title, cells[i].why
                missing.setdefault(key, []).append(entry["label"])
    for (title, why), labels in missing.items():
        who = "all" if len(labels) == len(rows) else ", ".join(labels)
        yield f"n/m (not measured) {title}, {who}: {why}"


def _next(doc: Doc, screen: _Screen) -> Iterator[str]:
    """Commands stay on one line however long they are: a broken one can't be copied."""
    for i, step in enumerate(doc["next"]):
        yield screen.say(f"{'or:' if i else 'Next:':7} {step['command']}")
    for intro, said in (("Undo:", doc["undo"]), ("Report:", doc["report"])):
        if said:
            yield screen.say(f"{intro:7} {said}")
