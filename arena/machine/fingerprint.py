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

from arena.errors import ArenaError
from arena.machine import store, user
from arena.machine.git import Repository
from arena.machine.people import ARENA
from arena.machine.transaction import Move, move_refs, value_of

# Files of the git directory that change what git does.
STEERING = (
    "config", "config.worktree", "info/exclude", "info/attributes", "info/grafts", "info/sparse-checkout",
    "objects/info/alternates", "shallow", "HEAD",
)  # fmt: skip
ELSEWHERE = "hooksPath"  # what stands for the folder that core.hooksPath names
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


def take(repo: Repository, *, saved: Path) -> Fingerprint:
    """The state of a repository now; `saved` is a folder for copies of the files that steer git."""
    for name, (content, _) in _steering(repo).items():
        store.write_bytes(saved / name, content)
    return _now(repo)


def hold(repo: Repository, ref: str, *, base: str) -> None:
    """Keeps what branches, tags and stashes are at now, under one ref: a commit that has all of them as parents.

    So what takes a deleted branch back still works after somebody's `git gc --prune=now`. `base` is any commit.
    """
    format_ = "%(objecttype) %(objectname) %(*objecttype) %(*objectname)"
    lines = repo.call("for-each-ref", f"--format={format_}").text.splitlines()
    words = [line.split(" ") for line in lines]
    tips = [
        one[1] if one[0] == "commit" else one[3] for one in words if "commit" in one
    ]
    # Older stashes are in its reflog only.
    stashes = repo.ask("log", "-g", "--format=%H", "refs/stash", "--").text.split()
    parents = "".join(f"parent {oid}\n" for oid in dict.fromkeys([*tips, *stashes]))
    who = f"{ARENA.name} <{ARENA.email}> 0 +0000"
    text = (
        f"tree {repo.tree_of(base)}\n{parents}author {who}\ncommitter {who}\n\nheld\n"
    )
    made = repo.call(
        "hash-object", "-t", "commit", "-w", "--stdin", stdin=text.encode()
    )
    move_refs(repo, [Move(ref, value_of(repo, ref), made.text)], why="arena: hold")


def let_go(repo: Repository, ref: str) -> None:
    """Ends what `hold` began, if it did."""
    old = value_of(repo, ref)
    if old:
        move_refs(repo, [Move(ref, old, "")], why="arena: let go")


def _now(repo: Repository) -> Fingerprint:
    refs = {n: oid for n, oid in repo.refs().items() if not n.startswith(OURS)}
    return Fingerprint(refs, _digests(repo), _checkout(repo))


def _steering(repo: Repository) -> dict[str, tuple[bytes, str]]:
    """Name → (content, mode as `install -m` takes it)."""
    git_dir, found = repo.common_dir, {}
    hooks = {git_dir / "hooks", user.hooks_dir(repo)}
    below = sorted(path for folder in hooks for path in folder.rglob("*"))
    for path in (*(git_dir / name for name in STEERING), *below):
        if path.is_file():
            mode = "755" if os.access(path, os.X_OK) else "644"
            found[_name(git_dir, path)] = path.read_bytes(), mode
    return found


def _name(git_dir: Path, path: Path) -> str:
    """A file that steers git, by its place in the git directory, or anywhere."""
    if path.is_relative_to(git_dir):
        return path.relative_to(git_dir).as_posix()
    return f"{ELSEWHERE}{path.as_posix()}"


def _place(git_dir: Path, name: str) -> Path:
    """Where a file that steers git is."""
    if name.startswith(f"{ELSEWHERE}/"):
        return Path(name.removeprefix(ELSEWHERE))
    return git_dir / name


def _digests(repo: Repository) -> dict[str, str]:
    return {
        name: f"{mode} {hashlib.sha256(content).hexdigest()}"
        for name, (content, mode) in _steering(repo).items()
    }


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


def changes(repo: Repository, before: Fingerprint, *, saved: Path) -> list[Difference]:
    """What changed since, and how to take it back; `saved` is where `take` left its copies.

    A repository that git can't read any more is a change as well, and stops nobody's work.
    """
    git_dir, top, broken = repo.common_dir, repo.top or Path(), []
    try:
        after = _now(repo)
    except (ArenaError, OSError) as error:
        why = f"git can't read the repository any more ({error})"
        broken = [Difference(why, "git status  # says what to mend")]
        after = before._replace(steering=_digests(repo))
    refs = [
        Difference(
            f"{n} was {_short(old)} and is {_short(new)}", _restored(n, old, new)
        )
        for n, old, new in _changed(before.refs, after.refs)
    ]
    found = [*broken, *refs]
    for name, old, _ in _changed(before.steering, after.steering):
        restore = ["install", "-m", old[:3], str(saved / name)] if old else ["rm"]
        there = _place(git_dir, name)
        inside = there.is_relative_to(git_dir)
        shown = f"{git_dir.name}/{name}" if inside else str(there)
        command = shlex.join([*restore, str(there)])
        found.append(Difference(f"{shown} changed", command))
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
