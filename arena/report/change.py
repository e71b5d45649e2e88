"""What the change does to the code: coverage, complexity, and which files it touches."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from arena.report import text
from arena.report.board import measured
from arena.report.subject import Doc, candidates, detailed, details

FILES_SHOWN = 200
FUNCTIONS_SHOWN = 40

LineT = TypeVar("LineT")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredFile:
    """A changed file: how many of its changed lines ran, and which did and did not, as ranges."""

    path: str
    counts: str
    covered: str
    missed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A candidate's coverage of the change; `width` in percent; `why` is set when it was not measured."""

    label: str
    text: str
    width: float
    why: str
    files: tuple[CoveredFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionLine:
    """A changed function: complexity on the base and for each shown candidate."""

    path: str
    function: str
    base: str
    results: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The most complex changed function of a candidate; `before` and `after` as percent of the axis."""

    label: str
    text: str
    before: float | None
    after: float | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLine:
    """A file, how many candidates touch it, and per shown candidate what it does to it."""

    path: str
    kind: str
    touched: int
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[LineT]):
    """Lines under the labels of the shown candidates; `more` counts the lines left out."""

    labels: tuple[str, ...]
    lines: tuple[LineT, ...]
    more: int


def ranges(lines: Sequence[int]) -> str:
    """Line numbers as ranges: 3 to 9, 12."""
    parts: list[list[int]] = []
    for line in sorted(set(lines)):
        if parts and line == parts[-1][1] + 1:
            parts[-1][1] = line
        else:
            parts.append([line, line])
    return ", ".join(str(a) if a == b else f"{a}\u2013{b}" for a, b in parts)


def coverage(doc: Doc) -> tuple[Covered, ...]:
    """Coverage of the changed lines per shown candidate."""
    recorded = details(doc, "coverage") or {}
    return tuple(_covered(c, recorded.get(c["label"])) for c in detailed(doc))


def _covered(candidate: Doc, files: Sequence[Doc] | None) -> Covered:
    measurement = candidate["measurements"].get("coverage.changed")
    cell, listed = measured(measurement), tuple(_covered_file(f) for f in files or ())
    share = measurement.get("value") if measurement else None
    hit = sum(len(f["covered"]) for f in files or ())
    whole = hit + sum(len(f["missed"]) for f in files or ())
    said = (
        f"{cell.text}, {hit} of {text.plural(whole, 'changed line')}"
        if whole
        else cell.text
    )
    return Covered(
        label=candidate["label"],
        text=said,
        width=round(100 * share, 2) if isinstance(share, int | float) else 0.0,
        why=cell.why,
        files=listed,
    )


def _covered_file(file: Doc) -> CoveredFile:
    covered, missed = file.get("covered") or [], file.get("missed") or []
    return CoveredFile(
        path=file["path"],
        counts=f"{len(covered)} of {len(covered) + len(missed)}",
        covered=ranges(covered) or "none",
        missed=ranges(missed) or "none",
    )


def worst_functions(doc: Doc) -> tuple[Worst, ...]:
    """Per shown candidate the changed function with the highest complexity, before and after."""
    recorded = details(doc, "complexity") or {}
    found = [(c, _worst(recorded.get(c["label"]) or [])) for c in detailed(doc)]
    top = (
        max((max(f["after"], f.get("before") or 0) for _, f in found if f), default=1)
        or 1
    )
    return tuple(_worst_line(c, f, top) for c, f in found)


def _worst(functions: Sequence[Doc]) -> Doc | None:
    counted = [f for f in functions if f.get("after") is not None]
    return max(
        counted, key=lambda f: (f["after"], f["path"], f["function"]), default=None
    )


def _worst_line(candidate: Doc, function: Doc | None, top: float) -> Worst:
    if function is None:
        why = (
            measured(candidate["measurements"].get("complexity.worst")).why
            or "no function was changed"
        )
        return Worst(
            label=candidate["label"], text="", before=None, after=None, why=why
        )
    before, after = function.get("before"), function["after"]
    said = (
        f"{text.number(before)} → {text.number(after)}"
        if before is not None
        else f"new, {text.number(after)}"
    )
    return Worst(
        label=candidate["label"],
        text=f"{function['function']}: {said}",
        before=None if before is None else round(96 * before / top + 2, 2),
        after=round(96 * after / top + 2, 2),
        why="",
    )


def functions(doc: Doc) -> Table[FunctionLine]:
    """All changed functions, those that become most complex first."""
    recorded = details(doc, "complexity") or {}
    shown = [c["label"] for c in detailed(doc)]
    known = {
        (f["path"], f["function"]): f.get("before")
        for name in shown
        for f in recorded.get(name) or ()
    }
    after = {
        (name, f["path"], f["function"]): f.get("after")
        for name in shown
        for f in recorded.get(name) or ()
    }
    order = sorted(
        known, key=lambda key: (-max((after.get((n, *key)) or 0) for n in shown), key)
    )
    lines = tuple(
        FunctionLine(
            path=path,
            function=name,
            base="new" if known[path, name] is None else text.number(known[path, name]),
            results=tuple(
                _complexity(after, (label, path, name), known[path, name])
                for label in shown
            ),
        )
        for path, name in order[:FUNCTIONS_SHOWN]
    )
    return Table(
        labels=tuple(shown), lines=lines, more=max(0, len(order) - FUNCTIONS_SHOWN)
    )


def _complexity(
    after: dict[tuple[str, str, str], float | None],
    key: tuple[str, str, str],
    before: float | None,
) -> tuple[str, str]:
    """What a cell says, and whether it is better, worse or neither."""
    if key not in after:
        return "unchanged" if before is not None else "absent", ""
    value = after[key]
    if value is None:
        return "removed", ""
    if before is None:
        return f"{text.number(value)} (new)", ""
    step = value - before
    return (
        f"{text.number(value)} ({text.signed(step)})",
        "bad" if step > 0 else "good" if step < 0 else "",
    )


def files(doc: Doc) -> Table[FileLine]:
    """Files by candidates: those that most candidates touch first."""
    recorded = details(doc, "files") or {}
    everyone = [c["label"] for c in candidates(doc) if c["label"] in recorded]
    shown = [c["label"] for c in detailed(doc) if c["label"] in recorded]
    touched = Counter(f["path"] for label in everyone for f in recorded[label])
    kinds = {
        f["path"]: str(f.get("kind") or "other")
        for label in everyone
        for f in recorded[label]
    }
    change = {
        (label, f["path"]): file_text(f) for label in shown for f in recorded[label]
    }
    order = sorted(
        touched, key=lambda path: (-touched[path], _kind_order(kinds[path]), path)
    )
    lines = tuple(
        FileLine(
            path=path,
            kind=kinds[path],
            touched=touched[path],
            results=tuple(change.get((label, path), "") for label in shown),
        )
        for path in order[:FILES_SHOWN]
    )
    return Table(
        labels=tuple(shown), lines=lines, more=max(0, len(order) - FILES_SHOWN)
    )


def _kind_order(kind: str) -> int:
    known = ("source", "test", "config", "docs")
    return known.index(kind) if kind in known else len(known)


def file_text(file: Doc) -> str:
    """Lines added and removed, after a word for what else happened to the file; binary files have none."""
    word = {"A": "new ", "D": "deleted ", "R": "renamed ", "T": "type changed "}.get(
        file.get("status") or "M", ""
    )
    if file.get("added") is None or file.get("removed") is None:
        return f"{word}binary"
    return f"{word}+{file['added']} \u2212{file['removed']}"
