"""The scoreboard as plain rows and cells, the same for every format."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from arena.report import text
from arena.report.subject import Doc

CRITERIA_SHOWN = 3
GATES_SHOWN = 2


class Cell(NamedTuple):
    """One value as text; `sort` is the figure behind it; `why` is set when the value is missing."""

    text: str
    sort: float | str | None = None
    why: str = ""


Row = tuple[Doc, list[Cell]]


class Column(NamedTuple):
    """A column and how its cells are made; with little room the last ones leave first."""

    key: str
    title: str
    cell: Callable[[Doc], Cell]

    @property
    def numeric(self) -> bool:
        """Whether the cells are figures."""
        return self.key not in ("candidate", "gates")


def board(doc: Doc) -> tuple[list[Column], list[Row]]:
    """Columns, and rows of an entry and its cells: ranked first, excluded and failed last."""
    heads = _columns(doc)
    judged = [(c, [head.cell(c) for head in heads]) for c in doc["candidates"]]
    failed = [(e, [_no_result(e, head.key) for head in heads]) for e in doc["failed"]]
    return heads, judged + failed


def _columns(doc: Doc) -> list[Column]:
    columns = [
        Column("rank", "Rank", _rank),
        Column("candidate", "Candidate", lambda c: Cell(c["label"], c["label"])),
        Column("gates", "Gates", _gates),
        Column("points", "Points", _points),
    ]
    for one in doc.get("measures", ()):
        unit = f" ({one['unit']})" if one["unit"] else ""
        cell = partial(_asked, one)
        columns.append(Column(one["measure"], f"{one['title']}{unit}", cell))
    for rule in _figures(doc):
        name = rule["measure"]
        columns.append(Column(name, rule["title"], partial(_measured, doc, name)))
    if doc["details"]["files"]:
        columns.append(Column("+lines", "Lines", partial(_lines, doc)))
    if doc["timing"]["seconds"]:
        columns.append(Column("+time", "Time", partial(_time, doc)))
    return columns


def _figures(doc: Doc) -> list[Doc]:
    """The gates that are figures, then the heaviest criteria; all others stand in the criteria table."""
    values = [(k, m) for c in doc["candidates"] for k, m in c["measurements"].items()]
    figures = {name for name, m in values if type(m["value"]) in (int, float)}
    gates = [g for g in doc["rubric"]["gates"] if g["measure"] in figures][:GATES_SHOWN]
    names = {name for name, _ in values} - {gate["measure"] for gate in gates}
    criteria = [c for c in doc["rubric"]["criteria"] if c["measure"] in names]
    heaviest = sorted(criteria, key=lambda c: -c["weight"])[:CRITERIA_SHOWN]
    return [*gates, *(c for c in criteria if c in heaviest)]


def measured(measurement: Doc | None) -> Cell:
    """The cell of a measurement, or of the reason why there is none."""
    if measurement is None or measurement["value"] is None:
        return Cell(text.NOT_MEASURED, why=text.why_missing(measurement))
    value = measurement["value"]
    return Cell(text.value_text(value, measurement["unit"]), value)


def _asked(one: Doc, candidate: Doc) -> Cell:
    found = candidate["measurements"].get(one["measure"])
    if found is None or found["value"] is None:
        return measured(found)
    best = " best" if candidate["label"] in one["best"] else ""
    return Cell(f"{text.figure(found['value'])}{best}", found["value"])


def _measured(doc: Doc, name: str, candidate: Doc) -> Cell:
    tests, label = doc["details"]["tests"], candidate["label"]
    if "required" in name and tests["required"] and label in tests["columns"]:
        place = tests["columns"].index(label)
        passed = sum(tests["rows"][i][place] == "P" for i in tests["required"])
        return Cell(f"{passed}/{len(tests['required'])}", passed)
    return measured(candidate["measurements"].get(name))


def _rank(candidate: Doc) -> Cell:
    if candidate["rank"] is None:
        return Cell("out", why="excluded candidates have no rank")
    return Cell(str(candidate["rank"]), candidate["rank"])


def _gates(candidate: Doc) -> Cell:
    gates = candidate["gates"]
    stopped = [g["name"] for g in gates if g["passed"] is False]
    if stopped:
        more = f" +{len(stopped) - 1}" if len(stopped) > 1 else ""
        return Cell(f"✗ {stopped[0]}{more}", -len(stopped))
    if not gates:
        return Cell("no gates", why="the rubric has none")
    passed = sum(bool(g["passed"]) for g in gates)
    left = f", {len(gates) - passed} open" if passed < len(gates) else ""
    return Cell(f"{'✓' if passed else '?'} {passed} of {len(gates)}{left}", passed)


def _points(candidate: Doc) -> Cell:
    if candidate["excluded"]:
        return Cell("excluded", why=candidate["excluded"])
    if candidate["total"] is None:
        return Cell("not scored", why="no criterion could be counted")
    return Cell(text.points(candidate["total"]), candidate["total"])


def _lines(doc: Doc, candidate: Doc) -> Cell:
    listed = doc["details"]["files"].get(candidate["label"])
    if listed is None:
        return Cell("not listed", why="the changed files were not recorded")
    added, removed = line_counts(listed)
    return Cell(f"+{added} \u2212{removed}", added + removed)


def line_counts(files: Sequence[Doc]) -> tuple[int, int]:
    """Lines added and removed over all files; binary files count none."""
    added, removed = (sum(f[way] or 0 for f in files) for way in ("added", "removed"))
    return added, removed


def _time(doc: Doc, candidate: Doc) -> Cell:
    seconds = doc["timing"]["seconds"].get(candidate["label"])
    if seconds is None:
        return Cell("not timed", why="no time was recorded")
    return Cell(text.duration(seconds), seconds)


def _no_result(entry: Doc, key: str) -> Cell:
    if key == "candidate":
        return Cell(entry["label"])
    word = {"rank": "out", "points": "excluded"}.get(key, "no result")
    return Cell(word, why=entry["why"])
