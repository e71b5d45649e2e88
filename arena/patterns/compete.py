"""Several entries for the same task: the same prompt for all, or one named approach each."""

from __future__ import annotations

from collections.abc import Sequence

from arena.errors import ArenaError
from arena.machine.store import slug
from arena.patterns import Entry
from arena.task import Task


def entries(
    task: Task, agents: Sequence[tuple[str, int]], *, seed: int
) -> tuple[Entry, ...]:
    """One entry per place of `agents` (name, count). With approaches there is one entry for each of them.

    Raises ArenaError if approaches and the number of entries don't fit together.
    """
    names = [name for name, count in agents for _ in range(count)]
    if task.approaches:
        if len(names) not in (1, len(task.approaches)) and len(agents) > 1:
            raise ArenaError(
                f"{len(task.approaches)} approaches but {len(names)} agents. Give one agent, or one per approach."
            )
        names = [names[n % len(names)] for n in range(len(task.approaches))]
    prompt = task.prompt or "Make the failing tests pass without breaking any other."
    labels = _labels(names, task.approaches)
    found = []
    for number, (name, label) in enumerate(zip(names, labels, strict=True)):
        approach = task.approaches[number] if task.approaches else None
        text = f"{prompt}\n\nApproach to take: {approach}\n" if approach else prompt
        found.append(
            Entry(
                label=label,
                agent=name,
                prompt=text,
                seed=seed + number,
                approach=approach,
            )
        )
    return tuple(found)


def _labels(names: Sequence[str], approaches: Sequence[str]) -> list[str]:
    wanted = (
        [slug(text, limit=24) for text in approaches] if approaches else list(names)
    )
    total = {word: wanted.count(word) for word in wanted}
    seen: dict[str, int] = {}
    labels = []
    for word in wanted:
        seen[word] = seen.get(word, 0) + 1
        labels.append(
            f"{word}-{seen[word]}" if total[word] > 1 or not approaches else word
        )
    return labels
