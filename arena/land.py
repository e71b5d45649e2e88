"""Verdict → tested merge commit on the target branch, by compare-and-swap; and the way back.

The judge sees exactly the commit that lands. Everything that can be refused is looked at before the judge works
and again before the branch moves.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from arena import archive, composing, hooks
from arena.composing import How
from arena.errors import ArenaError, Refused, one_line
from arena.journal import Event
from arena.machine import switch, user
from arena.machine.checkout import some
from arena.machine.git import Repository
from arena.machine.switch import HalfDone
from arena.machine.transaction import Move, value_of, writable
from arena.machine.transfer import untrue
from arena.moves import change, moves_of, settled
from arena.session import Session

TRIES = 3
OURS = "arena/"  # branches that arena makes
DONE = ("landed", "cleaned", "restored", "undone")
Gate = Callable[[Move], tuple[str, ...]]


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
    session: Session,
    label: str,
    commit: str,
    *,
    target: str,
    message: str,
    judge: Gate,
    style: str = "merge",
) -> Landed:
    """Brings `commit` into the branch `target` (a full ref name) once `judge` passes what that gives.

    `style` is merge, squash or rebase. `judge` gets the move of the target, both commits in the quarantine, and
    returns the reasons against it. If the target moves meanwhile, it is made and judged again, three times in all.
    The user's hooks run where the settings say so, and the commits are signed where the user's git does.

    Raises NotLanded if it does not pass or the target keeps moving, ArenaError if something stands in the way.
    Nothing has changed then.
    """
    session = settled(session)
    name = target.removeprefix("refs/heads/")
    refuse_protected(session, target)
    how = How(
        style=style,
        target=name,
        message=message,
        committer=user.identity(session.repo),
        signing=user.signing(session.repo),
    )
    # A plan's staging branch is ours: what the user's hooks look at is the landing at its end.
    hooked = session.settings.run_hooks and not name.startswith(OURS)
    for _ in range(TRIES):
        move = _compose(session, commit, target, how, hooked=hooked)
        reasons = judge(move)
        if reasons:
            why = one_line("; ".join(reasons))
            raise NotLanded(f"{label} merged into {name} does not pass: {why}.")
        landed = _advance(session, move, label, commit)
        if landed is not None:
            if hooked and landed.checkout:
                hooks.after(session, landed.checkout, style=style)
            return landed
    raise NotLanded(
        f"{name} keeps moving: {TRIES} merges were tested, each time it had a newer commit. "
        f"Try again when it is quiet: arena merge {session.run} {label}."
    )


def refuse_protected(session: Session, target: str) -> None:
    """Raises Refused if the settings protect this branch (a full ref name); never for a plan's staging branch."""
    name = target.removeprefix("refs/heads/")
    if not name.startswith(OURS) and any(
        fnmatch.fnmatchcase(name, p) for p in session.settings.protected
    ):
        ways = f"arena merge {session.run} --pr, or --target BRANCH"
        raise Refused(
            f"{name} is protected by your settings, so nothing lands there. Make a pull request: {ways}."
        )


def _compose(
    session: Session, commit: str, target: str, how: How, *, hooked: bool
) -> Move:
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
    steps = composing.plan(quarantine, old, commit, how)
    if hooked:
        steps = hooks.before(session, old, steps, how)
    new = composing.make(quarantine, old, steps, how)
    quarantine.keep(new, ref=f"refs/arena/land/{session.run}/merge")
    quarantine.give(new)
    move = Move(target, old, new)
    switch.look(repo, [move])
    return move


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
    inside = session.quarantine
    changed = inside.changes(merge.old, merge.new)
    wrong = untrue(repo, inside.git, merge.new, changed)
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
    """Takes back every ref that landings, clean-ups and restores of this run moved since the last undo, with the
    checkouts.

    The undo of an undo makes them again. Archive refs stay, and so does a restored branch that the user has gone on
    with since. Raises ArenaError if a ref has moved on since; then
    nothing has changed.
    """
    session = settled(session)
    events = list(session.journal.events())
    at = {m: value_of(session.repo, m.ref) for m in _to_undo(events)}
    restored = {m.ref for e in events if e.kind == "restored" for m in moves_of(e)}
    moves = [
        move
        for move, value in at.items()
        if value != move.new and (value == move.old or move.ref not in restored)
    ]
    if not moves:
        raise Refused(f"run {session.run} has moved nothing that could be undone.")
    for move in moves:
        if at[move] != move.old:
            raise Refused(_moved_on(session.repo, move, at[move]))
    checkouts = change(session, "undoing", moves)
    return Undone(tuple(moves), checkouts)


def _to_undo(events: Iterable[Event]) -> list[Move]:
    """The moves that take back what was done last, one per ref."""
    done = [e for e in events if e.kind in DONE]
    undone = [number for number, event in enumerate(done) if event.kind == "undone"]
    group = done[undone[-1] + 1 if undone else 0 :] or done[-1:]
    span: dict[str, Move] = {}
    for move in (move for event in group for move in moves_of(event)):
        start = span.get(move.ref, move)
        span[move.ref] = Move(move.ref, start.old, move.new)
    return [m.back() for m in span.values() if m.is_branch and m.old != m.new]


def _moved_on(repo: Repository, move: Move, at: str) -> str:
    """`move` is the one that would take back what landed."""
    if at and move.old and repo.is_ancestor(move.old, at):
        merged = repo.resolve(f"{move.old}^2") is not None
        words = f"-m 1 {move.old}" if merged else f"{move.new}..{move.old}"
        return (
            f"{move.name} has newer commits ({at[:12]}). To take the merge back on top of them, "
            f"run on {move.name}: git revert {words}."
        )
    old, where = move.old[:12] or "absent", at[:12] or "gone"
    return f"{move.name} is {where}, no longer {old}: somebody moved it."
