"""Calls and subscripts: arguments exchanged or left out, another function, a call dropped or put around."""

import ast
from collections.abc import Iterator

from ..scope import called, functions, is_builtin
from ..source import Edit, Source
from .names import kin

_WRAPPERS = (
    "str",
    "int",
    "list",
    "len",
    "abs",
    "tuple",
    "float",
    "sorted",
    "bool",
    "set",
    "iter",
    "repr",
)
_METHODS = (
    ".strip()",
    ".lower()",
    ".upper()",
    ".copy()",
    ".items()",
    ".keys()",
    ".values()",
)


def arguments(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Neighbouring arguments exchanged; one argument or keyword left out."""
    if not isinstance(node, ast.Call):
        return
    parts: list[ast.AST] = [*node.args, *node.keywords]
    for left, right in zip(node.args, node.args[1:], strict=False):
        middle = source.text[source.span(left)[1] : source.span(right)[0]]
        swapped = source.segment(right) + middle + source.segment(left)
        yield source.replace_span(
            source.span(left)[0], source.span(right)[1], swapped, 0.3
        )
    for number, part in enumerate(parts):
        yield _without(
            source, parts, number, 0.2 if isinstance(part, ast.keyword) else 0.12
        )


def _without(source: Source, parts: list[ast.AST], number: int, prior: float) -> Edit:
    start, end = source.span(parts[number])
    if number + 1 < len(parts):
        end = source.span(parts[number + 1])[0]
    elif number:
        start = source.span(parts[number - 1])[1]
    note = f"left out the argument `{source.segment(parts[number])[:40]}`"
    return source.noted(start, end, "", prior, note)


def unwrapped(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`f(x)` to `x`, `x.f()` to `x`."""
    if not isinstance(node, ast.Call):
        return
    if node.args and not isinstance(node.args[0], ast.Starred | ast.GeneratorExp):
        yield source.replace(node, source.segment(node.args[0]), 0.12)
    if isinstance(node.func, ast.Attribute):
        yield source.replace(node, source.segment(node.func.value), 0.12)


def other_function(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Another function of the file with as many parameters, one easily taken for it, or one called elsewhere."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return
    old, near = node.func.id, dict.fromkeys(kin(node.func.id), 0.3)
    count = len(node.args) + len(node.keywords)
    for name, parameters in functions(source).items():
        near.setdefault(name, 0.08 if parameters == count else 0.02)
    for name, _ in called(source).most_common(12):
        near.setdefault(name, 0.03 if is_builtin(name) == is_builtin(old) else 0.015)
    for name, prior in near.items():
        if name != old:
            yield source.replace(node.func, name, prior)


def wrapped(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A conversion put around a value that is returned, assigned or handed on, or a method called on it."""
    parent = source.parents.get(node)
    if not isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
        return
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return
    handed = isinstance(
        parent,
        ast.Return | ast.Assign | ast.BinOp | ast.Compare | ast.For | ast.comprehension,
    )
    if not handed and not (isinstance(parent, ast.Call) and node in parent.args):
        return
    text = source.segment(node)
    for name in _WRAPPERS:
        yield source.replace(node, f"{name}({text})", 0.03)
    for method in _METHODS:
        yield source.replace(node, text + method, 0.015)


def subscripts(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A bound dropped from or put into a slice; first and last; the whole instead of a part."""
    if not isinstance(node, ast.Subscript):
        return
    if isinstance(node.slice, ast.Slice):
        yield from _slices(source, node, node.slice)
    else:
        for text in ("0", "-1", "1"):
            yield source.replace(node.slice, text, 0.12)
    if isinstance(node.ctx, ast.Load):
        yield source.replace(node, source.segment(node.value), 0.1)


def _slices(source: Source, node: ast.Subscript, bounds: ast.Slice) -> Iterator[Edit]:
    start, end = source.span(bounds)
    texts = [
        source.segment(part) if part else ""
        for part in (bounds.lower, bounds.upper, bounds.step)
    ]
    lower, upper, step = texts
    others: dict[tuple[str, str, str], float] = {
        ("", upper, step): 0.15,
        (lower, "", step): 0.15,
        (lower, upper, ""): 0.15,
        (upper, lower, step): 0.12,
        (lower, "-1", step): 0.08,
        ("1", upper, step): 0.1,
        (lower, upper, "-1"): 0.08,
    }
    if upper:
        others |= {
            (lower, f"{upper} + 1", step): 0.15,
            (lower, f"{upper} - 1", step): 0.15,
        }
    if lower:
        others |= {
            (f"{lower} + 1", upper, step): 0.12,
            (f"{lower} - 1", upper, step): 0.12,
        }
    for (a, b, c), prior in others.items():
        yield source.replace_span(
            start, end, f"{a}:{b}" + (f":{c}" if c else ""), prior
        )
    lead = source.segment(node.value)
    if not lower and not upper and step:
        yield source.replace(node, f"reversed({lead})", 0.03)
