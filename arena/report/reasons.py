"""Why these points: gates, criteria in figures and words, and who is first under which weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from arena.report import text
from arena.report.board import Cell, counted_criteria, measured
from arena.report.subject import DETAILED, Doc, candidates, detailed, is_exploration


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLine:
    """A gate, its condition, and per shown candidate whether it holds ("✓", "✗", "?") and why."""

    title: str
    condition: str
    why: str
    results: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionLine:
    """A criterion: value of the base, and per shown candidate the value and what it earned."""

    title: str
    colour: int
    weight: str
    scale: str
    why: str
    base: Cell
    results: tuple[tuple[Cell, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A candidate's share of all weightings; `x` and `width` in percent."""

    label: str
    text: str
    x: float
    width: float
    colour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Everything of the section; `labels` heads the tables; `sentences` has one list per shown candidate."""

    labels: tuple[str, ...]
    more: int
    gates: tuple[GateLine, ...]
    criteria: tuple[CriterionLine, ...]
    sentences: tuple[tuple[str, str, tuple[str, ...]], ...]
    shares: tuple[Share, ...]
    sliders: tuple[tuple[str, str, float], ...]
    recorded: str


def reasons(doc: Doc) -> Reasons:
    """The section of a prepared document."""
    shown = detailed(doc)
    gates, criteria = doc["rubric"]["gates"], doc["rubric"]["criteria"]
    colours = {c["measure"]: i % 5 + 1 for i, c in enumerate(counted_criteria(doc))}
    return Reasons(
        labels=tuple(c["label"] for c in shown),
        more=max(0, len(candidates(doc)) - DETAILED),
        gates=tuple(_gate_line(gate, i, shown) for i, gate in enumerate(gates)),
        criteria=tuple(
            _criterion_line(c, colours.get(c["measure"], 0), shown) for c in criteria
        ),
        sentences=tuple(
            (c["label"], total_sentence(doc, c), candidate_sentences(doc, c))
            for c in shown
        ),
        shares=_shares(doc["verdict"].get("weights_first") or {}),
        sliders=_sliders(doc),
        recorded=_recorded(doc),
    )


def gate_of(candidate: Doc, gate: Doc, index: int) -> Doc | None:
    """The result of a rubric's gate: by name, else by its place when the numbers agree."""
    results: Sequence[Doc] = candidate.get("gates") or []
    found = next(
        (r for r in results if r["name"] in (gate["measure"], gate.get("name"))), None
    )
    return found or (results[index] if index < len(results) else None)


def _gate_line(gate: Doc, index: int, shown: Sequence[Doc]) -> GateLine:
    results = [gate_of(candidate, gate, index) for candidate in shown]
    unless = f", unless {gate['unless']}" if gate.get("unless") else ""
    return GateLine(
        title=gate.get("title") or text.measure_title(gate["measure"]),
        condition=f"{gate['condition']}{unless}",
        why=gate.get("why") or "",
        results=tuple(
            (_mark(r["passed"]), r.get("why") or "")
            if r
            else ("?", "the judge recorded no result")
            for r in results
        ),
    )


def _mark(passed: bool | None) -> str:
    return "? not judged" if passed is None else "✓ holds" if passed else "✗ fails"


def _criterion_line(criterion: Doc, colour: int, shown: Sequence[Doc]) -> CriterionLine:
    name = criterion["measure"]
    known = [c["measurements"].get(name) for c in shown]
    base = next((m["base"] for m in known if m and m.get("base") is not None), None)
    unit = next(
        (m["unit"] for m in known if m and m.get("unit")), criterion.get("unit") or ""
    )
    base_cell = (
        Cell(
            text="not used"
            if criterion.get("base") == "absolute"
            else text.NOT_MEASURED,
            why="absolute scale"
            if criterion.get("base") == "absolute"
            else "the base has no value",
        )
        if base is None
        else Cell(
            text=text.value_text(base, unit),
            sort=base if isinstance(base, int | float) else None,
        )
    )
    return CriterionLine(
        title=criterion.get("title") or text.measure_title(name),
        colour=colour,
        weight=text.number(criterion["weight"]),
        scale=text.scale_text({**criterion, "unit": unit})
        if criterion["weight"]
        else "shown, not counted",
        why=criterion.get("why") or "",
        base=base_cell,
        results=tuple(
            (measured(c["measurements"].get(name)), _earned(criterion, c))
            for c in shown
        ),
    )


def _earned(criterion: Doc, candidate: Doc) -> str:
    got = (candidate.get("points") or {}).get(criterion["measure"])
    return "" if got is None or not criterion["weight"] else text.points(got)


def candidate_sentences(doc: Doc, candidate: Doc) -> tuple[str, ...]:
    """One sentence per criterion of the rubric, in its order."""
    earned = candidate.get("points") or {}
    return tuple(
        text.criterion_sentence(
            c, candidate["measurements"].get(c["measure"]), earned.get(c["measure"])
        )
        for c in doc["rubric"]["criteria"]
    )


def total_sentence(doc: Doc, candidate: Doc) -> str:
    """`83.0 of 100; noise 2.0; first in 96 % of all weightings.`, or why there is no total."""
    if candidate.get("excluded"):
        return f"Excluded: {candidate['excluded']}."
    if candidate.get("total") is None:
        return "Not scored: no criterion could be counted."
    share = (doc["verdict"].get("weights_first") or {}).get(candidate["label"])
    first = (
        f"; first in {text.percent(share)} of all weightings"
        if share is not None
        else ""
    )
    noise = text.points(doc["rubric"].get("noise") or 0.0)
    return f"{text.points(candidate['total'])} of 100; differences up to {noise} are noise{first}."


def _shares(first: Doc) -> tuple[Share, ...]:
    """Parts of the weight-space bar, the largest first; beyond six candidates the rest is one part."""
    ranked = sorted(
        ((label, float(s)) for label, s in first.items() if s),
        key=lambda pair: (-pair[1], pair[0]),
    )
    if len(ranked) > DETAILED:
        rest = ranked[DETAILED - 1 :]
        ranked = [
            *ranked[: DETAILED - 1],
            (f"{len(rest)} others", sum(s for _, s in rest)),
        ]
    parts, x = [], 0.0
    for i, (label, share) in enumerate(ranked):
        width = round(100 * share, 2)
        parts.append(
            Share(
                label=label,
                text=text.percent(share),
                x=round(x, 2),
                width=width,
                colour=i % 5 + 1,
            )
        )
        x += width
    return tuple(parts)


def comparable(doc: Doc) -> list[Doc]:
    """The candidates that passed the gates and have fractions: those that weights can reorder."""
    return [c for c in candidates(doc) if not c.get("excluded") and c.get("fractions")]


def _sliders(doc: Doc) -> tuple[tuple[str, str, float], ...]:
    """Measure, title and recorded weight of each criterion that all comparable candidates have."""
    rivals = comparable(doc)
    if len(rivals) < 2:
        return ()
    return tuple(
        (c["measure"], c.get("title") or text.measure_title(c["measure"]), c["weight"])
        for c in doc["rubric"]["criteria"]
        if all(r["fractions"].get(c["measure"]) is not None for r in rivals)
    )


def _recorded(doc: Doc) -> str:
    return f"The recorded verdict stays: {doc['verdict']['headline']}"


def slider_data(doc: Doc) -> dict[str, Any]:
    """What the sliders need: fractions per candidate (0 to 1), the noise (points), the recorded winner."""
    names = [name for name, _, _ in _sliders(doc)]
    return {
        "rivals": [
            {
                "label": c["label"],
                "fractions": {name: c["fractions"][name] for name in names},
            }
            for c in comparable(doc)
        ]
        if names
        else [],
        "noise": doc["rubric"].get("noise") or 0.0,
        "winner": doc["verdict"].get("winner"),
        "word": "best-looking candidate" if is_exploration(doc) else "winner",
    }
