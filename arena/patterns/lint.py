"""What is wrong with a plan beyond its words: paths that two tasks own at once, and what usually goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from arena.patterns.plan import Plan, Step, before, waves
from arena.territory import examples

MANY = (
    3  # workers at once; more cost more to coordinate than they save (phased-workflows)
)


def at_once(plan: Plan) -> list[tuple[Step, Step]]:
    """The pairs of tasks that may work at the same time: neither waits for the other, and both may."""
    direct = before(plan)
    behind: dict[str, set[str]] = {}

    def all_before(name: str) -> set[str]:
        if name not in behind:
            behind[name] = set()  # plans without circles only
            behind[name] = direct[name].union(*map(all_before, direct[name]))
        return behind[name]

    return [
        (one, other)
        for one, other in combinations(plan.steps, 2)
        if one.parallel_ok
        and other.parallel_ok
        and one.id not in all_before(other.id)
        and other.id not in all_before(one.id)
    ]


def faults(plan: Plan, files: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(key, fault) for each pair of tasks that own the same at the same time; `files` are the base's paths."""
    contracts = {contract.path for contract in plan.contracts}
    pairs = at_once(plan)
    land = {step.id: plan.territory(step) for pair in pairs for step in pair}
    land = {name: territory for name, territory in land.items() if territory.owns}
    words = examples(*land.values())
    every = {*files, *plan.shared, *words} - contracts
    held = {n: {p for p in every if one.holds(p)} for n, one in land.items()}
    for one, other in pairs:
        both = held.get(one.id, set()) & held.get(other.id, set())
        if both:
            both = {words.get(path, path) for path in both}
            some = ", ".join(sorted(both)[:5]) + (" …" if len(both) > 5 else "")
            cure = "Divide it, or let one wait: depends_on"
            yield f"task {one.id}, task {other.id}", f"both own {some}. {cure}"


def warnings(plan: Plan) -> list[str]:
    """What a plan may do but mostly should not."""
    found = []
    pairs = at_once(plan)
    loose = sorted({s.id for pair in pairs for s in pair if not plan.territory(s).owns})
    if loose:
        found.append(f"{', '.join(loose)} work beside others and own nothing by name")
    ids = {step.id: step for step in plan.steps}
    widest = max(sum(ids[n].width for n in w if n in ids) for w in waves(plan))
    if widest > MANY:
        found.append(f"{widest} agents at once: two or three are usually best")
    if len(plan.steps) > MANY and not plan.syncs:
        found.append("no sync point: nothing is verified before the end")
    return found
