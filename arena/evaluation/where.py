"""Where the change is: whether independent candidates agree about the functions that must change.

The best cheap hint among those measured on real patches (39 of 45 separated pairs in order), and one that only
colluding entries can buy. It ranks; it never says that any candidate is right.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from arena.evaluation import compared, syntax
from arena.evaluation.measurement import (
    NOTE,
    Findings,
    Flag,
    Value,
    flag,
    missing,
    value,
)
from arena.evaluation.pool import Pool
from arena.evaluation.subject import Subject
from arena.evaluation.units import changed_units

NAMES = {"where.agreed": "share", "where.likeness": "share"}
SAME = 0.95  # likeness from which two changes of unknown origin count as one witness
Bag = Counter[tuple[str, ...]]


def measure(pool: Pool) -> dict[str, Findings]:
    """Agreement about the functions that must change, and likeness of the change to the others."""
    bags = {s.candidate.label: bag(_files(s)) for s in pool.subjects}
    alike = medoid(bags)
    witness = pool.witness
    details = {
        s.candidate.label: {
            "where": sorted(f"{path}: {name}" for path, name in changed_units(s)),
            "witness": witness[s.candidate.label],
        }
        for s in pool.subjects
    }
    agreed = compared.places(details)
    few = compared.FEW if len(set(witness.values())) < compared.WITNESSES else None
    return {
        label: Findings(
            {**agreed[label], "where.likeness": few or _value(alike[label])},
            _duplicate(label, witness[label]) if bags[label] else (),
            details[label],
        )
        for label in details
    }


def _duplicate(label: str, witness: str) -> tuple[Flag, ...]:
    name = witness.removeprefix("branch ")
    if not witness.startswith("branch ") or name == label:
        return ()
    return flag("near-duplicate", NOTE, f"nearly the same change as {name}")


def _value(found: float | None) -> Value:
    why = "there is no other candidate"
    return missing(why) if found is None else value(round(found, 4))


def witnesses_of(subjects: Sequence[Subject]) -> dict[str, str]:
    """Label → name of its witness."""
    agents = {s.candidate.label: s.candidate.agent or "" for s in subjects}
    return witnesses(agents, {s.candidate.label: bag(_files(s)) for s in subjects})


def _files(subject: Subject) -> list[tuple[str, bytes, bytes]]:
    return [
        (change.path, subject.before(change), subject.after(change))
        for change in subject.changes
        if change.path.endswith(".py") and not subject.plan.files.is_test(change.path)
    ]


def bag(files: Sequence[tuple[str, bytes, bytes]]) -> Bag:
    """Chains of two and three syntax nodes that a change adds or removes, over (path, before, after)."""
    found: Bag = Counter()
    for path, before, after in files:
        old, new = _chains(before), _chains(after)
        for sign, chains in (("-", old - new), ("+", new - old)):
            for chain, count in chains.items():
                found[sign, path, *chain] += count
    return found


@lru_cache(maxsize=32)  # the base's side of a change is the same for all candidates
def _chains(source: bytes) -> Bag:
    tree = syntax.parse(source)
    if tree is None:
        return Counter()
    found: Bag = Counter()
    stack: list[tuple[ast.AST, tuple[str, ...]]] = [(tree, ())]
    while stack:
        node, above = stack.pop()
        chain = (*above[-2:], _word(node))
        found.update(chain[-n:] for n in (2, 3) if len(chain) >= n)
        stack += [(child, chain) for child in ast.iter_child_nodes(node)]
    return found


def _word(node: ast.AST) -> str:
    """The node's kind, with its name or constant."""
    for key in ("id", "attr", "arg", "name"):
        if isinstance(getattr(node, key, None), str):
            return f"{type(node).__name__}:{getattr(node, key)}"
    if isinstance(node, ast.Constant):
        return f"Constant:{node.value!r}"
    return type(node).__name__


def likeness(one: Bag, other: Bag) -> float:
    """Jaccard index of two bags, 0 to 1; two empty ones are alike."""
    whole = (one | other).total()
    return (one & other).total() / whole if whole else 1.0


def medoid(bags: Mapping[str, Bag]) -> dict[str, float | None]:
    """Label → mean likeness to the others' changes; None for a lone candidate. A coin at three candidates."""
    found: dict[str, float | None] = {}
    for label, own in bags.items():
        others = [likeness(own, bags[name]) for name in sorted(bags) if name != label]
        found[label] = sum(others) / len(others) if others else None
    return found


def witnesses(agents: Mapping[str, str], bags: Mapping[str, Bag]) -> dict[str, str]:
    """Label → name of its witness: the agent program, or for unknown origin ('') the first near-duplicate."""
    found: dict[str, str] = {}
    for label in sorted(agents):
        if agents[label]:
            found[label] = f"agent {agents[label]}"
            continue
        twin = next(
            (
                name
                for name in sorted(found)
                if not agents[name] and likeness(bags[name], bags[label]) >= SAME
            ),
            None,
        )
        found[label] = found[twin] if twin else f"branch {label}"
    return found
