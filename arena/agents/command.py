"""Any other agent: the user's own command line, with placeholders."""

from __future__ import annotations

import re
from pathlib import Path

from arena.agents.arguments import ARGUMENT_BYTES, check
from arena.agents.protocol import Command, Order, Report
from arena.errors import ArenaError

NAME = "command"
PROGRAM = None
INSTALL = (
    'set agents.command in arena.toml, for example command = ["my-agent", "{prompt}"]'
)
KEYS: tuple[str, ...] = ()

# `{{word}}` stands for a literal `{word}`; braces around anything but a name are left alone, so that JSON and
# shell text can be written as they are.
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}|\{([A-Za-z_]\w*)\}")


def command(order: Order) -> Command:
    """The template with its placeholders filled in.

    Raises ArenaError if there is no template, or if it names a placeholder that does not exist.
    """
    if not order.arguments:
        raise ArenaError(
            f'the agent "command" has no command line. To use it, {INSTALL}.'
        )
    template = check(order.arguments[0], order.arguments)
    values = {
        "prompt": order.prompt,
        "prompt_file": str(order.prompt_file),
        "worktree": str(order.worktree),
        "label": order.label,
        "seed": str(order.seed),
    }
    argv = tuple(fill(part, values) for part in template)
    if any(
        len(part.encode("utf-8", "surrogateescape")) > ARGUMENT_BYTES for part in argv
    ):
        raise ArenaError(
            'the prompt is too long for a command line. Use {prompt_file} or prompt = "stdin".'
        )
    return Command(
        argv=argv, stdin=order.prompt_file if order.prompt_on_stdin else None
    )


def fill(part: str, values: dict[str, str]) -> str:
    """One argument with its placeholders filled in; what they are filled with is not looked at again.

    Raises ArenaError naming a placeholder that is not in `values`.
    """

    def replace(found: re.Match[str]) -> str:
        literal, name = found.groups()
        if name is None:
            return f"{{{literal}}}"
        if name not in values:
            known = " ".join(f"{{{known}}}" for known in values)
            raise ArenaError(
                f"agents.command: {{{name}}} is not a placeholder. Known: {known}. "
                f"For a literal one write {{{{{name}}}}}."
            )
        return values[name]

    return _PLACEHOLDER.sub(replace, part)


def read(stdout: Path, stderr: Path, exit_code: int) -> Report:  # noqa: ARG001 - every adapter has these
    """Nothing: its format is not known, so the exit code and the tree decide."""
    return Report()
