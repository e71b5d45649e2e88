"""Verdict → tested merge commit on the target branch, by compare-and-swap; and the way back.

The judge sees exactly the commit that lands. Everything that can be refused is looked at before the judge works
and again before the branch moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from arena import archive
from arena.errors import ArenaError, Refused, one_line
from arena.journal import Event
from arena.machine import switch
from arena.machine.checkout import some
from arena.machine.git import Repository
from arena.machine.switch import HalfDone
from arena.machine.transaction import Move, value_of, writable
from arena.moves import change, moves_of, settled
from arena.session import Session

TRIES = 3
Gate = Callable[[str, str], tuple[str, ...]]


class NotLanded(Refused):
    """Judged, and not merged: the merged tree did not pass, or the target keeps moving."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Landed:
    """A target branch that went from `old` to the merge commit `new`, with its checkout where there is one."""

    target: str
    old: str
    new: str
    checkout: Path | None


@dataclass(frozen=True, slots=True)
class Undone:
    """The refs that were taken back, and the checkouts that moved along."""

    moves: tuple[Move, ...]
    checkouts: tuple[Path, ...]


def land(
    session: Session, label: str, commit: str, *, target: str, message: str, judge: Gate
) -> Landed:
    """Merges `commit` into the branch `target` (a full ref name) once `judge` passes the merge.

    `judge` gets the merge commit and its tree, both in the quarantine, and returns the reasons against it. If the
    target moves meanwhile, it is merged and judged again, three times in all.

    Raises NotLanded if the merge does not pass or the target keeps moving, ArenaError if something stands in the
    way. Nothing has changed then.
    """
    session = settled(session)
    name = target.removeprefix("refs/heads/")
    for _ in range(TRIES):
        merge = _merge(session, commit, target, message)
        reasons = judge(merge.new, session.quarantine.git.tree_of(merge.new))
        if reasons:
            why = one_line("; ".join(reasons))
            raise NotLanded(f"{label} merged into {name} does not pass: {why}.")
        landed = _advance(session, merge, label, commit)
        if landed is not None:
            return landed
    raise NotLanded(
        f"{name} keeps moving: {TRIES} merges were tested, each time it had a newer commit. "
        f"Try again when it is quiet: arena merge {session.run} {label}."
    )


def _merge(session: Session, commit: str, target: str, message: str) -> Move:
    repo, quarantine = session.repo, session.quarantine
    old, name = _tip(repo, target), target.removeprefix("refs/heads/")
    if not writable(repo):
        why = "Read-only file system, or not yours"
        raise Refused(f"{repo.common_dir} can't be written ({why}).")
    if not quarantine.holds(commit):
        quarantine.take(commit, ref=f"refs/arena/land/{session.run}/commit")
    quarantine.take(old, ref=f"refs/arena/land/{session.run}/target")
    quarantine.give(commit)
    bases = repo.merge_bases(old, commit)
    if commit in bases:
        raise Refused(f"{name} already contains {commit[:12]}.")
    if sorted(quarantine.git.merge_bases(old, commit)) != sorted(bases):
        quarantine.deepen(old, commit)
    merged = quarantine.merge(old, commit)
    if merged.tree is None:
        raise Refused(
            f"{commit[:12]} conflicts with {name} in {some(merged.conflicts)}. Merge by hand, or run the task again."
        )
    new = quarantine.commit(
        merged.tree, parents=(old, commit), message=message, identity=repo.identity()
    )
    quarantine.keep(new, ref=f"refs/arena/land/{session.run}/merge")
    quarantine.give(new)
    merge = Move(target, old, new)
    switch.look(repo, [merge])
    return merge


def _tip(repo: Repository, target: str) -> str:
    name = target.removeprefix("refs/heads/")
    tip = value_of(repo, target) if target != name else ""
    if not tip:
        raise Refused(f"there is no branch {name}. Name one with --target.")
    behind = repo.ask("symbolic-ref", "-q", target).text
    if behind:
        # Moving it would move the other one, past the checkout of that.
        other = behind.removeprefix("refs/heads/")
        raise Refused(f"{name} is only another name of {other}: --target {other}.")
    return tip


def _advance(session: Session, merge: Move, label: str, commit: str) -> Landed | None:
    """None if the target is no longer where it was when the merge was tested."""
    repo = session.repo
    wrong = session.quarantine.untrue(merge.old, merge.new)
    if wrong:
        raise Refused(
            f"{some(wrong)} in {repo.common_dir} differs from what was tested. Run git fsck."
        )
    moves, kept = [merge], f"{archive.ROOT}/{session.run}/{label}"
    if not value_of(repo, kept):
        moves.append(Move(kept, "", commit))
    facts = {"target": merge.ref, "old": merge.old, "new": merge.new, "commit": commit}
    try:
        tops = change(session, "landing", moves, label, **facts)
    except HalfDone:
        raise
    except ArenaError:
        if value_of(repo, merge.ref) in (merge.old, merge.new):
            raise
        return None
    return Landed(merge.ref, merge.old, merge.new, tops[0] if tops else None)


def undo(session: Session) -> Undone:
    """Takes back every ref that landings and clean-ups of this run moved since the last undo, with the checkouts.

    The undo of an undo makes them again. Archive refs stay. Raises ArenaError if a ref has moved on since; then
    nothing has changed.
    """
    session = settled(session)
    at = {m: value_of(session.repo, m.ref) for m in _to_undo(session.journal.events())}
    moves = [move for move, value in at.items() if value != move.new]
    if not moves:
        raise Refused(f"run {session.run} has moved nothing that could be undone.")
    for move in moves:
        if at[move] != move.old:
            raise Refused(_moved_on(session.repo, move, at[move]))
    checkouts = change(session, "undoing", moves)
    return Undone(tuple(moves), checkouts)


def _to_undo(events: Iterable[Event]) -> list[Move]:
    """The moves that take back what was done last, one per ref."""
    done = [e for e in events if e.kind in ("landed", "cleaned", "undone")]
    undone = [number for number, event in enumerate(done) if event.kind == "undone"]
    group = done[undone[-1] + 1 if undone else 0 :] or done[-1:]
    span: dict[str, Move] = {}
    for move in (move for event in group for move in moves_of(event)):
        start = span.get(move.ref, move)
        span[move.ref] = Move(move.ref, start.old, move.new)
    return [m.back() for m in span.values() if m.is_branch and m.old != m.new]


def _moved_on(repo: Repository, move: Move, at: str) -> str:
    if at and move.old and repo.is_ancestor(move.old, at):
        return (
            f"{move.name} has newer commits ({at[:12]}). To take the merge back on top of them, "
            f"run on {move.name}: git revert -m 1 {move.old}."
        )
    old, where = move.old[:12] or "absent", at[:12] or "gone"
    return f"{move.name} is {where}, no longer {old}: somebody moved it."
