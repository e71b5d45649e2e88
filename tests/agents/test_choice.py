"""Which agents are taken, and what is said when that can't be."""

import sys

import pytest

from arena.agents import AGENTS, agent_environment, default_agent, parse_agents, survey
from arena.errors import ArenaError

KNOWN = f"Known: {', '.join(sorted(AGENTS))}."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", [(None, 3)]),
        ("1", [(None, 1)]),
        ("100", [(None, 100)]),
        ("claude", [("claude", 1)]),
        ("claude:2,codex", [("claude", 2), ("codex", 1)]),
        (" claude : 2 , codex ", [("claude", 2), ("codex", 1)]),
        ("repair:3", [("repair", 3)]),
        ("2,repair", [(None, 2), ("repair", 1)]),
        ("claude:2,codex,claude", [("claude", 3), ("codex", 1)]),
    ],
)
def test_parse_agents(text, expected):
    assert parse_agents(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cladue", f'agent "cladue" is not known. {KNOWN} Did you mean "claude"?'),
        ("Claude:2", 'Did you mean "claude"?'),
        ("coder", 'Did you mean "codex"'),
        ("repare:3,claude", 'agent "repare" is not known'),
        ("claude,gemni:2", 'Did you mean "gemini"?'),
        ("abc", f'agent "abc" is not known. {KNOWN} Or give their number'),
        ("", 'agent "" is not known'),
        ("claude,", 'agent "" is not known'),
        (":3", 'agent "" is not known'),
        ("3.5", 'agent "3.5" is not known'),
        ("³", 'agent "³" is not known'),
        ("0", 'the number of agents in "0" must be from 1 to 100, not "0"'),
        ("-1", 'must be from 1 to 100, not "-1"'),
        ("101", 'must be from 1 to 100, not "101"'),
        ("9" * 400, "is not known"),
        ("claude:0", 'in "claude:0" must be from 1 to 100, not "0"'),
        ("claude:", 'must be from 1 to 100, not ""'),
        ("claude:x", 'must be from 1 to 100, not "x"'),
        ("claude:2:3", 'must be from 1 to 100, not "2:3"'),
        ("claude:60,codex:60", 'must be from 1 to 100, not "120"'),
    ],
)  # fmt: skip
def test_parse_agents_refuses_in_one_line(text, message):
    with pytest.raises(ArenaError) as error:
        parse_agents(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("installed", "configured", "failing_suite", "expected"),
    [
        ([], None, True, "repair"),
        (["goose", "crush", "mini"], None, True, "repair"),
        (["aider"], None, True, "aider"),
        (["aider", "gemini"], None, False, "gemini"),
        (["codex", "gemini", "aider"], None, False, "codex"),
        (["aider", "gemini", "codex", "claude"], None, True, "claude"),
        (["claude", "aider"], "aider", False, "aider"),
        (["claude"], "repair", False, "repair"),
        ([], "command", False, "command"),
    ],
)
def test_default_agent(arena, installed, configured, failing_suite, expected):
    for name in installed:
        arena.install(name, "")
    name, why = default_agent(
        configured=configured, failing_suite=failing_suite, path=str(arena.programs)
    )
    assert name == expected
    if configured:
        assert why == "set by the user"
    elif expected != "repair":
        order = "claude, codex, gemini, qwen, opencode, aider"
        assert why == f"the first installed of {order}"
    else:
        assert why == "no other is installed, and it mends failing suites"


@pytest.mark.parametrize(
    ("configured", "message"),
    [
        (None, "no coding agent is installed"),
        ("codex", 'agent "codex" is set, but its program is not on PATH'),
        ("codexx", 'Did you mean "codex"?'),
    ],
)
def test_no_default_agent(arena, configured, message):
    with pytest.raises(ArenaError) as error:
        default_agent(
            configured=configured, failing_suite=False, path=str(arena.programs)
        )
    assert message in str(error.value)


def test_survey(arena):
    arena.install("claude", "print('2.1.197 (Claude Code)')")
    arena.install("codex", "print('codex-cli 0.169.0')")
    arena.install("gemini", "sys.exit(1)")
    found = {
        one.name: one for one in survey(arena.environ(CODEX_HOME=str(arena.scratch)))
    }
    assert list(found) == list(AGENTS)
    assert found["claude"].path == str(arena.programs / "claude")
    assert found["claude"].version == "2.1.197"
    assert found["codex"].version == "0.169.0"
    assert "CODEX_HOME" in (found["codex"].caution or "")
    assert (found["gemini"].path, found["gemini"].version) == (
        str(arena.programs / "gemini"),
        None,
    )
    assert (found["aider"].path, found["aider"].version) == (None, None)
    assert found["repair"].path == sys.executable
    assert all(one.install and "\n" not in one.install for one in found.values())


def test_the_environment_is_an_allow_list():
    environ = {
        "PATH": "/bin", "HOME": "/h", "LC_ALL": "C", "XDG_STATE_HOME": "/s", "TERM": "xterm", "TMPDIR": "/t",
        "ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "u", "OPENAI_API_KEY": "o",
        "CLAUDE_CODE_OAUTH_TOKEN": "t", "CLAUDECODE": "1", "CLAUDE_CODE_ENTRYPOINT": "cli", "GIT_DIR": "/x",
        "AWS_SECRET": "s", "MY_TOOL": "m",
    }  # fmt: skip
    base = {
        "PATH": "/bin",
        "HOME": "/h",
        "LC_ALL": "C",
        "XDG_STATE_HOME": "/s",
        "TMPDIR": "/t",
        "TERM": "dumb",
    }
    claude = {
        "ANTHROPIC_API_KEY": "k",
        "ANTHROPIC_BASE_URL": "u",
        "CLAUDE_CODE_OAUTH_TOKEN": "t",
    }
    assert agent_environment(["MY_TOOL", "NOT_SET"], agent=AGENTS["claude"], environ=environ) == {
        **base, **claude, "MY_TOOL": "m",
    }  # fmt: skip
    assert agent_environment((), agent=AGENTS["codex"], environ=environ) == {
        **base,
        "OPENAI_API_KEY": "o",
    }
    assert agent_environment((), agent=AGENTS["repair"], environ=environ) == base


@pytest.mark.parametrize("name", ["GIT_DIR", "CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT"])
def test_names_that_lead_an_agent_astray_are_refused(name):
    with pytest.raises(ArenaError, match=name):
        agent_environment([name], agent=AGENTS["claude"], environ={})


def test_whole_names_only():
    assert "AWS_SECRET" not in agent_environment(
        ["AWS_*"], agent=AGENTS["repair"], environ={"AWS_SECRET": "s"}
    )
