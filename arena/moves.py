"""Changes of refs that the journal tells of before and after; what a kill interrupted is completed or taken back."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from arena.errors import ArenaError
from arena.journal import Event
from arena.machine import living, mend, records, switch
from arena.machine.switch import HalfDone
from arena.machine.transaction import Move, value_of
from arena.session import Session

# What begins a change of refs in the journal → its name in the reflog, and what ends it, done or not.
KINDS = {
    "landing": ("land", "landed", "not-landed"),
    "cleaning": ("clean", "cleaned", "not-cleaned"),
    "undoing": ("undo", "undone", "not-undone"),
    "restoring": ("restore", "restored", "not-restored"),
}


@dataclass(frozen=True, slots=True)
class Recovered:
    """What an interrupted change was (as KINDS names it), and whether it is made now or taken back."""

    kind: str
    made: bool
    moves: tuple[Move, ...]


def change(
    session: Session, kind: str, moves: list[Move], label: str = "", **facts: Any
) -> tuple[Path, ...]:
    """Moves refs with their checkouts, or nothing, and journals it as a change of this kind; returns the checkouts.

    Raises ArenaError, and then nothing has changed; or it stays open in the journal, for `recover` to settle.
    """
    word, done, not_done = KINDS[kind]
    facts |= {"run": session.run, "moves": records.to_json(moves)}
    add, name = session.journal.add, label or None
    why = f"arena: {word} {label} (run {session.run})"
    with switch.ready(session.repo, moves, why=why) as held:
        places, refs = held
        who = [[pid, living.birth(pid)] for pid in (os.getpid(), refs.pid)]
        add(kind, name, processes=who, **facts)
        try:
            switch.make(held)
        except HalfDone:
            raise
        except ArenaError as error:
            if value_of(session.repo, moves[0].ref) != moves[0].new:
                add(not_done, name, why=str(error), **facts)
            raise
        tops = tuple(place.top for place in places)
        add(done, name, checkout=str(tops[0]) if tops else None, **facts)
    return tops


def moves_of(event: Event) -> tuple[Move, ...]:
    """The moves that a journal event tells of."""
    return tuple(records.from_json(Move, move) for move in event.data.get("moves", ()))


def settled(session: Session) -> Session:
    """The session with all filters off, when what a kill interrupted in it is settled."""
    recover(session)
    return replace(session, repo=session.repo.unfiltered())


def recover(session: Session) -> Recovered | None:
    """Completes or takes back the landing, clean-up, undo or restoring that a kill interrupted; None if there was none.

    Raises ArenaError if its processes still run, or if the user's own changes are in the way; nothing is changed
    then.
    """
    event = interrupted(session.journal.events())
    if event is None:
        return None
    for number, (pid, born) in enumerate(event.data.get("processes", ())):
        # Arena itself comes first; its git needs a moment to notice that arena is gone.
        within = living.PATIENCE if number else 0
        if pid != os.getpid() and not living.gone(pid, born, within=within):
            who = living.named(pid, born)
            raise ArenaError(f"{event.kind} is still at work ({who}). Wait.")
    repo, moves = session.repo.unfiltered(), moves_of(event)
    # Only what is on the branch still: anything else is the user's since.
    places = [place for move in moves for place in switch.places_of(repo, move)]
    mend.release(repo, places, moves, since=event.at)
    made = mend.settle(repo, moves, why=f"arena: complete {event.kind}")
    for place in places if not made else ():
        mend.mend(place)
    facts = {key: event.data[key] for key in event.data if key != "processes"}
    _, done, not_done = KINDS[event.kind]
    end = done if made else not_done
    session.journal.add(end, event.label, recovered=True, **facts)
    return Recovered(event.kind, made, moves)


def interrupted(events: Iterable[Event]) -> Event | None:
    """The change that was begun and not ended, None if there is none."""
    opened: Event | None = None
    for event in events:
        if event.kind in KINDS:
            opened = event
        elif opened is not None and event.kind in KINDS[opened.kind]:
            opened = None
    return opened
