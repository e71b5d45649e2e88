"""Task → entries: who tries what. Pure: no git, no processes."""

import re
from dataclasses import dataclass

# How an approach is given a name, which is then its entry's label: "sse: server-sent events, over one stream".
NAMED = re.compile(r"([A-Za-z0-9_-]{1,24}): ")


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
