"""Changes that an agent asks of another domain: HANDOFF_FROM_<DOMAIN>.md, as domain-territories.md lays it out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEADING = re.compile(r"#+\s*For\s+(?P<domain>.+?)\s*:?\s*$", re.IGNORECASE)
FIELD = re.compile(
    r"[-*]\s*(?:\[[ x]\]\s*)?\**(?P<key>File|Change(?: needed)?|Reason|Blocking)\**\s*:\s*\**\s*(?P<value>.*)",
    re.IGNORECASE,
)
MOST = 50  # hand-offs of one agent that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """One change that is wanted in another domain; all of it an agent's words. `blocking`: it can't do without."""

    domain: str
    file: str = ""
    change: str = ""
    reason: str = ""
    blocking: bool = False


def collected(folder: Path) -> list[Handoff]:
    """The hand-offs among the notes of one entry."""
    found: list[Handoff] = []
    for path in sorted(folder.glob("HANDOFF_FROM_*.md")):
        found += parse(path.read_text(encoding="utf-8", errors="replace"))
    return found[:MOST]


def parse(text: str) -> Iterator[Handoff]:
    """The hand-offs of a file; a new one begins with each heading `For …` and with each `File:`."""
    domain, facts = "", dict[str, str]()
    for line in [*text.splitlines(), "## For :"]:
        heading, item = HEADING.match(line.strip()), FIELD.match(line.strip())
        key = item["key"].lower().split()[0] if item else ""
        if (heading or key == "file") and facts:
            yield _made(domain, facts)
            facts = {}
        if heading:
            domain = heading["domain"].strip("[]* ")
        elif item:
            facts[key] = item["value"].strip().strip("`")


def _made(domain: str, facts: dict[str, str]) -> Handoff:
    blocking = facts.pop("blocking", "").lower().startswith(("yes", "true"))
    return Handoff(domain=domain, blocking=blocking, **facts)
