"""Reads a plan file (TOML): all its faults at once, each with its key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any

from arena.errors import ArenaError
from arena.patterns.plan import POLICIES, Contract, Plan, Step, Stream, Sync, before

LIMIT = 1 << 20  # bytes of a plan file
# The tables of a plan file: the record of each, and keys that are called otherwise there.
TABLES: dict[str, Any] = {
    "stream": Stream, "task": Step, "sync": Sync, "contract": Contract,
}  # fmt: skip
CALLED = {"excepted": "except"}
PLAN_KEYS = {"name": "str", "about": "str", "verify": "str", "land": "str", "shared": "Texts"}  # fmt: skip
KINDS: dict[str, tuple[type, str]] = {
    "str": (str, "a text"),
    "int": (int, "a whole number from 0"),
    "bool": (bool, "true or false"),
    "Texts": (list, "a list of texts"),
}
Fault = tuple[str, str]  # key, what is wrong


def read(text: str, *, name: str, agents: Mapping[str, Any]) -> Plan:
    """The plan in the text of a file called `name`; `agents` are those that there are.

    Raises ArenaError with all faults at once, each as `file: key: fault`.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ArenaError(f"{name}: not TOML: {error}") from error
    faults = list(_shape(data))
    if not faults:
        plan = _plan(data)
        faults = list(_names(plan, agents))
        if not faults and (cycle := _cycle(plan)):
            faults = [("depends_on", f"a circle: {' → '.join(cycle)}")]
    if faults:
        told = [f"{name}: {key}: {words}" for key, words in faults]
        raise ArenaError("\n  ".join([f"the plan {name} has faults:", *told]))
    return plan


def _shape(data: Mapping[str, Any]) -> Iterator[Fault]:
    """Tables, keys and types."""
    for table in data.keys() - TABLES.keys() - {"plan"}:
        yield table, f"unknown table{_near(table, [*TABLES, 'plan'])}"
    head = data.get("plan")
    if not isinstance(head, dict):
        yield "plan", "missing: [plan] with a name"
    else:
        yield from _keys("plan", head, PLAN_KEYS, {"name"})
        if head.get("land", "end") not in ("end", "each"):
            yield "plan.land", f"must be end or each, not {head['land']!r}"
    if not data.get("task"):
        yield "task", "missing: at least one [[task]]"
    for table, record in TABLES.items():
        rows = data.get(table, [])
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            yield table, f"write it as [[{table}]]"
            continue
        keys = {CALLED.get(f.name, f.name): str(f.type) for f in fields(record)}
        needed = {f.name for f in fields(record) if f.default is MISSING}
        for number, row in enumerate(rows, 1):
            where = row.get("id") or row.get("name") or row.get("path") or number
            yield from _keys(f"{table} {where}", row, keys, needed)


def _keys(
    where: str, row: Mapping[str, Any], keys: Mapping[str, str], needed: set[str]
) -> Iterator[Fault]:
    for key in sorted(needed - row.keys()):
        yield f"{where}.{key}", "missing"
    for key, value in row.items():
        if key not in keys:
            yield f"{where}.{key}", f"unknown key{_near(key, keys)}"
            continue
        kind, words = KINDS[keys[key].removesuffix(" | None")]
        good = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if kind is list:
            good = good and all(isinstance(one, str) and one for one in value)
        elif kind is int:
            good = good and 0 <= value <= 100_000
        if not good or (key in needed and not value):
            yield f"{where}.{key}", f"must be {words}, not {value!r}"


def _plan(data: Mapping[str, Any]) -> Plan:
    def record(kind: Any, row: Mapping[str, Any]) -> Any:
        named = {new: old for old, new in CALLED.items()}
        values = {named.get(k, k): v for k, v in row.items()}
        return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})  # fmt: skip

    made = {
        table: tuple(record(kind, row) for row in data.get(table, []))
        for table, kind in TABLES.items()
    }
    head: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in data["plan"].items()
    }
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
            yield key, f'nothing is called "{name}"{_near(name, known)}'
    for contract in plan.contracts:
        if contract.policy not in POLICIES:
            known = " or ".join(POLICIES)
            yield f"contract {contract.path}.policy", f"must be {known}"
    for step in plan.steps:
        if not 1 <= step.width <= 100:
            yield f"task {step.id}.width", "must be from 1 to 100"


def _cycle(plan: Plan) -> list[str]:
    try:
        TopologicalSorter(before(plan)).prepare()
    except CycleError as error:
        return list(map(str, error.args[1]))
    return []


def _near(word: str, known: Any) -> str:
    near = get_close_matches(word, list(known), 1, 0.5)
    return f'; did you mean "{near[0]}"?' if near else ""
