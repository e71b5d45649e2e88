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


Change = tuple[list[Place], Transaction]


@contextmanager
def ready(repo: Repository, moves: Sequence[Move], *, why: str) -> Iterator[Change]:
    """Looks at everything that a change touches, which `make` then makes.

    Raises Refused if something stands in the way.
    """
    with alone(repo):
        places = look(repo, moves)
        home = places[0].git if places else repo  # whose HEAD is locked, too
        with Transaction(home, moves, why=why) as refs:
            yield places, refs


def make(change: Change) -> None:
    """Moves all refs, with the checkouts of branches, or nothing. Raises ArenaError; HalfDone if it got stuck."""
    places, refs = change
    refs.prepare()
    for place in places:
        _look_again(place)
    try:
        for place in places:
            _switch(place)
        refs.commit()
    except BaseException:
        refs.abort()
        try:
            for place in places:
                mend(place)
        except (ArenaError, OSError) as error:
            rest = "Once that is mended: arena resume"
            raise HalfDone(f"a change was given up half done ({error}). {rest}") from error  # fmt: skip
        raise


def look(repo: Repository, moves: Sequence[Move]) -> list[Place]:
    """The checkouts that must move along. Raises Refused, naming what to do, where that is not possible now."""
    found = [place for move in moves for place in places_of(repo, move)]
    for move in moves:
        if not move.old or not move.is_branch:
            continue
        tops = [place.top for place in found if place.move == move]
        if tops and (not move.new or len(tops) > 1):
            where = f"{move.name} is checked out in {some(tops)}"
            raise Refused(f"{where}. Switch to another branch there.")
        if move.new:
            checkout.refuse_if_busy(repo)
        _refuse_if_rebased(repo, move)
    for place in found:
        _look_at(place)
    return found


def places_of(repo: Repository, move: Move) -> list[Place]:
    """The checkouts that are on the branch which a move changes."""
    exists = move.is_branch and move.old
    return [Place(g, move) for g in listing.holders(repo, move.ref)] if exists else []


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
            f"{name} in {place.top} needs a filter, and arena runs none. Switch to another branch there."
        )
    _refuse_in_the_way(place)
    edited = checkout.differing(place.git, place.before, kinds="MT")
    if edited:
        raise Refused(
            f"{some(edited)} in {place.top} has changes that are hidden from git status. Save them first."
        )


def _refuse_in_the_way(place: Place) -> None:
    blocked = checkout.in_the_way(place)
    if blocked:
        raise Refused(
            f"{some(blocked)} in {place.top} is in the way, and not in git. Move or remove it first."
        )


def _look_again(place: Place) -> None:
    # A file that was only touched stops read-tree, though its content is the same.
    place.git.ask("update-index", "-q", "--refresh", session=True)
    _refuse_in_the_way(place)  # which git would not do for ignored files
    place.git.call("read-tree", "-n", "-m", "-u", place.move.old, place.move.new)


def _switch(place: Place) -> None:
    git, old, new = place.git, place.move.old, place.move.new
    git.call("read-tree", "-m", "-u", old, new, session=True)
    differing = checkout.differing(git, place.after, kinds="DMT")
    wrong = differing - checkout.left_out(git)
    if wrong:
        git.call("read-tree", "-m", "-u", new, old, session=True)
        raise Refused(
            f"{some(wrong)} came out of {git.common_dir} with false content. Run git fsck."
        )
