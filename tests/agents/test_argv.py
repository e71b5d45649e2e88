"""How each agent is started: its words, its standard input, its environment."""

import json
import os
from pathlib import Path

import pytest

from arena.agents import AGENTS
from arena.errors import ArenaError

BYPASS = [
    "--output-format",
    "stream-json",
    "--verbose",
    "--permission-mode",
    "bypassPermissions",
]
AIDER = [
    "--yes-always", "--no-auto-commits", "--no-gitignore", "--no-check-update", "--analytics-disable",
    "--no-show-model-warnings", "--map-tokens", "0", "--chat-history-file", "/dev/null",
    "--input-history-file", "/dev/null",
]  # fmt: skip


def codex_argv(scratch: Path, *rest: str) -> list[str]:
    last = str(scratch / "a.last.txt")
    return [
        "exec",
        "--json",
        "--skip-git-repo-check",
        "-s",
        "workspace-write",
        "-o",
        last,
        *rest,
    ]


@pytest.mark.parametrize(
    "name", [name for name, agent in AGENTS.items() if agent.program]
)
@pytest.mark.parametrize(
    "prompt", ["Fix add.", "--worktree is broken", "x" * 200_000, "a\0b"]
)
def test_argv_and_standard_input(arena, name, prompt):
    arena.attempt(name, "", prompt=prompt, model="m", arguments=("--extra",))
    seen = json.loads(arena.seen.read_text())
    short, file = prompt == "Fix add.", str(arena.order(prompt=prompt).prompt_file)
    told = [prompt] if short else []
    read = f"Do the task that is written in the file {file}."
    expected = {
        "claude": ["-p", *([prompt] if short else []), *BYPASS, "--model", "m", "--extra"],
        "codex": codex_argv(arena.scratch, "-m", "m", "--extra", prompt if short else "-"),
        "gemini": [
            "-p", prompt if short else "Do the task that stands above.", "--approval-mode", "yolo",
            "--output-format", "stream-json", "-m", "m", "--extra",
        ],
        "aider": [
            *(["--message", prompt] if short else ["--message-file", file]),
            *AIDER, "--model", "m", "--extra",
        ],
        "qwen": [*told, "--approval-mode", "yolo", "--output-format", "stream-json", "-m", "m", "--extra"],
        "opencode": ["run", "--format", "json", "--auto", "-m", "m", "--extra", told[0] if short else read],
        "copilot": [
            "-p", told[0] if short else read, "--allow-all", "--no-ask-user", "--output-format", "json",
            "--no-auto-update", "--model", "m", "--extra",
        ],
        "goose": [
            "run", *(["-t", prompt] if short else ["-i", file]), "--no-session", "-q", "--output-format", "json",
            "--model", "m", "--extra",
        ],
        "cursor-agent": ["-p", *told, "--force", "--output-format", "stream-json", "--model", "m", "--extra"],
        "amp": ["-x", *told, "--stream-json", "--dangerously-allow-all", "--model", "m", "--extra"],
        "crush": ["run", "-q", "-m", "m", "--extra", *told],
        "droid": ["exec", "--auto", "high", "-o", "json", "-m", "m", "--extra", *(told or ["-f", file])],
        "mini-swe-agent": [
            "-y", "--exit-immediately", "-o", str(arena.scratch / "a.trajectory.json"), "-m", "m", "--extra",
            "-t", told[0] if short else read,
        ],
    }  # fmt: skip
    assert seen["argv"][1:] == expected[name]
    no_stdin = ("aider", "opencode", "copilot", "goose", "droid", "mini-swe-agent")
    assert seen["stdin"] == ("/dev/null" if short or name in no_stdin else file)
    assert seen["cwd"] == str(arena.worktree)


def test_argv_without_a_model_names_none(arena):
    arena.attempt("claude", "")
    assert json.loads(arena.seen.read_text())["argv"][1:] == ["-p", "Fix add.", *BYPASS]


@pytest.mark.parametrize(
    ("name", "variable", "value"),
    [
        ("gemini", "GEMINI_CLI_TRUST_WORKSPACE", "true"),
        ("qwen", "OPENAI_LOG", "info"),
        ("aider", "LITELLM_LOCAL_MODEL_COST_MAP", "True"),
        ("claude", "IS_SANDBOX", "1" if os.geteuid() == 0 else None),
    ],
)
def test_what_an_adapter_adds_to_the_environment(arena, name, variable, value):
    arena.attempt(name, "", environ={"CLAUDECODE": "1", "SECRET": "x"})
    env = json.loads(arena.seen.read_text())["env"]
    assert env.get(variable) == value
    assert env["TERM"] == "dumb"
    assert not {"CLAUDECODE", "SECRET"} & set(env)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("claude", "-w"),
        ("claude", "--worktree=x"),
        ("claude", "--bg"),
        ("codex", "--worktree"),
        ("gemini", "-w"),
    ],
)
def test_options_that_leave_the_worktree_are_refused(arena, name, argument):
    with pytest.raises(ArenaError, match=f'"{argument}"'):
        arena.attempt(name, "", arguments=(argument,))
    with pytest.raises(ArenaError, match=f'"{argument}"'):
        arena.attempt("command", "", arguments=(f"/opt/{name}", argument))
    assert not arena.seen.exists()
