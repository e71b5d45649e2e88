"""Figures that more than one line of the document goes into; the templates of the sections print them."""

import base64
import gzip
import operator
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, TypeVar

from arena.report.subject import DETAILED, GRADES, Doc

# Above this the page would be built of tens of thousands of cells before anything is seen.
ROWS_IN_PAGE = 200
T = TypeVar("T")
KINDS = ("source", "test", "config", "docs")


def stacked(
    parts: Sequence[tuple[T, float]], whole: float
) -> list[tuple[T, float, float, float]]:
    """Parts of a bar side by side: each with its value, and its start and width in percent of the whole."""
    widths = [100 * value / whole for _, value in parts]
    places = zip(parts, accumulate(widths, initial=0.0), widths, strict=False)
    return [(*part, round(x, 2), round(width, 2)) for part, x, width in places]


def bar(doc: Doc, candidate: Doc) -> list[tuple[Doc, float, float, float]]:
    """The points by criterion, each as wide as its part of all points to be had."""
    earned = [(c, candidate["points"].get(c["measure"], 0.0)) for c in doc["counted"]]
    return stacked(earned, sum(c["weight"] for c in doc["counted"]))


def base_value(doc: Doc, measure: str) -> Any:
    """What the base has; every candidate was measured beside the same one."""
    known = (c["measurements"].get(measure) or {} for c in doc["shown"])
    return next((m["base"] for m in known if m.get("base") is not None), None)


def shares(doc: Doc) -> list[tuple[str, float, float, float]]:
    """Who is first under which part of all weightings, the largest part first, the smallest ones as one."""
    first = [pair for pair in doc["verdict"]["weights_first"].items() if pair[1]]
    ranked = sorted(first, key=lambda pair: (-pair[1], pair[0]))
    if len(ranked) > DETAILED:
        rest = ranked[DETAILED - 1 :]
        ranked[DETAILED - 1 :] = [(f"{len(rest)} others", sum(v for _, v in rest))]
    return stacked(ranked, 1)


def sliders(doc: Doc) -> tuple[list[Doc], list[Doc]]:
    """The criteria that all candidates in the running have, and those candidates; nothing for fewer than two."""
    rivals: list[Doc] = [
        {"label": c["label"], "fractions": c["fractions"]}
        for c in doc["candidates"]
        if c["fractions"] and not c["excluded"]
    ]
    shared = set.intersection(*(set(c["fractions"]) for c in rivals)) if rivals else ()
    criteria = [c for c in doc["rubric"]["criteria"] if c["measure"] in shared]
    return (criteria, rivals) if len(rivals) > 1 and criteria else ([], [])


def tests(doc: Doc) -> dict[str, Any]:
    """Which tests differ, the first of them (required ones before others), and all of them packed."""
    found = doc["details"]["tests"]
    required, rows = frozenset(found["required"]), found["rows"]
    differing = [i for i, row in enumerate(rows) if len(set(row)) > 1]
    first = sorted(differing, key=lambda i: (i not in required, i))[:ROWS_IN_PAGE]
    made = {"differing": len(differing), "first": first, "required": required}
    return {**made, "packed": pack(found["ids"], rows, required) if rows else ""}


def pack(ids: Sequence[str], rows: Sequence[str], required: frozenset[int]) -> str:
    """All tests as gzip in base64, a line each: `r` or `-`, id, letters, with tabs between.

    The same input gives the same bytes.
    """
    marks = ("r" if i in required else "-" for i in range(len(ids)))
    lines = ("\t".join(parts) for parts in zip(marks, ids, rows, strict=True))
    data = gzip.compress("\n".join(lines).encode(), 9, mtime=0)
    return base64.b64encode(data).decode()


def lines_run(files: Sequence[Doc]) -> tuple[int, int]:
    """How many changed lines a test ran, of how many."""
    run = sum(len(f["covered"]) for f in files)
    return run, run + sum(len(f["missed"]) for f in files)


def functions(doc: Doc) -> list[Doc]:
    """All changed functions, those that become most complex first; `after` is by label."""
    found: dict[tuple[str, str], Any] = {}
    for candidate in doc["shown"]:
        for f in doc["details"]["complexity"].get(candidate["label"], ()):
            line = found.setdefault((f["path"], f["function"]), {**f, "after": {}})
            line["after"][candidate["label"]] = f["after"]
    worst = {key: max(v or 0 for v in f["after"].values()) for key, f in found.items()}
    return [found[key] for key in sorted(found, key=lambda key: (-worst[key], key))]


def worst(doc: Doc) -> tuple[list[tuple[Doc, Doc | None]], float]:
    """Per shown candidate the changed function that is most complex, and the end of an axis for all of them."""
    pairs = []
    for candidate in doc["shown"]:
        listed = doc["details"]["complexity"].get(candidate["label"], ())
        there = [f for f in listed if f["after"] is not None]
        key = operator.itemgetter("after", "path", "function")
        pairs.append((candidate, max(there, key=key, default=None)))
    ends = [f[end] or 0 for _, f in pairs if f for end in ("before", "after")]
    return pairs, max(ends, default=1) or 1


def files(doc: Doc) -> list[Doc]:
    """All changed files, those that most candidates touch first; `by` is by label."""
    found: dict[str, Any] = {}
    for label, listed in doc["details"]["files"].items():
        for f in listed:
            line = found.setdefault(f["path"], {"by": {}, **f})
            line["by"][label] = f
    place = {kind: i for i, kind in enumerate(KINDS)}
    order = {p: (-len(f["by"]), place.get(f["kind"], 9), p) for p, f in found.items()}
    return [found[path] for path in sorted(found, key=order.__getitem__)]


def flags(doc: Doc) -> list[tuple[Doc, Doc]]:
    """All flags with their candidates, void first, then in the order of the candidates."""
    found = [(c, flag) for c in doc["candidates"] for flag in c["flags"]]
    return sorted(found, key=lambda pair: GRADES.index(pair[1]["grade"]))
