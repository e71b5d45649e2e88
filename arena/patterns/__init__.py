"""Task → entries: who tries what. Pure: no git, no processes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One try: label, agent program, prompt (with its approach) and seed."""

    label: str
    agent: str
    prompt: str
    seed: int
    approach: str | None = None
