"""Other conditions: negated, decided, wider or narrower by another condition, branches exchanged."""

import ast
from collections.abc import Iterator

from ..scope import local_names
from ..source import Edit, Source, is_condition

_NAMES = 8  # names in scope from which further conditions are made


def negated(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`if x` to `if not x`; comparisons are negated by their operator instead."""
    if not is_condition(source, node) or isinstance(node, ast.UnaryOp):
        return
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return
    yield source.replace(
        node,
        f"not ({source.segment(node)})"
        if _loose(node)
        else f"not {source.segment(node)}",
        0.5,
    )


def _loose(node: ast.AST) -> bool:
    return isinstance(
        node, ast.BoolOp | ast.IfExp | ast.Compare | ast.NamedExpr | ast.Lambda
    )


def decided(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A condition that always or never holds: the code behind it is skipped or made unconditional."""
    if is_condition(source, node) and not isinstance(node, ast.Constant):
        yield source.replace(node, "True", 0.15)
        yield source.replace(node, "False", 0.2)


def widened(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`if a` to `if a and b` or `if a or b`, where b is made of names in scope or is a condition nearby."""
    if not is_condition(source, node) or isinstance(
        source.parents.get(node), ast.Assert
    ):
        return
    text = source.segment(node)
    first = f"({text})" if _loose(node) and not isinstance(node, ast.Compare) else text
    for extra in _further(source, node):
        yield source.replace(node, f"{first} and {extra}", 0.05)
        yield source.replace(node, f"{first} or {extra}", 0.04)


def _further(source: Source, node: ast.AST) -> Iterator[str]:
    around = source.function_of(node)
    if around is None:
        return
    found: dict[str, None] = {}
    for other in ast.walk(around):
        simple = isinstance(
            other, ast.Compare | ast.Call | ast.UnaryOp
        ) and is_condition(source, other)
        if simple and other is not node and "\n" not in source.segment(other):
            found.setdefault(source.segment(other))
            if not isinstance(other, ast.UnaryOp):
                found.setdefault(f"not {source.segment(other)}")
    for name in local_names(source, node)[:_NAMES]:
        if name not in ("self", "cls"):
            found.update(
                dict.fromkeys(
                    (name, f"not {name}", f"{name} is not None", f"{name} is None")
                )
            )
    yield from found


def conditional(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`a if c else b`: branches exchanged, or one of them alone; a filter dropped from a comprehension."""
    if isinstance(node, ast.IfExp):
        body, other = source.segment(node.body), source.segment(node.orelse)
        yield source.replace(
            node, f"{other} if {source.segment(node.test)} else {body}", 0.25
        )
        yield source.replace(node, body, 0.15)
        yield source.replace(node, other, 0.15)
