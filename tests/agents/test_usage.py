"""What an agent says that it has used, and what it said in the end."""

import sys
from pathlib import Path

import pytest

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
