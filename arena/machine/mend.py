"""Takes what a kill left half done to one side: locks, refs and checkout. By content, never by guess."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from arena.errors import ArenaError, GitError, one_line
from arena.machine import checkout, living
from arena.machine.checkout import GITLINK, Difference, some, top_of
from arena.machine.git import Repository
from arena.machine.transaction import Move, Place


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
