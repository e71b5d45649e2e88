"""Acceptance checks, graded by assertion: a test with several becomes several tests, each with one of them."""

from __future__ import annotations

import ast
import copy

from arena.evaluation import syntax

# No `try`: a test that can end before its assertion would have no twin.
IGNORED = "_ignored"
PROLOGUE = f"from contextlib import suppress as {IGNORED}"


def graded(source: bytes) -> bytes:
    """A test file in which every test function has one assertion at most in its own body.

    `test_a` with two becomes `test_a__1` and `test_a__2`; the other assertion is still evaluated, for what it may do
    beside asserting, and its outcome ignored. A file that does not parse stays as it is.
    """
    tree = syntax.parse(source)
    if tree is None:
        return source
    holders: list[ast.Module | ast.ClassDef] = [tree]
    holders += [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for holder in holders:
        holder.body = [part for node in holder.body for part in _parts(node)]
    syntax.insert(tree, PROLOGUE)
    return ast.unparse(ast.fix_missing_locations(tree)).encode()


def _parts(node: ast.stmt) -> list[ast.stmt]:
    if not isinstance(node, syntax.Function):
        return [node]
    places = [n for n, one in enumerate(node.body) if isinstance(one, ast.Assert)]
    if len(places) < 2 or not node.name.startswith("test"):
        return [node]
    found: list[ast.stmt] = []
    for number, kept in enumerate(places, 1):
        part = copy.deepcopy(node)
        part.name = f"{node.name}__{number}"
        for place in places:
            if place != kept:
                part.body[place] = _ignored(part.body[place])
        found.append(part)
    return found


def _ignored(node: ast.stmt) -> ast.stmt:
    assert isinstance(node, ast.Assert)
    (block,) = ast.parse(f"with {IGNORED}(Exception): pass").body
    assert isinstance(block, ast.With)
    block.body = [ast.Expr(node.test)]
    return block
