"""`arena worktrees`: list, move, prune."""

from __future__ import annotations

from typing import Any

from arena import clean, journal, places, runs, session, statusfiles
from arena.commands.call import Call
from arena.errors import ArenaError
from arena.machine import git
from arena.machine.listing import registered
from arena.report import text
from arena.session import Session


def list_trees(call: Call, run: str | None) -> int:
    """Prints the worktrees of all runs, or of one: where they are, whether they hold unarchived work, their size."""
    rows = [row for opened in _runs(call, run) for row in _rows(opened)]
    lines = []
    for row in rows:
        unarchived = {True: "not archived", False: "archived", None: "unknown"}
        what = f"{row['state']:18} {unarchived[row['unarchived']]:12}"
        branch = row["branch"].removeprefix("refs/heads/")
        where = text.clean(f"{row['path']} ({branch})")
        size = f"{_megabytes(row['bytes']):>9}"
        lines.append(f"{row['run']:44} {row['label']:16} {what} {size}  {where}")
    total = sum(row["bytes"] for row in rows)
    lines.append(f"{len(rows)} worktrees, {_megabytes(total)}")
    call.tell(lines, {"worktrees": rows, "bytes": total})
    return 0


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):.1f} MB"


def _runs(call: Call, run: str | None) -> list[Session]:
    """The runs that can be opened; of the others the reason is said, unless it is the one that was asked for."""
    if run:
        return [session.reopen(call.here, run, **call.place)]
    parent, found = runs.folder(git.open_repository(call.here).common_dir), []
    for folder in sorted(parent.iterdir()) if parent.is_dir() else ():
        try:
            found.append(session.reopen(call.here, folder.name, **call.place))
        except ArenaError as error:
            call.say(f"{folder.name}: {error}")
    return found


def _rows(opened: Session) -> list[dict[str, Any]]:
    listed = {entry.path for entry in registered(opened.repo)}
    rows = []
    for tree in places.made(opened):
        if state := places.state(tree, listed):
            unarchived, size = clean.look(opened, tree)
            facts = {"run": opened.run, "label": tree.label, "path": str(tree.path)}
            found = {"branch": tree.branch, "state": state, "bytes": size}
            rows.append({**facts, **found, "unarchived": unarchived})
    return rows


def move(call: Call, label: str, folder: str, run: str | None) -> int:
    """Moves a worktree of a run to another place; its status file tells of it."""
    opened = session.reopen(call.here, run, **call.place)
    writer = statusfiles.Writer(opened.folder / "status")
    for event in opened.journal.events():
        journal.apply(writer.run, event)
    opened.journal.listeners.append(writer.hear)
    tree = places.move(opened, label, call.here / folder)
    call.tell(f"{label} of {opened.run} is at {tree.path}")
    return 0


def prune(call: Call, *, dry_run: bool) -> int:
    """Takes worktrees of runs off git's list whose folders are gone, and says which stay on it and why."""
    repo = git.open_repository(call.here)
    found = places.prune(repo, runs.folder(repo.common_dir), dry_run=dry_run)
    call.say(text.clean(f"kept    {tree.path}: {why}") for tree, why in found if why)
    gone = [tree for tree, why in found if not why]
    would = "would take" if dry_run else "took"
    call.say(text.clean(f"{would} {tree.path} off git's list") for tree in gone)
    call.tell(f"{would} {len(gone)} worktrees off git's list; their branches stay")
    return 0
