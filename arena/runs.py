"""Finds a run by what the user calls it."""

from __future__ import annotations

from pathlib import Path

from arena.errors import ArenaError


def find_run(parent: Path, run: str | None) -> str:
    """The run in folder `parent` that is meant: by its id, the start of it, or the latest.

    Raises ArenaError if that is none.
    """
    names = sorted(p.name for p in parent.iterdir()) if parent.is_dir() else []
    if not names:
        raise ArenaError(
            'there is no run in this repository yet. Start one: arena run --agents 3 "..."'
        )
    if run is None:
        return max(names, key=lambda name: (_touched(parent / name), name))
    found = [name for name in names if name == run] or [
        n for n in names if n.startswith(run)
    ]
    if len(found) != 1:
        what = "no run" if not found else f"{len(found)} runs"
        raise ArenaError(f'{what} called "{run}". See them with: arena list')
    return found[0]


def _touched(folder: Path) -> int:
    journal = folder / "journal.log"
    return journal.stat().st_mtime_ns if journal.exists() else 0
