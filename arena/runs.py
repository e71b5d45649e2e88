"""The runs of a repository, and the one that the user means."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from arena import journal
from arena.errors import ArenaError
from arena.machine import living, store


def folder(common: Path) -> Path:
    """The folder of all runs of the repository with this git directory."""
    return store.state_dir() / store.repository_id(common) / "runs"


def find_run(parent: Path, run: str | None) -> str:
    """The run in folder `parent` that is meant: by its id, the start of it, or the latest.

    Raises ArenaError if that is none.
    """
    names = sorted(p.name for p in parent.iterdir()) if parent.is_dir() else []
    if not names:
        raise ArenaError(f"there is {NONE}")
    if run is None:
        names.sort(key=lambda name: (_touched(parent / name), name), reverse=True)
        # The tries of a plan's tasks are runs as well, but not those that people mean.
        return next((n for n in names if not _is_try(parent / n)), names[0])
    found = [n for n in names if n == run] or [n for n in names if n.startswith(run)]
    if len(found) != 1:
        what = f"{len(found)} runs" if found else "no run"
        raise ArenaError(f'{what} called "{run}". See them with: arena list')
    return found[0]


def at_work() -> dict[str, Any]:
    """Who we are, for the journal of a run that we work on."""
    return {"process": os.getpid(), "born": living.birth(os.getpid())}


def state(folder: Path) -> dict[str, Any]:
    """How the run in `folder` stands, from its journal alone; `going` tells whether a process still works on it."""
    found: dict[str, Any] = {"run": folder.name, "state": "begun", "entries": {}}
    for event in journal.replay(folder / "journal.log"):
        journal.apply(found, event)
    worker = found.get("process")
    found["going"] = "code" not in found and bool(
        worker and living.alive(worker, found["born"])
    )
    # One that was killed after its verdict has not told it, or not all that came of it.
    unfinished = ("begun",) if "code" in found else ("begun", "judged", "merged")
    if found["state"] in unfinished and not found["going"]:
        found["state"] = "interrupted"
    return found


def all_states(parent: Path) -> list[dict[str, Any]]:
    """How all runs stand, sorted by name; one whose journal is damaged stops no other."""
    found = []
    for folder in sorted(parent.iterdir()) if parent.is_dir() else ():
        try:
            found += [state(folder)] if folder.is_dir() else []
        except ArenaError:
            row = {"run": folder.name, "state": "damaged", "entries": {}}
            found.append({**row, "going": False})
    return found


NONE = 'no run in this repository yet. Start one: arena run --agents 3 "..."'


def _is_try(place: Path) -> bool:
    first = next(iter(journal.replay(place / "journal.log", most=1)), None)
    return first is not None and first.data.get("mode") == "task"


def _touched(place: Path) -> int:
    journal = place / "journal.log"
    return journal.stat().st_mtime_ns if journal.exists() else 0
