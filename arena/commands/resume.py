"""`arena resume` of a run whose process was killed: what its agents left is collected, judged and reported."""

from __future__ import annotations

from arena import attempts, places, publish, race, session, task
from arena.commands import show
from arena.commands.call import Call
from arena.commands.judge import load_rubric
from arena.errors import ArenaError
from arena.machine import living
from arena.race import Race


def resume(call: Call, run: str) -> int:
    """Goes on with a run that was interrupted: no agent is started again, nothing is tested twice.

    Raises ArenaError if it was judged already, or there is nothing to go on with.
    """
    opened = session.reopen(call.here, run, **call.place)
    kinds = {event.kind: event for event in opened.journal.events()}
    agents_run = kinds["begun"].data["mode"] in ("run", "explore")
    if not agents_run or "planned" not in kinds:
        why = f"run {opened.run} has no agents whose work could be judged."
        raise ArenaError(f"{why} Start it again; what was measured is kept.")
    if "verdict" in kinds:
        raise ArenaError(f"run {opened.run} was judged: arena report {opened.run}")
    # The processes of a run that was just killed take a moment to end.
    if not living.soon(lambda: not living.with_variable("ARENA_RUN", opened.run)):
        left = living.with_variable("ARENA_RUN", opened.run)
        pids = " ".join(map(str, left))
        raise ArenaError(f"agents of run {opened.run} still work: kill {pids}")
    what, planned = task.load(opened.folder), publish.planned(opened)
    stake = Race(
        session=opened, task=what, rubric=load_rubric(opened),
        base=planned["base"], target=planned["target"],
    )  # fmt: skip
    with show.progress(opened, call):
        opened.journal.add("resumed")
        found = attempts.left(opened, what, places.made(opened))
        if not found:
            raise ArenaError(f"the agents of run {opened.run} left no work to judge.")
        document = race.conclude(stake, found)
    return show.finish(opened, document, call)
