"""Regular expressions: a quantifier, anchor or class changed in a string that is used as one.

Operators after Arcaini, Gargantini & Riccobene, "MutRex: a mutation-based generator of fault detecting strings for
regular expressions" (ICST workshops 2017).
"""

import ast
import re
from collections.abc import Iterator

from ..source import Edit, Source

_LITERAL = re.compile(r"(?is)^([rbu]*)('''|\"\"\"|'|\")(.*)\2$")
_META = re.compile(r"\\[wWdDsSbB]|[*+?]|\[\^?|\(\?|[\^$|]")
_SWAPS = {
    "*": ("+", "?", "*?"),
    "+": ("*", "?", "+?", ""),
    "?": ("*", "+", ""),
    "^": ("",),
    "$": ("", r"\Z"),
    "[^": ("[",),
    "[": ("[^",),
    r"\w": (r"\W", r"\d", r"\S"),
    r"\W": (r"\w", r"\s"),
    r"\d": (r"\D", r"\w"),
    r"\D": (r"\d",),
    r"\s": (r"\S", r"\w"),
    r"\S": (r"\s", r"\w"),
    r"\b": ("", r"\B"),
    r"\B": ("", r"\b"),
}
_SWAPS_AT_ENDS = (("^", ""), ("", "$"), (r"\b", ""), ("", r"\b"), ("(?i)", ""))


def regular(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Small changes of a regular expression."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str | bytes):
        return
    text = source.segment(node)
    found = _LITERAL.match(text)
    if found is None or not _is_pattern(source, node, found[1], found[3]):
        return
    start = source.span(node)[0] + found.start(3)
    body = found[3]
    for token in _META.finditer(body):
        for new in _SWAPS.get(token[0], ()):
            yield source.replace_span(
                start + token.start(), start + token.end(), new, 0.12
            )
    for before, after in _SWAPS_AT_ENDS:
        yield source.replace(
            node, text[: found.start(3)] + before + body + after + found[2], 0.06
        )


def _is_pattern(source: Source, node: ast.AST, prefix: str, body: str) -> bool:
    """Whether a string is meant as a regular expression: raw or handed to re, with something special in it."""
    if not _META.search(body) or len(body) > 300:
        return False
    parent = source.parents.get(node)
    called = isinstance(parent, ast.Call) and source.segment(parent.func).startswith(
        ("re.", "regex.")
    )
    return called or "r" in prefix.lower()
