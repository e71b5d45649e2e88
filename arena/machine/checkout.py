"""A checkout as arena sees it: where a branch is checked out, and why it may not be moved now.

`git read-tree -m -u` and `git merge --ff-only` overwrite ignored files without a word, and read-tree replaces
whole ignored folders (measured with git 2.39), so what stands in the way is looked for here, name by name.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from arena.errors import ArenaError, one_line
from arena.machine import store
from arena.machine.git import Repository
from arena.machine.listing import admin_dirs, registered

PATIENCE = 5.0  # seconds for which a lock of somebody else is waited for
LINK, GITLINK = "120000", "160000"
BUSY = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase or am",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "sequencer": "cherry-pick or revert",
    "BISECT_LOG": "bisect",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One path that differs between two commits; modes and ids of a missing side are empty."""

    path: str
    old_mode: str
    old: str
    new_mode: str
    new: str


def holders(repo: Repository, branch: str) -> list[Repository]:
    """The checkouts whose HEAD is on `branch` (a full ref name)."""
    admins = admin_dirs(repo)
    found = []
    for number, entry in enumerate(registered(repo)):
        if entry.branch != branch or entry.bare:
            continue
        git_dir = repo.common_dir if number == 0 else admins.get(entry.path)
        if git_dir is not None and git_dir.resolve() == repo.git_dir.resolve():
            found.append(
                repo
            )  # knows its work tree better than the list, in a submodule for one
        elif git_dir is not None:
            found.append(Repository(git_dir, entry.path, options=repo.options))
    return [place for place in found if place.top is not None]


def top_of(checkout: Repository) -> Path:
    """Root of the work tree of a repository that has one."""
    assert checkout.top is not None
    return checkout.top


def refuse_if_busy(repo: Repository, branch: str) -> None:
    """Raises ArenaError while a rebase, merge or the like is in progress here, or of `branch` anywhere."""
    for name, action in BUSY.items():
        if (repo.git_dir / name).exists():
            where = repo.top or repo.git_dir
            raise ArenaError(
                f"a {action} is in progress in {where}. Finish or abort it first; nothing was changed."
            )
    for git_dir in (repo.common_dir, *admin_dirs(repo).values()):
        for name in ("rebase-merge", "rebase-apply"):
            head = git_dir / name / "head-name"
            if head.is_file() and head.read_text(errors="replace").strip() == branch:
                raise ArenaError(
                    f"a rebase of {short(branch)} is in progress ({git_dir / name}). "
                    "Finish or abort it first; nothing was changed."
                )


def refuse_unless_clean(checkout: Repository) -> None:
    """Raises ArenaError if the checkout is missing, locked for more than 5 s, or has changed tracked files."""
    top = top_of(checkout)
    if not top.is_dir():
        raise ArenaError(
            f"the branch is checked out in {top}, which is missing. Bring it back or run: "
            "git worktree prune. Nothing was changed."
        )
    _wait_for_index(checkout)
    changed = checkout.changed_files()
    if changed:
        raise ArenaError(
            f"{top} has changes in {some(changed)}. Commit or stash them first; nothing was changed."
        )


def _wait_for_index(checkout: Repository) -> None:
    lock = checkout.git_dir / "index.lock"
    end = time.monotonic() + PATIENCE
    while lock.exists() and time.monotonic() < end:
        time.sleep(0.1)
    try:
        age = time.time() - lock.lstat().st_mtime
    except FileNotFoundError:
        return
    raise ArenaError(
        f"{lock} exists since {max(age, 0):.0f} s: git is at work in {checkout.top}, or was killed there. "
        "If no git runs (ps -C git), remove that file; nothing was changed."
    )


def some(names: Sequence[str], *, limit: int = 5) -> str:
    """The first names, printable, and how many more there are."""
    shown = ", ".join(one_line(name, limit=120) for name in names[:limit])
    more = len(names) - limit
    return f"{shown} and {more} more" if more > 0 else shown


def short(ref: str) -> str:
    """`ref` without refs/heads/."""
    return ref.removeprefix("refs/heads/")


def differences(repo: Repository, old: str, new: str) -> list[Difference]:
    """The paths that differ between two commits or trees, renames as removal and addition."""
    fields = iter(
        repo.call("diff-tree", "-r", "-z", "--no-renames", "--raw", old, new).fields
    )
    found = []
    for head in fields:
        old_mode, new_mode, old_oid, new_oid, _ = head[1:].split(" ")
        found.append(
            Difference(
                path=next(fields),
                old_mode=old_mode.strip("0") and old_mode,
                old=old_oid.strip("0") and old_oid,
                new_mode=new_mode.strip("0") and new_mode,
                new=new_oid.strip("0") and new_oid,
            )
        )
    return found


def in_the_way(top: Path, changes: Iterable[Difference]) -> list[str]:
    """Untracked or ignored files, folders and links that stand where a change adds something."""
    # A submodule's folder is not git's to overwrite, so a file that replaces it counts as new.
    changes = list(changes)
    ours = {c.path for c in changes if c.old and c.old_mode != GITLINK}
    found: dict[str, None] = {}
    for change in changes:
        if not change.new or change.path in ours or change.old_mode == change.new_mode:
            continue
        parents = [str(p) for p in reversed(Path(change.path).parents)][1:]
        for name in (*parents, change.path):
            blocked = _blocking(top, name, leaf=name == change.path, ours=ours)
            if blocked:
                found.update(dict.fromkeys(blocked))
                break
    return list(found)


def _blocking(top: Path, name: str, *, leaf: bool, ours: set[str]) -> list[str]:
    path = top / name
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return []
    if stat.S_ISDIR(mode):
        return strangers(top, name, known=ours) if leaf else []
    return [] if name in ours else [name]


def strangers(top: Path, folder: str, *, known: set[str]) -> list[str]:
    """What lies below `folder`, links not followed, and is not in `known`."""
    found = []
    for here, folders, files in os.walk(top / folder):
        links = [name for name in folders if Path(here, name).is_symlink()]
        for name in sorted([*files, *links]):
            path = os.path.relpath(Path(here, name), top)
            if path not in known:
                found.append(path)
    return sorted(found)


def blob_id(content: bytes, *, like: str) -> str:
    """Git's id of a blob, in the hash function of the id `like`."""
    algorithm = "sha1" if len(like) == 40 else "sha256"
    digest = hashlib.new(algorithm, b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def linked_parent(top: Path, path: str) -> str:
    """The first folder on the way to `path` that is a symbolic link, empty if none is."""
    parents = [str(parent) for parent in reversed(Path(path).parents)][1:]
    return next((name for name in parents if (top / name).is_symlink()), "")


def content_of(top: Path, path: str) -> bytes | None:
    """What git would see at `path`: a file's bytes or a link's text; None if nothing of that kind is there."""
    full = top / path
    if linked_parent(top, path):
        return None
    try:
        mode = full.lstat().st_mode
        if stat.S_ISLNK(mode):
            return os.fsencode(os.readlink(full))  # noqa: PTH115 - raw bytes
        return full.read_bytes() if stat.S_ISREG(mode) else None
    except (FileNotFoundError, NotADirectoryError):
        return None


def same(checkout: Repository, path: str, oid: str) -> bool:
    """Whether the file at `path` is the blob `oid`, as it is or after git's line-end conversion."""
    content = content_of(top_of(checkout), path)
    if content is None:
        return False
    if blob_id(content, like=oid) == oid:
        return True
    if (top_of(checkout) / path).is_symlink():
        return False
    cleaned = checkout.ask("hash-object", "--stdin", f"--path={path}", stdin=content)
    return cleaned.text == oid


def hidden_edits(checkout: Repository, changes: Iterable[Difference]) -> list[str]:
    """Files that a change would overwrite and whose edits `git status` does not show (assume-unchanged)."""
    return [
        change.path
        for change in changes
        if change.old
        and change.old_mode != GITLINK
        and content_of(top_of(checkout), change.path) is not None
        and not same(checkout, change.path, change.old)
    ]


def filtered(checkout: Repository, changes: Iterable[Difference], new: str) -> str:
    """The first changed file that a filter driver would rewrite on checkout, and the driver; empty if none."""
    paths = "".join(change.path + "\0" for change in changes if change.new)
    index = store.cache_dir() / "git" / f"attributes-{os.getpid()}-{new[:12]}"
    env = {"GIT_INDEX_FILE": str(index)}
    try:
        checkout.call("read-tree", new, env=env)
        said = checkout.call(
            "check-attr",
            "--cached",
            "-z",
            "--stdin",
            "filter",
            stdin=paths.encode("utf-8", "surrogateescape"),
            env=env,
        ).fields
    finally:
        index.unlink(missing_ok=True)
    for path, value in zip(said[::3], said[2::3], strict=True):
        if value not in ("unspecified", "unset"):
            return f"{one_line(path, limit=120)} (filter {value})"
    return ""
