"""`arena merge`, `arena undo`, `arena restore`, `arena clean`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from arena import archive, division, land, publish, runs, session, statusfiles
from arena import clean as cleaning
from arena.commands.call import Call
from arena.commands.judge import load_rubric, need_target
from arena.deliver import deliver, result
from arena.errors import ArenaError
from arena.machine import living
from arena.session import Session


def offer(
    opened: Session, document: Mapping[str, Any], call: Call
) -> dict[str, Any] | None:
    """Merges the winner if the settings say so, or the user does when asked; what landed, or None."""
    decided, wish = document["verdict"], opened.settings.merge
    winner, blocks = decided["winner"], decided["blocks"]
    if not winner or not document["next"] or wish == "never":
        return None
    if wish == "auto":
        if blocks:
            command = document["next"][0]["command"]
            why = f"not merged by itself: {'; '.join(blocks)}."
            call.say(f"{why} To merge: {command}")
            return None
    elif call.as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    elif not call.yes:
        question = f"Merge {winner} into {document['task']['target']}?"
        if not call.confirm(question, default=not blocks):
            return None
    return _ended(opened, call, [_land(opened, winner, call, None)])


def merge(
    call: Call, run: str | None, label: str | None, *, interactive: bool, everyone: bool
) -> int:
    """Merges the winner of a run, a named candidate of it, the one that the user chooses, or all that pass."""
    if everyone and (label or interactive):
        raise ArenaError("--all leaves nothing to choose. Give one or the other.")
    opened = session.reopen(call.here, run, **call.place)
    target = call.given.get("target")
    if everyone:
        return _all(opened, call, target)
    if interactive:
        from arena.commands.choose import choose

        label = choose(opened, result(opened), call)
        if label is None:
            call.say("nothing was merged")
            return 1
    landed = [_land(opened, label or _winner(opened), call, target)]
    call.tell("", _ended(opened, call, landed))
    return 0


def _all(opened: Session, call: Call, target: str | None) -> int:
    """Merges one candidate after the other, the best first; one that can't be merged stops no other."""
    told, landed, left = result(opened), [], dict[str, str]()
    for one in told["candidates"]:
        label, out = one["label"], one["excluded"]
        doubts = [f["summary"] for f in one["flags"] if f["grade"] == "suspicious"]
        why = out or (f"an open question: {doubts[0]}" if doubts else "")
        try:
            if not why:
                landed.append(_land(opened, label, call, target))
        except ArenaError as error:
            why = str(error)
        if why:
            left[label] = why
            call.say(f"left    {label}: {why}")
    facts = _ended(opened, call, landed) if landed else None
    call.tell("", {"landed": facts, "left": left})
    return 1 if left else 0


def _winner(opened: Session) -> str:
    told, command = result(opened), f"arena merge {opened.run}"
    decided = told["verdict"]
    if told["rubric"]["merge"] == "never":
        labels = ", ".join(c["label"] for c in told["candidates"])
        why = f"run {opened.run} was to explore, so nothing merges by itself."
        raise ArenaError(f"{why} Name one of {labels}: {command} LABEL")
    winner, leader = decided["winner"], decided["leader"]
    if not winner:
        labels = " or ".join(decided["tied"] or filter(None, [leader]))
        rest = (
            f"Choose one: {command} {labels}" if labels else "Nobody passes the gates."
        )
        why = f"run {opened.run} has no winner ({decided['confidence']})."
        raise ArenaError(f"{why} {rest}")
    suspicious = [b for b in decided["blocks"] if ":" in b]
    if suspicious:
        raise ArenaError(
            f"{winner} has an open question and is not merged without your word "
            f"({'; '.join(suspicious)}). Look at the report, then: {command} {winner}"
        )
    return str(winner)


def _land(
    opened: Session, label: str, call: Call, target: str | None
) -> dict[str, Any]:
    """Tests a candidate merged into the target, and moves that. Raises ArenaError if it can't."""
    ref = None if target else publish.planned(opened)["target"]
    ref = ref or need_target(opened.repo, target)
    rules = load_rubric(opened)
    # What only explores may break tests; what lands may not.
    gates = load_rubric(opened, "default") if rules.merge == "never" else rules
    landed, passed = deliver(opened, label, gates, target=ref)
    short, old, new = ref.removeprefix("refs/heads/"), landed.old[:9], landed.new[:9]
    call.say(f"tested  {old} + {label} → {new} ({passed} passed)")
    call.say(f"moved   {short} {old} → {new}")
    return {"target": short, "old": landed.old, "new": landed.new, "label": label}


def _ended(
    opened: Session, call: Call, landed: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Cleans up what lost unless told to keep it, and puts what landed into the report."""
    if not opened.settings.keep:
        _clean(opened, call)
    call.say(f"Undo:   arena undo {opened.run}")
    labels = ", ".join(one["label"] for one in landed)
    facts = {**landed[-1], "old": landed[0]["old"], "label": labels}
    publish.again(opened, load_rubric(opened), landed=facts)
    return facts


def _clean(opened: Session, call: Call, *, dry_run: bool = False) -> cleaning.Cleaned:
    opened.journal.listeners += statusfiles.outside(opened)
    done = cleaning.clean(opened, dry_run=dry_run)
    if done.worktrees or done.branches:
        would = "would remove" if dry_run else "removed"
        count = f"{len(done.worktrees)} worktrees and {len(done.branches)} branches"
        call.say(f"{would} {count}, {done.freed >> 20} MB")
    call.say(f"kept    {label}: {why}" for label, why in done.kept)
    if done.restorable:
        command = f"arena restore {opened.run} LABEL"
        own = len(done.of_agents)
        kept = f"{len(done.restorable) - own} candidates"
        kept += f" and {own} commits of the agents' own" if own else ""
        call.say(f"kept    {kept} in the archive ({command})")
    return done


def clean(call: Call, run: str | None, *, dry_run: bool) -> int:
    """Removes worktrees and branches of one run; every candidate stays in the archive."""
    opened = session.reopen(call.here, run, **call.place)
    if not dry_run:
        _refuse_active(opened, call)
        division.tidy(opened)  # where it is a plan
    done = _clean(opened, call, dry_run=dry_run)
    end = f"{opened.run} is {'not all ' if done.kept else ''}clean."
    call.tell("Nothing was changed." if dry_run else end)
    return 1 if done.kept else 0


def _refuse_active(opened: Session, call: Call) -> None:
    """Raises ArenaError while a process works on a run: its agents need their worktrees."""
    state, cure = runs.state(opened.folder), f"Wait, or: arena stop {opened.run}"
    if not state["going"]:
        return
    pid, born = state["process"], state["born"]
    if living.machine_of(born):
        if call.yes:
            return
        cure = f"If it is gone for good there: arena --yes clean {opened.run}"
    who = living.named(pid, born)
    raise ArenaError(f"run {opened.run} is active ({who}). {cure}")


def undo(call: Call, run: str | None) -> int:
    """Takes back what landings and clean-ups of a run moved."""
    lines = []
    for move in land.undo(session.reopen(call.here, run, **call.place)).moves:
        old, new = (oid[:9] if oid else "nothing" for oid in (move.old, move.new))
        lines.append(f"moved   {move.ref.removeprefix('refs/heads/')} {old} → {new}")
    call.tell(lines)
    return 0


def restore(call: Call, run: str, label: str, branch: str | None) -> int:
    """Makes a branch of an archived candidate."""
    opened = session.reopen(call.here, run, **call.place)
    name = archive.restore(opened.repo, run=opened.run, label=label, branch=branch)
    oid = opened.repo.resolve(f"refs/heads/{name}") or ""
    opened.journal.add("restored", label, branch=name, commit=oid)
    call.tell(f"branch {name} is at {oid[:12]}")
    return 0
