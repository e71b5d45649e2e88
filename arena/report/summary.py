"""The last words on the terminal: verdict, scoreboard, next command, place of the report."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from arena.machine import resources
from arena.report import text
from arena.report.board import Column, Row, board
from arena.report.subject import Doc, prepare
from arena.report.text import NOT_MEASURED

ROWS_SHOWN = 20
LABEL_LIMIT = 24
CELL_LIMIT = 20
TITLE_LIMIT = 14
FEWEST_COLUMNS = 2
# A column is as wide as its head: one word must do.
_SHORT = {"coverage.changed": "covered", "static.new": "findings"}
_SHORT |= {"tests.killed": "killed", "regressions": "broken"}

_ASCII: dict[int, int | str] = {ord("✓"): "ok", ord("✗"): "FAIL", ord("→"): "->"}
_ASCII |= {ord("…"): "...", **str.maketrans("·\u2013\u2014\u2212\u00d7▲", "----x!")}
_ASCII |= str.maketrans("\u201c\u201d\u2018\u2019", "\"\"''")
# Escape codes by the confidence of a verdict and the state of a row; others: bold yellow, and plain.
_CODES = {"decisive": "1;32", "clear": "1;32", "none": "1;31"}
_STATES = {"win": "1", "tie": "1", "out": "2", "failed": "2"}


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

    def paint(self, code: str, line: str) -> str:
        """The line in a colour, where there is colour."""
        return f"\x1b[{code}m{line}\x1b[0m" if self.colour and code and line else line

    def wrap(self, words: str) -> Iterator[str]:
        """The words in lines that stay below the last cell; later lines of an indented one stand deeper."""
        from rich.cells import chop_cells

        said, room = self.say(words), self.width - 1
        deeper = "    " if said.startswith("  ") else ""
        # textwrap counts characters; where wide ones make a line too long, it is broken again by cells.
        wrapper = textwrap.TextWrapper(room, break_on_hyphens=False)
        wrapper.subsequent_indent = deeper
        for line in wrapper.wrap(said):
            yield from chop_cells(line, room)


def terminal(
    doc: Doc, width: int = 80, *, colour: bool = False, unicode: bool = True
) -> str:
    """The summary in lines of fewer than `width` cells (commands and paths are never broken).

    `colour` adds escape codes; with `unicode=False` the result is ASCII. There is no line break at the end.
    """
    made = prepare(doc)
    screen = _Screen(max(width, 24), colour, unicode)
    verdict = made["verdict"]
    code = _CODES.get(verdict["confidence"], "1;33")
    words = [screen.paint(code, line) for line in screen.wrap(verdict["headline"])]
    for said in _said(made, "words"):
        words += screen.wrap(said)
    steps = map(screen.say, _said(made, "steps"))
    parts = ("\n".join(part) for part in (words, _table(made, screen), steps))
    return "\n\n".join(filter(None, parts))


def _said(doc: Doc, part: str) -> list[str]:
    template = resources.environment("text", autoescape=False)
    made = template.get_template("summary.txt.j2").render(doc=doc, text=text, part=part)
    return made.splitlines()


def cut(words: str, limit: int, mark: str = "…") -> str:
    """The words in at most `limit` cells; `mark` stands at the end where something was left out."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(words) <= limit:
        return words
    return set_cell_size(words, limit - cell_len(mark)).rstrip() + mark


def _table(doc: Doc, screen: _Screen) -> Iterator[str]:
    columns, rows = board(doc)
    shown, room = rows[:ROWS_SHOWN], screen.width - 1
    keys = [_SHORT.get(c.key, c.key).removeprefix("sprint.") for c in columns]
    names = [key.strip("+").partition(".")[0] for key in keys]
    lines = [[screen.say(cut(name, TITLE_LIMIT)) for name in names]]
    for _, cells in shown:
        words = ["n/m" if c.text == NOT_MEASURED else c.text for c in cells]
        limits = [LABEL_LIMIT if c.key == "candidate" else CELL_LIMIT for c in columns]
        lines.append([screen.say(one) for one in map(cut, words, limits)])
    kept, aligned = _aligned(columns, lines, room)
    states = ["out", *(entry["state"] for entry, _ in shown)]
    for state, line in zip(states, aligned, strict=True):
        whole = cut(line, room, screen.say("…"))
        yield screen.paint(_STATES.get(state, ""), whole)
    if len(rows) > ROWS_SHOWN:
        yield from screen.wrap(f"and {len(rows) - ROWS_SHOWN} more in the report")
    for note in _notes(columns[:kept], shown):
        yield from screen.wrap(f"  {note}")


def _aligned(
    columns: Sequence[Column], lines: Sequence[Sequence[str]], room: int
) -> tuple[int, list[str]]:
    """How many columns fit, and the lines of them: figures to the right, words to the left."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, cells)) for cells in zip(*lines, strict=True)]
    while sum(widths) + 2 * len(widths) - 2 > room and len(widths) > FEWEST_COLUMNS:
        widths.pop()
    made = []
    for line in lines:
        cells = []
        for column, width, said in zip(columns, widths, line, strict=False):
            gap = " " * (width - cell_len(said))
            right = column.numeric and column.key != "rank"
            cells.append(gap + said if right else said + gap)
        made.append("  ".join(cells).rstrip())
    return len(widths), made


def _notes(columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[str]:
    """What the table has no room for: why a candidate is out, and why a value is missing."""
    missing: dict[tuple[str, str], list[str]] = {}
    for entry, cells in rows:
        if entry["excluded"]:
            yield f"{entry['label']}: {entry['excluded']}"
        for column, cell in zip(columns, cells, strict=False):
            if cell.text == NOT_MEASURED:
                missing.setdefault((column.title, cell.why), []).append(entry["label"])
    for (title, why), labels in missing.items():
        who = "all" if len(labels) == len(rows) else ", ".join(labels)
        yield f"n/m (not measured) {title}, {who}: {why}"
