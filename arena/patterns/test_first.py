"""Tests before code: testers write them in a first wave, blind to each other; then come those who solve the task."""

from collections.abc import Sequence
from itertools import count, islice
from typing import Literal

from arena.patterns import Entry, compete
from arena.task import Task

Agents = Sequence[tuple[str, int]]
Group = Literal["suite", "checks"]


def waves(
    task: Task,
    agents: Agents,
    testers: Agents,
    *,
    writes: Group,
    seed: int,
) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """(testers, implementers), each as (name, count); what testers write goes to the task's group `writes`.

    Raises ArenaError as `compete.entries`.
    """
    implementers = compete.entries(task, agents, seed=seed)
    names = [name for name, number in testers for _ in range(number)]
    taken = {entry.label for entry in implementers}
    words = (f"tester-{n}" if n > 1 or len(names) > 1 else "tester" for n in count(1))
    labels = islice((label for label in words if label not in taken), len(names))
    first = tuple(
        Entry(
            label=label, agent=name, prompt=task.prompt or "", seed=seed, writes=writes
        )
        for label, name in zip(labels, names, strict=True)
    )
    return first, implementers
