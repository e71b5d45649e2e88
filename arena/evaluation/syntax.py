"""Python source as a syntax tree: what several measures need to know of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef


def parse(source: bytes) -> ast.Module | None:
    """The syntax tree, None if the source does not parse."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """`test_a`, `TestB::test_c` as pytest names them → the functions of a module and of its classes."""
    for node in tree.body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        for one in members:
            if isinstance(one, Function):
                yield prefix + one.name, one


def is_literal(node: ast.expr) -> bool:
    """Whether an expression is a value that is written down: a constant, or a container of such."""
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def insert(tree: ast.Module, code: str) -> None:
    """Puts code where it may start: after the docstring and imports from __future__."""
    place = 0
    for number, node in enumerate(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            place = number + 1
        elif number == 0 and isinstance(node, ast.Expr):
            place = 1
    tree.body[place:place] = ast.parse(code).body
