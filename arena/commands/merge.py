"""`arena merge`, `arena undo`, `arena clean`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from arena import clean as cleaning
from arena import division, land, publish, session, statusfiles
from arena.commands.call import Call
from arena.commands.judge import load_rubric, need_target
from arena.deliver import deliver, message_of, result
from arena.errors import ArenaError
from arena.journal import Event
from arena.machine import scratch, store
from arena.machine.transaction import Move
from arena.session import Session


def offer(
    opened: Session, document: Mapping[str, Any], call: Call
) -> dict[str, Any] | None:
    """Merges the winner if the settings say so, or the user does when asked; what landed, or None."""
    events = {
        e.kind: e for e in opened.journal.events() if e.kind in ("landed", "undone")
    }
    if events:  # before it was killed, and is resumed
        landed = events.get("landed") if "undone" not in events else None
        return ended(opened, call, [facts_of(landed)]) if landed else None
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
    return ended(opened, call, [_land(opened, winner, call, None)])


@contextmanager
def _alone(call: Call, run: str | None) -> Iterator[Session]:
    """The run, while nobody else works on it."""
    opened = session.reopen(call.here, run, **call.place)
    with opened.alone(force=call.yes):
        yield opened


def merge(
    call: Call,
    run: str | None,
    label: str | None,
    *,
    interactive: bool,
    everyone: bool,
    pull: bool,
) -> int:
    """Merges the winner of a run, a named candidate of it, the one that the user chooses, or all that pass; or prints
    what a pull request would say."""
    if everyone and (label or interactive or pull):
        raise ArenaError("--all leaves nothing to choose. Give one or the other.")
    target = call.given.get("target")
    with _alone(call, run) as opened:
        if everyone:
            return _all(opened, call, target)
        if interactive:
            from arena.commands.choose import choose

            label = choose(opened, result(opened), call)
            if label is None:
                call.say("nothing was merged")
                return 1
        label = label or _winner(opened)
        if pull:
            return _pull(opened, call, label, target)
        return merge_one(opened, call, label, target)


def merge_one(opened: Session, call: Call, label: str, target: str | None) -> int:
    """Merges one candidate."""
    call.tell("", ended(opened, call, [_land(opened, label, call, target)]))
    return 0


def _pull(opened: Session, call: Call, label: str, target: str | None) -> int:
    """Prints title and text of a pull request, and on stderr the commands that make it."""
    from arena.report import formats

    what, measured = publish.load(opened)
    if label not in {e.candidate.label for e in measured.candidates}:
        raise ArenaError(f'run {opened.run} has no candidate "{label}".')
    title, _, trailers = message_of(opened, label, what, style="squash").partition("\n")
    document = store.read_json(opened.folder / "document.json")
    # They are of this machine, or of what was done here.
    document |= {"report": "", "next": [], "landed": None, "undo": None}
    body = f"{formats.markdown(document).strip()}\n{trailers}"
    ref = target or publish.planned(opened)["target"] or "main"
    short, branch = ref.removeprefix("refs/heads/"), f"arena/{opened.run}/{label}"
    words = ["gh", "pr", "create", "-B", short, "-H", branch, "-t", title, "-F", "FILE"]
    commands = [
        f"arena restore {opened.run} {label}",
        f"git push origin {branch}",
        shlex.join(words),
    ]
    call.say(["To open it, with this text in FILE:", *(f"  {c}" for c in commands)])
    facts = {"title": title, "body": body, "branch": branch, "target": short}
    call.tell([title, "", body.rstrip()], {**facts, "commands": commands})
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
    facts = ended(opened, call, landed) if landed else None
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
    style = opened.settings.style
    landed, passed = deliver(opened, label, gates, target=ref, style=style)
    short, old, new = ref.removeprefix("refs/heads/"), landed.old[:9], landed.new[:9]
    call.say(f"tested  {old} + {label} → {new} ({passed} passed)")
    call.say(f"moved   {short} {old} → {new}")
    return {"target": short, "old": landed.old, "new": landed.new, "label": label}


def facts_of(landed: Event) -> dict[str, Any]:
    """What the journal tells of a landing, as the report has it."""
    target = landed.data["target"].removeprefix("refs/heads/")
    ids = {name: landed.data[name] for name in ("old", "new")}
    return {"target": target, **ids, "label": landed.label}


def ended(
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
    with _alone(call, run) as opened:
        return tidy(opened, call, dry_run=dry_run)


def tidy(opened: Session, call: Call, *, dry_run: bool = False) -> int:
    """Removes worktrees and branches of a run, and all of one that was never planned."""
    if not dry_run:
        if opened.discard_if_unplanned():
            call.tell(f"{opened.run} was never planned; its folder is removed.")
            return 0
        division.tidy(opened)  # where it is a plan
        scratch.tidy()
        for place in (opened.folder, opened.top / "reports" / opened.run):
            store.sweep(place)
    done = _clean(opened, call, dry_run=dry_run)
    end = f"{opened.run} is {'not all ' if done.kept else ''}clean."
    call.tell("Nothing was changed." if dry_run else end)
    return 1 if done.kept else 0


def undo(call: Call, run: str | None) -> int:
    """Takes back what landings and clean-ups of a run moved."""
    with _alone(call, run) as opened:
        call.tell(moved(land.undo(opened).moves))
    return 0


def moved(moves: Iterable[Move]) -> list[str]:
    """What moved, in words."""
    lines = []
    for move in moves:
        old, new = (oid[:9] if oid else "nothing" for oid in (move.old, move.new))
        lines.append(f"moved   {move.ref.removeprefix('refs/heads/')} {old} → {new}")
    return lines
