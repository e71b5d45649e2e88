"""Measurements and a rubric → the scoreboard. The only module that imports pandas."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from arena.evaluation.measurement import Measurement
from arena.evaluation.result import Evaluated, Evaluation
from arena.rubric import TERRITORY, Criterion, Gate, Rubric, shown

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 2000  # standard error of a share: at most 1.1 percentage points


@dataclass(frozen=True, slots=True)
class GateResult:
    """Whether one gate holds for one candidate; `passed` is None where the gate does not apply."""

    name: str
    passed: bool | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One candidate under a rubric: gates, fraction (0-1) and points per counted criterion, total of 100.

    The total uses only what was measured for this candidate, so no other candidate can change it; None if nothing
    was. `unmeasured` maps counted criteria to the reason."""

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
    """Scores every candidate on its own, in the order of the evaluation."""
    situations = _situations(evaluation)
    return tuple(_score(e, rubric, situations) for e in evaluation.candidates)


def _situations(evaluation: Evaluation) -> Set[str]:
    """The named situations, in which a gate with `unless` does not apply, that hold for this evaluation."""
    taken = {m.name for e in evaluation.candidates for m in e.measurements}
    command = evaluation.facts.get("test command", "pytest")
    holds = {
        "no required tests": not evaluation.required,
        "no tests on the base": not evaluation.base_tests,
        "no target branch": evaluation.target is None,
        "the test command is not pytest": "pytest" not in command,
        "no benchmark": "bench.seconds" not in taken,
    }
    return {name for name, true in holds.items() if true}


def asked_gates(rubric: Rubric, candidates: Sequence[Evaluated]) -> list[Gate]:
    """The gates of a rubric, and that of the territory where one was given."""
    taken = {m.name for one in candidates for m in one.measurements}
    given = TERRITORY.measure in taken
    known = [gate.measure for gate in rubric.gates]
    return [
        *rubric.gates,
        *([TERRITORY] if given and TERRITORY.measure not in known else []),
    ]


def _score(evaluated: Evaluated, rubric: Rubric, situations: Set[str]) -> Score:
    taken = {m.name: m for m in evaluated.measurements}

    def found(name: str) -> Measurement:
        absent = Measurement(name, None, "", None, "this measure was not taken")
        return taken.get(name, absent)

    asked = asked_gates(rubric, [evaluated])
    gates = [_gate(gate, found(gate.measure), situations) for gate in asked]
    fractions: dict[str, float] = {}
    unmeasured: dict[str, str] = {}
    for criterion in rubric.criteria:
        name, place = criterion.measure, _fraction(criterion, found(criterion.measure))
        if isinstance(place, str) and criterion.missing == "fail":
            gates.append(GateResult(name, False, f"not measured: {place}"))
        if criterion.weight and isinstance(place, str):
            unmeasured[name] = place
        elif criterion.weight:
            fractions[name] = float(place)
    weights = {c.measure: c.weight for c in rubric.criteria if c.measure in fractions}
    points = {name: weight * fractions[name] for name, weight in weights.items()}
    whole = sum(weights.values())
    return Score(
        label=evaluated.candidate.label,
        gates=tuple(gates),
        fractions=fractions,
        points=points,
        total=round(100 * sum(points.values()) / whole, 9) if whole else None,
        unmeasured=unmeasured,
    )


def _gate(gate: Gate, measured: Measurement, situations: Set[str]) -> GateResult:
    name, value = gate.measure, measured.value
    if gate.unless in situations:
        return GateResult(name, None, f"does not apply: {gate.unless}")
    if value is None:
        passed = None if gate.missing == "pass" else False
        why = f"not measured: {_on_scale(gate.base, measured)}"
        return GateResult(name, passed, why)
    if gate.equals is not None:
        why = f"{shown(value)}, needs {gate.condition}"
        return GateResult(name, value == gate.equals, why)
    number = _on_scale(gate.base, measured)
    if isinstance(number, str):
        return GateResult(name, False, number)
    least = -math.inf if gate.at_least is None else gate.at_least
    most = math.inf if gate.at_most is None else gate.at_most
    why = f"{number:.4g}, needs {gate.condition}"
    return GateResult(name, least <= number <= most, why)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value can stand on a scale; NaN and infinity can not."""
    return isinstance(value, int | float) and math.isfinite(value)


def _on_scale(base: str, measured: Measurement) -> float | str:
    """The value as a gate or criterion takes it, or the reason why there is none."""
    value, reference = measured.value, measured.base
    if value is None:
        return measured.why_none or "no reason was recorded"
    if not is_number(value):
        return f"{value} is no number"
    if base == "absolute":
        return float(value)
    if not is_number(reference) or (base == "ratio" and not reference):
        return "there is no value on the base to compare with"
    return value - reference if base == "delta" else value / reference


def _fraction(criterion: Criterion, measured: Measurement) -> float | str:
    """The value on the criterion's scale, 0-1, or the reason why there is none."""
    number = _on_scale(criterion.base, measured)
    if isinstance(number, str) and criterion.missing == "zero":
        return 0.0
    if isinstance(number, str) and criterion.missing == "base":
        as_base = {"absolute": measured.base, "delta": 0.0, "ratio": 1.0}
        neutral = as_base[criterion.base]
        number = float(neutral) if is_number(neutral) else number
    if isinstance(number, str):
        return number
    part = (number - criterion.zero) / (criterion.full - criterion.zero)
    return min(1.0, max(0.0, part))


def bounds(scores: Sequence[Score], rubric: Rubric) -> dict[str, tuple[float, float]]:
    """Label → the least and the most that its total could be: what was not measured for it, but for others, may be
    nothing or perfect, and the noise may be in its favour."""
    known = {name for s in scores for name in s.fractions}
    weights = {c.measure: c.weight for c in rubric.criteria if c.measure in known}
    scale = 100 / (sum(weights.values()) or 1.0)
    found = {}
    for each in scores:
        sure = scale * sum(each.points.values())
        unknown = scale * sum(weights.get(name, 0.0) for name in each.unmeasured)
        most = sure + unknown + rubric.noise
        found[each.label] = round(sure, 9), round(most, 9)
    return found


def first_shares(
    scores: Sequence[Score], rubric: Rubric, *, seed: int
) -> dict[str, float]:
    """Share of the weight space in which each candidate comes first (SMAA: Lahdelma & Salminen 2001).

    Weights are drawn uniformly from the simplex of the rubric's counted criteria; ties are split.
    """
    import numpy as np

    names = sorted(c.measure for c in rubric.criteria if c.weight)
    ordered = sorted(scores, key=lambda s: s.label)
    if not ordered or not names:
        return dict.fromkeys((s.label for s in ordered), 0.0)
    fractions = np.array(
        [[s.fractions.get(name, np.nan) for name in names] for s in ordered]
    )
    # The gaps between sorted cuts of the unit are uniform on the simplex; made by sorting and subtraction alone
    # they are the same to the last bit on every platform.
    cuts = np.sort(np.random.default_rng(seed).random((DRAWS, len(names) - 1)))
    weights = np.diff(cuts, prepend=0, append=1)[:, None, :]
    earned = (weights * np.nan_to_num(fractions)).sum(axis=2)
    whole = (weights * ~np.isnan(fractions)).sum(axis=2)
    nothing = np.full_like(earned, -1.0)
    totals = np.divide(earned, whole, out=nothing, where=whole > 0).round(9)
    first = totals == totals.max(axis=1, keepdims=True)
    shares = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    return {s.label: round(float(x), 4) for s, x in zip(ordered, shares, strict=True)}


def table(evaluation: Evaluation, scores: Sequence[Score]) -> pd.DataFrame:
    """The scoreboard: one row a candidate (index: label), columns for measures, points, total and gates.

    A value that was not measured is missing (NaN or None); the measurement has the reason.
    """
    import pandas as pd

    by_label = {s.label: s for s in scores}
    rows: dict[str, dict[str, Any]] = {}
    for evaluated in evaluation.candidates:
        found = by_label[evaluated.candidate.label]
        rows[found.label] = (
            {m.name: m.value for m in evaluated.measurements}
            | {f"points:{name}": value for name, value in found.points.items()}
            | {"total": found.total, "gates passed": not found.failed_gates}
        )
    return (
        pd.DataFrame.from_dict(rows, orient="index").rename_axis("label").sort_index()
    )
