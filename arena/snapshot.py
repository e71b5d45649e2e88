"""Worktree → candidate: what an agent left behind, committed or not, as one commit in the quarantine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from arena.candidates import Candidate
from arena.errors import ArenaError
from arena.machine import store
from arena.machine.quarantine import Quarantine
from arena.patterns import Entry
from arena.session import Session
from arena.worktrees import Worktree

# What agents write for people, at the root of the worktree: collected, shown as their words, never merged.
NOTES = re.compile(r"RESULTS\.md|HANDOFF_FROM_[\w-]+\.md", re.ASCII)
MOST_WORDS = 64 * 1024  # bytes of a note that are kept
LEFTOVERS = (".aider.chat.history.md", ".aider.input.history", ".aider.tags.cache.")


def collect(
    session: Session,
    worktree: Worktree,
    entry: Entry,
    suite: Mapping[str, bytes],
    *,
    hide: Callable[[str], str] = str,
) -> Candidate | None:
    """The content of a worktree as a candidate on the run's base; None if nothing was changed.

    The suite's files are put back as they were frozen, files that agent programs leave behind and their notes for
    people are left out; the notes are kept in the run's folder, and RESULTS.md is the candidate's message, both
    without what `hide` takes out of them. The worktree's own git state is not trusted: neither read nor written.
    Raises ArenaError if it can't be read.
    """
    if not worktree.is_whole:
        why = "is no folder any more: its agent removed or replaced it"
        raise ArenaError(f"the worktree {worktree.path} {why}.")
    run, label, quarantine = session.run, entry.label, session.quarantine
    tree, base = _trees(session, worktree, suite)
    notes = {name: hide(words) for name, words in _notes(session, worktree).items()}
    for name, words in notes.items():
        store.write_text(session.folder / "notes" / label / name, words)
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
        message=notes.get("RESULTS.md") or entry.approach or "",
        agent=entry.agent,
    )


def is_changed(
    session: Session, worktree: Worktree, suite: Mapping[str, bytes]
) -> bool:
    """Whether a worktree holds work that would make a candidate."""
    if not worktree.is_whole:
        return False
    tree, base = _trees(session, worktree, suite)
    return tree != base


def left_out(inside: Quarantine, tree: str, base: str) -> list[str]:
    """The paths of a tree that are no work: what agent programs leave behind, and notes that `base` does not have."""
    known = {entry.path for entry in inside.entries(base)}
    return [
        path
        for entry in inside.entries(tree)
        if (path := entry.path).startswith(LEFTOVERS)
        or (NOTES.fullmatch(path) and path not in known)
    ]


def _notes(session: Session, worktree: Worktree) -> dict[str, str]:
    """The notes that an agent left, by name; one that the base has too is a file of the project."""
    found = {}
    for path in sorted(worktree.path.glob("*.md")):
        ours = NOTES.fullmatch(path.name) and path.is_file() and not path.is_symlink()
        base = f"{worktree.base}:{path.name}"
        if ours and session.quarantine.git.ask("cat-file", "-e", base).code != 0:
            with path.open("rb") as file:
                words = file.read(MOST_WORDS)
            found[path.name] = words.decode("utf-8", "replace")
    return found


def _trees(
    session: Session, worktree: Worktree, suite: Mapping[str, bytes]
) -> tuple[str, str]:
    """The trees of the worktree's content and of its base, both with the suite as it was frozen."""
    inside = session.quarantine
    tree = inside.content(worktree.path, base=worktree.base)
    base = inside.tree_of(worktree.base)
    drop = left_out(inside, tree, base)
    return inside.edit(tree, drop=drop, files=suite), inside.edit(base, files=suite)
