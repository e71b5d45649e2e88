"""What a repository looks like before agents work and after: what changed is named, and how to take it back.

Agents share refs, configuration, hooks and the object store with the user's checkout, and people commit and fetch
while agents work. So nothing is taken back by us: each change is told with the command that restores it.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from arena.machine import store
from arena.machine.git import Repository

# Files of the git directory that change what git does.
STEERING = (
    "config", "config.worktree", "info/exclude", "info/attributes", "info/grafts", "info/sparse-checkout",
    "objects/info/alternates", "shallow", "HEAD",
)  # fmt: skip
OURS = ("refs/arena/", "refs/heads/arena/")


class Fingerprint(NamedTuple):
    """Refs by name, hashes of the files that steer git, and the state of what git calls changed in the checkout."""

    refs: Mapping[str, str]
    steering: Mapping[str, str]
    checkout: Mapping[str, str]


class Difference(NamedTuple):
    """One thing that changed: in words, and the command that takes it back."""

    what: str
    restore: str


def take(repo: Repository, *, saved: Path | None = None) -> Fingerprint:
    """The state of a repository now; `saved` is a folder for copies of the files that steer git."""
    git_dir, steering = repo.common_dir, {}
    hooks = (p for p in sorted((git_dir / "hooks").rglob("*")) if p.is_file())
    for path in (*(git_dir / name for name in STEERING), *hooks):
        if path.is_file():
            content, name = path.read_bytes(), path.relative_to(git_dir).as_posix()
            runs = "x" if os.access(path, os.X_OK) else "-"
            steering[name] = runs + hashlib.sha256(content).hexdigest()
            if saved is not None:
                store.write_bytes(saved / name, content)
    refs = {n: oid for n, oid in repo.refs().items() if not n.startswith(OURS)}
    return Fingerprint(refs, steering, _checkout(repo))


def _checkout(repo: Repository) -> dict[str, str]:
    if repo.top is None:
        return {}
    found = {}
    words = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    for field in repo.unfiltered().call(*words).fields:
        path = repo.top / field[3:]
        facts = path.lstat() if os.path.lexists(path) else None
        size = f"{facts.st_size} {facts.st_mtime_ns} {facts.st_mode}" if facts else ""
        found[field[3:]] = f"{field[:2]} {size}"
    return found


def compare(
    before: Fingerprint, after: Fingerprint, *, repo: Repository, saved: Path
) -> list[Difference]:
    """What changed, and how to take it back; `saved` is where `take` left its copies."""
    git_dir, top = repo.common_dir, repo.top or Path()
    found = [
        Difference(
            f"{name} was {_short(old)} and is {_short(new)}", _restored(name, old, new)
        )
        for name, old, new in _changed(before.refs, after.refs)
    ]
    for name, old, _ in _changed(before.steering, after.steering):
        words = ["cp", str(saved / name)] if old else ["rm"]
        command = shlex.join([*words, str(git_dir / name)])
        found.append(Difference(f"{git_dir.name}/{name} changed", command))
    for name, old, new in _changed(before.checkout, after.checkout):
        place = str(top / name)
        if old:  # it held work of the user's that no command of ours can bring back
            words = ["git", "diff", "--", place]
        elif new.startswith("??"):
            words = ["rm", place]
        else:
            words = ["git", "restore", "-SW", "--", place]
        found.append(Difference(f"{name} in the checkout changed", shlex.join(words)))
    return found


def _changed(
    before: Mapping[str, str], after: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    names = sorted(before.keys() | after.keys())
    rows = [(name, before.get(name, ""), after.get(name, "")) for name in names]
    return [row for row in rows if row[1] != row[2]]


def _short(oid: str) -> str:
    return oid[:12] or "absent"


def _restored(name: str, old: str, new: str) -> str:
    words = [name, old, new] if old else ["-d", name, new]
    return shlex.join(["git", "update-ref", *filter(None, words)])
