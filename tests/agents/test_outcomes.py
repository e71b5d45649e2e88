"""How whole attempts end: real processes that print what the real agents print, good and bad."""

import sys
import threading
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from arena.agents import AGENTS, Attempt, attempt
from arena.agents.agent import Outcome
from arena.machine import process

sys.path.insert(0, str(Path(__file__).parent))
from recordings import (
    CLAUDE_DONE,
    CLAUDE_INIT,
    CLAUDE_RETRIES,
    CLAUDE_WORKS,
    CODEX_DONE,
    CODEX_RETRY,
    CODEX_START,
    CUT,
    EDIT,
    FAILS_WITH_0,
    GEMINI_DONE,
    GOOD,
    HANGS,
    LIMITED,
    MORE,
    QWEN_DONE,
    QWEN_RETRIES,
    RECORDED,
    SLEEP,
    UNKEYED,
)

KINDS = {GOOD, LIMITED, UNKEYED, HANGS, FAILS_WITH_0, CUT}
# The two others are ours, without a model to fail.
ADAPTERS = [name for name in AGENTS if name not in ("repair", "human")]
TALKS = 'while True: print(\'{"type": "x"}\', flush=True); time.sleep(0.05)'

CASES = {
    **{f"{name} {GOOD}": (name, EDIT + kinds[GOOD][0], "finished") for name, kinds in RECORDED.items()},
    **{f"{name} idle": (name, kinds[GOOD][0], "no-change") for name, kinds in RECORDED.items()},
    **{
        f"{name} {kind}": (name, *case)
        for name, kinds in RECORDED.items()
        for kind, case in kinds.items()
        if kind not in (GOOD, HANGS)
    },
    **MORE,
}  # fmt: skip
# Those that need a limit on silence.
QUIET = {
    **{f"{name} {HANGS}": (name, *kinds[HANGS]) for name, kinds in RECORDED.items()},
    "claude still retrying a rate limit": (
        "claude", CLAUDE_INIT + CLAUDE_RETRIES.format(status=429, error="rate_limit") + SLEEP, "quota",
    ),
    "claude still retrying a key": (
        "claude", CLAUDE_RETRIES.format(status=401, error="authentication_failed") + SLEEP, "auth",
    ),
    "claude retried, worked, then hung": (
        "claude", CLAUDE_RETRIES.format(status=429, error="rate_limit") + CLAUDE_WORKS + SLEEP, "silent",
    ),
    "claude does not go after its result": ("claude", CLAUDE_INIT + EDIT + CLAUDE_DONE + SLEEP, "finished"),
    "gemini does not go after its result": ("gemini", EDIT + GEMINI_DONE + SLEEP, "finished"),
    "qwen says how it was told to go": (
        "qwen",
        "import signal; signal.signal(15, lambda *_: os._exit(143))\n" + EDIT + QWEN_DONE + SLEEP,
        "finished",
    ),
    "qwen still retrying": ("qwen", QWEN_RETRIES + SLEEP, "quota"),
    "qwen retried, worked, then hung": (
        "qwen", QWEN_RETRIES + 'event(type="assistant", message={"id": "m1"})' + SLEEP, "silent",
    ),
    "codex retried, worked, then hung": (
        "codex", CODEX_START + CODEX_RETRY.format("429 Too Many Requests")
        + 'event(type="item.completed", item={"type": "command_execution"})' + SLEEP, "silent",
    ),
    "codex still retrying": (
        "codex", CODEX_START + CODEX_RETRY.format("429 Too Many Requests") + SLEEP, "quota",
    ),
    "gemini retries in silence": (
        "gemini",
        "print('Attempt 1 failed with status 429. Retrying', file=sys.stderr, flush=True)" + SLEEP,
        "quota",
    ),
    "mini still retrying": (
        "mini-swe-agent", "print('Retrying in 4 s: litellm.RateLimitError', file=sys.stderr, flush=True)" + SLEEP,
        "quota",
    ),
    "stdin is at its end": ("codex", CODEX_START + "sys.stdin.read()\n" + EDIT + CODEX_DONE, "finished"),
}  # fmt: skip
# Those that are still talking when their time is up.
LATE = {name: (name, EDIT + TALKS, "timed-out") for name in ("claude", "codex", "command")}  # fmt: skip


def test_every_agent_has_its_good_and_bad_recordings():
    assert sorted(RECORDED) == sorted(ADAPTERS), "a new agent comes with recordings"
    for name, kinds in RECORDED.items():
        assert set(kinds) == KINDS, name


def test_every_class_of_end_is_recognised_with_three_agents():
    """Of the cases of this module, each of which is run below."""
    seen = defaultdict(set)
    for name, _, outcome in [*CASES.values(), *QUIET.values(), *LATE.values()]:
        seen[outcome].add(AGENTS[name].name)
    classes = set(get_args(Outcome))
    assert set(seen) == classes
    assert len(classes) == 9
    assert {end: sorted(names) for end, names in seen.items() if len(names) < 3} == {}


def user_argument(name: str) -> dict[str, object]:
    return {"arguments": ("my-agent",)} if name == "command" else {}


@pytest.mark.parametrize("case", CASES)
def test_outcomes(arena, case):
    name, body, expected = CASES[case]
    got = arena.attempt(name, body, **user_argument(name))
    assert got.outcome == expected, got
    assert got.changed == ("edit()" in body)
    assert got.why
    assert got.end.survivors == 0


@pytest.mark.parametrize("case", QUIET)
def test_outcomes_of_agents_that_fall_silent(arena, case):
    name, body, expected = QUIET[case]
    began = time.monotonic()
    got = arena.attempt(name, body, silence=0.5, **user_argument(name))
    assert got.outcome == expected, got
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("case", LATE)
def test_time_is_up_while_it_still_talks(arena, case):
    name, body, expected = LATE[case]
    got = arena.attempt(name, body, timeout=0.7, silence=5, **user_argument(name))
    assert (got.outcome, got.changed) == (expected, True)


@pytest.mark.parametrize("name", AGENTS)
def test_exit_code_0_without_a_change_is_never_finished(arena, name):
    """Not even when the good outputs of all agents are printed, its own among them."""
    agent = replace(AGENTS[name], build=None, argv="my-agent {task}")
    said = 'event(outcome="patched", why="says repair")\n'
    everything = "\n".join(kinds[GOOD][0] for kinds in RECORDED.values())
    for body in ("", said + everything):
        arena.install("my-agent", body)
        got = attempt(arena.order(), agent, changed=lambda: False)
        assert got.end.exit_code == 0
        assert got.outcome in ("no-change", "crashed"), got


def test_a_change_in_the_worktree_is_a_sign_of_life(arena):
    body = (
        "for n in range(6):\n    time.sleep(0.15); pathlib.Path('work.txt').write_text(str(n))\n"
        + GEMINI_DONE
    )
    assert arena.attempt("gemini", body, silence=0.5).outcome == "finished"


def test_stopped_from_outside(arena):
    got: list[Attempt] = []
    runner = threading.Thread(
        target=lambda: got.append(arena.attempt("claude", CLAUDE_INIT + SLEEP))
    )
    runner.start()
    deadline = time.monotonic() + 10
    while not arena.seen.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.stop_all()
    runner.join(10)
    assert [one.outcome for one in got] == ["killed"]
