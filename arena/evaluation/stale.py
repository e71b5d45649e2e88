"""Whether a change takes back what others did: files as they were before commits that the target contains."""

from __future__ import annotations

import functools
from collections import defaultdict

from arena.evaluation.measurement import NOTE, SUSPICIOUS, Findings, flag
from arena.evaluation.subject import Subject
from arena.machine.git import Repository

NAMES: dict[str, str] = {}
LATEST = 100  # commits that are looked at
FEW_LINES, FEW_FILES = 50, 2  # what one takes back on purpose


def measure(subject: Subject) -> Findings:
    """Flags files that the change puts back as they once were, as a commit from a stale checkout does."""
    if subject.target is None:
        return Findings()
    older = _older(subject.quarantine.source, subject.target)
    back = [c for c in subject.changes if c.oid in older.get(c.path, ())]
    lines = sum((c.added or 0) + (c.removed or 0) for c in back)
    told = [f"{c.path}: {(c.added or 0) + (c.removed or 0)} lines" for c in back]
    said = f"takes back {lines} lines of the target"
    if lines > FEW_LINES or len(back) > FEW_FILES:
        return Findings(flags=flag("stale-commit", SUSPICIOUS, said, told))
    # Who removes a file rarely thinks of the commit that brought it.
    if all(change.status == "D" for change in back):
        return Findings()
    return Findings(flags=flag("puts-back", NOTE, said, told))


@functools.lru_cache(maxsize=4)
def _older(repo: Repository, tip: str) -> dict[str, set[str]]:
    """Path → ids of what it held before one of the latest commits, zeros where it was not there."""
    options = ("-n", str(LATEST), "-z", "--raw", "--no-abbrev", "--no-renames")
    fields = (f for f in repo.ask("log", *options, "--format=", tip).fields if f)
    found = defaultdict(set)
    for head in fields:
        found[next(fields)].add(head.split(" ")[2])
    return found
