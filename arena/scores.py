"""Measurements and a rubric → the scoreboard. The only module that imports pandas."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arena.evaluation.measurement import Measurement
from arena.evaluation.result import Evaluated, Evaluation
from arena.rubric import Criterion, Gate, Rubric

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 2000  # standard error of a share: at most 1.1 percentage points


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """Whether one gate holds for one candidate; `passed` is None where the gate does not apply."""

    name: str
    passed: bool | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One candidate under a rubric: gates, fraction (0-1) and points per criterion, total of 100.

    The total uses only what was measured for this candidate, so no other candidate can change it; None if nothing
    was. `unmeasured` maps criteria to the reason."""

    label: str
    gates: tuple[GateResult, ...]
    fractions: dict[str, float]
    points: dict[str, float]
    total: float | None
    unmeasured: dict[str, str]

    @property
    def failed_gates(self) -> tuple[GateResult, ...]:
        """The gates that do not hold."""
        return tuple(gate for gate in self.gates if gate.passed is False)


def score(evaluation: Evaluation, rubric: Rubric) -> tuple[Score, ...]:
    """Scores every candidate on its own, sorted by label."""
    situations = _situations(evaluation)
    return tuple(_score_one(e, rubric, situations) for e in evaluation.candidates)


def _situations(evaluation: Evaluation) -> frozenset[str]:
    """The named situations, in which a gate with `unless` does not apply, that hold for this evaluation."""
    found = set()
    if not evaluation.required:
        found.add("no required tests")
    if not evaluation.base_tests:
        found.add("no tests on the base")
    if evaluation.target is None:
        found.add("no target branch")
    words = evaluation.facts.get("test command", "pytest")
    if "pytest" not in words:
        found.add("the test command is not pytest")
    if not any(
        m.name == "bench.seconds" for e in evaluation.candidates for m in e.measurements
    ):
        found.add("no benchmark")
    return frozenset(found)


def _score_one(
    evaluated: Evaluated, rubric: Rubric, situations: frozenset[str]
) -> Score:
    by_name = {m.name: m for m in evaluated.measurements}
    gates = [
        _gate(gate, by_name.get(gate.measure), situations) for gate in rubric.gates
    ]
    fractions: dict[str, float] = {}
    unmeasured: dict[str, str] = {}
    for criterion in rubric.criteria:
        found = _fraction(criterion, by_name.get(criterion.measure))
        if isinstance(found, str):
            unmeasured[criterion.measure] = found
            if criterion.missing == "fail":
                gates.append(
                    GateResult(
                        name=criterion.measure,
                        passed=False,
                        why=f"not measured: {found}",
                    )
                )
        else:
            fractions[criterion.measure] = found
    weights = {c.measure: c.weight for c in rubric.criteria if c.measure in fractions}
    points = {name: weights[name] * fractions[name] for name in weights}
    used = sum(weights.values())
    return Score(
        label=evaluated.candidate.label,
        gates=tuple(gates),
        fractions=fractions,
        points=points,
        total=100 * sum(points.values()) / used if used else None,
        unmeasured=unmeasured,
    )


def _gate(
    gate: Gate, measurement: Measurement | None, situations: frozenset[str]
) -> GateResult:
    name = gate.measure
    if gate.unless in situations:
        return GateResult(name=name, passed=None, why=f"does not apply: {gate.unless}")
    if measurement is None or measurement.value is None:
        why = measurement.why_none if measurement else "this measure was not taken"
        passed = None if gate.missing == "pass" else False
        return GateResult(name=name, passed=passed, why=f"not measured: {why}")
    value = measurement.value
    if gate.equals is not None:
        return GateResult(
            name=name,
            passed=value == gate.equals,
            why=f"{_shown(value)}, needs {gate.condition}",
        )
    number = _on_scale(gate.base, measurement)
    if number is None:
        return GateResult(
            name=name, passed=False, why="there is no value on the base to compare with"
        )
    good = (
        number >= gate.at_least
        if gate.at_least is not None
        else number <= (gate.at_most or 0)
    )
    return GateResult(
        name=name, passed=good, why=f"{number:.4g}, needs {gate.condition}"
    )


def _shown(value: object) -> str:
    return (
        {True: "yes", False: "no"}.get(value, str(value))
        if isinstance(value, bool)
        else str(value)
    )


def _on_scale(base: str, measurement: Measurement) -> float | None:
    value, reference = measurement.value, measurement.base
    if not isinstance(value, bool | int | float):
        return None
    if base == "absolute":
        return float(value)
    if not isinstance(reference, int | float):
        return None
    if base == "delta":
        return float(value) - float(reference)
    return float(value) / float(reference) if reference else None


def _fraction(criterion: Criterion, measurement: Measurement | None) -> float | str:
    """The value on the criterion's scale, 0-1, or the reason why there is none."""
    if measurement is None:
        return "this measure was not taken"
    number = _on_scale(criterion.base, measurement)
    if measurement.value is None or number is None:
        if criterion.missing == "zero":
            return 0.0
        if criterion.missing == "base" and isinstance(measurement.base, int | float):
            neutral = {"absolute": float(measurement.base), "delta": 0.0, "ratio": 1.0}[
                criterion.base
            ]
            return _clip(criterion, neutral)
        return measurement.why_none or "there is no value on the base to compare with"
    return _clip(criterion, number)


def _clip(criterion: Criterion, number: float) -> float:
    return min(
        1.0, max(0.0, (number - criterion.zero) / (criterion.full - criterion.zero))
    )


def first_shares(
    scores: Sequence[Score], rubric: Rubric, *, seed: int
) -> dict[str, float]:
    """Share of the weight space in which each candidate comes first (SMAA: Lahdelma & Salminen 2001).

    Weights are drawn uniformly from the simplex of the rubric's counted criteria; ties are split.
    """
    names = sorted(c.measure for c in rubric.criteria if c.weight > 0)
    ordered = sorted(scores, key=lambda s: s.label)
    wins = dict.fromkeys((s.label for s in ordered), 0.0)
    if not ordered or not names:
        return wins
    draw = random.Random(seed)  # noqa: S311 - repeatable on purpose
    for _ in range(DRAWS):
        weights = {name: draw.expovariate(1.0) for name in names}
        totals = [_weighted(s, weights) for s in ordered]
        best = max(totals)
        first = [
            s.label
            for s, total in zip(ordered, totals, strict=True)
            if best - total < 1e-12
        ]
        for label in first:
            wins[label] += 1 / len(first)
    return {label: round(count / DRAWS, 4) for label, count in wins.items()}


def _weighted(score: Score, weights: dict[str, float]) -> float:
    used = {name: weight for name, weight in weights.items() if name in score.fractions}
    total = sum(used.values())
    return (
        sum(weight * score.fractions[name] for name, weight in used.items()) / total
        if total
        else 0.0
    )


def table(evaluation: Evaluation, scores: Sequence[Score]) -> pd.DataFrame:
    """The scoreboard: one row a candidate (index: label), columns for measures, points, total and gates.

    A value that was not measured is missing (NaN or None); reasons are in `reasons`.
    """
    import pandas as pd

    rows: dict[str, dict[str, Any]] = {}
    by_label = {s.label: s for s in scores}
    for evaluated in evaluation.candidates:
        label = evaluated.candidate.label
        found = by_label[label]
        row: dict[str, Any] = {m.name: m.value for m in evaluated.measurements}
        row |= {f"points:{name}": value for name, value in found.points.items()}
        row["total"] = found.total
        row["gates passed"] = not found.failed_gates
        rows[label] = row
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index.name = "label"
    return frame.sort_index()


def reasons(evaluation: Evaluation) -> pd.DataFrame:
    """Why values are missing: same shape as the measures of `table`, with texts."""
    import pandas as pd

    rows = {
        e.candidate.label: {m.name: m.why_none for m in e.measurements}
        for e in evaluation.candidates
    }
    return pd.DataFrame.from_dict(rows, orient="index").sort_index()
