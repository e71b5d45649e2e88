"""Missing guards: an early return or continue for None, empty and negative values.

The guard templates follow PAR (Kim et al., "Automatic patch generation learned from human-written patches",
ICSE 2013): null checker, range checker, with a return added.
"""

import ast
from collections.abc import Iterator

from ..scope import local_names
from ..source import Edit, Source

_NAMES = 6


def guarded(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A guard put before a statement, made of names that the statement reads."""
    if not isinstance(node, ast.stmt) or isinstance(
        node, ast.FunctionDef | ast.ClassDef
    ):
        return
    indent, function = source.indent_of(node), source.function_of(node)
    if not indent or function is None or _is_elif(source, node):
        return
    local = set(local_names(source, node)) - {"self", "cls"}
    read = [
        n.id
        for n in ast.walk(node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    ]
    names = [name for name in dict.fromkeys(read) if name in local][:_NAMES]
    start = source.span(node)[0]
    for name in names:
        for condition, exits in _templates(source, node, name):
            for leave in exits:
                text = f"if {condition}:\n{indent}    {leave}\n{indent}"
                yield source.noted(
                    start, start, text, 0.03, f"put `if {condition}: {leave}` before"
                )


def _templates(
    source: Source, node: ast.AST, name: str
) -> Iterator[tuple[str, list[str]]]:
    exits = ["continue", "break"] if _in_loop(source, node) else []
    yield f"{name} is None", [*exits, "return None"]
    yield (
        f"not {name}",
        [*exits, f"return {name}", "return None", "return ''", "return []", "return 0"],
    )
    yield f"{name} < 0", [f"return -{name}", "return 0", "return None"]


def _in_loop(source: Source, node: ast.AST) -> bool:
    around: ast.AST | None = source.parents.get(node)
    while around is not None and not isinstance(
        around, ast.FunctionDef | ast.AsyncFunctionDef
    ):
        if isinstance(around, ast.For | ast.While):
            return True
        around = source.parents.get(around)
    return False


def _is_elif(source: Source, node: ast.AST) -> bool:
    return isinstance(node, ast.If) and source.text.startswith(
        "elif", source.span(node)[0]
    )
