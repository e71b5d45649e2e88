"""The tuple of measures, and the one border where a fault of a measure becomes a record."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from arena.evaluation import (
    benchmark,
    complexity,
    coverage,
    diff,
    integrity,
    outcomes,
    static,
)
from arena.evaluation.measurement import Findings, missing
from arena.evaluation.subject import Subject

# Name of the module → its function and the measurements that it answers for.
MEASURES: dict[str, tuple[Callable[[Subject], Findings], tuple[str, ...]]] = {
    "integrity": (integrity.measure, integrity.NAMES),
    "outcomes": (outcomes.measure, outcomes.NAMES),
    "coverage": (coverage.measure, coverage.NAMES),
    "complexity": (complexity.measure, complexity.NAMES),
    "diff": (diff.measure, diff.NAMES),
    "static": (static.measure, static.NAMES),
}
KNOWN = (*(name for _, names in MEASURES.values() for name in names), benchmark.NAME)


def load_libraries() -> None:
    """Imports what the measures use, in one thread: packages with circular imports come apart when several
    threads import them at once (seen with coverage.parser)."""
    import coverage.parser  # noqa: F401
    import pyflakes.checker  # noqa: F401
    import radon.complexity  # noqa: F401


def take(name: str, subject: Subject) -> Findings:
    """A measure that fails becomes measurements without a value: one broken measurer stops no judgement."""
    function, names = MEASURES[name]
    try:
        return function(subject)
    except Exception as error:  # noqa: BLE001 - the one border where a fault becomes a record
        why = f"our measure {name!r} failed: {type(error).__name__}: {error}"
        trace = traceback.format_exc()
        return Findings(
            measurements=tuple(missing(n, "", why) for n in names),
            details={f"fault.{name}": trace},
        )
