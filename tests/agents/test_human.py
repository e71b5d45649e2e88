"""A person as an agent: the wait ends when the person says so, or when it is stopped like all others."""

import os
import threading
import time
from collections.abc import Callable

import pytest

from arena.agents import AGENTS, Attempt, attempt
from arena.machine import process

HUMAN = AGENTS["human"]
FIXED = "def add(a, b):\n    return a + b\n"


@pytest.fixture
def begin(arena):
    """Starts the wait, and gives what it comes to in the end."""

    def start(**changes: object) -> Callable[[], Attempt]:
        before, got = arena.tree(), []
        order = arena.order(**changes)
        worker = threading.Thread(
            target=lambda: got.append(
                attempt(order, HUMAN, changed=lambda: arena.tree() != before)
            )
        )
        worker.start()
        log = arena.scratch / "a.stdout.log"
        deadline = time.monotonic() + 10
        while not (log.exists() and log.read_text()) and time.monotonic() < deadline:
            time.sleep(0.02)

        def end() -> Attempt:
            worker.join(10)
            return got[0]

        return end

    return start


def test_it_says_where_to_work_and_ends_when_it_is_told(arena, begin):
    end = begin()
    [line] = (arena.scratch / "a.stdout.log").read_text().splitlines()
    assert f"Work in {arena.worktree}" in line
    assert str(arena.order().prompt_file) in line
    assert line.endswith("arena done")
    (arena.worktree / "calc.py").write_text(FIXED)
    (arena.scratch / "a.done").touch()
    got = end()
    assert (got.outcome, got.changed, got.end.survivors) == ("finished", True, 0)
    assert (got.told.tokens, got.told.cost_usd) == (0, 0)


def test_done_without_a_change_and_another_turn_waits_again(arena, begin):
    for body in (None, FIXED):
        end = begin()
        assert not (arena.scratch / "a.done").exists()
        if body:
            (arena.worktree / "calc.py").write_text(body)
        (arena.scratch / "a.done").touch()
        assert end().outcome == ("finished" if body else "no-change")
        (arena.scratch / "a.stdout.log").unlink()


def test_neither_the_limits_nor_the_file_of_another_end_the_wait(arena, begin):
    end = begin(seconds=0.2, silence=0.2)
    (arena.scratch / "b.done").touch()
    time.sleep(1)
    process.stop_all()
    got = end()
    assert (got.outcome, got.end.survivors) == ("killed", 0)


def test_it_costs_no_processor(arena, begin):
    end = begin()
    time.sleep(1)
    (arena.scratch / "a.done").touch()
    assert end().end.cpu_seconds < 0.5


def test_it_is_patient_and_always_there(arena):
    assert [name for name, agent in AGENTS.items() if agent.patient] == ["human"]
    assert list(AGENTS)[-1] == "human"
    assert os.access(HUMAN.command(arena.order()).argv[0], os.X_OK)
