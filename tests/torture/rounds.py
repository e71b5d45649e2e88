"""One round of torture: a command that is killed, or whose write fails, and what the user does then."""

from __future__ import annotations

import collections
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

place_module, promises = sys.modules["torture_place"], sys.modules["torture_promises"]
Place, Done = place_module.Place, place_module.Done
WANTED = os.environ.get("ARENA_TORTURE", "")
FULL = WANTED == "full"
MOST = (
    int(WANTED) if WANTED.isdigit() else 0
)  # rounds of each kind, where it is a number
LONG = FULL or MOST > 0
RUN, JUDGE = place_module.RUN, ("judge", "branch-1", "branch-2", "--merge", "auto")
AGENTS, PROMPT = RUN[:3], RUN[-1]
# What is done before the command under test.
BEFORE: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {
    RUN: (),
    JUDGE: (),
    ("merge",): ((*AGENTS, "--merge", "never", PROMPT),),
    ("clean",): ((*AGENTS, "--merge", "never", PROMPT),),
    ("undo",): (RUN,),
    ("restore",): (RUN,),
}
# About how many steps each has at least.
STEPS = {"run": 780, "judge": 340, "merge": 180, "clean": 220, "undo": 80, "restore": 30}  # fmt: skip
NAMES = {words[0]: words for words in BEFORE}


def begin(place: Place, words: tuple[str, ...]) -> tuple[str, ...]:
    """A fresh place in which everything that comes before a command was done; returns the whole command."""
    place.again()
    for before in BEFORE[words]:
        done = place.arena(*before)
        assert done.code == 0, done.err
    if words == ("restore",):
        return (*words, place.run.name, "command-2", "--branch", "restored")
    return words


def at_any_moment(place: Place, done: Done) -> None:
    """What is promised also where a command was killed."""
    place.settle()
    if done.code >= 0:
        promises.ended_well(done)
    promises.nothing_lost(place)
    promises.target_is_tested(place, place.first)


def follow(place: Place, *words: str) -> Done:
    """A command without a fault, after which nothing of the fault may be left."""
    done = place.arena(*words)
    promises.ended_well(done)
    promises.nothing_lost(place)
    promises.target_is_tested(place, place.first)
    promises.nothing_left(place)
    return done


def cleaned(place: Place, *words: str) -> None:
    """As `follow`, where the target's history is no longer that of one merge."""
    promises.ended_well(place.arena(*words))
    promises.nothing_lost(place)
    promises.nothing_left(place)


def tidy(place: Place) -> None:
    """In the end everything is cleaned up, and archived; a landing can be taken back."""
    for run in place.runs:
        done = follow(place, "clean", run.name)
        assert done.code == 0, done.err
    promises.checkout_is_theirs(place)
    promises.nothing_lost(place, archived=True)
    # A branch that the user asked for stays.
    rest = set(place.refs()) & {"refs/heads/restored"}
    promises.all_clean(place, known=place.known | rest)
    if promises.target_is_tested(place, place.first):
        assert follow(place, "undo").code == 0
        assert place.git("rev-parse", "main") == place.first
        promises.checkout_is_theirs(place)


def verdict(run: Path) -> tuple[str, ...]:
    """Who won, and how sure that is."""
    told = json.loads((run / "result.json").read_text())["verdict"]
    return told["winner"], told["confidence"], told["stage"]


def tests_run(run: Path) -> collections.Counter[tuple[str, ...]]:
    """How often each test process was started by one arena and needed: all but those that a kill cut off."""
    told, found = promises.events(run), collections.Counter[tuple[str, ...]]()
    resumed = [n for n, e in enumerate(told) if e["kind"] == "resumed"] or [0]
    for number, event in enumerate(told):
        if event["kind"] == ("tests" if number < resumed[-1] else "process"):
            data = event["data"]
            found[event["label"], data["role"], data["tree"]] += 1
    return found


def times(few: int, many: int) -> int:
    """How many rounds: few with all tests, many with `full`, else as many as wanted of them."""
    return many if FULL else min(many, MOST) if MOST else few


def spread(total: int, few: int, *, shift: int) -> Iterator[int]:
    """Some steps of a command, evenly; others for another shift."""
    for number in range(few):
        yield 1 + (number * total // few + shift * total // (2 * few)) % total


def each(numbers: Iterable[int], one: Callable[[int], Any], name: str) -> int:
    """Rounds until one says that there is no more; all that went wrong is told at the end."""
    wrong, rounds = [], 0
    for number in numbers:
        try:
            if one(number) is False:
                break
        except AssertionError as error:
            wrong.append(f"{name}, step {number}: {error}")
        rounds += 1
    tally(name, rounds=rounds, wrong=len(wrong))
    assert not wrong, f"{len(wrong)} of {rounds} rounds\n\n" + "\n\n".join(wrong[:10])
    return rounds


def tally(name: str, **figures: Any) -> None:
    """Figures for whoever wants them, a line of JSON each."""
    path = os.environ.get("ARENA_TORTURE_TALLY")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"name": name, **figures}) + "\n")
