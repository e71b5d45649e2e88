"""Moves branches together with their clean checkouts, so that a crash or a rival leaves the old state or the new.

The order is: look, lock the refs, update the checkout, compare it with what was tested, move the refs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from arena.errors import ArenaError
from arena.machine import checkout, store
from arena.machine.checkout import GITLINK, Difference, some, top_of
from arena.machine.git import Repository
from arena.machine.mend import mend
from arena.machine.transaction import Move, Place, Transaction


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
    _refuse_in_the_way(place, changes)
    edited = checkout.hidden_edits(place, changes)
    if edited:
        raise ArenaError(
            f"{some(edited)} in {place.top} would be overwritten: its changes are hidden from git status "
            "(assume-unchanged or skip-worktree). Save them first; nothing was changed."
        )


def _refuse_in_the_way(place: Repository, changes: Sequence[Difference]) -> None:
    blocked = checkout.in_the_way(top_of(place), changes)
    if blocked:
        raise ArenaError(
            f"{some(blocked)} in {place.top} would be overwritten: not in git, but in the way of the merge. "
            "Move or remove it first; nothing was changed."
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
    changes = checkout.differences(git, old, new)
    _refuse_in_the_way(
        git, changes
    )  # again: git would not see an ignored file of this moment
    git.call("read-tree", "-m", "-u", old, new, session=True)
    wrong = _untrue(git, changes)
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
