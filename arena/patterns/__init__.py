"""Task → entries: who tries what. Pure: no git, no processes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One try: label, agent program, what is asked, seed, and the approach to take if one is named."""

    label: str
    agent: str
    prompt: str
    seed: int
    approach: str | None = None
