"""The scoreboard as plain rows and cells, the same for every format."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from arena.report import text
from arena.report.subject import Doc, candidates, details, failed, slugs, standing

CRITERIA_SHOWN = 3
GATES_SHOWN = 2

_SHORT = {
    "coverage.changed": "covered",
    "static.new": "findings",
    "tests.killed": "killed",
    "regressions": "broken",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value as text; `sort` is the figure behind it; `why` is set when the value is missing."""

    text: str
    sort: float | str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column; with little room those of the lowest `priority` leave first."""

    key: str
    title: str
    short: str
    numeric: bool = True
    priority: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One criterion's part of a points bar; `x` and `width` in percent of all points that can be had."""

    title: str
    points: float
    x: float
    width: float
    colour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A candidate: `state` is win, tie, out, failed or nothing; `cells` belong to the board's columns."""

    label: str
    slug: str
    standing: str
    state: str
    grade: str
    source: str
    commit: str
    excluded: str
    cells: tuple[Cell, ...]
    bar: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Columns and rows, ranked first, excluded and failed last; `legend` names the colours of the bars."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    legend: tuple[tuple[int, str, str], ...]


def board(doc: Doc) -> Board:
    """The scoreboard of a prepared document."""
    columns = (*_fixed_columns(), *_measure_columns(doc), *_size_columns(doc))
    names = slugs(doc)
    rows = [_row(doc, candidate, columns, names) for candidate in candidates(doc)]
    rows += [_failed_row(entry, columns, names) for entry in failed(doc)]
    legend = tuple(
        (i % 5 + 1, c["title"], text.number(c["weight"]))
        for i, c in enumerate(counted_criteria(doc))
    )
    return Board(columns=columns, rows=tuple(rows), legend=legend)


def counted_criteria(doc: Doc) -> list[Doc]:
    """The criteria that earned points for at least one candidate that was ranked, in the rubric's order."""
    used = {
        name
        for c in candidates(doc)
        if not c.get("excluded")
        for name in c.get("points") or {}
    }
    return [
        c for c in doc["rubric"]["criteria"] if c["measure"] in used and c["weight"] > 0
    ]


def _fixed_columns() -> tuple[Column, ...]:
    return (
        Column(key="rank", title="Rank", short="rank", priority=8),
        Column(
            key="candidate",
            title="Candidate",
            short="candidate",
            numeric=False,
            priority=9,
        ),
        Column(key="gates", title="Gates", short="gates", numeric=False, priority=7),
        Column(key="points", title="Points", short="points", priority=7),
    )


def _measure_columns(doc: Doc) -> list[Column]:
    """The gates that are figures, then the heaviest criteria; all others stand in the criteria table."""
    gates = [
        g["measure"] for g in doc["rubric"]["gates"] if _is_figure(doc, g["measure"])
    ][:GATES_SHOWN]
    criteria = [
        c
        for c in doc["rubric"]["criteria"]
        if c["measure"] not in gates and _known(doc, c["measure"])
    ]
    heaviest = sorted(criteria, key=lambda c: -c["weight"])[:CRITERIA_SHOWN]
    columns = [_column(name, _gate_title(doc, name), 6) for name in gates]
    return columns + [
        _column(c["measure"], c.get("title") or text.measure_title(c["measure"]), 4)
        for c in criteria
        if c in heaviest
    ]


def _gate_title(doc: Doc, measure: str) -> str:
    gate = next(g for g in doc["rubric"]["gates"] if g["measure"] == measure)
    return str(gate.get("title") or text.measure_title(measure))


def _column(measure: str, title: str, priority: int) -> Column:
    # On a terminal a column is as wide as its head: one word must do.
    short = _SHORT.get(measure) or measure.partition(".")[0]
    return Column(key=measure, title=title, short=short, priority=priority)


def _size_columns(doc: Doc) -> list[Column]:
    columns = []
    if details(doc, "files"):
        columns.append(Column(key="+lines", title="Lines", short="lines", priority=3))
    if (doc.get("timing") or {}).get("seconds"):
        columns.append(Column(key="+time", title="Time", short="time", priority=2))
    return columns


def _known(doc: Doc, measure: str) -> bool:
    return any(measure in c["measurements"] for c in candidates(doc))


def _is_figure(doc: Doc, measure: str) -> bool:
    values = [c["measurements"].get(measure, {}).get("value") for c in candidates(doc)]
    return any(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _row(
    doc: Doc, candidate: Doc, columns: Sequence[Column], names: dict[str, str]
) -> Row:
    word = standing(doc, candidate)
    state = (
        "out"
        if candidate.get("excluded")
        else "tie"
        if word == "tied"
        else "win"
        if word
        else ""
    )
    label = candidate["label"]
    return Row(
        label=label,
        slug=names[label],
        standing=word,
        state=state,
        grade=worst_grade(candidate),
        source=str(candidate.get("source") or candidate.get("agent") or ""),
        commit=str(candidate.get("commit") or "")[:10],
        excluded=str(candidate.get("excluded") or ""),
        cells=tuple(_cell(doc, candidate, column) for column in columns),
        bar=_bar(doc, candidate),
    )


def worst_grade(candidate: Doc) -> str:
    """`void` or `suspicious` when the candidate has such a flag, else nothing."""
    grades = {flag["grade"] for flag in candidate.get("flags") or []}
    return next((grade for grade in ("void", "suspicious") if grade in grades), "")


def _cell(doc: Doc, candidate: Doc, column: Column) -> Cell:
    special: dict[str, Callable[[Doc], Cell]] = {
        "rank": _rank,
        "candidate": lambda c: Cell(text=c["label"], sort=c["label"]),
        "gates": _gates,
        "points": _points,
        "+lines": lambda c: _lines(doc, c),
        "+time": lambda c: _time(doc, c),
    }
    if column.key in special:
        return special[column.key](candidate)
    if "required" in column.key and (counted := _required(doc, candidate["label"])):
        return counted
    return measured(candidate["measurements"].get(column.key))


def measured(measurement: Doc | None) -> Cell:
    """The cell of a measurement, or of the reason why there is none."""
    value = measurement.get("value") if measurement else None
    if measurement is None or value is None:
        return Cell(text=text.NOT_MEASURED, why=text.why_missing(measurement))
    sort = value if isinstance(value, int | float | str) else None
    return Cell(text=text.value_text(value, measurement.get("unit")), sort=sort)


def _rank(candidate: Doc) -> Cell:
    rank = candidate.get("rank")
    if rank is not None:
        return Cell(text=str(rank), sort=rank)
    return Cell(
        text="out" if candidate.get("excluded") else "open",
        why="excluded candidates have no rank",
    )


def _points(candidate: Doc) -> Cell:
    total = candidate.get("total")
    if candidate.get("excluded"):
        return Cell(text="excluded", why="a failed gate can't be bought off")
    if total is None:
        return Cell(text="not scored", why="no criterion could be counted")
    return Cell(text=text.points(total), sort=total)


def _gates(candidate: Doc) -> Cell:
    gates = candidate.get("gates") or []
    stopped = [g["name"] for g in gates if g["passed"] is False]
    passed = sum(1 for g in gates if g["passed"])
    if stopped:
        more = f" +{len(stopped) - 1}" if len(stopped) > 1 else ""
        return Cell(text=f"✗ {stopped[0]}{more}", sort=-len(stopped))
    if not gates:
        return Cell(text="no gates", why="the rubric has none")
    open_gates = sum(1 for g in gates if g["passed"] is None)
    tail = f", {open_gates} open" if open_gates else ""
    return Cell(
        text=f"{'✓' if passed else '?'} {passed} of {len(gates)}{tail}", sort=passed
    )


def _required(doc: Doc, label: str) -> Cell | None:
    """How many of the required tests passed, read off the table of results; None where it has none."""
    tests = details(doc, "tests") or {}
    required, columns = tests.get("required") or [], tests.get("columns") or []
    if not required or label not in columns:
        return None
    place = columns.index(label)
    passed = sum(1 for i in required if tests["rows"][i][place] == "P")
    return Cell(text=f"{passed}/{len(required)}", sort=passed)


def _lines(doc: Doc, candidate: Doc) -> Cell:
    listed = (details(doc, "files") or {}).get(candidate["label"])
    if listed is None:
        return Cell(text="not listed", why="the changed files were not recorded")
    added, removed = line_counts(listed)
    return Cell(text=f"+{added} \u2212{removed}", sort=added + removed)


def line_counts(files: Sequence[Doc]) -> tuple[int, int]:
    """Lines added and removed over all files; binary files count none."""
    return sum(f.get("added") or 0 for f in files), sum(
        f.get("removed") or 0 for f in files
    )


def _time(doc: Doc, candidate: Doc) -> Cell:
    seconds: Any = doc["timing"]["seconds"].get(candidate["label"])
    if seconds is None:
        return Cell(text="not timed", why="no time was recorded")
    return Cell(text=text.duration(seconds), sort=seconds)


def _bar(doc: Doc, candidate: Doc) -> tuple[Segment, ...]:
    """Parts of the points bar: each as wide as the points are, of all weight that counts."""
    criteria, earned = counted_criteria(doc), candidate.get("points") or {}
    whole = sum(c["weight"] for c in criteria)
    if candidate.get("excluded") or not whole:
        return ()
    parts, x = [], 0.0
    for i, criterion in enumerate(criteria):
        got = float(earned.get(criterion["measure"]) or 0.0)
        width = 100 * got / whole
        parts.append(
            Segment(
                title=criterion["title"],
                points=got,
                x=round(x, 2),
                width=round(width, 2),
                colour=i % 5 + 1,
            )
        )
        x += width
    return tuple(parts)


def _failed_row(entry: Doc, columns: Sequence[Column], names: dict[str, str]) -> Row:
    label, why = entry["label"], str(entry.get("why") or "no reason was recorded")
    texts = {
        "rank": "out",
        "candidate": label,
        "gates": "no result",
        "points": "excluded",
    }
    return Row(
        label=label,
        slug=names[label],
        standing="",
        state="failed",
        grade="",
        source=str(entry.get("agent") or ""),
        commit="",
        excluded=f"{entry.get('outcome') or 'failed'}: {why}",
        cells=tuple(
            Cell(
                text=texts.get(c.key, "no result"),
                why="" if c.key == "candidate" else why,
            )
            for c in columns
        ),
        bar=(),
    )
