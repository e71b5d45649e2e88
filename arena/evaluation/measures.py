"""The table of measures, and the one border where a fault of a measure becomes a record."""

from __future__ import annotations

import traceback
from types import ModuleType

from arena.evaluation import (
    benchmark,
    complexity,
    coverage,
    diff,
    integrity,
    outcomes,
    static,
)
from arena.evaluation.measurement import Findings, Measurement, NotMeasured, missing
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
}
KNOWN = (*(n for module in MEASURES.values() for n in module.NAMES), benchmark.NAME)


def load_libraries() -> None:
    """Imports what the measures use, in one thread: packages with circular imports come apart when several
    threads import them at once (seen with coverage.parser)."""
    import coverage.parser  # noqa: F401
    import pyflakes.checker  # noqa: F401
    import radon.complexity  # noqa: F401


def take_all(subject: Subject) -> Evaluated:
    """A candidate with what every measure says about it."""
    found = {name: _take(name, subject) for name in MEASURES}
    measurements = [
        Measurement(key, told.value, unit, told.base, told.why_none)
        for name, findings in found.items()
        for key, unit in MEASURES[name].NAMES.items()
        for told in [findings.values[key]]
    ]
    return Evaluated(
        candidate=subject.candidate,
        measurements=tuple(measurements),
        flags=tuple(flag for f in found.values() for flag in f.flags),
        tests=subject.run.outcomes,
        details={k: v for f in found.values() for k, v in f.details.items()},
    )


def _take(name: str, subject: Subject) -> Findings:
    """A measure that fails becomes values with that reason: one broken measurer stops no judgement."""
    module, details = MEASURES[name], {}
    try:
        found: Findings = module.measure(subject)
    except NotMeasured as reason:
        why = str(reason)
    except Exception as error:  # noqa: BLE001 - the one border where a fault becomes a record
        why = f"our measure {name!r} failed: {type(error).__name__}: {error}"
        details = {f"fault.{name}": traceback.format_exc()}
    else:
        return found
    return Findings(dict.fromkeys(module.NAMES, missing(why)), details=details)
