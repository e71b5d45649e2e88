"""Other operators: arithmetic, bitwise, comparison, boolean, unary, augmented assignment.

The operator sets are those of mutation testing (King & Offutt 1991: AOR, ROR, LCR, UOI), used backwards, as
PraPR and jMutRepair do.
"""

import ast
import math
from collections.abc import Iterator

from ..source import Edit, Source, is_condition

BINARY: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.BitAnd: "&",
    ast.MatMult: "@",
}
# How common each operator is in Python code, in rough proportion. Code is repetitive (Hindle et al., "On the
# naturalness of software", ICSE 2012), so a rare operator is more likely to be the wrong one.
COMMON = {
    "+": 40,
    "-": 22,
    "*": 16,
    "%": 10,
    "/": 8,
    "//": 4,
    "|": 4,
    "&": 3,
    "**": 3,
    "<<": 1.5,
    ">>": 1.5,
    "^": 1,
    "@": 0.5,
}
COMPARE: dict[type[ast.AST], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_OPPOSITE = {"==": "!=", "is": "is not", "in": "not in", "<": ">=", ">": "<="}
_BOUNDARY = {frozenset(("<", "<=")), frozenset((">", ">="))}
_OPPOSITES = {frozenset(pair) for pair in _OPPOSITE.items()}
_MIRROR = {frozenset(("<", ">")), frozenset(("<=", ">="))}
_ORDER = {"<", "<=", ">", ">=", "==", "!="}


def _operator_span(
    source: Source, left: ast.AST, right: ast.AST, words: str
) -> tuple[int, int] | None:
    """Where the operator stands between its operands; brackets and comments may stand there too."""
    start, end = source.span(left)[1], source.span(right)[0]
    tokens, parts = source.between(start, end), words.split()
    for number, token in enumerate(tokens):
        found = [t.string for t in tokens[number : number + len(parts)]]
        if found == parts:
            return token.start, tokens[number + len(parts) - 1].end
    return None


def _natural(old: str, new: str) -> float:
    return min(2.0, max(0.15, math.sqrt(COMMON[new] / COMMON[old])))


def binary(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`a + b` with another operator; or one operand alone."""
    if not isinstance(node, ast.BinOp):
        return
    old = BINARY[type(node.op)]
    span = _operator_span(source, node.left, node.right, old)
    if span is None:
        return
    for new in COMMON:
        if new != old:
            yield source.replace_span(*span, new, 0.45 * _natural(old, new))
    for operand in (node.left, node.right):
        yield source.replace(node, source.segment(operand), 0.12)
    if old in ("-", "/", "//", "%", "**"):
        swapped = f"{source.segment(node.right)} {old} {source.segment(node.left)}"
        yield source.replace(node, swapped, 0.15)


def augmented(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`a += b` with another operator, or plain assignment; and the other way round."""
    if isinstance(node, ast.AugAssign):
        old = BINARY[type(node.op)]
        span = _operator_span(source, node.target, node.value, old + "=")
        if span is None:
            return
        for new in COMMON:
            if new != old:
                yield source.replace_span(*span, new + "=", 0.45 * _natural(old, new))
        yield source.replace_span(*span, "=", 0.3)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        span = _operator_span(source, node.targets[0], node.value, "=")
        if span is not None and isinstance(
            node.targets[0], ast.Name | ast.Attribute | ast.Subscript
        ):
            yield source.replace_span(*span, "+=", 0.12)
            yield source.replace_span(*span, "-=", 0.05)


def _compare_prior(old: str, new: str, right: ast.AST) -> float:
    pair = frozenset((old, new))
    if isinstance(right, ast.Constant) and right.value is None:
        return 0.9 if new in ("is", "is not") else 0.05
    if pair in _BOUNDARY or pair in _OPPOSITES:
        return 0.7
    if pair in _MIRROR:
        return 0.45
    if old in _ORDER and new in _ORDER:
        return 0.35
    if {"is", "is not"} & pair:
        return 0.2
    return 0.12


def comparison(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`a < b` with another operator, and with its sides swapped."""
    if not isinstance(node, ast.Compare):
        return
    left = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        old = COMPARE[type(op)]
        span = _operator_span(source, left, right, old)
        if span is not None:
            for new in COMPARE.values():
                if new != old:
                    yield source.replace_span(
                        *span, new, _compare_prior(old, new, right)
                    )
        left = right
    if len(node.ops) > 1:
        first = source.span(node.comparators[-2])[1]
        yield source.replace_span(first, source.span(node)[1], "", 0.15)


def boolean(source: Source, node: ast.AST) -> Iterator[Edit]:
    """`a and b` to `a or b`; one of the parts left out; one of them negated."""
    if not isinstance(node, ast.BoolOp):
        return
    old = "and" if isinstance(node.op, ast.And) else "or"
    new = "or" if old == "and" else "and"
    for left, right in zip(node.values, node.values[1:], strict=False):
        span = _operator_span(source, left, right, old)
        if span is not None:
            yield source.replace_span(*span, new, 0.6)
    for part in node.values:
        kept = [source.segment(value) for value in node.values if value is not part]
        yield source.replace(node, f" {old} ".join(kept), 0.3)
        if not isinstance(part, ast.Compare | ast.UnaryOp):
            yield source.replace(part, f"not {source.segment(part)}", 0.3)


def unary(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A sign or `not` dropped or exchanged; a sign put before a number or a name."""
    if isinstance(node, ast.UnaryOp):
        start, inner = source.span(node)[0], source.span(node.operand)[0]
        while source.text[inner - 1 : inner] == "(":
            inner -= 1
        yield source.replace_span(start, inner, "", 0.6)
        if isinstance(node.op, ast.Not):
            return
        old = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}[type(node.op)]
        for new in ("-", "+", "~", "not "):
            if new != old:
                rare = 1.4 if old != "-" and new == "-" else 0.5
                yield source.replace_span(start, start + 1, new, 0.35 * rare)
    elif isinstance(
        node, ast.Name | ast.Attribute | ast.Subscript | ast.Call
    ) and _is_operand(source, node):
        yield source.noted(
            source.span(node)[0],
            source.span(node)[0],
            "-",
            0.08,
            f"put - before `{source.segment(node)[:40]}`",
        )


def _is_operand(source: Source, node: ast.AST) -> bool:
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or is_condition(
        source, node
    ):
        return False
    return isinstance(
        source.parents.get(node), ast.BinOp | ast.Return | ast.Slice | ast.Subscript
    )
