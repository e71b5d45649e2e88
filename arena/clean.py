"""The clean-up of a run: it takes nothing that is not in the archive, and nothing that the run did not make.

Deleting means: the archive ref was read back first. The branch is the agent's, the archive ref the judge's
snapshot; what the one holds beyond the other is archived as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arena import archive, places
from arena.errors import ArenaError
from arena.machine import fingerprint, store
from arena.machine.changes import GITLINK
from arena.machine.checkout import some
from arena.machine.listing import holders, registered
from arena.machine.quarantine import Quarantine
from arena.machine.transaction import Move, patiently, value_of
from arena.moves import change, moves_of, settled
from arena.session import Session
from arena.snapshot import left_out
from arena.worktrees import Worktree, refuse_foreign, remove

TIPS = ("branch", "head")  # where an agent's own commits may be


@dataclass(slots=True)
class Cleaned:
    """What a clean-up removed, or would remove.

    `late` are archive refs made for work that came after the snapshot; `kept` gives what stayed and why; `ignored`
    counts files that git ignores and that went with their worktree; `freed` is in bytes.
    """

    dry_run: bool
    worktrees: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    restorable: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    ignored: int = 0
    freed: int = 0

    @property
    def of_agents(self) -> list[str]:
        """The archive refs of commits that agents made themselves, as `_save_commits` names them."""
        own = re.compile(rf"\.({'|'.join(TIPS)})(-\d+)?$")
        return [ref for ref in self.restorable if own.search(ref)]


def clean(session: Session, *, dry_run: bool = False) -> Cleaned:
    """Removes the worktrees and branches that this run's journal says it made, and nothing else.

    Each must be archived; work that came after the snapshot, and commits that only the branch or the worktree's
    HEAD holds, are archived first. What can't be removed safely is kept and named with the reason.
    """
    if not dry_run:
        session = settled(session)
        patiently(session.repo, lambda: places.relist(session))
    done, safe, left = Cleaned(dry_run), [], _stranded(session)
    for tree in places.made(session):
        try:
            _clean_one(session, tree, done)
            safe.append(tree)
        except (ArenaError, OSError) as error:
            done.kept += ((tree.label, str(error)),)
    for path in left:
        done.freed += store.size(path)
        if not dry_run:
            store.remove_tree(path)
    _delete_branches(session, safe, done)
    if not dry_run:
        _let_go(session, done)
    kept = archive.archived(session.repo, session.run)
    done.restorable = tuple(f"{archive.ROOT}/{session.run}/{label}" for label in kept)
    return done


def _let_go(session: Session, done: Cleaned) -> None:
    repo, held = session.repo, session.held
    try:
        patiently(repo, lambda: fingerprint.let_go(repo, held))
    except ArenaError as error:
        done.kept += ((held, str(error)),)


def look(session: Session, tree: Worktree) -> tuple[bool | None, int]:
    """Whether a worktree holds what is not archived (None if that can't be told), and its size in bytes."""
    seen = Cleaned(dry_run=True)
    try:
        _clean_one(session, tree, seen)
    except (ArenaError, OSError):
        return None, store.size(tree.path) if tree.is_there else 0
    return bool(seen.late), seen.freed


def _stranded(session: Session) -> list[Path]:
    """What a kill between rename and deletion left in the trash, if it had been saved in full."""
    left: dict[str, bool] = {}
    for event in session.journal.events():
        if event.kind == "removing" and event.label:
            left[event.label] = event.data["complete"]
        elif event.kind == "removed" and event.label:
            left.pop(event.label, None)
    return [
        path
        for path in session.folder.glob("trash/*-*")
        if left.get(path.name.rpartition("-")[0])
    ]


def _clean_one(session: Session, tree: Worktree, done: Cleaned) -> None:
    there = tree.path.is_dir() and not tree.path.is_symlink()
    if there and not tree.path.is_relative_to(session.folder.resolve()):
        refuse_foreign(session, tree)  # it is not even read
    complete = not there or _save_content(session, tree, done)
    heads = {entry.path: entry.head for entry in registered(session.repo)}
    _save_commits(session, tree, heads.get(tree.path), done)
    if not os.path.lexists(tree.path) and tree.path not in heads:
        return
    size = store.size(tree.path)
    if done.dry_run:
        done.worktrees += (tree.label,)
        done.freed += size
        return
    path = str(tree.path)
    session.journal.add("removing", tree.label, path=path, complete=complete)
    moved = remove(session, tree)
    if moved is not None and not complete:
        why = f"holds a repository of its own, which no snapshot takes: now in {moved}"
        done.kept += ((tree.label, why),)
    elif moved is not None:
        store.remove_tree(moved)
        done.freed += size
    session.journal.add("removed", tree.label, path=path)
    done.worktrees += (tree.label,)


def _save_content(session: Session, tree: Worktree, done: Cleaned) -> bool:
    """Archives what the worktree holds beyond its archive refs; tells whether a snapshot takes all of it."""
    inside, label = session.quarantine, tree.label
    archived = archive.archived(session.repo, session.run).items()
    known = [c for name, c in archived if name.partition(".late")[0] == label]
    for commit in (tree.base, *known):
        _take(session, label, commit)
    message = f"late work of {label}"
    now = inside.snapshot(tree.path, base=tree.base, message=message)
    done.ignored += _ignored(inside, tree.path)
    content, base = map(inside.tree_of, (now, tree.base))
    work = inside.edit(content, drop=left_out(inside, content, base))
    if not {content, work} & set(map(inside.tree_of, known)):
        _archive(session, f"{label}.late" if known else label, now, done)
    return _links(inside, content) <= _links(inside, inside.tree_of(tree.base))


def _take(session: Session, label: str, commit: str) -> None:
    if not session.quarantine.holds(commit):
        ref = f"refs/arena/clean/{session.run}/{label}"
        session.quarantine.take(commit, ref=ref)


def _links(inside: Quarantine, tree: str) -> set[str]:
    return {entry.path for entry in inside.entries(tree) if entry.mode == GITLINK}


def _ignored(inside: Quarantine, folder: Path) -> int:
    # With no index every file counts as untracked.
    none = store.cache_dir() / "git" / "no-index"
    env = {"GIT_WORK_TREE": str(folder), "GIT_INDEX_FILE": str(none)}
    options = ("-z", "-o", "-i", "--exclude-per-directory=.gitignore")
    return len(inside.git.ask("ls-files", *options, env=env).fields)


def _archive(session: Session, label: str, commit: str, done: Cleaned) -> None:
    """Keeps what came late, under a name that nothing has yet."""
    taken = archive.archived(session.repo, session.run)
    name, number = label, 1
    while name in taken:
        number += 1
        name = f"{label}-{number}"
    done.late += (f"{archive.ROOT}/{session.run}/{name}",)
    if not done.dry_run:
        _take(session, name, commit)
        archive.keep(session, name, commit)


def _save_commits(
    session: Session, tree: Worktree, head: str | None, done: Cleaned
) -> None:
    """Archives commits of the agent that neither the base nor the archive holds."""
    repo = session.repo
    tips = (value_of(repo, tree.branch), head or "")
    for kind, tip in zip(TIPS, tips, strict=True):
        known = (tree.base, *archive.archived(repo, session.run).values())
        held = any(repo.is_ancestor(tip, commit) for commit in known)
        if tip.strip("0") and not held:
            _archive(session, f"{tree.label}.{kind}", tip, done)


def _strays(session: Session, trees: Sequence[Worktree]) -> list[Move]:
    """Branches of the run that a kill left without their worktree: nobody has worked there, they are at the base."""
    events = list(session.journal.events())
    bases = {e.data["base"] for e in events if e.kind == "planned"}
    theirs = {m.ref for e in events if e.kind == "restored" for m in moves_of(e)}
    known = {tree.branch for tree in places.made(session)} | {t.branch for t in trees}
    found = session.repo.refs(f"refs/heads/arena/{session.run}").items()
    return [
        Move(ref, oid, "")
        for ref, oid in found
        if oid in bases and ref not in known | theirs and not holders(session.repo, ref)
    ]


def _delete_branches(
    session: Session, trees: Sequence[Worktree], done: Cleaned
) -> None:
    gone, moves = {tree.path for tree in trees}, []
    for tree in trees:
        held = [git.top for git in holders(session.repo, tree.branch)]
        where = [top for top in held if top not in gone]
        old = value_of(session.repo, tree.branch)
        if where:
            why = f"{tree.branch} is checked out in {some(where)}"
            done.kept += ((tree.label, why),)
        elif old:
            moves.append(Move(tree.branch, old, ""))
    moves += _strays(session, trees)
    if moves and not done.dry_run:
        try:
            change(session, "cleaning", moves)
        except ArenaError as error:
            done.kept += tuple((move.ref, str(error)) for move in moves)
            return
    done.branches = tuple(move.ref for move in moves)
