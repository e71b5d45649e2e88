# ruff: noqa: PTH115, PTH118, PTH123
"""What must be the same before and after: every byte of the user's repository, and of the folders around it.

Nothing of arena takes part here. A folder's own entry is its mode, a link's its target, a file's its mode and hash.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

# Only these may come about by themselves, in any git directory: the archive and the objects that it holds.
OURS = re.compile(
    r"(^|/)(logs/)?refs/arena(/.*)?$"
    r"|(^|/)logs(/refs)?$"
    r"|(^|/)objects(/([0-9a-f]{2}|pack))?$"
    r"|(^|/)objects/([0-9a-f]{2}/[0-9a-f]+|pack/pack-[0-9a-f]+\.(pack|idx|rev))$"
)
# What the refs were at while agents work is held by one of ours, which goes when it is not needed any more.
HELD = re.compile(r"(^|/)(logs/)?refs/arena/held(/.*)?$")
# The report's copy carries its own .gitignore.
REPORTS = re.compile(r"^reports(/.*)?$")
LARGE = 64 << 20  # bytes from which a file is told by its size and time


def _entry(path: str) -> str:
    facts = os.lstat(path)
    mode = f"{facts.st_mode:o}"
    if stat.S_ISLNK(facts.st_mode):
        return f"{mode} {os.readlink(path)}"
    if not stat.S_ISREG(facts.st_mode):
        return mode
    if facts.st_size > LARGE:
        return f"{mode} {facts.st_size} {facts.st_mtime_ns}"
    with open(path, "rb") as file:
        return f"{mode} {hashlib.file_digest(file, 'sha1').hexdigest()}"


def _below(top: Path) -> Iterator[tuple[str, str]]:
    for here, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = os.path.join(here, name)
            yield os.path.relpath(path, top), _entry(path)


def picture(roots: Iterable[Path]) -> dict[tuple[str, str], str]:
    """(root, path below it) → what is there."""
    return {
        (str(root), path): told for root in roots for path, told in _below(Path(root))
    }


def changed(
    before: dict[tuple[str, str], str],
    after: dict[tuple[str, str], str],
    *,
    may: Iterable[str] = (),
) -> list[str]:
    """What differs and may not, in words; `may` are patterns of paths, whole, that may differ as well."""
    allowed = [re.compile(pattern) for pattern in may]
    found = []
    for root, path in sorted(before.keys() | after.keys()):
        old, new = before.get((root, path)), after.get((root, path))
        if old == new or any(pattern.fullmatch(path) for pattern in allowed):
            continue
        if (
            REPORTS.match(path)
            or HELD.search(path)
            or (old is None and OURS.search(path))
        ):
            continue
        found.append(f"{root}: {path!r} was {old or 'absent'}, is {new or 'absent'}")
    return found
