"""What a measure gives: values with their reason when missing, flags, and details for the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

VOID, SUSPICIOUS, NOTE = "void", "suspicious", "note"
SHOWN = 20  # pieces of evidence that a flag keeps
Plain = float | bool | str | None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value of one measure for one candidate, and the same on the base.

    A value that was not measured is None with the reason in `why_none`; it is never 0 or 100.
    """

    name: str
    value: Plain
    unit: str
    base: Plain = None
    why_none: str | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """Something about a candidate that a person should know. `grade` is void, suspicious or note."""

    id: str
    grade: str
    summary: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """A measurement before `measures` gives it its name and unit."""

    value: Plain
    base: Plain = None
    why_none: str | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one measure says about one candidate: a value for each of its NAMES; `details` are for the report."""

    values: Mapping[str, Value] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


class NotMeasured(Exception):  # noqa: N818 - an answer, not an error
    """Raised by a measure that can't tell anything; its text is the reason for all its names."""


def value(found: Plain, base: Plain = None) -> Value:
    """A value, and the same on the base."""
    return Value(found, base)


def share(part: float, whole: float, why: str, base: Plain = None) -> Value:
    """`part` of `whole`; missing for the reason `why` where there is no whole."""
    return Value(part / whole, base) if whole else missing(why)


def missing(why: str) -> Value:
    """A value that could not be measured, with the reason."""
    return Value(None, None, why)


def flag(
    name: str, grade: str, summary: str, evidence: Iterable[str] | None = None
) -> tuple[Flag, ...]:
    """One flag, or none if there is no evidence in `evidence` (None: the summary says all)."""
    shown = tuple(evidence or ())[:SHOWN]
    if evidence is not None and not shown:
        return ()
    return (Flag(name, grade, summary, shown),)
