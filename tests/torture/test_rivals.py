"""Several arenas at once, and a user who commits while one of them merges."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

rounds, promises = sys.modules["torture_rounds"], sys.modules["torture_promises"]
place_module = sys.modules["torture_place"]
FULL = rounds.FULL
ARENA = [sys.executable, "-P", "-m", "arena"]
TEST = ("--test", "test -f calc.py")  # of no account here, and quick
pytestmark = [
    pytest.mark.torture,
    pytest.mark.timeout(6 * 3600 if rounds.LONG else 300),
]


def start(place: Any, *words: str) -> subprocess.Popen[str]:
    """A call of arena beside others."""
    return subprocess.Popen(
        [*ARENA, *place.words(*words)],
        cwd=place.project,
        env=place.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> Any:
    """How a call that was started ended."""
    _, err = process.communicate(timeout=240)
    done = place_module.Done(process.returncode, 0, False, "", "", err)
    promises.ended_well(done)
    return done


def branches(place: Any, count: int) -> list[str]:
    """Branches that add a file each, on the first commit."""
    names = [f"new-{number}" for number in range(count)]
    for name in names:
        place.git("checkout", "-q", "-b", name, place.first)
        place_module.write(place.project, {f"{name}.txt": f"{name}\n"})
        place.git("add", f"{name}.txt")
        place.git("commit", "-q", "-m", name)
    place.git("checkout", "-q", "main")
    return names


def judged(place: Any, name: str) -> str:
    """A run that has judged one branch; its name."""
    done = place.arena("judge", name, "--base", place.first, *TEST, "--merge", "never")
    assert done.code in (0, 1), done.err
    return str(place.runs[-1].name)


def history_is_tested(place: Any) -> list[str]:
    """Every merge of the target's first-parent history is a tested merge with what was the target then; the labels."""
    told = [(run, e) for run in place.runs for e in promises.events(run)]
    landings = {e["data"]["new"]: (run, e) for run, e in told if e["kind"] == "landing"}
    found = []
    for line in place.git("log", "--first-parent", "--format=%H %P", f"{place.first}..main").splitlines():  # fmt: skip
        commit, *parents = line.split(" ")
        if len(parents) == 1:
            continue  # the user's
        run, event = landings[commit]
        assert event["data"]["old"] == parents[0]
        tree = place.git("rev-parse", f"{commit}^{{tree}}")
        assert tree == place.git("merge-tree", "--write-tree", *parents)
        own = [e for r, e in told if r == run]
        tests = [e["data"] for e in own[: own.index(event)] if e["kind"].startswith("tests")]  # fmt: skip
        assert any(t["tree"] == tree and t["role"] == "merged-tree" for t in tests)
        found.append(event["label"])
    return found


def sound(place: Any) -> None:
    promises.nothing_left(place)
    changed = place.git("status", "--porcelain", "-uno")
    assert changed == "", changed


def test_eight_arenas_land_on_one_target(place: Any) -> None:
    """Those that land have been tested with all that landed before them; the others say why, and are archived."""

    def one(_: int) -> None:
        place.again()
        names = branches(place, 8 if rounds.LONG else 4)
        runs = {name: judged(place, name) for name in names}
        calls = [start(place, "merge", runs[name], name) for name in names]
        ends = [ended(call) for call in calls]
        landed = history_is_tested(place)
        assert set(landed) == {n for n, done in zip(names, ends, strict=True) if done.code == 0}  # fmt: skip
        assert len(landed) >= min(3, len(names)), [done.last for done in ends]
        for name, done in zip(names, ends, strict=True):
            assert (place.project / f"{name}.txt").exists() == (name in landed)
            if name not in landed:
                assert done.last.startswith("arena: "), done.err
            archived = f"refs/arena/archive/{runs[name]}/{name}"
            assert place.refs()[archived] == place.refs()[f"refs/heads/{name}"]
        sound(place)
        rounds.tally("of those that landed", rounds=len(landed), wrong=0)

    rounds.each(
        range(rounds.times(1, 20)), one, f"{8 if rounds.LONG else 4} arenas at once"
    )


def test_two_arenas_on_one_run(place: Any) -> None:
    """Only one of them works; nothing is lost, whichever it is."""

    def one(number: int) -> None:
        words = ("run", "--agents", "command:3", *TEST, "--merge", "never", "x")
        place.again()
        if number % 2:
            place.arena(*words, kind="kill", at=450)
            place.settle()
            pair = [("resume",), ("resume",), ("clean",)]
        else:
            assert place.arena(*words).code in (0, 1)
            run = place.runs[0].name
            pair = [("merge", run, "command-1"), ("clean", run), ("merge", run, "command-2")]  # fmt: skip
        ends = [ended(call) for call in [start(place, *words) for words in pair]]
        refused = [done.last for done in ends if "at work here" in done.last]
        assert all(done.code in (0, 1) or done.last.startswith("arena: ") for done in ends)  # fmt: skip
        rounds.tally("of 3 that were refused", rounds=len(refused), wrong=0)
        promises.nothing_lost(place)
        history_is_tested(place)
        sound(place)
        for run in place.runs:
            rounds.cleaned(place, "clean", run.name)
        promises.nothing_lost(place, archived=True)

    rounds.each(range(rounds.times(1, 20)), one, "3 arenas on one run")


def test_a_clean_up_keeps_off_a_run_that_goes_on(place: Any) -> None:
    (place.root / "agent.sh").write_text("sleep 2\n" + place_module.AGENT)
    call = start(place, *place_module.RUN)
    end = time.monotonic() + 30
    while not [*place.root.glob("state/*/runs/*/worktrees/*3/calc.py")]:
        assert time.monotonic() < end
        time.sleep(0.05)
    for command in ("clean", "merge", "undo"):
        done = place.arena(command)
        assert (done.code, "is active" in done.last or "at work" in done.last) == (
            2,
            True,
        ), done.err
    assert ended(call).code == 0
    rounds.tidy(place)


def test_the_user_commits_while_a_merge_lands(place: Any) -> None:
    """A commit of theirs is never lost, and what lands is always tested on top of it, or refused."""
    dice = random.Random(6)
    place.again()
    (name,) = branches(place, 1)
    run = judged(place, name)
    template = place.root.with_name("raced")
    place_module.copy(place.root, template)

    def commit(seconds: float) -> None:
        time.sleep(seconds)
        place_module.write(place.project, {"theirs.txt": "theirs\n"})
        for words in (("add", "theirs.txt"), ("commit", "-q", "-m", "theirs")):
            for _ in range(200):
                how = {"cwd": place.project, "env": place.env, "capture_output": True}
                done = subprocess.run(["git", *words], check=False, **how)
                if done.returncode == 0:
                    break
                time.sleep(0.01)
            else:
                raise AssertionError(done.stderr)

    def one(_: int) -> None:
        place.again(template)
        user = threading.Thread(target=commit, args=[dice.uniform(0, longest)])
        user.start()
        done = place.arena("merge", run, name)
        user.join()
        promises.ended_well(done)
        subjects = place.git("log", "--format=%s", "main").splitlines()
        assert "theirs" in subjects
        assert (place.project / "theirs.txt").read_text() == "theirs\n"
        landed = history_is_tested(place)
        assert bool(landed) == (done.code == 0), done.err
        ends.append(bool(landed))
        sound(place)

    begun = time.monotonic()
    assert place.arena("merge", run, name).code == 0
    longest = time.monotonic() - begun
    ends: list[bool] = []
    rounds.each(range(rounds.times(3, 100)), one, "commits in the middle of a merge")
    rounds.tally("of those the merge landed", rounds=sum(ends), wrong=0)
