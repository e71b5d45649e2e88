"""Cyclomatic complexity (McCabe 1976, by radon) of the functions that a candidate changed, before and after."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from arena.evaluation.measurement import Findings, Measurement, missing
from arena.evaluation.subject import Subject

NAMES = ("complexity.worst", "complexity.mean")
NEW = 1  # complexity that a function that did not exist is compared with: that of an empty one


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function or method: its complexity and a dump of its syntax tree."""

    complexity: int
    dump: str


def functions(source: bytes) -> dict[str, Function]:
    """Qualified name → function. Bytes, because only then coding lines and byte order marks are honoured.

    Raises SyntaxError or ValueError if the source does not parse.
    """
    from radon.complexity import cc_visit_ast

    tree = ast.parse(source)
    nodes = {
        (n.lineno, n.name): n
        for n in ast.walk(tree)
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    found: dict[str, Function] = {}
    for block in cc_visit_ast(tree):
        for part in (block, *getattr(block, "methods", ())):
            node = nodes.get((part.lineno, part.name)) or _decorated(
                nodes, part.lineno, part.name
            )
            if node is not None and hasattr(part, "is_method"):
                name = f"{part.classname}.{part.name}" if part.classname else part.name
                found[name] = Function(complexity=part.complexity, dump=ast.dump(node))
    return found


def _decorated(
    nodes: dict[tuple[int, str], ast.FunctionDef | ast.AsyncFunctionDef],
    line: int,
    name: str,
) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    same = [node for (_, other), node in nodes.items() if other == name]
    return min(same, key=lambda node: abs(node.lineno - line), default=None)


def measure(subject: Subject) -> Findings:
    """The changed function whose complexity grew most, and the mean over the changed functions."""
    rows: list[tuple[str, str, int | None, int]] = []
    for change in subject.source_changes:
        if not change.path.endswith(".py") or change.status == "D":
            continue
        try:
            before = functions(subject.before(change) or b"")
        except (SyntaxError, ValueError):
            before = {}
        try:
            after = functions(subject.after(change) or b"")
        except (SyntaxError, ValueError) as error:
            why = f"{change.path} does not parse: {error}"
            return Findings(
                measurements=tuple(missing(name, "points", why) for name in NAMES)
            )
        for name, function in after.items():
            old = before.get(name)
            if old is None or old.dump != function.dump:
                rows.append(
                    (
                        change.path,
                        name,
                        old.complexity if old else None,
                        function.complexity,
                    )
                )
    details = [
        {"path": path, "function": name, "before": old, "after": new}
        for path, name, old, new in rows
    ]
    return Findings(measurements=_summary(rows), details={"complexity": details})


def _summary(rows: list[tuple[str, str, int | None, int]]) -> tuple[Measurement, ...]:
    if not rows:  # no function changed: no complexity was added, and that was measured
        return tuple(
            Measurement(name=name, value=0, unit="points", base=0) for name in NAMES
        )
    _, _, old, new = max(
        rows, key=lambda row: (row[3] - (row[2] or NEW), row[3], row[0], row[1])
    )
    count = len(rows)
    return (
        Measurement(name="complexity.worst", value=new, unit="points", base=old or NEW),
        Measurement(
            name="complexity.mean",
            value=sum(row[3] for row in rows) / count,
            unit="points",
            base=sum(row[2] or NEW for row in rows) / count,
        ),
    )
