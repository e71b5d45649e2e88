"""Killed at every step, with kill -9: no work is lost, and the next command finds its way."""

from __future__ import annotations

import itertools
import random
import shutil
import sys
import threading
import time
from typing import Any

import pytest

rounds, promises = sys.modules["torture_rounds"], sys.modules["torture_promises"]
place_module = sys.modules["torture_place"]
FULL = rounds.FULL
SHARDS = 8 if FULL else 1  # so that several workers share the steps
FEW = {"run": 3, "judge": 1, "merge": 2, "clean": 1, "undo": 1, "restore": 1}
pytestmark = [
    pytest.mark.torture,
    pytest.mark.timeout(6 * 3600 if rounds.LONG else 300),
]


def kill_at(place: Any, words: tuple[str, ...], step: int, *, then: str, kind: str = "kill") -> bool:  # fmt: skip
    """One kill; False if the command has fewer steps."""
    done = place.arena(*rounds.begin(place, words), kind=kind, at=step)
    rounds.at_any_moment(place, done)
    if then == "resume":
        marks, before = place.marks(), len(place.runs)
        resumed = rounds.follow(place, "resume")
        assert len(place.runs) == before
        whole = marks >= place_module.WORK.keys() and words == rounds.RUN
        if resumed.code == 0 and whole:
            assert rounds.verdict(place.run) == ("command-1", "clear", "mended")
    rounds.tidy(place)
    assert done.hit or FULL, "the command has fewer steps than thought"
    return bool(done.hit)


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("then", ["resume", "clean"])
@pytest.mark.parametrize("name", FEW)
def test_killed_at_every_step(place: Any, name: str, then: str, shard: int) -> None:
    words, label = rounds.NAMES[name], f"kill {name}, then {then}"
    if FULL:
        steps = itertools.count(1 + shard, SHARDS)
    else:
        steps = rounds.spread(
            rounds.STEPS[name],
            rounds.times(FEW[name], rounds.STEPS[name]),
            shift=then == "clean",
        )
    rounds.each(steps, lambda n: kill_at(place, words, n, then=then), label)


def test_killed_alone(place: Any) -> None:
    """Only arena dies; the programs that it had started see that by themselves."""
    steps = rounds.spread(rounds.STEPS["run"], rounds.times(1, 60), shift=1)
    rounds.each(
        steps,
        lambda n: kill_at(place, rounds.RUN, n, then="resume", kind="alone"),
        "kill of arena alone",
    )


def test_what_was_measured_is_not_measured_again(place: Any) -> None:
    """With an empty cache, so that every test runs: once, in the run that is killed or in the one that resumes it."""
    shutil.rmtree(place.root / "cache/results")
    whole = place.arena(*rounds.RUN)
    expected = rounds.tests_run(place.run)
    assert sum(expected.values()) > 8

    def one(step: int) -> None:
        place.again()
        shutil.rmtree(place.root / "cache/results")
        done = place.arena(*rounds.RUN, kind="kill", at=step)
        rounds.at_any_moment(place, done)
        if rounds.follow(place, "resume").code == 0:
            more = rounds.tests_run(place.run) - expected
            assert not more, f"again: {more}"
        rounds.tidy(place)

    steps = rounds.spread(whole.steps, rounds.times(1, 60), shift=1)
    rounds.each(steps, one, "kill with an empty cache")


def killed_after(
    place: Any,
    words: tuple[str, ...],
    seconds: float,
    *,
    everything: bool,
    event: str = "begun",
) -> Any:
    """A call that is killed so long after an event, with its group, or with everything that works in the place."""

    def told() -> int:
        journals = place.root.glob("state/*/runs/*/journal.log")
        word = f'"kind":"{event}"'.encode()
        return sum(path.read_bytes().count(word) for path in journals)

    server, before = place.server, told()
    pid = server.start(place, place.words(*words), place_module.NO_FAULT)

    def kill() -> None:
        end = time.monotonic() + 30
        while told() == before and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(seconds)
        if everything:
            place_module.kill_all(place.root)
        else:
            place_module.kill_group(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    done = server.end(place)
    killer.join()
    return done


def test_killed_at_random(place: Any) -> None:
    dice, begun = random.Random(20261126), time.monotonic()
    place.arena(*rounds.RUN)
    longest = time.monotonic() - begun

    def one(number: int) -> None:
        place.again()
        seconds = dice.random() * longest
        done = killed_after(place, rounds.RUN, seconds, everything=number % 2 == 0)
        hits.append(done.code < 0)
        rounds.at_any_moment(place, done)
        rounds.follow(place, "resume" if number % 4 < 2 else "clean")
        rounds.tidy(place)

    hits: list[bool] = []
    rounds.each(range(rounds.times(3, 200)), one, "random kills")
    rounds.tally("random kills that hit", rounds=sum(hits), wrong=0)


def test_a_big_landing_killed_with_its_git(place: Any) -> None:
    """Everything is killed, git in its own session as well: at worst the checkout is half written then."""
    place.git("checkout", "-q", "branch-1")
    big = {
        f"many/{n % 20}/f{n}.txt": f"{n}\n" * 200
        for n in range(600 if rounds.LONG else 60)
    }
    place_module.write(place.project, big)
    place.git("add", "-A", "many")
    place.git("commit", "-q", "-m", "many files")
    place.git("checkout", "-q", "main")
    words = ("judge", "branch-1", "--base", "main", "--merge", "never")
    assert place.arena(*words).code == 0
    assert place.arena("merge").code == 0  # so that the merged tree has been tested
    assert place.arena("undo").code == 0
    template, dice = place.root.with_name("big"), random.Random(600)
    shutil.copytree(place.root, template, symlinks=True)

    def one(number: int) -> None:
        place.again(template)
        seconds = dice.uniform(0, 0.2)
        done = killed_after(place, ("merge",), seconds, everything=True, event="landing")  # fmt: skip
        hits.append(done.code < 0)
        rounds.at_any_moment(place, done)
        torn.append(bool(place.git("status", "--porcelain", "-uno", ok=False)))
        locks.append(bool([*(place.project / ".git").rglob("*.lock")]))
        rounds.follow(place, "resume" if number % 2 else "clean")
        rounds.tidy(place)

    hits: list[bool] = []
    torn: list[bool] = []
    locks: list[bool] = []
    rounds.each(range(rounds.times(1, 200)), one, "kills of a landing with git")
    rounds.tally("of those hit", rounds=sum(hits), wrong=0)
    rounds.tally("of those with a checkout half written", rounds=sum(torn), wrong=0)
    rounds.tally("of those with a lock of git's left", rounds=sum(locks), wrong=0)
