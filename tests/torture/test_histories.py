"""Random histories of commits, merges, clean-ups, restored branches and undos; a model says where each ref must be."""

from __future__ import annotations

import random
import sys
from typing import Any

import pytest

rounds, promises = sys.modules["torture_rounds"], sys.modules["torture_promises"]
place_module = sys.modules["torture_place"]
FULL = rounds.FULL
TEST = ("--test", "test -f calc.py")  # of no account here, and quick
Refs = dict[str, str]
pytestmark = [
    pytest.mark.torture,
    pytest.mark.timeout(6 * 3600 if rounds.LONG else 300),
]


class Model:
    """What `undo` must take back for one run: per ref the value before the first change and after the last one."""

    def __init__(self) -> None:
        self.open: dict[str, tuple[str, str]] = {}
        self.last: dict[str, tuple[str, str]] = {}

    def changed(self, before: Refs, after: Refs) -> None:
        for ref in before.keys() | after.keys():
            old, new = before.get(ref, ""), after.get(ref, "")
            if old != new:
                start = self.open.get(ref, (old, new))[0]
                self.open[ref] = start, new

    def undo(self, refs: Refs) -> Refs | None:
        """The refs after an undo; None if it must be refused."""
        span = self.open or self.last
        span = {ref: ends for ref, ends in span.items() if ends[0] != ends[1]}
        todo = {r: (old, new) for r, (old, new) in span.items() if refs.get(r, "") != old}  # fmt: skip
        if not todo or any(refs.get(ref, "") != new for ref, (_, new) in todo.items()):
            return None
        self.last = {ref: (new, old) for ref, (old, new) in todo.items()}
        self.open = {}
        return {r: c for r, c in {**refs, **{ref: old for ref, (old, _) in todo.items()}}.items() if c}  # fmt: skip


def branches_of(place: Any) -> Refs:
    return {r: c for r, c in place.refs().items() if not r.startswith("refs/arena/")}


def commit(place: Any, name: str) -> None:
    """The user adds a file."""
    place_module.write(place.project, {f"{name}.txt": f"{name}\n"})
    place.git("add", f"{name}.txt")
    place.git("commit", "-q", "-m", name)


def checked_out(place: Any) -> None:
    """The checkout is exactly what the branch says."""
    assert place.git("status", "--porcelain", "-uno") == ""
    names = place.git("ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")
    for name in filter(None, names):
        assert (place.project / name).read_text() == place.git("show", f"HEAD:{name}") + "\n"  # fmt: skip
    others = place.git("ls-files", "--others", "--exclude-standard").splitlines()
    assert others == ["notes.txt"]


def test_undo_takes_back_what_was_done(place: Any) -> None:
    dice, counts = random.Random(7), {"steps": 0, "undone": 0, "refused": 0}

    def one(_: int) -> None:
        place.again()
        agents = ("run", "--agents", "command:3", *TEST, "--merge", "never", "x")
        judge = ("judge", "branch-1", "branch-2", *TEST, "--merge", "never")
        runs, models = [], {}
        for words in (agents, judge):
            assert place.arena(*words).code in (0, 1)
            runs.append(place.runs[-1].name)
            models[runs[-1]] = Model()
        labels = [(runs[0], f"command-{n}") for n in (1, 2)]
        labels += [(runs[1], f"branch-{n}") for n in (1, 2)]
        done: list[str] = []
        for number in range(dice.randint(6, 10)):
            before = branches_of(place)
            what = dice.choice(["commit", "merge", "clean", "restore", "undo", "undo"])
            run, label = dice.choice(labels)
            if number < 2:  # one that must succeed, whatever comes then
                (run, label), what = labels[0], ("merge", "undo")[number]
            done.append(f"{what} {label}")
            counts["steps"] += 1
            if what == "commit":
                commit(place, f"n{number}")
                continue
            words = {
                "merge": ("merge", run, label, *(("--keep",) if number % 2 else ())),
                "clean": ("clean", run),
                "restore": ("restore", run, label, "--branch", f"again-{number}"),
                "undo": ("undo", run),
            }[what]
            ended = place.arena(*words)
            promises.ended_well(ended)
            now, told = branches_of(place), f"{done}: {ended.err}"
            if what in ("merge", "clean", "restore"):
                models[run].changed(before, now)
            elif what == "undo":
                expected = models[run].undo(before)
                counts["refused" if expected is None else "undone"] += 1
                assert (ended.code == 2) == (expected is None), told
                assert now == (before if expected is None else expected), told
            checked_out(place)
            promises.nothing_lost(place)
        promises.nothing_left(place)

    rounds.each(range(rounds.times(2, 100)), one, "random histories")
    for name, count in counts.items():
        rounds.tally(f"random histories: {name}", rounds=count, wrong=0)
    assert counts["undone"]
