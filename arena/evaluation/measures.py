"""The table of measures, and the one border where a fault of a measure becomes a record."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from arena.errors import one_line
from arena.evaluation import (
    benchmark,
    complexity,
    contradiction,
    controls,
    coverage,
    crossrun,
    diff,
    integrity,
    leaks,
    outcomes,
    planted,
    probes,
    repeats,
    reproduction,
    respelling,
    second,
    stale,
    static,
    tampering,
    where,
)
from arena.evaluation.measurement import (
    VOID,
    Findings,
    Measurement,
    NotMeasured,
    flag,
    missing,
)
from arena.evaluation.pool import Pool
from arena.evaluation.result import Evaluated
from arena.evaluation.subject import Subject

# A measure is a module with NAMES (name of each measurement → its unit) and measure(subject).
MEASURES: dict[str, ModuleType] = {
    "integrity": integrity,
    "outcomes": outcomes,
    "coverage": coverage,
    "complexity": complexity,
    "diff": diff,
    "static": static,
    "tampering": tampering,
    "planted": planted,
    "leaks": leaks,
    "stale": stale,
}
# These look at all candidates together: measure(pool) gives findings by label.
TOGETHER: dict[str, ModuleType] = {
    "controls": controls,
    "second": second,
    "respelling": respelling,
    "repeats": repeats,
    "probes": probes,
    "reproduction": reproduction,
    "crossrun": crossrun,
    "where": where,
    "contradiction": contradiction,
}
GATE = "integrity"
LEFT_OUT = "left out by --fast"
NEEDS_RUNS = tuple(n for n in TOGETHER if n not in ("where", "contradiction"))
KNOWN = (
    *(n for m in (*MEASURES.values(), *TOGETHER.values()) for n in m.NAMES),
    benchmark.NAME,
)


def take_all(subject: Subject) -> Evaluated:
    """A candidate with what every measure says about it alone."""
    candidate, tests = subject.candidate, subject.run.outcomes
    found = Evaluated(candidate=candidate, measurements=(), flags=(), tests=tests)
    for name, module in MEASURES.items():
        told = _take(name, module, subject)
        more = told if isinstance(told, Findings) else _none(module, told)
        found = _with(found, module, more)
    return found


def add_pool(pool: Pool, measured: Sequence[Evaluated]) -> list[Evaluated]:
    """The candidates with what the measures say that compare them."""
    found = list(measured)
    for name, module in TOGETHER.items():
        left_out = pool.fast and name in NEEDS_RUNS
        told = LEFT_OUT if left_out else _take(name, module, pool)
        for place, one in enumerate(found):
            label = one.candidate.label
            more = _none(module, told) if isinstance(told, str) else told[label]
            found[place] = _with(one, module, more)
    # Known only now, since the runs of the measures above found it.
    forged = Findings(flags=flag(*integrity.FORGED))
    return [
        _with(one, None, forged) if one.candidate.label in pool.runner.forged else one
        for one in found
    ]


def _with(one: Evaluated, module: ModuleType | None, more: Findings) -> Evaluated:
    measurements = (
        Measurement(key, told.value, unit, told.base, told.why_none)
        for key, unit in (module.NAMES if module else {}).items()
        for told in [more.values[key]]
    )
    known = one.measurements
    if any(f.grade == VOID for f in more.flags):
        # Proof of tampering, whoever finds it, closes the gate of integrity.
        known = tuple(replace(m, value=VOID) if m.name == GATE else m for m in known)
    return replace(
        one,
        measurements=(*known, *measurements),
        flags=(*one.flags, *more.flags),
        details={**one.details, **more.details},
    )


def _take(name: str, module: ModuleType, seen: object) -> Any:
    """What a measure tells, or in words why it tells nothing: one broken measurer stops no judgement."""
    try:
        return module.measure(seen)
    except NotMeasured as reason:
        return str(reason)
    except Exception as error:  # noqa: BLE001 - the one border where a fault becomes a record
        trace = traceback.format_exc()
        why = f"our measure {name!r} failed: {type(error).__name__}: {error}"
        return f"{one_line(why)}\n{trace}"


def _none(module: ModuleType, why: str) -> Findings:
    """Values without a number, for a reason; the trace of a fault goes to the details."""
    reason, _, trace = why.partition("\n")
    details = {f"fault.{module.__name__.rpartition('.')[2]}": trace} if trace else {}
    return Findings(dict.fromkeys(module.NAMES, missing(reason)), details=details)
