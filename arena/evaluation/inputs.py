"""Inputs for the project's functions, taken from calls with literal arguments in its tests, and varied."""

from __future__ import annotations

import ast
import copy
import itertools
from collections.abc import Collection, Iterator
from typing import Any

from arena.evaluation import syntax
from arena.evaluation.syntax import Function, is_literal

MOST = 50  # calls of one kind


def harvest(
    sources: Collection[bytes], packages: tuple[str, ...], names: Collection[str]
) -> tuple[list[str], list[str], list[str]]:
    """(imports, calls as they stand, varied calls) of the test functions `names` (`test_a`, `TestB::test_c`)."""
    imports: dict[str, None] = {}
    known: dict[str, None] = {}
    for source in sources:
        module = syntax.parse(source) or ast.Module([], [])
        ours = dict(_imports(module, packages))
        tests = [f for name, f in syntax.functions(module) if name in names]
        calls = [call for one in tests for call in _calls(one, set(ours))]
        known |= dict.fromkeys(calls)
        imports |= dict.fromkeys(ours.values() if calls else ())
    some = list(known)[:MOST]
    varied = {new: None for call in some for new in variations(call)}
    return list(imports), some, [new for new in varied if new not in known][:MOST]


def _imports(
    module: ast.Module, packages: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """(name, statement) of what a test module imports from the project."""
    for node in ast.walk(module):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        origin = getattr(node, "module", "") or ""
        for one in node.names:
            name = one.asname or one.name.partition(".")[0]
            top = (origin or one.name).partition(".")[0]
            if top in packages and one.name != "*" and not getattr(node, "level", 0):
                single = copy.copy(node)
                single.names = [one]
                yield name, ast.unparse(single)


def _calls(function: Function, ours: set[str]) -> Iterator[str]:
    """Calls of the project's functions with nothing but literals, parameters filled in."""
    for given in _parameters(function):
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and _root(node.func) in ours:
                text = ast.unparse(_Filled(given).visit(ast.parse(ast.unparse(node))))
                filled = ast.parse(text, mode="eval").body
                assert isinstance(filled, ast.Call)
                values = [*filled.args, *(k.value for k in filled.keywords)]
                if values and all(map(is_literal, values)):
                    yield text


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _parameters(function: Function) -> list[dict[str, ast.expr]]:
    """A mapping from parameter to literal for each row of `parametrize`; one empty one without."""
    for mark in function.decorator_list:
        if not isinstance(mark, ast.Call) or len(mark.args) < 2:
            continue
        if ast.unparse(mark.func).endswith("parametrize"):
            names, rows = mark.args[0], getattr(mark.args[1], "elts", [])
            if isinstance(names, ast.Constant) and isinstance(names.value, str):
                keys = [key.strip() for key in names.value.split(",")]
                cells = [getattr(row, "elts", [row]) if len(keys) > 1 else [row] for row in rows]  # fmt: skip
                return [dict(zip(keys, row, strict=False)) for row in cells]
    return [{}]


class _Filled(ast.NodeTransformer):
    def __init__(self, given: dict[str, ast.expr]) -> None:
        self.given = given

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self.given.get(node.id, node)


def variations(call: str) -> Iterator[str]:
    """The call with one of its constants changed."""
    constants = [n for n in ast.walk(ast.parse(call)) if isinstance(n, ast.Constant)]
    for number, step in itertools.product(range(min(len(constants), 4)), range(2)):
        tree = ast.parse(call)
        node = [n for n in ast.walk(tree) if isinstance(n, ast.Constant)][number]
        node.value = _other(node.value, step)
        yield ast.unparse(tree)


def _other(value: Any, step: int) -> Any:
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float | complex):
        return value + (7 if step else 1)
    more = b"z" if isinstance(value, bytes) else "z" if isinstance(value, str) else None
    if more is None:
        return value
    return value + more if step else value[:-1] + 2 * more
