"""The kinds of change that are tried: each module is one family, `propose` asks them all.

Each family is a function `(Source, node) -> edits`. The figure that goes with an edit (its prior) orders kinds
of change: roughly by how often such a change of one statement mends a real Python defect (Richter & Wehrheim,
"TSSB-3M: Mining single statement bugs at massive scale", MSR 2022: other identifiers, attributes, function names
and literals, changed conditions, arguments, operators), divided by how many ways the change can be made, so
that a family with many members does not crowd out one with few. They are our estimates, not fitted figures.
"""

import ast
from collections.abc import Callable, Iterable, Iterator

from ..source import Edit, Source, own_nodes
from . import (
    calls,
    conditions,
    guards,
    literals,
    names,
    operators,
    patterns,
    statements,
)

Family = Callable[[Source, ast.AST], Iterable[Edit]]

FAMILIES: tuple[Family, ...] = (
    operators.binary,
    operators.unary,
    operators.comparison,
    operators.boolean,
    operators.augmented,
    literals.numbers,
    literals.booleans,
    literals.strings,
    literals.containers,
    conditions.negated,
    conditions.decided,
    conditions.widened,
    conditions.conditional,
    names.other_name,
    names.other_attribute,
    names.shifted,
    calls.arguments,
    calls.unwrapped,
    calls.other_function,
    calls.wrapped,
    calls.subscripts,
    patterns.regular,
    statements.deleted,
    statements.jumps,
    statements.returned,
    statements.moved,
    statements.exceptions,
    statements.decorated,
    guards.guarded,
)


def propose(source: Source, statement: ast.stmt) -> Iterator[Edit]:
    """All changes of one statement (its own header and expressions), each once."""
    seen = set()
    for node in own_nodes(statement):
        for family in FAMILIES:
            for edit in family(source, node):
                key = (edit.start, edit.end, edit.text)
                if key not in seen and source.text[edit.start : edit.end] != edit.text:
                    seen.add(key)
                    yield edit
