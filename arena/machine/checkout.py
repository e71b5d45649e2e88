"""A checkout as arena sees it: what a move would change in it, and why it may not be moved now.

`git read-tree -m -u` and `git merge --ff-only` overwrite ignored files without a word, and read-tree replaces
whole ignored folders (measured with git 2.39), so what stands in the way is looked for here, name by name.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from arena.errors import Refused, one_line
from arena.machine import scratch
from arena.machine.git import Repository
from arena.machine.living import soon
from arena.machine.transaction import Move

GITLINK = "160000"
BUSY = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase or am",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "sequencer": "cherry-pick or revert",
    "BISECT_LOG": "bisect",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One path that differs between two commits: mode and id on both sides, empty where it is missing."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Place:
    """A checkout that moves with its branch."""

    git: Repository
    move: Move

    @property
    def top(self) -> Path:
        """Root of the work tree."""
        assert self.git.top is not None
        return self.git.top

    @cached_property
    def changes(self) -> list[Difference]:
        """The paths that differ between the two commits, renames as removal and addition."""
        options = ("-r", "-z", "--no-renames", "--raw")
        answer = self.git.call("diff-tree", *options, self.move.old, self.move.new)
        found = []
        for head, path in zip(answer.fields[::2], answer.fields[1::2], strict=True):
            mode, new_mode, oid, new_oid, _ = head[1:].split(" ")
            old = f"{mode} {oid}" if oid.strip("0") else ""
            new = f"{new_mode} {new_oid}" if new_oid.strip("0") else ""
            found.append(Difference(path, old, new))
        return found

    @property
    def before(self) -> dict[str, str]:
        """Path → mode and id of what the move replaces, submodules left out."""
        return {c.path: c.old for c in self.changes if c.old[:6] not in ("", GITLINK)}

    @property
    def after(self) -> dict[str, str]:
        """Path → mode and id of what the move brings, submodules left out."""
        return {c.path: c.new for c in self.changes if c.new[:6] not in ("", GITLINK)}


def some(names: Iterable[object], *, limit: int = 5) -> str:
    """The first names, printable, and how many more there are."""
    words = sorted(one_line(str(name), limit=120) for name in names)
    more = len(words) - limit
    return ", ".join(words[:limit]) + (f" and {more} more" if more > 0 else "")


def refuse_if_busy(git: Repository) -> None:
    """Raises Refused while a rebase, merge or the like is in progress here."""
    for name, action in BUSY.items():
        if (git.git_dir / name).exists():
            where = git.top or git.git_dir
            raise Refused(f"a {action} is in progress in {where}. Finish or abort it.")


def refuse_unless_clean(place: Place) -> None:
    """Raises Refused if the checkout is missing, locked for more than 5 s, or has changed tracked files."""
    if not place.top.is_dir():
        raise Refused(
            f"{place.move.name} is checked out in {place.top}, which is missing. Bring it back, or: git worktree prune."
        )
    lock = place.git.git_dir / "index.lock"
    # Suppressed, since it may go away while we look how old it is.
    with contextlib.suppress(FileNotFoundError):
        if not soon(lambda: not os.path.lexists(lock)):
            age = max(time.time() - lock.lstat().st_mtime, 0)
            raise Refused(
                f"{lock} exists since {age:.0f} s. If no git is at work there (ps -C git), remove that file."
            )
    changed = place.git.changed_files()
    if changed:
        raise Refused(
            f"{place.top} has changes in {some(changed)}. Commit or stash them first."
        )


def in_the_way(place: Place) -> list[str]:
    """Untracked or ignored files, folders and links that stand where a move adds something."""
    # A submodule's folder is not git's to overwrite, so a file that replaces it counts as new.
    ours, found = set(place.before), dict[str, None]()
    for change in place.changes:
        if not change.new or change.path in ours or change.old[:6] == change.new[:6]:
            continue
        for name in (*_folders(change.path), change.path):
            blocked = _blocking(place.top, name, leaf=name == change.path, ours=ours)
            if blocked:
                found.update(dict.fromkeys(blocked))
                break
    return list(found)


def _blocking(top: Path, name: str, *, leaf: bool, ours: set[str]) -> list[str]:
    path = top / name
    if path.is_dir() and not path.is_symlink():
        return strangers(top, name, known=ours) if leaf else []
    return [name] if os.path.lexists(path) and name not in ours else []


def strangers(top: Path, folder: str, *, known: set[str]) -> list[str]:
    """What lies below `folder`, links not followed, and is not in `known`."""
    found = []
    for here, folders, files in os.walk(top / folder):
        links = [name for name in folders if Path(here, name).is_symlink()]
        found += [os.path.relpath(Path(here, n), top) for n in (*files, *links)]
    return sorted(path for path in found if path not in known)


def _folders(path: str) -> list[str]:
    return [str(parent) for parent in reversed(Path(path).parents)][1:]


def linked_parent(top: Path, path: str) -> str:
    """The first folder on the way to `path` that is a symbolic link, empty if none is."""
    return next((name for name in _folders(path) if (top / name).is_symlink()), "")


@contextlib.contextmanager
def _own_index() -> Iterator[dict[str, str]]:
    with scratch.folder() as folder:
        yield {"GIT_INDEX_FILE": str(folder / "index")}


def lines_of(lines: Iterable[str]) -> bytes:
    """Lines as git's `-z` commands want them on their input."""
    return "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")


def differing(git: Repository, files: dict[str, str], *, kinds: str) -> set[str]:
    """Which files (path → mode and id) are not so on disk; `kinds` as in git's --diff-filter.

    Git compares, so that line ends may be converted, but with an index of our own: what the user's hides from
    git status (assume-unchanged) is found.
    """
    entries = lines_of(f"{file}\t{path}" for path, file in files.items())
    options = ("-z", "--name-only", f"--diff-filter={kinds}")
    with _own_index() as env:
        git.call("update-index", "-z", "--index-info", stdin=entries, env=env)
        git.ask("update-index", "-q", "--refresh", env=env)
        return set(git.call("diff-files", *options, env=env).fields)


def left_out(git: Repository) -> set[str]:
    """Paths outside the cone of a sparse checkout."""
    tags = git.call("ls-files", "-t", "-z").fields
    return {line[2:] for line in tags if line.startswith("S ")}


def filtered(place: Place) -> str:
    """The first changed file that a filter driver would rewrite on checkout, and the driver; empty if none."""
    options = ("--cached", "-z", "--stdin", "filter")
    with _own_index() as env:
        place.git.call("read-tree", place.move.new, env=env)
        paths = lines_of(place.after)
        said = place.git.call("check-attr", *options, stdin=paths, env=env).fields
    found = zip(said[::3], said[2::3], strict=True)
    bad = [pair for pair in found if pair[1] not in ("unspecified", "unset")]
    return f"{some([bad[0][0]])} (filter {bad[0][1]})" if bad else ""
