"""Worktree → candidate: what an agent left behind, committed or not, as one commit in the quarantine."""

from __future__ import annotations

from collections.abc import Mapping

from arena.candidates import Candidate
from arena.patterns import Entry
from arena.session import Session
from arena.worktrees import Worktree

LEFTOVERS = (".aider.chat.history.md", ".aider.input.history", ".aider.tags.cache.")


def collect(
    session: Session, worktree: Worktree, entry: Entry, suite: Mapping[str, bytes]
) -> Candidate | None:
    """The content of a worktree as a candidate on the run's base; None if nothing was changed.

    The suite's files are put back as they were frozen, files that agent programs leave behind are left out. The
    worktree's own git state is not trusted: neither read nor written. Raises GitError if it can't be read.
    """
    run, label, quarantine = session.run, entry.label, session.quarantine
    tree, base = _trees(session, worktree, suite)
    if tree == base:
        return None
    message = f"{label}: work of {entry.agent}\n\nRun {run}, seed {entry.seed}.\n"
    commit = quarantine.commit(tree, parents=(worktree.base,), message=message)
    quarantine.keep(commit, ref=f"refs/arena/run/{run}/{label}")
    return Candidate(
        label=label,
        commit=commit,
        tree=tree,
        source=f"worktree of {entry.agent}, seed {entry.seed}",
        message=entry.approach or "",
        agent=entry.agent,
    )


def is_changed(
    session: Session, worktree: Worktree, suite: Mapping[str, bytes]
) -> bool:
    """Whether a worktree holds work that would make a candidate."""
    if not worktree.path.is_dir():
        return False
    tree, base = _trees(session, worktree, suite)
    return tree != base


def _trees(
    session: Session, worktree: Worktree, suite: Mapping[str, bytes]
) -> tuple[str, str]:
    """The trees of the worktree's content and of its base, both with the suite as it was frozen."""
    inside = session.quarantine
    taken = inside.snapshot(worktree.path, base=worktree.base, message="snapshot\n")
    tree, base = inside.git.tree_of(taken), inside.git.tree_of(worktree.base)
    drop = [e.path for e in inside.entries(tree) if e.path.startswith(LEFTOVERS)]
    return inside.edit(tree, drop=drop, files=suite), inside.edit(base, files=suite)
