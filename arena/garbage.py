"""What old runs take up, and how to get rid of it: what their archive holds goes into a bundle first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arena import archive, bundles, places, publish, runs
from arena.errors import ArenaError
from arena.machine import fingerprint, scratch, store
from arena.machine.quarantine import Quarantine
from arena.machine.transaction import Move, move_refs, patiently, value_of
from arena.moves import interrupted
from arena.session import Session

BASES = "refs/arena/bases"  # what the bundles of runs that are gone stand on
OURS = ("archive", "run", "land", "clean")  # refs of a run in the quarantine


@dataclass(frozen=True, slots=True)
class Old:
    """One run: when something happened in it last (seconds, wall clock), bytes of its folder, refs in the archive, and
    why it has to stay, "" if it may go."""

    run: str
    last: float
    size: int
    archived: int
    kept: str


def look(session: Session, *, before: float) -> Old:
    """What a run takes up, and whether it may go: nothing has happened since `before`, and nothing is left to do."""
    # By the file: what the journal says of time is only for show.
    last = (session.folder / "journal.log").stat().st_mtime
    held = archive.archived(session.repo, session.run)
    size = store.size(session.folder)
    try:
        kept = "it is not old enough" if last >= before else _why_kept(session)
    except ArenaError as error:  # a damaged journal stops no other run
        kept = str(error)
    return Old(session.run, last, size, len(held), kept)


def _why_kept(session: Session) -> str:
    if runs.state(session.folder)["going"]:
        return "it is still going"
    if interrupted(session.journal.events()):
        return f"it was interrupted: arena resume {session.run}"
    there = any(tree.is_there for tree in places.made(session))
    branches = session.repo.refs(f"refs/heads/arena/{session.run}")
    return f"it is not clean: arena clean {session.run}" if there or branches else ""


def remove(session: Session, *, bundle: bool) -> Path | None:
    """Removes the folder and the archive of a run that may go; returns the bundle that holds what was archived.

    Without `bundle` what was archived is gone for good. Raises ArenaError if it can't be saved, or another arena works
    on it; nothing is removed then.
    """
    with session.alone():
        repo, run = session.repo, session.run
        held, kept = archive.archived(repo, run), None
        moves = [Move(f"{archive.ROOT}/{run}/{n}", oid, "") for n, oid in held.items()]
        if held and bundle:
            base = publish.planned(session).get("base")
            kept = bundles.place(repo.common_dir, run)
            bundles.write(repo, run, kept, base=base)
            if base:  # which the bundle needs, whatever becomes of the branch
                moves.append(
                    Move(f"{BASES}/{run}", value_of(repo, f"{BASES}/{run}"), base)
                )
        if moves:
            patiently(repo, lambda: move_refs(repo, moves, why="arena: gc"))
        patiently(repo, lambda: fingerprint.let_go(repo, session.held))
        _forget(session.quarantine, run)
        session.journal.close()
    store.remove_tree(session.folder)
    return kept


def _forget(inside: Quarantine, run: str) -> None:
    refs = inside.git.refs(*(f"refs/arena/{kind}/{run}" for kind in OURS))
    lines = "".join(f"delete {ref}\0\0" for ref in refs)
    if lines:
        inside.git.call("update-ref", "--stdin", "-z", stdin=lines.encode())


def tidy(inside: Quarantine, *, before: float) -> int:
    """Removes results of the cache that are older than `before`, what killed processes left there, and what no run
    holds in the quarantine; returns the bytes."""
    cache = store.cache_dir()
    old = [p for p in cache.glob("results/*/*/*") if p.stat().st_mtime < before]
    freed = sum(path.stat().st_size for path in old)
    for path in old:
        path.unlink(missing_ok=True)
    scratch.tidy()
    size = store.size(inside.git.git_dir)
    # Other runs may work there: what is younger than a day stays.
    inside.git.ask("gc", "-q", "--prune=1.day.ago")
    return freed + max(0, size - store.size(inside.git.git_dir))
