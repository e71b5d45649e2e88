"""A sprint file: a question, approaches to it that are tried side by side, and what is measured of each. Pure data."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from arena.patterns import NAMED, tables
from arena.patterns.tables import Fault, near

BETTER = ("lower", "higher")
HEAD = {"question": "str", "constraints": "Texts"}
NAME_RULE = "use letters, digits, '-' or '_', at most 24"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approach:
    """One way to go, what to do there, and the agent that does it (None: the default one)."""

    name: str
    do: str
    agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A command whose output ends with a number: its last one is the value; `better` is lower or higher."""

    name: str
    command: str
    unit: str = ""
    better: str = "lower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprint:
    """What is to be found out."""

    question: str
    constraints: tuple[str, ...] = ()
    approaches: tuple[Approach, ...]
    measures: tuple[Measure, ...] = ()

    @property
    def prompt(self) -> str:
        """What all agents are told."""
        parts = {"Constraints": self.constraints}
        parts["What will be measured"] = tuple(
            f"{m.name} ({', '.join(filter(None, [m.unit, m.better]))} is better): {m.command}"
            for m in self.measures
        )
        return "\n\n".join(
            [self.question]
            + ["\n".join([f"{k}:", *(f"- {v}" for v in those)]) for k, those in parts.items() if those]
        )  # fmt: skip


TABLES: dict[str, Any] = {"approach": Approach, "measure": Measure}


def read(text: str, *, name: str, agents: Mapping[str, Any]) -> Sprint:
    """The sprint in the text of a file called `name`; `agents` are those that there are.

    Raises ArenaError with all faults at once, each as `file: key: fault`.
    """
    data = tables.loads(text, name=name)
    faults = list(_shape(data))
    if not faults:
        made = tables.records(data, TABLES, {})
        head = tables.frozen({k: v for k, v in data.items() if k in HEAD})
        sprint = Sprint(**head, approaches=made["approach"], measures=made["measure"])
        faults = list(_names(sprint, agents))
    tables.complain(f"the sprint {name}", name, faults)
    return sprint


def _shape(data: Mapping[str, Any]) -> Iterator[Fault]:
    for table in data.keys() - TABLES.keys() - HEAD.keys():
        yield table, f"unknown key{near(table, [*TABLES, *HEAD])}"
    head = {key: value for key, value in data.items() if key in HEAD}
    for key, words in tables.keys("", head, HEAD, {"question"}):
        yield key.lstrip("."), words
    if not data.get("approach"):
        yield "approach", "missing: at least one [[approach]]"
    yield from tables.shape(data, TABLES, {})


def _names(sprint: Sprint, agents: Mapping[str, Any]) -> Iterator[Fault]:
    for kind, rows in (("approach", sprint.approaches), ("measure", sprint.measures)):
        names = [row.name for row in rows]
        for name in dict.fromkeys(names):
            if not NAMED.fullmatch(f"{name}: "):
                yield f"{kind} {name}.name", NAME_RULE
            if names.count(name) > 1:
                yield f"{kind} {name}.name", "there are two of this name"
    for one in sprint.approaches:
        if one.agent and one.agent not in agents:
            words = f'no agent is called "{one.agent}"{near(one.agent, agents)}'
            yield f"approach {one.name}.agent", words
    for measure in sprint.measures:
        if measure.better not in BETTER:
            yield f"measure {measure.name}.better", f"must be {' or '.join(BETTER)}"
        try:
            shlex.split(measure.command)
        except ValueError as error:
            yield f"measure {measure.name}.command", f"can't be read: {error}"
