"""Takes what a kill left half done to one side: locks, refs and checkout. By content, never by guess."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from arena.errors import Refused
from arena.machine import checkout, living
from arena.machine.checkout import GITLINK, Difference, Place, some
from arena.machine.git import Repository
from arena.machine.transaction import Move, move_refs, value_of


def mend(place: Place) -> None:
    """Takes a half-updated checkout back to where its branch still is.

    Nothing is done once the branch has moved: it moves after the checkout, or the user has moved it since. Each path
    that differs between the two sides must hold the one, the other, nothing, or the beginning of one of them (git
    killed while writing). Raises Refused with the names of others: those are the user's; nothing is touched then.
    """
    value = value_of(place.git, place.move.ref)
    if value != place.move.old or not place.top.is_dir():
        return
    foreign = _foreign(place)
    if foreign:
        raise Refused(
            f"{some(foreign)} in {place.top} changed after a landing was interrupted. Save your version elsewhere, "
            "remove it there, then run arena resume."
        )
    _write_back(place)


def _foreign(place: Place) -> list[str]:
    """The paths that hold something which git, killed at any moment, can't have left there."""
    same: set[str] = set()
    for side in (place.before, place.after):
        same |= side.keys() - checkout.differing(place.git, side, kinds="DMT")
    rest = [change for change in place.changes if change.path not in same]
    known = {change.path for change in place.changes}
    return [c.path for c in rest if not _left_over(place, c, known=known)]


def _left_over(place: Place, change: Difference, *, known: set[str]) -> bool:
    path = place.top / change.path
    if GITLINK in (change.old[:6], change.new[:6]):
        return True
    link = checkout.linked_parent(place.top, change.path)
    if link:
        return link in known
    if path.is_dir() and not path.is_symlink():
        return not checkout.strangers(place.top, change.path, known=known)
    if path.is_symlink() or not path.is_file():
        return not os.path.lexists(path)
    content = path.read_bytes()
    plain = content.replace(b"\r\n", b"\n").removesuffix(b"\r")
    oids = [side[7:] for side in (change.old, change.new) if side]
    blobs = [place.git.call("cat-file", "blob", oid).out for oid in oids]
    return any(blob.startswith((content, plain)) for blob in blobs)


def _write_back(place: Place) -> None:
    git, move = place.git, place.move
    # The index alone, and in it nothing but what differs: what the user has staged since stays.
    git.call("read-tree", "-i", "-m", move.new, move.old, session=True)
    for change in place.changes:
        if not change.old:
            _remove(place.top, change.path)
    paths = checkout.lines_of(sorted(place.before.keys() - checkout.left_out(git)))
    git.call("checkout-index", "-f", "-q", "-z", "--stdin", stdin=paths, session=True)
    git.ask("update-index", "-q", "--refresh", session=True)


def _remove(top: Path, path: str) -> None:
    full = top / path
    if checkout.linked_parent(top, path) or (full.is_dir() and not full.is_symlink()):
        return
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        full.unlink()
    with contextlib.suppress(OSError):  # the first folder that holds something else
        for parent in full.relative_to(top).parents[:-1]:
            (top / parent).rmdir()


def release(
    repo: Repository, places: Sequence[Place], moves: Sequence[Move], *, since: float
) -> None:
    """Removes the locks that our killed git left on these refs and checkouts since `since` (seconds, wall clock).

    Raises Refused if git is still at work there after 5 s, or for a lock that is older and so not ours.
    """
    git_dirs = {repo.git_dir, *(place.git.git_dir for place in places)}
    locks = [repo.common_dir / f"{move.ref}.lock" for move in moves]
    locks.append(repo.common_dir / "packed-refs.lock")
    locks += [d / name for d in git_dirs for name in ("HEAD.lock", "index.lock")]
    folders = [*git_dirs, repo.common_dir, *(place.top for place in places)]
    quiet = living.soon(lambda: not living.gits_at(folders))
    for lock in filter(Path.exists, locks):
        if not quiet:
            raise Refused(f"git is at work and holds {lock}. Wait for its end.")
        if lock.stat().st_mtime < since - 1 or not living.visible():
            raise Refused(f"{lock} may not be of the interrupted landing. Remove it.")
        lock.unlink()


def settle(repo: Repository, moves: Sequence[Move], *, why: str) -> bool:
    """Completes moves of which some were made when git was killed; tells whether they are made now.

    Raises GitError if a ref is at neither value.
    """
    rest = [move for move in moves if not _made(repo, move)]
    # An archive ref may have come about otherwise; a branch only moves after its checkout.
    if not any(move.is_branch for move in moves if move not in rest):
        return False
    move_refs(repo, rest, why=why)
    return True


def _made(repo: Repository, move: Move) -> bool:
    value = value_of(repo, move.ref)
    if value == move.new:
        return True
    if not value or not move.new or value == move.old:
        return False
    # The user may have committed on top since; where we went back, what we left also contains the new value.
    beyond = repo.is_ancestor(move.new, value)
    went_back = bool(move.old) and repo.is_ancestor(move.new, move.old)
    return beyond and not (went_back and repo.is_ancestor(move.old, value))
