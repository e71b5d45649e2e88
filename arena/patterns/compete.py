"""Several entries for the same task: the same prompt for all, or one named approach each."""

from collections.abc import Sequence
from itertools import count

from arena.errors import ArenaError
from arena.machine.store import slug
from arena.patterns import NAMED, Entry
from arena.task import Task


def entries(
    task: Task, agents: Sequence[tuple[str, int]], *, seed: int
) -> tuple[Entry, ...]:
    """One entry per place of `agents` (name, count). With approaches there is one entry for each of them.

    Raises ArenaError if approaches and the number of entries don't fit together.
    """
    names = [name for name, number in agents for _ in range(number)]
    wanted = len(task.approaches) or len(names)
    if len(agents) > 1 and len(names) != wanted:
        raise ArenaError(
            f"{wanted} approaches but {len(names)} agents. "
            "Give one agent, or one per approach."
        )
    prompt = task.prompt or "Make the failing tests pass without breaking any other."
    found = []
    for n, label in enumerate(_labels(names, task.approaches)):
        approach = task.approaches[n] if task.approaches else None
        agent = names[n % len(names)]
        entry = Entry(
            label=label, agent=agent, prompt=prompt, seed=seed + n, approach=approach
        )
        found.append(entry)
    return tuple(found)


def _labels(names: Sequence[str], approaches: Sequence[str]) -> list[str]:
    named = [found[1] if (found := NAMED.match(text)) else text for text in approaches]
    words = [slug(name, limit=24) or "approach" for name in named] or names
    labels: list[str] = []
    for word in words:
        numbered = (f"{word}-{n}" for n in count(1))
        free = (label for label in numbered if label not in (*labels, *words))
        plain = approaches and words.count(word) == 1
        labels.append(word if plain else next(free))
    return labels
