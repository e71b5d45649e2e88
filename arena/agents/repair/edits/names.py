"""Wrong names and attributes, and values that are off by one."""

import ast
from collections.abc import Iterator

from ..scope import attributes, local_names, module_names
from ..source import Edit, Source, is_condition

# Methods and functions that are taken for each other.
KIN: tuple[tuple[str, ...], ...] = (
    ("strip", "lstrip", "rstrip"),
    ("find", "rfind", "index", "rindex"),
    ("split", "rsplit", "splitlines", "partition", "rpartition"),
    ("startswith", "endswith"),
    ("lower", "upper", "title", "capitalize", "casefold", "swapcase"),
    ("isdigit", "isalpha", "isalnum", "isnumeric", "isdecimal", "isspace"),
    ("isupper", "islower", "istitle"),
    ("append", "extend", "insert", "appendleft", "add", "update"),
    ("pop", "popleft", "popitem", "remove", "discard"),
    ("get", "pop", "setdefault"),
    ("keys", "values", "items"),
    ("ljust", "rjust", "center", "zfill"),
    ("min", "max"),
    ("any", "all"),
    ("int", "float", "round", "str", "bool", "abs"),
    ("floor", "ceil", "trunc", "round"),
    ("list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "dict"),
    ("sub", "subn"),
    ("match", "search", "fullmatch", "findall", "finditer"),
    ("union", "intersection", "difference", "symmetric_difference"),
    ("issubset", "issuperset", "isdisjoint"),
    ("isinstance", "issubclass"),
    ("getattr", "hasattr"),
    ("encode", "decode"),
    ("read", "readline", "readlines"),
    ("year", "month", "day"),
    ("hour", "minute", "second", "microsecond"),
    ("days", "seconds", "microseconds"),
    ("first", "last"),
    ("start", "stop", "end"),
    ("left", "right"),
    ("head", "tail"),
    ("next", "prev", "previous"),
    ("parent", "child"),
    ("key", "value"),
    ("permutations", "combinations", "product"),
    ("StopIteration", "StopAsyncIteration"),
)


def kin(name: str) -> list[str]:
    """Names that are easily taken for this one."""
    return list(
        dict.fromkeys(
            other for group in KIN if name in group for other in group if other != name
        )
    )


def other_name(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A name to another name in scope (TSSB-3M: the most common single-statement fix with literals)."""
    if not isinstance(node, ast.Name):
        return
    parent = source.parents.get(node)
    if isinstance(parent, ast.Call) and parent.func is node:
        return  # the calls family proposes functions
    names = [name for name in local_names(source, node) if name != node.id]
    stored = not isinstance(node.ctx, ast.Load)
    each = (0.1 if stored else 0.3) / max(1.0, len(names) ** 0.5)
    for name in names[:20]:
        yield source.replace(node, name, each * (1.5 if _alike(name, node.id) else 1.0))
    if stored:
        return
    others = [
        name
        for name in module_names(source)
        if name != node.id and _same_style(name, node.id)
    ]
    for name in sorted(others, key=lambda n: not _alike(n, node.id))[:15]:
        yield source.replace(node, name, 0.08 if _alike(name, node.id) else 0.03)
    for name in kin(node.id):
        yield source.replace(node, name, 0.2)


def _alike(one: str, other: str) -> bool:
    """Whether two names share a word or start."""
    words = set(one.lower().split("_")) & set(other.lower().split("_")) - {""}
    return bool(words) or one[:3] == other[:3]


def _same_style(one: str, other: str) -> bool:
    return one.isupper() == other.isupper() and one[:1].isupper() == other[:1].isupper()


def other_attribute(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`x.a` to `x.b`, where b is easily taken for a or is used of the same name in the file."""
    if not isinstance(node, ast.Attribute):
        return
    end = source.span(node)[1]
    start = end - len(node.attr)
    if source.text[start:end] != node.attr:
        return
    near = dict.fromkeys(kin(node.attr), 0.3)
    if isinstance(node.value, ast.Name):
        used = attributes(source, node.value.id).most_common(20)
        for name, _ in used:
            near.setdefault(
                name,
                (0.4 if _alike(name, node.attr) else 0.25) / max(1.0, len(used) ** 0.5),
            )
    for name, prior in near.items():
        if name != node.attr:
            yield source.replace_span(start, end, name, prior)
    if isinstance(node.ctx, ast.Load) and not _is_called(source, node):
        yield source.replace(node, source.segment(node.value), 0.04)


def _is_called(source: Source, node: ast.AST) -> bool:
    parent = source.parents.get(node)
    return isinstance(parent, ast.Call) and parent.func is node


def shifted(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`x` to `x + 1` or `x - 1` where counts and bounds stand: arguments, indices, comparisons, returns."""
    if not isinstance(node, ast.Name | ast.Attribute | ast.Call) or is_condition(
        source, node
    ):
        return
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or not _is_bound(
        source, node
    ):
        return
    for text, prior in ((" - 1", 0.1), (" + 1", 0.1)):
        yield source.noted(
            source.span(node)[1],
            source.span(node)[1],
            text,
            prior,
            f"put{text} after `{source.segment(node)[:40]}`",
        )


def _is_bound(source: Source, node: ast.AST) -> bool:
    parent = source.parents.get(node)
    if isinstance(parent, ast.Call):
        return (
            node in parent.args
            and isinstance(parent.func, ast.Name)
            and parent.func.id in ("range", "islice")
        )
    if isinstance(parent, ast.Subscript):
        return parent.slice is node and not isinstance(node, ast.Attribute)
    return isinstance(parent, ast.Slice | ast.Compare | ast.Return | ast.BinOp)
