"""Any other agent: the user's own command line, with placeholders."""

import json
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from arena.agents.agent import Agent, Command, Order, check, too_long
from arena.errors import ArenaError
from arena.machine import process

INSTALL = 'set agents.command in arena.toml, e.g. command = ["my-agent", "{prompt}"]'
NAMES = ("prompt", "prompt_file", "worktree", "label", "seed")

# `{{word}}` stands for a literal `{word}`; braces around anything but a name are left alone, so that JSON and
# shell text can be written as they are.
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}|\{([A-Za-z_]\w*)\}")


def refuse_useless(
    template: Sequence[str], *, prompt_comes: bool, program_comes: bool
) -> None:
    """Raises ArenaError if a template can do nothing: its program is not there, or hears of no task.

    `prompt_comes` and `program_comes` say that it will all the same: on standard input, by the set-up command.
    """
    if not template:
        hint = 'Set it in arena.toml: command = ["prog", "{prompt}"]'
        raise ArenaError(f'the agent "command" has no command. {hint}')
    told = named(template) & {"prompt", "prompt_file"}
    if not (told or prompt_comes):
        how = 'Add {prompt} or {prompt_file} to it, or set command_prompt = "stdin"'
        raise ArenaError(f"the command {template[0]} is told of no task. {how}.")
    program = template[0]
    if len(template) == 1 and " {prompt" in program:
        words = json.dumps(shlex.split(program))
        raise ArenaError(f"the command {program!r} is one word. Write: command = {words}")  # fmt: skip
    # A relative path is one in the worktree.
    relative = os.sep in program and not program.startswith(os.sep)
    if program_comes or relative or "{" in program or process.which(program):
        return
    cure = "Make it executable: chmod +x" if Path(program).is_file() else "Install it"
    raise ArenaError(f"the command {program} can't be started. {cure}.")


def named(template: Sequence[str]) -> set[str]:
    """The placeholders of a template. Raises ArenaError if one does not exist."""
    found = {match[2] for word in template for match in _PLACEHOLDER.finditer(word)}
    for name in sorted(filter(None, found - {*NAMES})):
        known = " ".join(f"{{{known}}}" for known in NAMES)
        raise ArenaError(
            f"agents.command: {{{name}}} is not a placeholder. Known: {known}. "
            f"For a literal one write {{{{{name}}}}}."
        )
    return found


def command(order: Order) -> Command:
    """The template with its placeholders filled in; what they are filled with is not looked at again.

    Raises ArenaError if there is no template, or if it names a placeholder that does not exist.
    """
    if not order.arguments:
        raise ArenaError(f'the agent "command" has no command line: {INSTALL}.')

    def value(found: re.Match[str]) -> str:
        literal, name = found.groups()
        if name is None:
            return f"{{{literal}}}"
        return str(getattr(order, name))

    named(order.arguments)
    template = check(order.arguments[0], order.arguments)
    argv = tuple(_PLACEHOLDER.sub(value, part) for part in template)
    if any(map(too_long, argv)):
        cure = 'Use {prompt_file} or prompt = "stdin".'
        raise ArenaError(f"the prompt is too long for a command line. {cure}")
    return Command(argv, stdin=order.prompt_file if order.prompt_on_stdin else None)


# The format of its output is not known, so the exit code and the tree decide.
COMMAND = Agent(name="command", install=INSTALL, build=command)
