"""Other literals: numbers, True, False and None, strings, empty containers."""

import ast
from collections.abc import Iterator

from ..scope import constants, local_names
from ..source import Edit, Source


def numbers(source: Source, node: ast.AST) -> Iterator[Edit]:
    """One more, one less, 0, 1, the other sign, a power of ten away, or a number used nearby."""
    if not isinstance(node, ast.Constant) or type(node.value) not in (int, float):
        return
    value = node.value
    assert isinstance(value, int | float)
    near: dict[int | float, float] = {value + 1: 0.55, value - 1: 0.55}
    for other in (0, 1, 2, -1, -value, value * 10, value / 10, value * 2, value // 2):
        near.setdefault(other, 0.15 if other in (0, 1, -1) else 0.05)
    if isinstance(value, int):
        near = {
            int(v) if isinstance(v, float) and v == int(v) else v: p
            for v, p in near.items()
        }
    around = source.function_of(node) or source.tree
    for other in constants(around, type(value)):
        near.setdefault(other, 0.15)
    for other, count in constants(source.tree, type(value)).most_common(12):
        near.setdefault(other, 0.03 if count < 3 else 0.05)
    for other, prior in near.items():
        if other != value:
            yield source.replace(node, repr(other), prior)


def booleans(source: Source, node: ast.AST) -> Iterator[Edit]:
    """True, False and None for each other; None also to an empty value."""
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        yield source.replace(node, repr(not node.value), 0.7)
        yield source.replace(node, "None", 0.12)
    elif node.value is None:
        for text, prior in (
            ("True", 0.1),
            ("False", 0.1),
            ("0", 0.08),
            ("''", 0.08),
            ("[]", 0.06),
            ("()", 0.04),
        ):
            yield source.replace(node, text, prior)
        for name in local_names(source, node)[:12]:
            yield source.replace(node, name, 0.05)


def strings(source: Source, node: ast.AST) -> Iterator[Edit]:
    """The empty string, a string used in the same function or the file, other case, other white space."""
    if (
        not isinstance(node, ast.Constant)
        or not isinstance(node.value, str)
        or _is_docstring(source, node)
    ):
        return
    if source.span(node)[0] == source.span(node)[1]:
        return
    value = node.value
    near: dict[str, float] = {"": 0.1}
    for other in (
        " ",
        value.strip(),
        value.lower(),
        value.upper(),
        value + " ",
        " " + value,
        value[:-1],
        value[1:],
    ):
        near.setdefault(other, 0.04)
    around = source.function_of(node)
    for other, _ in constants(around, str).most_common(15) if around else []:
        near.setdefault(other, 0.1)
    for other, _ in constants(source.tree, str).most_common(25):
        near.setdefault(other, 0.02)
    for text, prior in near.items():
        if text != value and len(text) <= 60 and "\n" not in text.strip():
            yield source.replace(node, repr(text), prior)


def _is_docstring(source: Source, node: ast.AST) -> bool:
    return isinstance(source.parents.get(node), ast.Expr)


def containers(source: Source, node: ast.AST) -> Iterator[Edit]:
    """An empty container to a name in scope; another kind of empty container; an element left out."""
    if not isinstance(node, ast.List | ast.Tuple | ast.Dict | ast.Set):
        return
    if isinstance(node, ast.List | ast.Tuple) and not isinstance(node.ctx, ast.Load):
        return
    parts = node.values if isinstance(node, ast.Dict) else node.elts
    if not parts:
        iterated = isinstance(source.parents.get(node), ast.For | ast.comprehension)
        for name in local_names(source, node)[:15]:
            yield source.replace(node, name, 0.25 if iterated else 0.06)
        for text in ("[]", "()", "{}", "set()", "None"):
            yield source.replace(node, text, 0.08)
    elif 1 < len(parts) <= 6 and not isinstance(node, ast.Dict):
        yield from _fewer(source, node)


def _fewer(source: Source, node: ast.List | ast.Tuple | ast.Set) -> Iterator[Edit]:
    for left, right in zip(node.elts, node.elts[1:], strict=False):
        first, last = source.segment(left), source.segment(right)
        start, end = source.span(left)[0], source.span(right)[1]
        middle = source.text[source.span(left)[1] : source.span(right)[0]]
        yield source.replace_span(start, end, last + middle + first, 0.1)
        yield source.replace_span(source.span(left)[1], end, "", 0.04)
