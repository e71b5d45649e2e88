"""Where every candidate stays recoverable when its worktree and branch are gone: refs of the user's repository."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from arena.errors import ArenaError, Refused
from arena.machine.checkout import some
from arena.machine.git import Repository
from arena.machine.transaction import Move, move_refs, patiently, value_of, writable
from arena.machine.transfer import whole
from arena.session import Session

ROOT = "refs/arena/archive"


def keep(session: Session, label: str, commit: str) -> str:
    """Archives a commit of the quarantine in the user's repository, verified by reading it back; returns the ref.

    Archiving the same commit again is fine. Raises ArenaError if the ref holds another, or it did not arrive.
    """
    (ref,) = keep_all(session, {label: commit})
    return ref


def keep_all(session: Session, commits: Mapping[str, str]) -> list[str]:
    """As `keep`, for label → commit."""
    repo, root = session.repo, f"{ROOT}/{session.run}"
    wanted = {f"{root}/{label}": commit for label, commit in commits.items()}
    if not wanted:
        return []
    session.quarantine.give(*wanted.values())
    found = repo.refs(*wanted)
    missing = [Move(ref, "", wanted[ref]) for ref in wanted if ref not in found]
    if missing:
        patiently(repo, lambda: move_refs(repo, missing, why="arena: archive"))
        found = repo.refs(*wanted)
    for ref, commit in wanted.items():
        held = found.get(ref, "nothing")
        if held != commit:
            words = f"can't archive {commit[:12]}: {ref} already holds {held[:12]}."
            raise Refused(words)
    if not whole(repo, *wanted.values()):
        lost = [commit for commit in wanted.values() if not whole(repo, commit)]
        names = ", ".join(commit[:12] for commit in lost)
        raise ArenaError(f"{names} did not arrive whole in {repo.common_dir}.")
    session.quarantine.keep_all(wanted)  # a second copy, out of the agents' reach
    return list(wanted)


class Keeper:
    """`keep` for many threads: whoever comes while one is at work is served by the next, all with one transfer."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: dict[str, str] = {}
        self._at_work = threading.Lock()

    def keep(self, label: str, commit: str) -> None:
        """As `keep` of this module, with the same errors."""
        self._waiting[label] = commit
        with self._at_work:
            if label not in self._waiting:
                return
            batch, kept = self._waiting.copy(), [label]
            try:
                keep_all(self._session, batch)
                kept = [*batch]
            except (ArenaError, OSError):  # whose fault it is shows alone
                keep_all(self._session, {label: commit})
            finally:  # the others try themselves unless theirs is kept
                for one in kept:
                    del self._waiting[one]


def keep_found(session: Session, commits: Mapping[str, str]) -> None:
    """As `keep_all`, for what was there before; where nothing can be written it is where it came from, and here."""
    if writable(session.repo):
        keep_all(session, commits)


def archived(repo: Repository, run: str) -> dict[str, str]:
    """Label → commit of what the archive holds of a run, sorted."""
    found = sorted(repo.refs(f"{ROOT}/{run}").items())
    return {ref.removeprefix(f"{ROOT}/{run}/"): commit for ref, commit in found}


def branch_of(
    repo: Repository, *, run: str, label: str, branch: str | None = None
) -> Move:
    """The move that makes a branch (default `arena/<run>/<label>`) of an archived commit; from where it is to where
    it is if it is there already.

    Raises ArenaError if there is nothing archived under that name, or the branch holds something else.
    """
    there = archived(repo, run)
    if label not in there:
        names = some(there) or "nothing"
        raise Refused(f"the archive of run {run} holds no {label}; it holds {names}.")
    name = branch or f"arena/{run}/{label}"
    if repo.ask("check-ref-format", "--branch", name).code != 0:
        raise Refused(f"{name!r} can't be the name of a branch.")
    found = value_of(repo, f"refs/heads/{name}")
    if found and found != there[label]:
        raise Refused(f"the branch {name} exists, at {found[:12]}. Name another one.")
    return Move(f"refs/heads/{name}", found, there[label])
