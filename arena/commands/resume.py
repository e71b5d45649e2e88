"""`arena resume` of a run whose process was killed: what was begun is settled, and what is left to do is done."""

from __future__ import annotations

from typing import Any

from arena import attempts, land, places, publish, race, session, task
from arena.commands import merge, show
from arena.commands.call import Call
from arena.commands.judge import load_rubric
from arena.errors import ArenaError
from arena.machine import living
from arena.moves import Recovered, change, recover
from arena.race import Race
from arena.session import Session


def resume(call: Call, run: str) -> int:
    """Goes on with a run that was interrupted: no agent is started again, nothing is tested twice.

    Raises ArenaError if it has ended, or there is nothing to go on with.
    """
    opened = session.reopen(call.here, run, **call.place)
    with opened.alone(force=call.yes):
        settled = recover(opened)
        if settled:
            ended = "completed" if settled.made else "taken back"
            call.say(f"the {settled.kind} that was interrupted is {ended}")
        kinds = {event.kind: event for event in opened.journal.events()}
        if "ended" in kinds and kinds["ended"].data["code"] in (0, 1):
            return _command(opened, call, settled)
        if "planned" not in kinds:
            _refuse(opened, "was killed before anything was begun")
        with show.progress(opened, call):
            opened.journal.add("resumed")
            document = _document(opened, kinds["begun"].data["mode"])
        return show.finish(opened, document, call)


def _refuse(opened: Session, why: str) -> None:
    rest = f"Start it again; remove what is there: arena clean {opened.run}"
    raise ArenaError(f"run {opened.run} {why}. {rest}")


def _command(opened: Session, call: Call, settled: Recovered | None) -> int:
    """Brings the command to its end that was interrupted after the run itself had ended."""
    if settled is None:
        why = f"run {opened.run} has ended, and nothing of it is half done."
        raise ArenaError(f"{why} See: arena status {opened.run}")
    last = [e for e in opened.journal.events() if "moves" in e.data][-1]
    if settled.kind == "undoing":
        moves = settled.moves if settled.made else land.undo(opened).moves
        call.tell(merge.moved(moves))
        return 0
    if settled.kind == "restoring":
        moves = settled.moves
        if not settled.made:
            change(opened, "restoring", list(moves), last.label or "")
        call.tell(merge.moved(moves))
        return 0
    if settled.kind == "cleaning":
        return merge.tidy(opened, call)
    if settled.made:
        call.tell("", merge.ended(opened, call, [merge.facts_of(last)]))
        return 0
    return merge.merge_one(opened, call, last.label or "", last.data["target"])


def _document(opened: Session, mode: str) -> dict[str, Any]:
    """The report's document: from what was measured, else of what the agents left."""
    rules = load_rubric(opened)
    if (opened.folder / "evaluation.json.gz").exists():
        return publish.again(opened, rules)
    if not (opened.folder / "task.json").exists():
        agents_run = mode in ("run", "explore")
        begun = "agent was started" if agents_run else "candidate was taken"
        _refuse(opened, f"was killed before any {begun}")
    # The processes of a run that was just killed take a moment to end.
    if not living.soon(lambda: not living.with_variable("ARENA_RUN", opened.run)):
        left = living.with_variable("ARENA_RUN", opened.run)
        pids = " ".join(map(str, left))
        raise ArenaError(f"agents of run {opened.run} still work: kill {pids}")
    what, planned = task.load(opened.folder), publish.planned(opened)
    found = publish.begun(opened) or attempts.left(opened, what, places.made(opened))
    if not found:
        raise ArenaError(f"run {opened.run} left no work to judge.")
    stake = Race(
        session=opened, task=what, rubric=rules,
        base=planned["base"], target=planned["target"],
    )  # fmt: skip
    return race.conclude(stake, found)
