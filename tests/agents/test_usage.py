"""What an agent says that it has used, and what it said in the end."""

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.agents import AGENTS
from arena.agents.reading import Follower, Report, read

sys.path.insert(0, str(Path(__file__).parent))
from recordings import (
    AIDER_DONE,
    AMP_DONE,
    CLAUDE_DONE,
    CLAUDE_INIT,
    CLAUDE_WORKS,
    CODEX_DONE,
    CODEX_START,
    COPILOT_DONE,
    CURSOR_DONE,
    DROID_DONE,
    GEMINI_DONE,
    GEMINI_JSON,
    MINI_DONE,
    MINI_STEP,
    OPENCODE_DONE,
    OUTPUTS,
    QWEN_DONE,
)  # fmt: skip

USAGE = {
    "claude": (CLAUDE_INIT + CLAUDE_DONE, (3000, 140, 0.0125, "s-1")),
    "claude dies": (CLAUDE_INIT + CLAUDE_WORKS + "sys.exit(1)", (900, 40, None, "s-1")),
    "codex": (CODEX_START + CODEX_DONE, (2000, 100, None, "t-1")),
    "gemini": (GEMINI_DONE, (2000, 100, None, "g-1")),
    "gemini json": (GEMINI_JSON, (2000, 100, None, "g-1")),
    "aider": (AIDER_DONE, (5000, 40, 0.003, None)),
    "qwen": (QWEN_DONE, (2000, 100, None, "q-1")),
    "opencode": (OPENCODE_DONE, (2000, 100, 0.02, "o-1")),
    "copilot": (COPILOT_DONE, (None, None, None, "c-1")),
    "amp": (AMP_DONE, (2000, 100, None, "a-1")),
    "droid": (DROID_DONE, (2000, 100, None, "d-1")),
    "mini-swe-agent": (MINI_DONE, (None, None, 0.03, None)),
    "mini-swe-agent without a price": (
        MINI_STEP.format(1, "0.00"),
        (None, None, None, None),
    ),
    "aider silent": ("print('hello')", (None, None, None, None)),
}


@pytest.mark.parametrize("case", USAGE)
def test_usage(arena, case):
    body, expected = USAGE[case]
    told = arena.attempt(case.split()[0], body).told
    assert (told.tokens_in, told.tokens_out, told.cost_usd, told.session) == expected
    assert told.tokens == (None if expected[0] is None else expected[0] + expected[1])


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("claude", CLAUDE_DONE),
        ("codex", CODEX_DONE),
        ("gemini", GEMINI_DONE),
        ("qwen", QWEN_DONE),
        ("opencode", OPENCODE_DONE),
        ("copilot", COPILOT_DONE),
        ("cursor-agent", CURSOR_DONE),
        ("amp", AMP_DONE),
        ("droid", DROID_DONE),
    ],
)
def test_the_final_text(arena, name, body):
    got = arena.attempt(name, body)
    assert got.told.text == "Fixed: add() now adds."
    assert got.last_lines == ("Fixed: add() now adds.",)


def used(told: Report) -> tuple[object, ...]:
    return told.tokens_in, told.tokens_out, told.cost_usd, told.session, told.text


@pytest.mark.parametrize("case", OUTPUTS)
def test_followed_in_pieces_it_comes_to_the_same(tmp_path, printed, case):
    agent, whole = AGENTS[OUTPUTS[case][0]], printed(*OUTPUTS[case])
    path, none = tmp_path / "log", tmp_path / "none"

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.integers(0, len(whole)), max_size=12).map(sorted))
    def pieces(cuts):
        path.unlink(missing_ok=True)
        follower, at = Follower(agent, path), 0
        for cut in [*cuts, len(whole)]:
            with path.open("ab") as file:
                file.write(whole[at:cut])
            at = cut
            follower.more()
        assert used(follower.more()) == used(read(agent, path, none, 0))
        assert used(follower.more()) == used(follower.more())

    pieces()


def test_what_was_read_is_not_read_again(tmp_path, printed):
    body = CLAUDE_INIT + CLAUDE_WORKS
    path, whole = tmp_path / "log", printed("claude", body)
    path.write_bytes(whole)
    follower = Follower(AGENTS["claude"], path)
    assert follower.more().tokens == 940
    path.write_bytes(b"x" * len(whole) + whole.replace(b"m1", b"m2"))
    assert follower.more().tokens == 1880


def test_half_an_event_waits_for_the_other_half(tmp_path, printed):
    path, whole = tmp_path / "log", printed("codex", CODEX_START + CODEX_DONE)
    path.write_bytes(whole[:-1])
    follower = Follower(AGENTS["codex"], path)
    assert follower.more().tokens is None, "its line is not complete"
    path.write_bytes(whole)
    assert follower.more().tokens == 2100


def test_who_is_free_has_used_nothing_and_no_file_raises(tmp_path):
    told = Follower(AGENTS["repair"], tmp_path / "none").more()
    assert (told.tokens, told.cost_usd) == (0, 0)
    assert Follower(AGENTS["claude"], tmp_path).more().tokens is None
