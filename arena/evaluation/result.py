"""What an evaluation ends with: what scores, verdict and report are made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from arena.candidates import Candidate
from arena.evaluation.measurement import Flag, Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """One candidate with everything that was measured. `tests` maps ids to outcomes of its gate run."""

    candidate: Candidate
    measurements: tuple[Measurement, ...]
    flags: tuple[Flag, ...]
    tests: dict[str, str]
    details: dict[str, Any] = field(default_factory=dict)

    def value(self, name: str) -> float | bool | str | None:
        """The value of a measurement by name, None if it has none."""
        return next((m.value for m in self.measurements if m.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All candidates beside the base: what scores, verdict and report are made from."""

    base: str
    base_tree: str
    target: str | None
    base_tests: dict[str, str]
    flaky: tuple[str, ...]
    green: bool
    required: tuple[str, ...]
    facts: dict[str, str]
    candidates: tuple[Evaluated, ...]
