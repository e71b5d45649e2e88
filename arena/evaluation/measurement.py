"""What a measure gives: values with their reason when missing, flags, and details for the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

VOID, SUSPICIOUS, NOTE = "void", "suspicious", "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One value of one measure for one candidate, and the same on the base.

    A value that was not measured is None with the reason in `why_none`; it is never 0 or 100.
    """

    name: str
    value: float | bool | str | None
    unit: str
    base: float | bool | str | None = None
    why_none: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Something about a candidate that a person should know. `grade` is void, suspicious or note."""

    id: str
    grade: str
    summary: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that one measure says about one candidate; `details` are for the report only."""

    measurements: tuple[Measurement, ...] = ()
    flags: tuple[Flag, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


def missing(name: str, unit: str, why: str) -> Measurement:
    """A measurement that could not be taken."""
    return Measurement(name=name, value=None, unit=unit, why_none=why)
