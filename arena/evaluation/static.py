"""New findings of pyflakes in the changed files, with the judge's configuration."""

from __future__ import annotations

import ast
from collections import Counter

from arena.evaluation.measurement import Findings, Flag, Measurement, missing
from arena.evaluation.subject import Subject

NAMES = ("static.new", "static.undefined")


def messages(source: bytes, path: str) -> list[tuple[str, str, int]]:
    """(kind, text, line) of every finding. Raises SyntaxError or ValueError if the source does not parse."""
    from pyflakes.checker import Checker

    found = Checker(ast.parse(source), filename=path).messages
    return [(type(m).__name__, m.message % m.message_args, m.lineno) for m in found]


def measure(subject: Subject) -> Findings:
    """Findings that the base does not have, counted by kind and text, whatever their line."""
    new: list[str] = []
    undefined: list[str] = []
    for change in subject.source_changes:
        if not change.path.endswith(".py") or change.status == "D":
            continue
        try:
            after = messages(subject.after(change) or b"", change.path)
        except (SyntaxError, ValueError) as error:
            why = f"{change.path} does not parse: {error}"
            return Findings(
                measurements=tuple(missing(name, "findings", why) for name in NAMES)
            )
        try:
            before = messages(subject.before(change) or b"", change.path)
        except (SyntaxError, ValueError):
            before = []
        known = Counter((kind, text) for kind, text, _ in before)
        for kind, text, line in after:
            known[kind, text] -= 1
            if known[kind, text] < 0:
                entry = f"{change.path}:{line}: {text}"
                new.append(entry)
                if kind == "UndefinedName":
                    undefined.append(entry)
    flags: tuple[Flag, ...] = ()
    if new:
        flags = (
            Flag(
                id="static-findings",
                grade="note",
                summary=f"{len(new)} new findings",
                evidence=tuple(new[:20]),
            ),
        )
    measurements = (
        Measurement(name="static.new", value=len(new), unit="findings", base=0),
        Measurement(
            name="static.undefined", value=len(undefined), unit="findings", base=0
        ),
    )
    return Findings(measurements=measurements, flags=flags)
