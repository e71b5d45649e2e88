"""Where the worktrees of runs are: found again, moved elsewhere, taken off git's list when they are gone."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from arena import journal, runs, worktrees
from arena.errors import ArenaError, Refused
from arena.journal import Event
from arena.machine import records, store
from arena.machine.git import Repository
from arena.machine.listing import admin_dirs, registered
from arena.machine.transaction import patiently
from arena.session import Session
from arena.worktrees import Worktree

Places = list[Worktree]
# The states of an entry in which a run that goes on does not look into its worktree any more.
LEFT_ALONE = ("failed", "no-change", "collected", "testing", "judged")


def _recorded(events: Iterable[Event]) -> dict[str, Places]:
    """Label → the places where a run's worktree is or was, by its journal; the first is in the run's folder."""
    found: dict[str, Places] = {}
    for event in events:
        label = event.label or ""
        if event.kind == "worktree":
            tree = records.from_json(Worktree, {"label": label, **event.data})
            found.setdefault(label, []).append(tree)
        elif event.kind == "removed" and label in found:
            del found[label][1:]  # what comes to be elsewhere from now on is the user's
    return found


def _now(places: Places) -> Worktree:
    """The place where the folder is, the last one if it is nowhere."""
    return next((tree for tree in places[::-1] if tree.is_there), places[-1])


def made(session: Session) -> list[Worktree]:
    """What the run made, where it is now: by its journal, and what a kill kept out of it, by the reason of its lock."""
    recorded, root = _recorded(session.journal.events()), session.folder.resolve()
    found = {label: _now(places) for label, places in recorded.items()}
    for run, tree in worktrees.locked(session.repo):
        inside = tree.path.is_relative_to(root) and tree.path.name == tree.label
        if run == session.run and inside and tree.base:
            found.setdefault(tree.label, tree)
    return list(found.values())


def state(tree: Worktree, listed: Container[Path]) -> str | None:
    """How a worktree is, in words; None if nothing is left of it. `listed` are the paths on git's list."""
    if not os.path.lexists(tree.path):
        return "missing" if tree.path in listed else None
    if not tree.is_there:
        return "replaced by another folder"
    return "present" if tree.path in listed else "not on git's list"


def move(session: Session, label: str, folder: Path) -> Worktree:
    """Moves a worktree to `folder`, or into it if it exists; git's lock stays on it all the time.

    The journal hears of the new place first: whatever kills us, the folder is at one that it names. Raises
    ArenaError, and then nothing has moved, if its agent has not ended or the place can't be used.
    """
    tree = {tree.label: tree for tree in made(session)}.get(label)
    if tree is None or not tree.is_there:
        where = f" at {tree.path}" if tree else ""
        hint = f"See them with: arena worktrees list {session.run}"
        raise Refused(f"run {session.run} has no worktree {label}{where}. {hint}")
    _refuse_working(session, label)
    parent, name = folder.parent, folder.name
    if folder.is_dir():
        parent, name = folder, tree.path.name
    path = parent.resolve() / name
    _refuse_place(session, tree, path)
    moved = replace(tree, path=path, inode=tree.path.lstat().st_ino)
    session.journal.add("worktree", **records.to_json(moved))
    try:
        patiently(session.repo, partial(_rename, session, tree.path, path))
    except ArenaError:
        session.journal.add("worktree", **records.to_json(_now([moved, tree])))
        raise
    return moved


def _rename(session: Session, old: Path, new: Path) -> None:
    relist(session)
    words = ("worktree", "move", "-f", "-f", "--")  # as often as a locked one needs
    session.repo.call(*words, str(old), str(new))


def _refuse_working(session: Session, label: str) -> None:
    run = runs.state(session.folder)
    how = run["entries"].get(label, {}).get("state")
    if run["going"] and how not in LEFT_ALONE:
        why = f"run {session.run} still needs that worktree ({label}: {how})."
        raise Refused(f"{why} Wait for it: arena wait {session.run}")


def _refuse_place(session: Session, tree: Worktree, path: Path) -> None:
    repo, parent = session.repo, session.folder.parent
    if os.path.lexists(path) or not path.parent.is_dir():
        why = "is there already" if os.path.lexists(path) else "is in no folder"
        raise Refused(f"{path} {why}. Name another place.")
    checkouts = [entry.path for entry in registered(repo)]
    for place in filter(None, (*checkouts, repo.top, repo.common_dir, parent)):
        if path.is_relative_to(place.resolve()):
            raise Refused(f"{path} is in {place}. Name a place outside of it.")
    if path.parent.stat().st_dev != tree.path.stat().st_dev:
        why = "is on another drive, and git moves worktrees on one drive only"
        raise Refused(f"{path} {why}. Name a place on that of {tree.path}.")


def relist(session: Session) -> None:
    """Notes on git's list where a folder is that a kill caught on its way, as git itself does after its rename."""
    admins = admin_dirs(session.repo)
    for places in _recorded(session.journal.events()).values():
        tree = _now(places)
        left = [p.path for p in places if p.path in admins and not p.is_there]
        if left and tree.is_there and tree.path not in admins:
            pointer = admins[left[-1]] / "gitdir"
            store.write_bytes(pointer, os.fsencode(tree.path / ".git") + b"\n")


def prune(
    repo: Repository, parent: Path, *, dry_run: bool
) -> list[tuple[Worktree, str]]:
    """Takes those off git's list that arena made and whose folder is gone; (worktree, why it is kept or "") of each.

    `parent` is the folder of all runs. What may be on a drive that is not mounted is kept.
    """

    def act() -> list[tuple[Worktree, str]]:
        gone = [(r, t) for r, t in worktrees.locked(repo) if not t.is_there]
        found = [(tree, _why_kept(parent / run, tree)) for run, tree in gone]
        for tree, why in found:
            if not (why or dry_run):
                worktrees.forget(repo, tree)
        return found

    return patiently(repo, act)


def _why_kept(folder: Path, tree: Worktree) -> str:
    if not worktrees.would_be_seen(folder, tree.path):
        where = tree.path.parent if folder.is_dir() else folder
        return f"{where} is not there, or not the same drive: is it mounted?"
    events = journal.replay(folder / "journal.log")
    now = _now(_recorded(events).get(tree.label, [tree]))
    return f"it is at {now.path}: arena clean {folder.name}" if now.is_there else ""
