"""Where every candidate stays recoverable when its worktree and branch are gone: refs of the user's repository."""

from __future__ import annotations

from dataclasses import dataclass

from arena.errors import ArenaError, GitError, one_line
from arena.machine.checkout import some
from arena.machine.git import Repository
from arena.machine.quarantine import Quarantine

ROOT = "refs/arena/archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """One commit of the archive."""

    run: str
    label: str
    commit: str
    ref: str


def keep(
    repo: Repository, quarantine: Quarantine, *, run: str, label: str, commit: str
) -> str:
    """Archives a commit of the quarantine in the user's repository, verified by reading it back; returns the ref.

    Archiving the same commit again is fine. Raises ArenaError if the ref holds another, or it did not arrive.
    """
    quarantine.give(commit)
    ref = write(repo, f"{ROOT}/{run}/{label}", commit)
    quarantine.keep(commit, ref=ref)  # a second copy, out of the agents' reach
    return ref


def write(repo: Repository, ref: str, commit: str) -> str:
    """As `keep`, for a commit that the user's repository has already."""
    error: GitError | None = None
    for _ in range(3):  # another git that packs refs makes this fail for a moment
        if repo.refs(ref).get(ref) == commit:
            break
        try:
            repo.move_refs([(ref, commit, "")], why="arena: archive")
        except GitError as failed:
            error = failed
    found = repo.refs(ref).get(ref)
    if found is not None and found != commit:
        raise ArenaError(
            f"{ref} already holds {found[:12]}, so {commit[:12]} can't be archived there. Nothing was changed."
        )
    if found is None or not _whole(repo, commit):
        why = f": {one_line(str(error))}" if error else ""
        raise ArenaError(f"{commit[:12]} could not be archived as {ref}{why}.")
    return ref


def _whole(repo: Repository, commit: str) -> bool:
    return repo.ask("rev-list", "--objects", "-n", "1", commit).code == 0


def archived(repo: Repository, run: str | None = None) -> list[Archived]:
    """What the archive holds, of one run or of all, sorted."""
    found = repo.refs(f"{ROOT}/{run}" if run else ROOT)
    parts = {ref: ref.removeprefix(ROOT + "/").split("/", 1) for ref in sorted(found)}
    return [
        Archived(run=names[0], label=names[1], commit=found[ref], ref=ref)
        for ref, names in parts.items()
        if len(names) == 2
    ]


def restore(
    repo: Repository, *, run: str, label: str, branch: str | None = None
) -> str:
    """Makes a branch (default `arena/<run>/<label>`) of an archived commit; returns its short name.

    Raises ArenaError if there is nothing archived under that name, or the branch holds something else.
    """
    there = {entry.label: entry.commit for entry in archived(repo, run)}
    if label not in there:
        names = some(sorted(there)) if there else "nothing"
        raise ArenaError(
            f"the archive of run {run} holds no {label}; it holds {names}."
        )
    name = branch or f"arena/{run}/{label}"
    ref = f"refs/heads/{name}"
    if repo.ask("check-ref-format", "--branch", name).code != 0:
        raise ArenaError(f"{name!r} can't be the name of a branch.")
    found = repo.refs(ref).get(ref)
    if found == there[label]:
        return name
    if found is not None:
        raise ArenaError(
            f"the branch {name} exists and is at {found[:12]}. Name another one; nothing was changed."
        )
    repo.move_refs([(ref, there[label], "")], why=f"arena: restore {label} of {run}")
    return name
