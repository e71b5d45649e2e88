"""Moves branches together with their clean checkouts, so that a crash or a rival leaves the old state or the new.

The order is: look, lock the refs, update the checkout, compare it with what was tested, move the refs. Recovery
goes by content, never by guess.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from arena.errors import ArenaError, GitError, one_line
from arena.machine import checkout, living, store
from arena.machine.checkout import GITLINK, Difference, some, top_of
from arena.machine.git import Repository
from arena.machine.transaction import Move, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A checkout that moves with its branch."""

    move: Move
    checkout: Repository


class HalfDone(ArenaError):  # noqa: N818 - a state, not a fault
    """A change was given up and the checkout could not be taken back; recovery must look at it again."""


Announce = Callable[[Sequence[Place], int], None]


def guard(repo: Repository) -> Path:
    """The lock file that serialises what arena does to the refs and worktrees of one repository."""
    name = store.repository_id(repo.common_dir)
    return store.state_dir() / name / "refs.lock"


def places(repo: Repository, moves: Sequence[Move]) -> list[Place]:
    """The checkouts that must move along. Raises ArenaError where that is not possible."""
    found = []
    for move in moves:
        if not move.ref.startswith("refs/heads/") or not move.old:
            continue
        held = checkout.holders(repo, move.ref)
        if held and (not move.new or len(held) > 1):
            where = ", ".join(str(place.top) for place in held)
            raise ArenaError(
                f"{checkout.short(move.ref)} is checked out in {where}. Switch to another branch there; "
                "nothing was changed."
            )
        found += [Place(move=move, checkout=place) for place in held]
    return found


def refuse_unless_ready(repo: Repository, branch: str) -> list[Repository]:
    """The checkouts of `branch`. Raises ArenaError, naming what to do, if it can't be moved now."""
    checkout.refuse_if_busy(repo, branch)
    held = checkout.holders(repo, branch)
    for place in held:
        checkout.refuse_if_busy(place, branch)
        checkout.refuse_unless_clean(place)
    return held


def refuse_overwriting(place: Repository, changes: Sequence[Difference]) -> None:
    """Raises ArenaError if the change would overwrite a file of the user's, tracked, untracked or ignored."""
    blocked = checkout.in_the_way(top_of(place), changes)
    if blocked:
        raise ArenaError(
            f"{some(blocked)} in {place.top} would be overwritten: not in git, but in the way of the merge. "
            "Move or remove it first; nothing was changed."
        )
    edited = checkout.hidden_edits(place, changes)
    if edited:
        raise ArenaError(
            f"{some(edited)} in {place.top} would be overwritten: its changes are hidden from git status "
            "(assume-unchanged or skip-worktree). Save them first; nothing was changed."
        )


def advance(
    repo: Repository, moves: Sequence[Move], *, why: str, announce: Announce
) -> list[Place]:
    """Moves all refs, with the checkouts of branches, or nothing; returns the checkouts.

    `announce` is called with the checkouts and the id of the git process that will hold the locks, when everything
    was looked at and before anything changes. Raises ArenaError, and then nothing has changed.
    """
    with store.lock(guard(repo), who="arena", wait=60):
        found = places(repo, moves)
        for move in moves:
            if move.old and move.ref.startswith("refs/heads/"):
                refuse_unless_ready(repo, move.ref)
        for place in found:
            _look(place)
        home = found[0].checkout if found else repo  # whose HEAD is locked, too
        with Transaction(home, moves, why=why) as refs:
            announce(found, refs.pid)
            refs.prepare()
            try:
                for place in found:
                    _switch(place)
                refs.commit()
            except BaseException:
                refs.abort()
                _take_back(found)
                raise
    return found


def _take_back(found: Sequence[Place]) -> None:
    for place in found:
        try:
            mend(place)
        except ArenaError as error:
            raise HalfDone(str(error)) from error


def _look(place: Place) -> None:
    changes = checkout.differences(place.checkout, place.move.old, place.move.new)
    refuse_overwriting(place.checkout, changes)
    name = checkout.filtered(place.checkout, changes, place.move.new)
    if name:
        raise ArenaError(
            f"{name} in {place.checkout.top} needs a filter, and arena runs none. Switch to another branch "
            "there and try again, or merge it yourself; nothing was changed."
        )


def _switch(place: Place) -> None:
    git, old, new = place.checkout, place.move.old, place.move.new
    # A file that was only touched stops read-tree, though its content is the same.
    git.ask("update-index", "-q", "--refresh", session=True)
    git.call("read-tree", "-m", "-u", old, new, session=True)
    wrong = _untrue(git, checkout.differences(git, old, new))
    if wrong:
        git.call("read-tree", "-m", "-u", new, old, session=True)
        raise ArenaError(
            f"{some(wrong)} came out of {git.common_dir} with other content than its id says. "
            "The object store is damaged: run git fsck. Nothing was changed."
        )


def _untrue(git: Repository, changes: Sequence[Difference]) -> list[str]:
    absent = _left_out(git)
    return [
        change.path
        for change in changes
        if change.new
        and change.new_mode != GITLINK
        and change.path not in absent
        and not checkout.same(git, change.path, change.new)
    ]


def _left_out(git: Repository) -> set[str]:
    # Outside the cone of a sparse checkout.
    lines = git.call("ls-files", "-t", "-z").fields
    return {line[2:] for line in lines if line.startswith("S ")}


def mend(place: Place) -> None:
    """Takes a half-updated checkout back to where its branch still is.

    Nothing is done once the branch has moved: it moves after the checkout. Each path that differs between the two
    sides must hold the one, the other, nothing, or the beginning of one of them (git killed while writing). Raises
    ArenaError with the names of others: those are the user's; nothing is touched then.
    """
    git, move = place.checkout, place.move
    value = git.refs(move.ref).get(move.ref, "")
    if not top_of(git).is_dir() or _made(move, value, git):
        return
    if value != move.old:
        raise ArenaError(
            f"{checkout.short(move.ref)} is at {value[:12] or 'nothing'}, neither before nor after the "
            f"interrupted landing ({move.old[:12]}, {move.new[:12]}). Look at git status in "
            f"{git.top}; nothing was changed."
        )
    changes = checkout.differences(git, move.old, move.new)
    foreign = [c.path for c in changes if not _expected(git, c, changes)]
    if foreign:
        raise ArenaError(
            f"{some(foreign)} in {git.top} changed after a landing was interrupted. Save your version elsewhere, "
            "remove it there, then run arena resume; nothing was changed."
        )
    _write_back(git, value, changes)


def _expected(
    git: Repository, change: Difference, changes: Sequence[Difference]
) -> bool:
    top, known = top_of(git), {other.path for other in changes}
    sides = [oid for oid in (change.old, change.new) if oid]
    if GITLINK in (change.old_mode, change.new_mode):
        return True
    link = checkout.linked_parent(top, change.path)
    if link:
        return link in known
    if (top / change.path).is_dir() and not (top / change.path).is_symlink():
        return not checkout.strangers(top, change.path, known=known)
    content = checkout.content_of(top, change.path)
    if content is None:
        return not os.path.lexists(top / change.path)
    if any(checkout.same(git, change.path, oid) for oid in sides):
        return True
    plain = content.replace(b"\r\n", b"\n").removesuffix(b"\r")
    blobs = [git.call("cat-file", "blob", oid).out for oid in sides]
    return any(blob.startswith((content, plain)) for blob in blobs)


def _write_back(git: Repository, commit: str, changes: Sequence[Difference]) -> None:
    git.call("read-tree", "--reset", commit, session=True)
    for change in changes:
        if not change.old:
            _remove(top_of(git), change.path)
    paths = "".join(f"{change.path}\0" for change in changes if change.old)
    data = paths.encode("utf-8", "surrogateescape")
    git.call("checkout-index", "-f", "-q", "-z", "--stdin", stdin=data, session=True)
    git.ask("update-index", "-q", "--refresh", session=True)


def _remove(top: Path, path: str) -> None:
    full = top / path
    if checkout.linked_parent(top, path) or (full.is_dir() and not full.is_symlink()):
        return
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        full.unlink()
    for parent in full.parents:
        if parent == top:
            return
        try:
            parent.rmdir()
        except OSError:
            return


def release(
    repo: Repository, found: Sequence[Place], refs: Sequence[str], *, since: float
) -> None:
    """Removes the locks that our killed git left on these refs and checkouts since `since` (seconds, wall clock).

    Raises ArenaError if git is still at work there after 5 s, or for a lock that is older and so not ours.
    """
    names = [repo.common_dir / f"{ref}.lock" for ref in refs]
    names.append(repo.common_dir / "packed-refs.lock")
    git_dirs = {repo.git_dir, *(place.checkout.git_dir for place in found)}
    names += [d / name for d in git_dirs for name in ("HEAD.lock", "index.lock")]
    folders = [*git_dirs, repo.common_dir, *(top_of(p.checkout) for p in found)]
    end = time.monotonic() + checkout.PATIENCE
    while (busy := living.gits_at(folders)) and time.monotonic() < end:
        time.sleep(0.1)
    for lock in names:
        if not lock.exists():
            continue
        if busy:
            raise ArenaError(
                f"git is at work in {repo.common_dir} (process {busy[0]}) and holds {lock}. Wait for its end."
            )
        if lock.stat().st_mtime < since - 1 or not living.visible():
            raise ArenaError(
                f"{lock} may not be of the interrupted landing. If no git runs, remove it; nothing was changed."
            )
        lock.unlink()


def settle(repo: Repository, moves: Sequence[Move], *, why: str) -> bool:
    """Completes moves of which some were made when git was killed; tells whether they are made now.

    Raises GitError if a ref is at neither value.
    """
    made = [_made(move, repo.refs(move.ref).get(move.ref, ""), repo) for move in moves]
    # An archive ref may have come about otherwise; a branch only moves after its checkout.
    branches = [m.ref.startswith("refs/heads/") for m in moves]
    if not any(done and branch for done, branch in zip(made, branches, strict=True)):
        return False
    rest = [move for move, done in zip(moves, made, strict=True) if not done]
    try:
        repo.move_refs([(m.ref, m.new, m.old) for m in rest], why=why)
    except GitError as error:
        raise GitError(f"can't complete the landing: {one_line(str(error))}") from error
    return True


def _made(move: Move, value: str, repo: Repository) -> bool:
    if value == move.new:
        return True
    if not value or not move.new or value == move.old:
        return False
    # The user may have committed on top since; where we went back, what we left also contains the new value.
    beyond = repo.is_ancestor(move.new, value)
    went_back = bool(move.old) and repo.is_ancestor(move.new, move.old)
    return beyond and not (went_back and repo.is_ancestor(move.old, value))
