"""The clean-up of a run: it takes nothing that is not in the archive, and nothing that the run did not make.

Deleting means: the archive ref was read back first. The branch is the agent's, the archive ref the judge's
snapshot; what the one holds beyond the other is archived as well.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from arena import archive
from arena.errors import ArenaError, GitError
from arena.journal import Journal
from arena.machine import living, records, store
from arena.machine.git import Repository
from arena.machine.listing import registered
from arena.machine.quarantine import GITLINK, Quarantine
from arena.machine.transaction import Move
from arena.moves import recover
from arena.worktrees import Worktree, recorded, remove


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What a clean-up removed, or would remove.

    `late` are archive refs made for work that came after the snapshot; `kept` gives what stayed and why; `ignored`
    counts files that git ignores and that went with their worktree; `freed` is in bytes.
    """

    worktrees: tuple[str, ...]
    branches: tuple[str, ...]
    restorable: tuple[str, ...]
    late: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]
    ignored: int
    freed: int
    dry_run: bool


class Snapshot(Protocol):
    """Content of a folder as a commit on `base`, in the quarantine."""

    def __call__(self, folder: Path, *, base: str, message: str) -> str: ...


@dataclass(slots=True, kw_only=True)
class _Work:
    """A clean-up under way."""

    repo: Repository
    quarantine: Quarantine
    journal: Journal
    run: str
    trash: Path
    snapshot: Snapshot
    dry_run: bool
    worktrees: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)
    ignored: int = 0
    freed: int = 0


def clean(
    repo: Repository,
    quarantine: Quarantine,
    journal: Journal,
    *,
    run: str,
    trash: Path,
    snapshot: Snapshot | None = None,
    dry_run: bool = False,
) -> Cleaned:
    """Removes the worktrees and branches that this run's journal says it made, and nothing else.

    Each must be archived; work that came after the snapshot, and commits that only the branch or the worktree's
    HEAD holds, are archived first. `trash` is a folder whose parent also holds the worktrees; what passes through
    it is deleted. What can't be removed safely is kept and named with the reason.
    """
    repo = repo.unfiltered()
    if not dry_run:
        recover(repo, journal)
    work = _Work(
        repo=repo,
        quarantine=quarantine,
        journal=journal,
        run=run,
        trash=trash,
        snapshot=snapshot or quarantine.snapshot,
        dry_run=dry_run,
    )
    safe, left = [], _stranded(work)
    for tree in _trees(work):
        try:
            _clean_one(work, tree)
            safe.append(tree)
        except (ArenaError, OSError) as error:
            work.kept.append((tree.label, str(error)))
    for path in left:
        work.freed += _size(path)
        if not dry_run:
            store.remove_tree(path)
    branches = _delete_branches(work, safe)
    return Cleaned(
        worktrees=tuple(work.worktrees),
        branches=tuple(branches),
        restorable=tuple(entry.ref for entry in archive.archived(repo, run)),
        late=tuple(work.late),
        kept=tuple(work.kept),
        ignored=work.ignored,
        freed=work.freed,
        dry_run=dry_run,
    )


def _trees(work: _Work) -> list[Worktree]:
    """What the run made: by its journal, and what a kill kept out of the journal, by the reason of its lock."""
    found = {tree.path: tree for tree in recorded(work.journal)}
    root = work.trash.parent.resolve()
    for entry in registered(work.repo):
        label, inside = entry.path.name, entry.path.is_relative_to(root)
        branch = f"refs/heads/arena/{work.run}/{label}"
        ours = entry.locked == f"arena {work.run}" and entry.branch == branch
        if inside and ours and entry.head and entry.path not in found:
            found[entry.path] = Worktree(
                label=label, path=entry.path, branch=branch, base=entry.head
            )
    return list(found.values())


def _stranded(work: _Work) -> list[Path]:
    """What a kill between rename and deletion left in the trash, if it had been saved in full."""
    left: dict[str, bool] = {}
    for event in work.journal.events():
        if event.kind == "removing" and event.label:
            left[event.label] = event.data["complete"]
        elif event.kind == "removed" and event.label:
            left.pop(event.label, None)
    return [
        path
        for label, complete in left.items()
        for path in work.trash.glob(f"{label}-*")
        if complete and path.name.removeprefix(f"{label}-").isdigit()
    ]


def _clean_one(work: _Work, tree: Worktree) -> None:
    there = tree.path.is_dir() and not tree.path.is_symlink()
    complete = _save_content(work, tree) if there else True
    _save_commits(work, tree)
    if not os.path.lexists(tree.path) and tree.path not in _listed(work.repo):
        return
    size = _size(tree.path)
    work.worktrees.append(tree.label)
    if work.dry_run:
        work.freed += size
        return
    path = str(tree.path)
    work.journal.add("removing", tree.label, path=path, complete=complete)
    moved = remove(work.repo, tree, trash=work.trash)
    if moved is not None and not complete:
        why = f"holds a repository of its own, which no snapshot takes: now in {moved}"
        work.kept.append((tree.label, why))
    elif moved is not None:
        store.remove_tree(moved)
        work.freed += size
    work.journal.add("removed", tree.label, path=path)


def _save_content(work: _Work, tree: Worktree) -> bool:
    """Archives what the worktree holds beyond its archive ref; tells whether a snapshot takes all of it."""
    ref = f"{archive.ROOT}/{work.run}/{tree.label}"
    known = work.repo.refs(ref).get(ref)
    inside = work.quarantine
    for commit in (tree.base, known):
        if commit and not inside.holds(commit):
            inside.take(commit, ref=f"refs/arena/clean/{work.run}/{tree.label}")
    now = work.snapshot(tree.path, base=tree.base, message=f"late work of {tree.label}")
    work.ignored += _ignored(inside, tree)
    content, base = inside.git.tree_of(now), inside.git.tree_of(tree.base)
    if known is None or inside.git.tree_of(known) != content:
        _keep_late(work, tree.label if known is None else f"{tree.label}.late", now)
    links = {e.path for e in inside.entries(content) if e.mode == GITLINK}
    return links <= {e.path for e in inside.entries(base) if e.mode == GITLINK}


def _ignored(inside: Quarantine, tree: Worktree) -> int:
    none = (
        store.cache_dir() / "git" / "no-index"
    )  # so that every file counts as untracked
    env = {"GIT_WORK_TREE": str(tree.path), "GIT_INDEX_FILE": str(none)}
    found = inside.git.ask(
        "ls-files", "-z", "-o", "-i", "--exclude-per-directory=.gitignore", env=env
    )
    return len(found.fields)


def _keep_late(work: _Work, label: str, commit: str) -> None:
    tree = work.quarantine.git.tree_of(commit)
    taken = {
        entry.label: entry.commit for entry in archive.archived(work.repo, work.run)
    }
    name, number = label, 1
    while name in taken:
        if work.repo.tree_of(taken[name]) == tree:
            return
        number += 1
        name = f"{label}-{number}"
    work.late.append(f"{archive.ROOT}/{work.run}/{name}")
    if not work.dry_run:
        archive.keep(
            work.repo, work.quarantine, run=work.run, label=name, commit=commit
        )


def _save_commits(work: _Work, tree: Worktree) -> None:
    """Archives commits of the agent that neither the base nor the archive holds."""
    entry = _listed(work.repo).get(tree.path)
    tips = {"branch": work.repo.refs(tree.branch).get(tree.branch), "head": entry}
    for kind, tip in tips.items():
        if tip is None or not tip.strip("0"):
            continue
        held = [tree.base, *(a.commit for a in archive.archived(work.repo, work.run))]
        if any(work.repo.is_ancestor(tip, commit) for commit in held):
            continue
        label, number = f"{tree.label}.{kind}", 1
        while f"{archive.ROOT}/{work.run}/{label}" in {
            a.ref for a in archive.archived(work.repo, work.run)
        }:
            number += 1
            label = f"{tree.label}.{kind}-{number}"
        work.late.append(f"{archive.ROOT}/{work.run}/{label}")
        if not work.dry_run:
            archive.write(work.repo, f"{archive.ROOT}/{work.run}/{label}", tip)


def _listed(repo: Repository) -> dict[Path, str | None]:
    return {entry.path: entry.head for entry in registered(repo)}


def _size(path: Path) -> int:
    """Bytes on disk below `path`, links not followed."""
    if not path.is_dir() or path.is_symlink():
        return 0
    return sum(
        Path(here, name).lstat().st_blocks * 512
        for here, _, files in os.walk(path)
        for name in files
    )


def _delete_branches(work: _Work, trees: Sequence[Worktree]) -> list[str]:
    refs = work.repo.refs(f"refs/heads/arena/{work.run}")
    ours = [tree for tree in trees if tree.branch in refs]
    elsewhere = {e.branch: e.path for e in registered(work.repo)}
    gone = {tree.path for tree in trees}
    moves = []
    for tree in ours:
        if elsewhere.get(tree.branch, tree.path) not in gone:
            why = f"{tree.branch} is checked out in {elsewhere[tree.branch]}"
            work.kept.append((tree.label, why))
        else:
            moves.append(Move(ref=tree.branch, old=refs[tree.branch], new=""))
    if work.dry_run or not moves:
        return [move.ref for move in moves]
    facts = {"run": work.run, "moves": records.to_json(moves)}
    pid = os.getpid()
    work.journal.add("cleaning", **facts, processes=[[pid, living.birth(pid)]])
    try:
        triples = [(move.ref, "", move.old) for move in moves]
        work.repo.move_refs(triples, why=f"arena: clean (run {work.run})")
    except GitError as error:
        work.journal.add("not-cleaned", **facts, why=str(error))
        work.kept += [(move.ref, str(error)) for move in moves]
        return []
    work.journal.add("cleaned", **facts)
    return [move.ref for move in moves]
