"""Cyclomatic complexity (McCabe 1976, by radon) of the functions that a candidate changed, before and after."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from arena.evaluation.measurement import Findings, value
from arena.evaluation.subject import Subject

NAMES = {"complexity.worst": "points", "complexity.mean": "points"}
NEW = 1  # complexity that a function that did not exist is compared with: that of an empty one


@lru_cache(maxsize=32)  # the base's side of a change is the same for all candidates
def functions(source: bytes) -> dict[str, tuple[int, str]]:
    """Qualified name → (complexity, dump of the syntax tree) of functions and methods.

    Bytes, because only then coding lines and byte order marks are honoured. Raises SyntaxError or ValueError if the
    source does not parse.
    """
    from radon.visitors import ComplexityVisitor

    found = {}
    for name, node in _definitions(ast.parse(source), ""):
        block = ComplexityVisitor.from_ast(node).functions[0]
        found[name] = (block.complexity, ast.dump(node))
    return found


def _definitions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from _definitions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _definitions(child, prefix)


def measure(subject: Subject) -> Findings:
    """The changed function whose complexity grew most, and the mean over the changed functions."""
    rows = [
        (new, before.get(name, (None, ""))[0], change.path, name)
        for change, before, after in subject.parsed(functions)
        for name, (new, dump) in after.items()
        if name not in before or dump != before[name][1]
    ]
    # No function changed: no complexity was added, and that was measured.
    pairs = [(new, old or NEW) for new, old, _, _ in rows] or [(0, 0)]
    worst = max(pairs, key=lambda pair: (pair[0] - pair[1], pair[0]))
    new_mean, old_mean = (sum(found) / len(pairs) for found in zip(*pairs, strict=True))
    values = {
        "complexity.worst": value(*worst),
        "complexity.mean": value(new_mean, old_mean),
    }
    keys = ("after", "before", "path", "function")
    details = [dict(zip(keys, row, strict=True)) for row in rows]
    return Findings(values, details={"complexity": details})
