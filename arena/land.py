"""Verdict → tested merge commit on the target branch, by compare-and-swap; and the way back.

The judge sees exactly the commit that lands. Everything that can be refused is looked at before the judge works
and again before the branch moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from arena.errors import ArenaError, one_line
from arena.journal import Event, Journal
from arena.machine import checkout, records, switch
from arena.machine.checkout import short, some
from arena.machine.git import Repository
from arena.machine.quarantine import Quarantine
from arena.machine.switch import HalfDone
from arena.machine.transaction import Move, Place
from arena.moves import is_open, moves_of, recover, witness

__all__ = ["Landed", "NotLanded", "Undone", "land", "recover", "undo"]

TRIES = 3
Judge = Callable[[str, str], tuple[str, ...]]


class NotLanded(ArenaError):  # noqa: N818 - a result, not a fault
    """Judged, and not merged: the merged tree did not pass, or the target keeps moving. Nothing was changed."""

    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A target branch that went from `old` to the merge commit `new`, with its checkout where there is one."""

    target: str
    old: str
    new: str
    label: str
    checkout: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The refs that were taken back, and the checkouts that moved along."""

    moves: tuple[Move, ...]
    checkouts: tuple[Path, ...]


def land(
    repo: Repository,
    quarantine: Quarantine,
    journal: Journal,
    *,
    run: str,
    label: str,
    commit: str,
    target: str,
    message: str,
    judge: Judge,
) -> Landed:
    """Merges `commit` into the branch `target` (a full ref name) once `judge` passes the merge.

    `judge` gets the merge commit and its tree, both in the quarantine, and returns the reasons against it. If the
    target moves meanwhile, it is merged and judged again, three times in all.

    Raises NotLanded if the merge does not pass or the target keeps moving, ArenaError if something stands in the
    way. Nothing has changed then.
    """
    repo = repo.unfiltered()
    recover(repo, journal)
    for _ in range(TRIES):
        merge = _merge(repo, quarantine, commit, target=target, run=run, text=message)
        reasons = judge(merge.new, quarantine.git.tree_of(merge.new))
        if reasons:
            raise NotLanded(
                f"{label} merged into {short(target)} does not pass: {one_line('; '.join(reasons))}. "
                "Nothing was changed."
            )
        landed = _advance(
            repo, quarantine, journal, merge, run=run, label=label, commit=commit
        )
        if landed is not None:
            return landed
    raise NotLanded(
        f"{short(target)} keeps moving: {TRIES} merges were tested, each time it had a newer commit. "
        f"Try again when it is quiet: arena merge {run} {label}. Nothing was changed."
    )


def _merge(
    repo: Repository,
    quarantine: Quarantine,
    commit: str,
    *,
    target: str,
    run: str,
    text: str,
) -> Move:
    old = _tip(repo, target)
    held = switch.refuse_unless_ready(repo, target)
    if not quarantine.holds(commit):
        quarantine.take(commit, ref=f"refs/arena/land/{run}/commit")
    quarantine.take(old, ref=f"refs/arena/land/{run}/target")
    quarantine.give(commit)
    bases = repo.merge_bases(old, commit)
    if commit in bases:
        raise ArenaError(
            f"{short(target)} already contains {commit[:12]}. Nothing was changed."
        )
    if sorted(quarantine.git.merge_bases(old, commit)) != sorted(bases):
        quarantine.deepen(old, commit)
    merged = quarantine.merge(old, commit)
    if merged.tree is None:
        raise ArenaError(
            f"{commit[:12]} conflicts with {short(target)} in {some(merged.conflicts)}. Merge it by hand, or run "
            "the task again on the new state; nothing was changed."
        )
    for place in held:
        changes = checkout.differences(quarantine.git, old, merged.tree)
        switch.refuse_overwriting(place, changes)
    new = quarantine.commit(
        merged.tree, parents=(old, commit), message=text, identity=repo.identity()
    )
    quarantine.keep(new, ref=f"refs/arena/land/{run}/merge")
    return Move(ref=target, old=old, new=new)


def _tip(repo: Repository, target: str) -> str:
    tip = repo.refs(target).get(target) if target.startswith("refs/heads/") else None
    if tip is None:
        raise ArenaError(
            f"there is no branch {short(target)} to merge into. Name one with --target; nothing was changed."
        )
    behind = repo.ask("symbolic-ref", "-q", target)
    if behind.code == 0:
        # Moving it would move the other one, past the checkout of that.
        raise ArenaError(
            f"{short(target)} is only another name of {short(behind.text)}. Name that one with --target; "
            "nothing was changed."
        )
    return tip


def _advance(
    repo: Repository,
    quarantine: Quarantine,
    journal: Journal,
    merge: Move,
    *,
    run: str,
    label: str,
    commit: str,
) -> Landed | None:
    """None if the target is no longer where it was when the merge was tested."""
    quarantine.give(merge.new)
    wrong = quarantine.untrue(merge.old, merge.new)
    if wrong:
        raise ArenaError(
            f"{some(wrong)} in {repo.common_dir} differs from what was tested: the object store is damaged. "
            "Run git fsck; nothing was changed."
        )
    archive = f"refs/arena/archive/{run}/{label}"
    moves = [merge]
    if archive not in repo.refs(archive):
        moves.append(Move(ref=archive, old="", new=commit))
    facts = {"run": run, "target": merge.ref, "old": merge.old, "new": merge.new}
    facts["commit"] = commit

    def announce(places: Sequence[Place], pid: int) -> None:
        journal.add("landing", label, **facts, **witness(moves, places, pid))

    try:
        why = f"arena: land {label} (run {run})"
        places = switch.advance(repo, moves, why=why, announce=announce)
    except HalfDone:
        raise  # the journal keeps it open, so that it is recovered
    except ArenaError as error:
        at = repo.refs(merge.ref).get(merge.ref)
        if at == merge.new:
            raise
        if is_open(journal, "landing"):
            journal.add("not-landed", label, **facts, why=str(error))
        if at != merge.old:
            return None
        raise
    where = _tops(places)
    shown = str(where[0]) if where else None
    journal.add("landed", label, **facts, checkout=shown, moves=records.to_json(moves))
    return Landed(
        target=merge.ref,
        old=merge.old,
        new=merge.new,
        label=label,
        checkout=where[0] if where else None,
    )


def _tops(places: Iterable[Place]) -> tuple[Path, ...]:
    return tuple(checkout.top_of(place.checkout) for place in places)


def undo(repo: Repository, journal: Journal, *, run: str) -> Undone:
    """Takes back every ref that landings and clean-ups of this run moved since the last undo, with the checkouts.

    The undo of an undo makes them again. Archive refs stay. Raises ArenaError if a ref has moved on since; then
    nothing has changed.
    """
    repo = repo.unfiltered()
    recover(repo, journal)
    wanted = [move for move in _to_undo(list(journal.events())) if move.new != move.old]
    at = {move.ref: repo.refs(move.ref).get(move.ref, "") for move in wanted}
    moves = [move for move in wanted if at[move.ref] != move.new]
    if not moves:
        raise ArenaError(f"run {run} has moved nothing that could be undone.")
    for move in moves:
        if at[move.ref] != move.old:
            raise ArenaError(_moved_on(repo, move, at[move.ref]))

    def announce(places: Sequence[Place], pid: int) -> None:
        journal.add("undoing", run=run, **witness(moves, places, pid))

    try:
        why = f"arena: undo (run {run})"
        places = switch.advance(repo, moves, why=why, announce=announce)
    except HalfDone:
        raise
    except ArenaError as error:
        if is_open(journal, "undoing"):
            journal.add("not-undone", run=run, why=str(error))
        raise
    journal.add("undone", run=run, moves=records.to_json(moves))
    return Undone(moves=tuple(moves), checkouts=_tops(places))


def _to_undo(events: Sequence[Event]) -> list[Move]:
    """The moves that take back what was done last, one per ref."""
    done = [e for e in events if e.kind in ("landed", "cleaned", "undone")]
    if not done:
        return []
    undone = [n for n, event in enumerate(done) if event.kind == "undone"]
    first = undone[-1] if undone else -1
    group = done[first + 1 :] or done[-1:]
    span: dict[str, Move] = {}
    for event in group:
        for move in moves_of(event):
            start = span[move.ref].old if move.ref in span else move.old
            span[move.ref] = Move(ref=move.ref, old=start, new=move.new)
    return [m.back() for m in span.values() if m.ref.startswith("refs/heads/")]


def _moved_on(repo: Repository, move: Move, at: str) -> str:
    name, where = short(move.ref), at[:12] or "gone"
    if at and move.old and repo.is_ancestor(move.old, at):
        revert = f"git revert -m 1 {move.old}"
        return (
            f"{name} has newer commits ({where}). To take the merge back on top of them, run on {name}: {revert}. "
            "Nothing was changed."
        )
    return f"{name} is {where}, no longer {move.old[:12] or 'absent'}: somebody moved it. Nothing was changed."
