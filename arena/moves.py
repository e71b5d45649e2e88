"""Changes of refs that the journal tells of before and after; what a kill interrupted is completed or taken back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from arena.errors import ArenaError
from arena.journal import Event
from arena.machine import living, mend, records, switch
from arena.machine.checkout import Place
from arena.machine.git import Repository
from arena.machine.switch import HalfDone
from arena.machine.transaction import Move, value_of
from arena.session import Session

# What begins a change of refs in the journal, and what ends it, done or not.
ENDS = {
    "landing": ("landed", "not-landed"),
    "cleaning": ("cleaned", "not-cleaned"),
    "undoing": ("undone", "not-undone"),
}


@dataclass(frozen=True, slots=True)
class Recovered:
    """What an interrupted change was (landing, cleaning, undoing), and whether it is made now or taken back."""

    kind: str
    made: bool
    moves: tuple[Move, ...]


def change(
    session: Session,
    kind: str,
    moves: Sequence[Move],
    *,
    why: str,
    label: str | None = None,
    **facts: Any,
) -> tuple[Path, ...]:
    """Moves refs with their checkouts, or nothing, and journals it as a change of this kind; returns the checkouts.

    Raises ArenaError, and then nothing has changed; or it stays open in the journal, for `recover` to settle.
    """
    repo, journal = session.repo, session.journal
    done, not_done = ENDS[kind]
    facts |= {"run": session.run, "moves": records.to_json(list(moves))}
    with switch.ready(repo, moves, why=f"arena: {why} (run {session.run})") as held:
        tops = tuple(place.top for place in held.places)
        pids = (os.getpid(), held.pid)
        journal.add(
            kind,
            label,
            **facts,
            checkouts=[_witness(place) for place in held.places],
            processes=[[pid, living.birth(pid)] for pid in pids],
        )
        try:
            held.make()
        except HalfDone:
            raise
        except ArenaError as error:
            if value_of(repo, moves[0].ref) != moves[0].new:
                journal.add(not_done, label, **facts, why=str(error))
            raise
        shown = str(tops[0]) if tops else None
        journal.add(done, label, **facts, checkout=shown)
    return tops


def _witness(place: Place) -> dict[str, str]:
    git_dir, top = str(place.git.git_dir), str(place.top)
    return {"ref": place.move.ref, "git_dir": git_dir, "top": top}


def moves_of(event: Event) -> tuple[Move, ...]:
    """The moves that a journal event tells of."""
    return tuple(records.from_json(Move, move) for move in event.data.get("moves", ()))


def settled(session: Session) -> Session:
    """The session with all filters off, when what a kill interrupted in it is settled."""
    recover(session)
    return replace(session, repo=session.repo.unfiltered())


def recover(session: Session) -> Recovered | None:
    """Completes or takes back the landing, clean-up or undo that a kill interrupted; None if there was none.

    Raises ArenaError if its processes still run, or if the user's own changes are in the way; nothing is changed
    then.
    """
    event = _open(session.journal.events())
    if event is None:
        return None
    for number, (pid, born) in enumerate(event.data.get("processes", ())):
        # Arena itself comes first; its git needs a moment to notice that arena is gone.
        within = living.PATIENCE if number else 0
        if pid != os.getpid() and not _gone(pid, born, within=within):
            raise ArenaError(
                f"a {event.kind} of this run is still at work (process {pid}). Wait for its end."
            )
    repo, moves = session.repo.unfiltered(), moves_of(event)
    places = [_place(repo, moves, data) for data in event.data.get("checkouts", ())]
    mend.release(repo, places, moves, since=event.at)
    made = mend.settle(repo, moves, why=f"arena: complete {event.kind}")
    for place in places if not made else ():
        mend.mend(place)
    left_out = ("checkouts", "processes", "why")
    facts = {key: value for key, value in event.data.items() if key not in left_out}
    session.journal.add(
        ENDS[event.kind][not made], event.label, **facts, recovered=True
    )
    return Recovered(event.kind, made, moves)


def _gone(pid: int, born: str | None, *, within: float) -> bool:
    return living.soon(lambda: not living.alive(pid, born), within=within)


def _open(events: Iterable[Event]) -> Event | None:
    opened: Event | None = None
    for event in events:
        if event.kind in ENDS:
            opened = event
        elif opened is not None and event.kind in ENDS[opened.kind]:
            opened = None
    return opened


def _place(repo: Repository, moves: Sequence[Move], data: dict[str, str]) -> Place:
    move = next(move for move in moves if move.ref == data["ref"])
    top, git_dir = Path(data["top"]), Path(data["git_dir"])
    return Place(Repository(git_dir, top, options=repo.options), move)
