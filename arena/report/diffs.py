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


def diffs(doc: Doc) -> list[Doc]:
    """Base against each shown candidate, then pairs of candidates; the fields are read by the template."""
    details, verdict = doc["details"], doc["verdict"]
    tie = verdict["confidence"] == "toss-up" and bool(details["pairs"])
    first = verdict["winner"] or verdict["leader"]
    made: list[Doc] = [
        {
            "id": f"diff-{c['slug']}",
            "left": "base",
            "right": c["label"],
            "command": f"git diff {doc['base']['commit'][:12]} {c['commit'][:12]}",
            "message": (c["message"] or "").strip(),
            "open": not tie and (c["label"] == first or len(details["diffs"]) == 1),
            **_files(details, details["diffs"][c["label"]], c["label"]),
        }
        for c in doc["shown"]
        if c["label"] in details["diffs"]
    ]
    by_label = {c["label"]: c for c in doc["candidates"]}
    for pair in details["pairs"]:
        a, b = by_label[pair["a"]], by_label[pair["b"]]
        made.append(
            {
                "id": f"pair-{a['slug']}-{b['slug']}",
                "left": a["label"],
                "right": b["label"],
                "command": f"git diff {a['commit'][:12]} {b['commit'][:12]}",
                "message": "",
                "open": tie,
                **_files(details, pair["files"], ""),
            }
        )
    return made


def _files(details: Doc, files: Sequence[Doc], label: str) -> Doc:
    """The files of a diff; sizes and coverage are known only for a candidate against the base."""
    listed = details["files"].get(label, ())
    sizes = {f["path"]: f for f in listed if f["added"] is not None}
    covered = {f["path"]: f for f in details["coverage"].get(label, ())}
    counts = [line_counts([sizes.get(f["path"]) or _tally(f)]) for f in files]
    return {
        "added": sum(added for added, _ in counts),
        "removed": sum(removed for _, removed in counts),
        # Lines that were cut away can't be counted here; only the list of files knows them.
        "partly": any(f["cut"] and f["path"] not in sizes for f in files),
        "marked": bool(covered),
        "files": [
            {
                **file,
                "added": added,
                "removed": removed,
                "runs": list(_runs(file["lines"], _marks(covered.get(file["path"])))),
                "one_sided": len({line[0] for line in file["lines"]} - {"hunk"}) == 1,
            }
            for file, (added, removed) in zip(files, counts, strict=True)
        ],
    }


def _tally(file: Doc) -> Doc:
    kinds = [line[0] for line in file["lines"]]
    return {"added": kinds.count("add"), "removed": kinds.count("del")}


def _marks(coverage: Doc | None) -> dict[int, str]:
    if not coverage:
        return {}
    hit = dict.fromkeys(coverage["covered"], "hit")
    return hit | dict.fromkeys(coverage["missed"], "miss")


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
    before, after = ((line[3].rstrip("\n") if line else "") for line in (old, new))
    left, right = changed_words(before, after)
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
