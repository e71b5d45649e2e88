"""Reads a plan file (TOML): all its faults at once, each with its key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import filterfalse
from typing import Any

from arena.patterns import tables
from arena.patterns.plan import POLICIES, Contract, Plan, Step, Stream, Sync, before
from arena.patterns.tables import Fault, near

LIMIT = 1 << 20  # bytes of a plan file
NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
# The tables of a plan file: the record of each, and keys that are called otherwise there.
TABLES: dict[str, Any] = {
    "stream": Stream, "task": Step, "sync": Sync, "contract": Contract,
}  # fmt: skip
CALLED = {"excepted": "except"}
PLAN_KEYS = {"name": "str", "about": "str", "verify": "str", "land": "str", "shared": "Texts"}  # fmt: skip


def read(text: str, *, name: str, agents: Mapping[str, Any]) -> Plan:
    """The plan in the text of a file called `name`; `agents` are those that there are.

    Raises ArenaError with all faults at once, each as `file: key: fault`.
    """
    data = tables.loads(text, name=name)
    faults = list(_shape(data))
    if not faults:
        plan = _plan(data)
        faults = list(_names(plan, agents))
        if not faults and (cycle := _cycle(plan)):
            faults = [("depends_on", f"a circle: {' → '.join(cycle)}")]
    tables.complain(f"the plan {name}", name, faults)
    return plan


def _shape(data: Mapping[str, Any]) -> Iterator[Fault]:
    """Tables, keys and types."""
    for table in data.keys() - TABLES.keys() - {"plan"}:
        yield table, f"unknown table{near(table, [*TABLES, 'plan'])}"
    head = data.get("plan")
    if not isinstance(head, dict):
        yield "plan", "missing: [plan] with a name"
    else:
        yield from tables.keys("plan", head, PLAN_KEYS, {"name"})
        if head.get("land", "end") not in ("end", "each"):
            yield "plan.land", f"must be end or each, not {head['land']!r}"
    if not data.get("task"):
        yield "task", "missing: at least one [[task]]"
    yield from tables.shape(data, TABLES, CALLED)


def _plan(data: Mapping[str, Any]) -> Plan:
    made = tables.records(data, TABLES, CALLED)
    head = tables.frozen(data["plan"])
    return Plan(
        **head, streams=made["stream"], steps=made["task"],
        syncs=made["sync"], contracts=made["contract"],
    )  # fmt: skip


def _names(plan: Plan, agents: Mapping[str, Any]) -> Iterator[Fault]:
    """Names that nothing has, or two things."""
    nodes = [*(s.id for s in plan.steps), *(s.name for s in plan.syncs)]
    for name in sorted({n for n in nodes if nodes.count(n) > 1}):
        yield name, "two tasks or sync points have this name"
    streams = [s.name for s in plan.streams]
    paths = [c.path for c in plan.contracts]
    named = [
        *((f"task {s.id}.depends_on", one, nodes) for s in plan.steps for one in s.depends_on),
        *((f"sync {s.name}.after", one, nodes) for s in plan.syncs for one in s.after),
        *((f"task {s.id}.stream", s.stream, streams) for s in plan.steps if s.stream),
        *((f"task {s.id}.agent", s.agent, agents) for s in plan.steps if s.agent),
        *((f"stream {s.name}.lead", s.lead, agents) for s in plan.streams if s.lead),
        *((f"task {s.id}.contracts", one, paths) for s in plan.steps for one in s.contracts),
    ]  # fmt: skip
    for key, name, known in named:
        if name not in known:
            yield key, f'nothing is called "{name}"{near(name, known)}'
    for contract in plan.contracts:
        if contract.policy not in POLICIES:
            known = " or ".join(POLICIES)
            yield f"contract {contract.path}.policy", f"must be {known}"
    for name in filterfalse(NAME.fullmatch, nodes):
        yield name, "a name has letters, digits, points, dashes and underlines only"
    for step in plan.steps:
        if not 1 <= step.width <= 100:
            yield f"task {step.id}.width", "must be from 1 to 100"


def _cycle(plan: Plan) -> list[str]:
    try:
        TopologicalSorter(before(plan)).prepare()
    except CycleError as error:
        return list(map(str, error.args[1]))
    return []
