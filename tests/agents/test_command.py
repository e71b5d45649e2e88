"""The user's own agent: placeholders and standard input."""

import json

import pytest

from arena.agents import AGENTS
from arena.errors import ArenaError

COMMAND = AGENTS["command"]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("{prompt}", "Fix {seed}."),
        ("--task={prompt}", "--task=Fix {seed}."),
        ("{label}-{seed}", "a-7"),
        ("{{prompt}}", "{prompt}"),
        ("{{}}", "{}"),
        ("{}", "{}"),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ('{"seed":{seed}}', '{"seed":7}'),
        ("${{ x }}", "${ x }"),
        ("{", "{"),
        ("{ seed }", "{ seed }"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_placeholders(arena, part, expected):
    argv = COMMAND.command(
        arena.order(prompt="Fix {seed}.", arguments=("x", part))
    ).argv
    assert argv == ("x", expected)


def test_paths(arena):
    order = arena.order(arguments=("x", "{prompt_file}", "{worktree}"))
    assert COMMAND.command(order).argv == (
        "x",
        str(order.prompt_file),
        str(arena.worktree),
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("x", "{promt}"),
            "{promt} is not a placeholder. Known: {prompt} {prompt_file} {worktree} {label} {seed}",
        ),
        (("x", "${HOME}"), "For a literal one write {{HOME}}"),
        ((), "has no command line"),
    ],
)
def test_a_template_that_can_not_be_used(arena, arguments, message):
    with pytest.raises(ArenaError) as error:
        COMMAND.command(arena.order(arguments=arguments))
    assert message in str(error.value)


def test_the_prompt_on_standard_input(arena):
    body = "pathlib.Path('calc.py').write_text(sys.stdin.read())"
    got = arena.attempt(
        "command", body, arguments=("my-agent",), prompt="Größe", prompt_on_stdin=True
    )
    assert got.outcome == "finished"
    assert (arena.worktree / "calc.py").read_text() == "Größe"


def test_without_it_standard_input_is_empty(arena):
    arena.attempt(
        "command", "assert sys.stdin.read() == ''", arguments=("my-agent", "{prompt}")
    )
    seen = json.loads(arena.seen.read_text())
    assert (seen["stdin"], seen["argv"][1:]) == ("/dev/null", ["Fix add."])


@pytest.mark.parametrize(
    ("prompt", "message"), [("x" * 200_000, "{prompt_file}"), ("a\0b", "null byte")]
)
def test_a_prompt_that_can_not_be_an_argument(arena, prompt, message):
    with pytest.raises(ArenaError, match=message):
        arena.attempt("command", "", prompt=prompt, arguments=("my-agent", "{prompt}"))
