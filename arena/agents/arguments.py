"""Rules for command lines that hold for every agent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from arena.errors import ArenaError

# Linux refuses a single argument of 128 KiB and more.
ARGUMENT_BYTES = 120_000

# Options by which an agent leaves the worktree that it was given, or its process tree.
FORBIDDEN = {
    "claude": ("-w", "--worktree", "--bg", "--background"),
    "codex": ("--worktree",),
    "cline": ("--worktree",),
    "copilot": ("--worktree",),
}


def fits(prompt: str) -> bool:
    """Whether a prompt can be an argument: short enough, and not to be mistaken for an option."""
    size = len(prompt.encode("utf-8", "surrogateescape"))
    return (
        size <= ARGUMENT_BYTES
        and not prompt.startswith("-")
        and "\0" not in prompt
        and bool(prompt.strip())
    )


def model_option(model: str | None, *, option: str) -> tuple[str, ...]:
    """The arguments that choose a model; none if the agent's own default is wanted."""
    return (option, model) if model else ()


def check(program: str, arguments: Sequence[str]) -> tuple[str, ...]:
    """The user's own arguments for `program`, if they leave the agent in its worktree.

    Raises ArenaError naming the first that does not.
    """
    for argument in arguments:
        if argument.partition("=")[0] in FORBIDDEN.get(Path(program).name, ()):
            raise ArenaError(
                f'{program} can\'t be run with "{argument}": arena gives it a worktree. Remove that argument.'
            )
    return tuple(arguments)
