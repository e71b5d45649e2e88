"""Names that could stand at a place: the ingredients for changes.

Most fixes are made of what the file holds already: Barr et al., "The plastic surgery hypothesis" (FSE 2014).
"""

import ast
import builtins
from collections import Counter
from collections.abc import Iterator
from typing import TypeVar

from .source import Source

_T = TypeVar("_T")
_BUILTIN = frozenset(dir(builtins))


def local_names(source: Source, node: ast.AST) -> list[str]:
    """Parameters and assigned names of the functions around a node, the innermost function's first."""
    names: list[str] = []
    function = source.function_of(node)
    while function is not None:
        names += [arg.arg for arg in _arguments(function.args)]
        names += _assigned(function)
        function = source.function_of(function)
    return list(dict.fromkeys(names))


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from arguments.posonlyargs + arguments.args + arguments.kwonlyargs
    yield from (arg for arg in (arguments.vararg, arguments.kwarg) if arg)


def _assigned(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


def module_names(source: Source) -> list[str]:
    """Names bound at the top of the file: functions, classes, constants, imports."""
    names: list[str] = []
    for statement in source.tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(statement.name)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            names += [
                (alias.asname or alias.name).partition(".")[0]
                for alias in statement.names
            ]
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            names += [
                n.id
                for n in ast.walk(statement)
                if isinstance(n, ast.Name) and _stored(n)
            ]
    return list(dict.fromkeys(names))


def _stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def functions(source: Source) -> dict[str, int]:
    """The file's functions and methods with their number of parameters (without self or cls)."""
    found = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [arg.arg for arg in _arguments(node.args)]
            found[node.name] = len(names) - (names[:1] in (["self"], ["cls"]))
    return found


def called(source: Source) -> Counter[str]:
    """Plain names that the file calls, with how often."""
    calls = (n.func for n in ast.walk(source.tree) if isinstance(n, ast.Call))
    return Counter(func.id for func in calls if isinstance(func, ast.Name))


def attributes(source: Source, base: str) -> Counter[str]:
    """Attributes that the file takes of a name (such as `self`), with how often."""
    found: Counter[str] = Counter()
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == base
        ):
            found[node.attr] += 1
    return found


def constants(node: ast.AST, kind: type[_T]) -> Counter[_T]:
    """The constants of exactly one type below a node, with how often each occurs."""
    values = (n.value for n in ast.walk(node) if isinstance(n, ast.Constant))
    return Counter(
        value for value in values if type(value) is kind and isinstance(value, kind)
    )


def is_builtin(name: str) -> bool:
    """Whether a name is one of Python's own."""
    return name in _BUILTIN
