"""Diffs as rows of two sides, with the words that changed marked and the lines that no test ran."""

import difflib
import re
from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest
from typing import Any, NamedTuple

from arena.report.board import line_counts
from arena.report.subject import Doc

# Comparing words of longer lines costs more than the marks are worth.
WORDS_LIMIT = 400

Segments = list[tuple[str, bool]]
Line = Sequence[Any]


class Side(NamedTuple):
    """One side of a row: line number, text in segments (True = changed words), and hit or miss."""

    number: int | None
    segments: Segments
    mark: str = ""


def compare(doc: Doc, files: Sequence[Doc], label: str = "") -> Doc:
    """A diff as the page shows it: sizes, and each file with its rows in runs of one kind.

    With `label`, of a candidate against the base: then its list of files knows the size of what was cut away,
    and its coverage the lines that a test ran.
    """
    listed = doc["details"]["files"].get(label, ())
    sizes = {f["path"]: f for f in listed if f["added"] is not None}
    covered = {f["path"]: f for f in doc["details"]["coverage"].get(label, ())}
    shown = []
    for file in files:
        kinds = [line[0] for line in file["lines"]]
        tally = {"added": kinds.count("add"), "removed": kinds.count("del")}
        added, removed = line_counts([sizes.get(file["path"], tally)])
        ran = covered.get(file["path"], {"covered": (), "missed": ()})
        marks = dict.fromkeys(ran["covered"], "hit") | dict.fromkeys(
            ran["missed"], "miss"
        )
        runs = list(_runs(file["lines"], marks))
        one_sided = len({*kinds} - {"hunk"}) == 1
        counts = {"added": added, "removed": removed}
        shown.append({**file, **counts, "runs": runs, "one_sided": one_sided})
    added, removed = line_counts(shown)
    partly = any(f["cut"] and f["path"] not in sizes for f in files)
    return {
        "files": shown,
        "counts": f"{'at least ' if partly else ''}+{added} \u2212{removed}",
        "marked": bool(covered),
    }


def _runs(lines: Sequence[Line], marks: dict[int, str]) -> Iterator[Any]:
    """Rows of one kind: ctx, chg or hunk; a side of a row is None where it has no line."""
    for kind, run in groupby(lines, lambda line: line[0].replace("add", "del")):
        group = list(run)
        if kind == "del":
            removed = [line for line in group if line[0] == "del"]
            added = [line for line in group if line[0] == "add"]
            pairs = zip_longest(removed, added)
            yield "chg", [_pair(old, new, marks) for old, new in pairs]
        else:
            sides = [([(text, False)], old, new) for _, old, new, text in group]
            yield kind, [(Side(old, same), Side(new, same)) for same, old, new in sides]


def _pair(
    old: Line | None, new: Line | None, marks: dict[int, str]
) -> tuple[Side | None, Side | None]:
    """Removed line beside the added one; only lines that resemble each other get word marks."""
    left, right = changed_words(old[3] if old else "", new[3] if new else "")
    return (
        Side(old[1], left) if old else None,
        Side(new[2], right, marks.get(new[2], "")) if new else None,
    )


def changed_words(before: str, after: str) -> tuple[Segments, Segments]:
    """Both lines in segments; a segment is True where its words differ. Unlike lines get no marks."""
    plain = [(before, False)], [(after, False)]
    if not (before and after) or max(len(before), len(after)) > WORDS_LIMIT:
        return plain
    old, new = (re.findall(r"\w+|\s+|[^\w\s]", line) for line in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if matcher.quick_ratio() < 0.5 or matcher.ratio() < 0.5:
        return plain
    codes = matcher.get_opcodes()
    left = [("".join(old[a:b]), tag != "equal") for tag, a, b, _, _ in codes if a < b]
    right = [("".join(new[c:d]), tag != "equal") for tag, _, _, c, d in codes if c < d]
    return left, right
