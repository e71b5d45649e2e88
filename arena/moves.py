"""What the journal tells of moved refs, and how a change that a kill interrupted is completed or taken back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena.errors import ArenaError
from arena.journal import Event, Journal
from arena.machine import checkout, living, mend, records
from arena.machine.git import Repository
from arena.machine.transaction import Move, Place

# What begins a change of refs in the journal, and what ends it, done or not.
ENDS = {
    "landing": ("landed", "not-landed"),
    "cleaning": ("cleaned", "not-cleaned"),
    "undoing": ("undone", "not-undone"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What an interrupted change was (landing, cleaning, undoing), and whether it is made now or taken back."""

    kind: str
    made: bool
    moves: tuple[Move, ...]


def witness(moves: Iterable[Move], places: Sequence[Place], pid: int) -> dict[str, Any]:
    """What recovery needs: what moves, where, and which processes do it."""
    return {
        "moves": records.to_json(list(moves)),
        "checkouts": [
            {
                "ref": place.move.ref,
                "git_dir": str(place.checkout.git_dir),
                "top": str(place.checkout.top),
            }
            for place in places
        ],
        "processes": [[n, living.birth(n)] for n in (os.getpid(), pid)],
    }


def moves_of(event: Event) -> tuple[Move, ...]:
    """The moves that a journal event tells of."""
    return tuple(records.from_json(Move, move) for move in event.data.get("moves", ()))


def recover(repo: Repository, journal: Journal) -> Recovered | None:
    """Completes or takes back the landing, clean-up or undo that a kill interrupted; None if there was none.

    Raises ArenaError if its processes still run, or if the user's own changes are in the way; nothing is changed
    then.
    """
    event = _open(list(journal.events()))
    if event is None:
        return None
    for number, (pid, born) in enumerate(event.data.get("processes", ())):
        # Arena itself comes first; its git needs a moment to notice that arena is gone.
        within = checkout.PATIENCE if number else 0
        if pid != os.getpid() and not living.gone(pid, born, within=within):
            raise ArenaError(
                f"a {event.kind} of this run is still at work (process {pid}). Wait for its end."
            )
    repo = repo.unfiltered()
    moves = moves_of(event)
    places = [_place(repo, moves, data) for data in event.data.get("checkouts", ())]
    mend.release(repo, places, [move.ref for move in moves], since=event.at)
    made = mend.settle(repo, moves, why=f"arena: complete {event.kind}")
    for place in places if not made else ():
        mend.mend(place)
    facts = {key: event.data[key] for key in _facts(event)}
    journal.add(ENDS[event.kind][not made], event.label, **facts, recovered=True)
    return Recovered(kind=event.kind, made=made, moves=moves)


def _facts(event: Event) -> list[str]:
    return [key for key in event.data if key not in ("checkouts", "processes", "why")]


def _open(events: Sequence[Event]) -> Event | None:
    opened: Event | None = None
    for event in events:
        if event.kind in ENDS:
            opened = event
        elif opened is not None and event.kind in ENDS[opened.kind]:
            opened = None
    return opened


def is_open(journal: Journal, kind: str) -> bool:
    """Whether the journal's last change is of this kind and has no end yet."""
    event = _open(list(journal.events()))
    return event is not None and event.kind == kind


def _place(repo: Repository, moves: Sequence[Move], data: dict[str, str]) -> Place:
    move = next(move for move in moves if move.ref == data["ref"])
    top, git_dir = Path(data["top"]), Path(data["git_dir"])
    return Place(move=move, checkout=Repository(git_dir, top, options=repo.options))
