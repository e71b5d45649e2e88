"""Going on with an earlier session: the words for it, and what is taken for the name of one."""

import json

import pytest

from arena.agents import AGENTS
from arena.agents.reading import read
from arena.errors import ArenaError

SESSION = "ses_5f-1.2:x"
# Seen in the programs' own help or documentation; those of codex, gemini, qwen and opencode were run.
WORDS = {
    "claude": ["--resume", SESSION],
    "codex": ["resume", SESSION],
    "gemini": ["--resume", SESSION],
    "qwen": ["--resume", SESSION],
    "opencode": ["--session", SESSION],
    "copilot": [f"--resume={SESSION}"],
    "cursor-agent": [f"--resume={SESSION}"],
    "amp": ["threads", "continue", SESSION],
    "droid": ["--session-id", SESSION],
}


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("prompt", ["Go on.", "-x is broken", "x" * 200_000])
def test_an_earlier_session_is_named_and_nothing_else_changes(arena, name, prompt):
    agent, words = AGENTS[name], WORDS[name]
    order = {"prompt": prompt, "model": "m", "arguments": ("--extra",)}
    anew = agent.command(arena.order(**order))
    again = agent.command(arena.order(**order, session=SESSION))
    at = again.argv.index(words[0])
    assert list(again.argv[at : at + len(words)]) == words
    assert again.argv[:at] + again.argv[at + len(words) :] == anew.argv
    assert again.stdin == anew.stdin


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [("codex", "--extra", "Go on."), ("amp", "amp", "-x")],
)
def test_a_command_of_its_own_stands_at_its_place(arena, name, before, after):
    order = arena.order(prompt="Go on.", arguments=("--extra",), session=SESSION)
    argv, words = list(AGENTS[name].command(order).argv), WORDS[name]
    at = argv.index(words[0])
    assert (argv[at - 1], argv[at + len(words)]) == (before, after)


@pytest.mark.parametrize("name", sorted(set(AGENTS) - set(WORDS)))
def test_who_can_not_go_on_says_so(arena, name):
    with pytest.raises(ArenaError, match=f"{name} can't go on with an earlier session"):
        AGENTS[name].command(arena.order(session=SESSION, arguments=("my-agent",)))


@pytest.mark.parametrize(
    "odd", ["", "-x", "--yolo", "a b", "a\n", "a/b", "ä", "x" * 201, "$(id)", "a\0"]
)
def test_what_is_no_session_is_neither_read_nor_used(arena, written, odd):
    for name in WORDS:
        with pytest.raises(ArenaError, match="is no session of"):
            AGENTS[name].command(arena.order(session=odd))
    event = json.dumps({"type": "system", "session_id": odd})
    assert read(AGENTS["claude"], *written(event), 0).session is None


def test_the_session_that_it_told_first_is_kept_when_nonsense_follows(written):
    lines = [json.dumps({"session_id": one}) for one in ("s-1", "--yolo")]
    assert read(AGENTS["claude"], *written("\n".join(lines)), 0).session == "s-1"
