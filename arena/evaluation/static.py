"""New findings of pyflakes in the changed files, with the judge's configuration."""

from __future__ import annotations

import ast
from collections import Counter
from functools import lru_cache

from arena.evaluation.measurement import NOTE, Findings, flag, value
from arena.evaluation.subject import Subject

NAMES = {"static.new": "findings", "static.undefined": "findings"}


@lru_cache(maxsize=32)  # the base's side of a change is the same for all candidates
def messages(source: bytes) -> list[tuple[str, str, int]]:
    """(kind, text, line) of every finding. Raises SyntaxError or ValueError if the source does not parse."""
    from pyflakes.checker import Checker

    found = Checker(ast.parse(source)).messages
    return [(type(m).__name__, m.message % m.message_args, m.lineno) for m in found]


def measure(subject: Subject) -> Findings:
    """Findings that the base does not have, counted by kind and text, whatever their line."""
    new: list[tuple[str, str]] = []
    for change, before, after in subject.parsed(messages):
        known = Counter((kind, text) for kind, text, _ in before)
        for kind, text, line in after:
            known[kind, text] -= 1
            if known[kind, text] < 0:
                new.append((kind, f"{change.path}:{line}: {text}"))
    values = {
        "static.new": value(len(new), 0),
        "static.undefined": value(sum(k == "UndefinedName" for k, _ in new), 0),
    }
    summary = f"{len(new)} new findings"
    return Findings(values, flag("static-findings", NOTE, summary, [t for _, t in new]))
