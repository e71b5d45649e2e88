"""Which functions a change touches: units of code compared by syntax tree, so that layout and comments count not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from arena.evaluation.subject import Subject

Unit = tuple[
    str, str
]  # (path, qualified name); the rest of a class or module has the name of that
MODULE = "<module>"
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@lru_cache(maxsize=32)  # the base's side of a change is the same for all candidates
def units(source: bytes) -> dict[str, str]:
    """Qualified name → syntax tree as text, docstrings dropped; nested functions belong to the outer one.

    What is left of a class stands under its name, what is left of the module under `MODULE`. Raises SyntaxError or
    ValueError if the source does not parse.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (*_FUNCTION, ast.ClassDef, ast.Module)):
            _drop_docstring(node)
    found: dict[str, str] = {}
    found[MODULE] = "\n".join(_rest(tree.body, "", found))
    return found


def _drop_docstring(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module,
) -> None:
    if ast.get_docstring(node, clean=False) is not None:
        del node.body[0]


def _rest(body: list[ast.stmt], prefix: str, found: dict[str, str]) -> Iterator[str]:
    """Puts functions and classes into `found`; yields the text of everything else."""
    for node in body:
        if isinstance(node, _FUNCTION):
            name = prefix + node.name
            # Overloads, properties and their setters share a name.
            found[name] = found.get(name, "") + ast.dump(node)
        elif isinstance(node, ast.ClassDef):
            name = prefix + node.name
            inner, node.body = node.body, []
            rest = "\n".join(_rest(inner, name + ".", found))
            found[name] = found.get(name, "") + ast.dump(node) + rest
        else:
            yield ast.dump(node)


def changed_units(subject: Subject) -> frozenset[Unit]:
    """The units of project source that differ from the base; a file that does not parse is one unit."""
    found: set[Unit] = set()
    for change in subject.changes:
        path = change.old_path or change.path
        if not path.endswith(".py") or subject.plan.files.is_test(path):
            continue
        try:
            before = units(subject.before(change))
            after = units(subject.after(change))
        except (SyntaxError, ValueError):
            found.add((path, MODULE))
            continue
        names = {
            n for n in before.keys() | after.keys() if before.get(n) != after.get(n)
        }
        # An import for the sake of a changed function is no place of its own.
        if len(names) > 1:
            names.discard(MODULE)
        found |= {(path, name) for name in names}
    return frozenset(found)


def unit_at(source: bytes, path: str, line: int) -> Unit | None:
    """The function or method whose definition starts at this line, decorators included."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    for name, node in _functions(tree.body, ""):
        start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        if start <= line <= node.lineno:
            return path, name
    return None


def _functions(
    body: list[ast.stmt], prefix: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in body:
        if isinstance(node, _FUNCTION):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{prefix}{node.name}.")
