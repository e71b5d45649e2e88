"""Whole statements: left out, moved, other jumps, missing returns, wider exceptions, decorators.

Deleting and moving code of the program itself are GenProg's operators (Le Goues et al., TSE 2012); leaving a
statement out often only hides a defect (Qi et al., "An analysis of patch plausibility", ISSTA 2015: Kali),
hence its low figure.
"""

import ast
from collections.abc import Iterator

from ..scope import local_names
from ..source import Edit, Source, short

_ERRORS = (
    "Exception",
    "ValueError",
    "TypeError",
    "KeyError",
    "IndexError",
    "AttributeError",
    "LookupError",
    "OSError",
    "StopIteration",
    "ImportError",
    "ZeroDivisionError",
    "UnicodeError",
    "OverflowError",
    "RuntimeError",
)


def deleted(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A simple statement to `pass`; for an if without else, see the conditions."""
    simple = (
        ast.Expr
        | ast.Assign
        | ast.AugAssign
        | ast.Raise
        | ast.Return
        | ast.Delete
        | ast.Assert
    )
    if not isinstance(node, simple | ast.Break | ast.Continue) or _is_docstring(node):
        return
    start, end = source.span(node)
    prior = 0.1 if isinstance(node, ast.Return) else 0.15
    yield source.noted(
        start, end, "pass", prior, f"left out `{short(source.segment(node))}`"
    )


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def jumps(source: Source, node: ast.AST) -> Iterator[Edit]:
    """break, continue and return for each other; `yield` and `yield from`; `pass` to a jump."""
    if isinstance(node, ast.Break):
        yield source.replace(node, "continue", 0.5)
        yield source.replace(node, "return", 0.1)
    elif isinstance(node, ast.Continue):
        yield source.replace(node, "break", 0.5)
        yield source.replace(node, "return", 0.1)
    elif isinstance(node, ast.Pass):
        for text in ("continue", "break", "return", "raise"):
            yield source.replace(node, text, 0.15)
    elif isinstance(node, ast.Yield) and node.value is not None:
        yield source.replace(node, f"yield from {source.segment(node.value)}", 0.15)
    elif isinstance(node, ast.YieldFrom):
        yield source.replace(node, f"yield {source.segment(node.value)}", 0.15)


def returned(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`return` missing before an expression or at the end of a function; another value returned."""
    if (
        isinstance(node, ast.Expr)
        and not _is_docstring(node)
        and source.function_of(node)
    ):
        start = source.span(node)[0]
        yield source.noted(
            start,
            start,
            "return ",
            0.12,
            f"put return before `{short(source.segment(node))}`",
        )
    elif isinstance(node, ast.Return):
        values = [*local_names(source, node)[:12], "None", "True", "False"]
        for text in values:
            yield source.replace(node, f"return {text}", 0.06)
    if isinstance(node, ast.stmt) and _ends_function(source, node):
        indent = source.indent_of(node)
        for name in local_names(source, node)[:10] if indent else []:
            end = source.span(node)[1]
            yield source.noted(
                end,
                end,
                f"\n{indent}return {name}",
                0.08,
                f"put `return {name}` at the end",
            )


def _ends_function(source: Source, node: ast.stmt) -> bool:
    parent = source.parents.get(node)
    last = isinstance(parent, ast.FunctionDef) and parent.body[-1] is node
    return last and not isinstance(node, ast.Return | ast.Raise)


def moved(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Two neighbouring simple statements exchanged; the last one of a block moved out of it."""
    if (
        not isinstance(node, ast.stmt)
        or not source.indent_of(node)
        or hasattr(node, "body")
    ):
        return
    block, number = _block_of(source, node)
    text = source.segment(node)
    if number + 1 < len(block) and not hasattr(block[number + 1], "body"):
        other = block[number + 1]
        end = source.span(node)[1]
        middle = source.text[end : source.span(other)[0]]
        swapped = source.segment(other) + middle + text
        note = f"exchanged `{short(text)}` and the next statement"
        yield source.noted(
            source.span(node)[0], source.span(other)[1], swapped, 0.12, note
        )
    parent = source.parents.get(node)
    outer = (
        source.indent_of(parent)
        if isinstance(parent, ast.If | ast.For | ast.While)
        else None
    )
    if outer is not None and len(block) > 1 and number == len(block) - 1:
        start = source.starts[node.lineno - 1]
        moved_out = outer + text
        note = f"moved `{short(text)}` out of its block"
        yield source.noted(start, source.span(node)[1], moved_out, 0.12, note)


def _block_of(source: Source, node: ast.stmt) -> tuple[list[ast.stmt], int]:
    parent = source.parents.get(node)
    for name in ("body", "orelse", "finalbody"):
        block = getattr(parent, name, None)
        if isinstance(block, list) and node in block:
            return block, block.index(node)
    return [node], 0


def exceptions(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Another or a wider exception in `except`; another one raised."""
    if isinstance(node, ast.Try):
        for handler in node.handlers:
            yield from _handler(source, handler)
    elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call | ast.Name):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        for name in _ERRORS:
            yield source.replace(raised, name, 0.05)


def _handler(source: Source, handler: ast.ExceptHandler) -> Iterator[Edit]:
    if handler.type is None:
        return
    text = source.segment(handler.type)
    several = isinstance(handler.type, ast.Tuple)
    for name in _ERRORS:
        yield source.replace(handler.type, name, 0.15)
        inner = text.strip("()").rstrip(", ") if several else text
        yield source.replace(handler.type, f"({inner}, {name})", 0.08)


def decorated(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A decorator missing (one of Python's own, or one used in the file) or one too many."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    for decorator in node.decorator_list:
        start = source.starts[decorator.lineno - 1]
        end = source.starts[decorator.end_lineno or decorator.lineno]
        note = f"left out the decorator `{short(source.segment(decorator))}`"
        yield source.noted(start, end, "", 0.1, note)
    used = {
        source.segment(d)
        for n in ast.walk(source.tree)
        for d in getattr(n, "decorator_list", [])
    }
    method = isinstance(source.parents.get(node), ast.ClassDef)
    common = ["property", "staticmethod", "classmethod"] if method else []
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    start, indent = source.starts[first - 1], source.indent_of(node)
    for text in dict.fromkeys([*common, *sorted(used)]):
        if "\n" not in text:
            yield source.noted(
                start,
                start,
                f"{indent}@{text}\n",
                0.08,
                f"put the decorator `{short(text)}` on",
            )
