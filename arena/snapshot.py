"""Worktree → candidate: what an agent left behind, committed or not, as one commit in the quarantine."""

from __future__ import annotations

from collections.abc import Mapping

from arena.candidates import Candidate
from arena.machine.quarantine import Quarantine
from arena.patterns import Entry
from arena.worktrees import Worktree

LEFTOVERS = (
    ".aider.chat.history.md",
    ".aider.input.history",
    ".aider.tags.cache.v4/",
    ".aider.tags.cache.v3/",
)


def collect(
    quarantine: Quarantine,
    worktree: Worktree,
    entry: Entry,
    *,
    run: str,
    suite: Mapping[str, bytes],
) -> Candidate | None:
    """The content of a worktree as a candidate on the run's base; None if nothing was changed.

    The suite's files are put back as they were frozen, files that agent programs leave behind are left out. The
    worktree's own git state is not trusted: neither read nor written. Raises GitError if it can't be read.
    """
    message = f"{entry.label}: work of {entry.agent}\n\nRun {run}, seed {entry.seed}.\n"
    taken = quarantine.snapshot(worktree.path, base=worktree.base, message=message)
    tree = quarantine.git.tree_of(taken)
    drop = [e.path for e in quarantine.entries(tree) if e.path.startswith(LEFTOVERS)]
    clean = quarantine.edit(tree, drop=drop, files=suite)
    base = quarantine.edit(quarantine.git.tree_of(worktree.base), files=suite)
    if clean == base:
        return None
    commit = quarantine.commit(clean, parents=(worktree.base,), message=message)
    quarantine.keep(commit, ref=f"refs/arena/run/{run}/{entry.label}")
    return Candidate(
        label=entry.label,
        commit=commit,
        tree=clean,
        source=f"worktree of {entry.agent}, seed {entry.seed}",
        message=entry.approach or "",
        agent=entry.agent,
    )


def is_changed(
    quarantine: Quarantine, worktree: Worktree, *, suite: Mapping[str, bytes]
) -> bool:
    """Whether a worktree holds anything that its base (with the suite) does not."""
    if not worktree.path.is_dir():
        return False
    taken = quarantine.snapshot(worktree.path, base=worktree.base, message="probe\n")
    tree = quarantine.git.tree_of(taken)
    return tree != quarantine.edit(quarantine.git.tree_of(worktree.base), files=suite)
