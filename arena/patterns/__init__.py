"""Task → entries: who tries what. Pure: no git, no processes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One try: label, agent program, what is asked, seed, and the approach to take if one is named.

    A tester `writes` a group of the task's files, suite or checks; it is never a candidate.
    """

    label: str
    agent: str
    prompt: str
    seed: int
    approach: str | None = None
    writes: str | None = None
