"""Words to a run that goes on: pause, resume, stop, send, done."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from arena import control, runs
from arena.commands.call import Call
from arena.commands.look import runs_of
from arena.errors import ArenaError
from arena.signals import line

# The states of an entry in which its agent works, or will.
BUSY = ("waiting", "setting up", "queued", "working", "rate limit")
Going = tuple[Path, Mapping[str, Any]]


def _going(call: Call, run: str | None) -> Going:
    """Folder and state of a run that goes on. Raises ArenaError if it does not."""
    parent = runs_of(call.here)
    folder = parent / runs.find_run(parent, run)
    state = runs.state(folder)
    if not state["going"]:
        why = f"run {folder.name} does not go on any more ({state['state']})."
        words = {"spawned": "judge --worktrees", "interrupted": "resume"}
        see = words.get(state["state"], "status")
        raise ArenaError(f"{why} See: arena {see} {folder.name}")
    return folder, state


def _meant(call: Call, run: str | None, label: str | None) -> tuple[Going, str | None]:
    """The run, and the entry; one word alone may also be an entry of the latest run."""
    if run is not None and label is None and run in _labels(runs_of(call.here)):
        return _going(call, None), run
    return _going(call, run), label


def _busy(going: Going, label: str | None) -> list[str]:
    """The entries that are meant and whose agents are not done. Raises ArenaError if there is none."""
    folder, state = going
    entries = state["entries"]
    if label is not None and label not in entries:
        known = ", ".join(sorted(entries))
        why = f'run {folder.name} has no entry "{label}".'
        raise ArenaError(f"{why} It has: {known}")
    meant = [label] if label else sorted(entries)
    found = [one for one in meant if entries[one]["state"] in BUSY]
    if not found:
        who = f"the agent of {label}" if label else f"any agent of run {folder.name}"
        raise ArenaError(f"{who} is done already. See: arena status {folder.name}")
    return found


class Place(NamedTuple):
    """An entry whose agent works or will: folder of its run, label, and its agent, None if it has not begun."""

    folder: Path
    label: str
    agent: str | None


def _places(going: Going, label: str | None) -> list[Place]:
    """The entries that are meant; a plan's task stands for those of its present try."""
    folder, state = going
    found = []
    for one in _busy(going, label):
        entry = state["entries"][one]
        there, inside = folder, {one: entry}
        if run := entry.get("run"):
            there = folder.parent / run
            inside = runs.state(there)["entries"]
        busy = {n: e for n, e in inside.items() if e["state"] in BUSY}
        found += [Place(there, n, e.get("agent")) for n, e in busy.items()]
    return found


def pause(call: Call, run: str | None, label: str | None) -> int:
    """Holds agents up: they and their limits stand still."""
    going, label = _meant(call, run, label)
    for folder, one, _ in _places(going, label):
        control.give(folder, one, "pause")
        call.tell(f"paused {one}. Go on: arena resume {going[0].name} {label or one}")
    return 0


def resume(call: Call, run: str | None, label: str | None) -> int:
    """Lets agents go on that were paused, a run that was interrupted, or a plan that is blocked."""
    parent = runs_of(call.here)
    folder = parent / runs.find_run(parent, None if run in _labels(parent) else run)
    found = runs.state(folder)
    if found.get("mode") == "plan" and not found["going"]:
        from arena.commands import plan

        return plan.resume(call, folder.name)
    if not found["going"] and found["state"] != "spawned":
        from arena.commands import resume as again

        return again.resume(call, folder.name)
    going, label = _meant(call, run, label)
    meant = _places(going, label)
    held = [place for place in meant if control.given(*place[:2], "pause")]
    for folder, one, _ in held:
        control.take_back(folder, one, "pause")
        call.tell(f"{one} goes on")
    if not held:
        raise ArenaError("nobody is paused there. Pause with: arena pause")
    return 0


def _labels(parent: Path) -> list[str]:
    """The entries of the latest run."""
    return list(runs.state(parent / runs.find_run(parent, None))["entries"])


def stop(call: Call, run: str | None, label: str | None) -> int:
    """Ends agents; what they did until now is judged. A task of a plan is not tried again then."""
    going, label = _meant(call, run, label)
    places = _places(going, label)
    tasks = [(going[0], one) for one in _busy(going, label)]
    for folder, one in dict.fromkeys([*tasks, *(place[:2] for place in places)]):
        control.give(folder, one, "stop", "stopped by the user")
    for one in dict.fromkeys(place.label for place in places):
        call.tell(f"{one} stops; what it did is kept and judged")
    return 0


def send(call: Call, label: str, text: str, run: str | None) -> int:
    """Leaves a message that the agent of an entry gets as its next turn."""
    from arena.agents import AGENTS

    going = _going(call, run)
    places = _places(going, label)
    for name in filter(None, (place.agent for place in places)):
        if not AGENTS[name].resume:
            why = f"{name} can't take another turn."
            raise ArenaError(f"{why} End it with: arena stop {going[0].name} {label}")
    if not text.strip():
        raise ArenaError("the message is empty. Say what the agent should do.")
    for place in places:
        control.send(place.folder, place.label, text)
        call.tell(f"{place.label} gets the message when its present turn ends")
    return 0


def done(call: Call, label: str | None, run: str | None) -> int:
    """Says that a person's own entry is finished."""
    if label is None and run is None:
        run, label = _around(call.here)
    going = _going(call, run)
    people = [place for place in _places(going, label) if place.agent == "human"]
    if len(people) != 1:
        names = ", ".join(place.label for place in people)
        many = f"which one? {names}" if people else "no person is at work"
        raise ArenaError(f"{many}. Call it in the worktree, or: arena done LABEL")
    folder, one, _ = people[0]
    control.give(folder, one, "done")
    call.tell(f"{one} is done")
    return 0


def signal(
    call: Call, word: str, words: Sequence[str], needs: str | None, label: str | None
) -> int:
    """Says how an entry stands: from inside of it, or for the entry LABEL of the latest run."""
    said, percent = list(words), None
    if word == "progress" and said and said[0].rstrip("%").isdigit():
        percent = min(100, int(said.pop(0).rstrip("%")))
    place = os.environ.get("ARENA_SIGNALS")
    if label is not None or not place:
        run, around = (None, label) if label else _around(call.here)
        if around is None:
            raise ArenaError("whose signal is it? Call it in a worktree, or: --label")
        folder, one, _ = _places(_going(call, run), around)[0]
        place = str(control.stem(folder, f"{one}.signals"))
    told = line(word, text=" ".join(said), percent=percent, needs=needs)
    try:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(told)
    except OSError as error:
        raise ArenaError(f"can't tell {place}: {error.strerror}.") from error
    return 0


def _around(here: Path) -> tuple[str | None, str | None]:
    """Run and label of the worktree that we are in; twice None if it is none."""
    for run in runs.all_states(runs_of(here)):
        for label, entry in run["entries"].items():
            place = entry.get("path")
            if place and here.resolve().is_relative_to(Path(place).resolve()):
                return run["run"], label
    return None, None
