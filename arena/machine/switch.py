"""Moves branches together with their clean checkouts, so that a crash or a rival leaves the old state or the new.

The order is: look, lock the refs, update the checkout, compare it with what was tested, move the refs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from arena.errors import ArenaError, Refused
from arena.machine import checkout, listing
from arena.machine.checkout import Place, some
from arena.machine.git import Repository
from arena.machine.mend import mend
from arena.machine.transaction import Move, Transaction, alone


class HalfDone(ArenaError):  # noqa: N818 - a state, not a fault
    """A change was given up and the checkout could not be taken back; recovery must look at it again."""


class Change:
    """Moves that were looked at and can be made now: `pid` is the git process that will hold the locks."""

    def __init__(self, places: Sequence[Place], refs: Transaction) -> None:
        self.places, self._refs, self.pid = places, refs, refs.pid

    def make(self) -> None:
        """Moves all refs, with the checkouts of branches, or nothing. Raises ArenaError; HalfDone if it got stuck."""
        self._refs.prepare()
        try:
            for place in self.places:
                _switch(place)
            self._refs.commit()
        except BaseException:
            self._refs.abort()
            for place in self.places:
                _take_back(place)
            raise


@contextmanager
def ready(repo: Repository, moves: Sequence[Move], *, why: str) -> Iterator[Change]:
    """Holds everything that a change needs, which `Change.make` then makes.

    Raises Refused if something stands in the way.
    """
    with alone(repo):
        places = look(repo, moves)
        home = places[0].git if places else repo  # whose HEAD is locked, too
        with Transaction(home, moves, why=why) as refs:
            yield Change(places, refs)


def look(repo: Repository, moves: Sequence[Move]) -> list[Place]:
    """The checkouts that must move along. Raises Refused, naming what to do, where that is not possible now."""
    found = []
    for move in moves:
        if not move.old or not move.is_branch:
            continue
        held = [Place(git, move) for git in listing.holders(repo, move.ref)]
        if held and (not move.new or len(held) > 1):
            where = some(place.top for place in held)
            raise Refused(
                f"{move.name} is checked out in {where}. Switch to another branch there."
            )
        if move.new:
            checkout.refuse_if_busy(repo)
        _refuse_if_rebased(repo, move)
        for place in held:
            _look_at(place)
        found += held
    return found


def _refuse_if_rebased(repo: Repository, move: Move) -> None:
    # Its HEAD is detached meanwhile, so the list of worktrees does not tell.
    for git_dir in (repo.common_dir, *listing.admin_dirs(repo).values()):
        for head in git_dir.glob("rebase-*/head-name"):
            if head.read_text(errors="replace").strip() == move.ref:
                raise Refused(
                    f"a rebase of {move.name} is in progress ({head.parent}). Finish or abort it."
                )


def _look_at(place: Place) -> None:
    checkout.refuse_if_busy(place.git)
    checkout.refuse_unless_clean(place)
    name = checkout.filtered(place)
    if name:
        raise Refused(
            f"{name} in {place.top} needs a filter, and arena runs none. Switch to another "
            "branch there and try again, or merge it yourself."
        )
    _refuse_in_the_way(place)
    edited = checkout.differing(place.git, place.before, kinds="MT")
    if edited:
        raise Refused(
            f"{some(edited)} in {place.top} would be overwritten: its changes are hidden from "
            "git status (assume-unchanged or skip-worktree). Save them first."
        )


def _refuse_in_the_way(place: Place) -> None:
    blocked = checkout.in_the_way(place)
    if blocked:
        raise Refused(
            f"{some(blocked)} in {place.top} would be overwritten: not in git, but in the way. "
            "Move or remove it first."
        )


def _take_back(place: Place) -> None:
    try:
        mend(place)
    except ArenaError as error:
        raise HalfDone(str(error)) from error


def _switch(place: Place) -> None:
    git, old, new = place.git, place.move.old, place.move.new
    # A file that was only touched stops read-tree, though its content is the same.
    git.ask("update-index", "-q", "--refresh", session=True)
    _refuse_in_the_way(place)  # again: git would not see an ignored file of this moment
    git.call("read-tree", "-m", "-u", old, new, session=True)
    tags = git.call("ls-files", "-t", "-z").fields
    absent = {line[2:] for line in tags if line.startswith("S ")}  # by a sparse cone
    files = {path: file for path, file in place.after.items() if path not in absent}
    wrong = checkout.differing(git, files, kinds="DMT")
    if wrong:
        git.call("read-tree", "-m", "-u", new, old, session=True)
        raise Refused(
            f"{some(wrong)} came out of {git.common_dir} with other content than its id says. "
            "The object store is damaged: run git fsck."
        )
