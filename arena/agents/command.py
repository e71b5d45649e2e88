"""Any other agent: the user's own command line, with placeholders."""

import re

from arena.agents.agent import Agent, Command, Order, check, too_long
from arena.errors import ArenaError

INSTALL = 'set agents.command in arena.toml, e.g. command = ["my-agent", "{prompt}"]'
NAMES = ("prompt", "prompt_file", "worktree", "label", "seed")

# `{{word}}` stands for a literal `{word}`; braces around anything but a name are left alone, so that JSON and
# shell text can be written as they are.
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}|\{([A-Za-z_]\w*)\}")


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
        if name not in NAMES:
            known = " ".join(f"{{{known}}}" for known in NAMES)
            raise ArenaError(
                f"agents.command: {{{name}}} is not a placeholder. Known: {known}. "
                f"For a literal one write {{{{{name}}}}}."
            )
        return str(getattr(order, name))

    template = check(order.arguments[0], order.arguments)
    argv = tuple(_PLACEHOLDER.sub(value, part) for part in template)
    if any(map(too_long, argv)):
        cure = 'Use {prompt_file} or prompt = "stdin".'
        raise ArenaError(f"the prompt is too long for a command line. {cure}")
    return Command(argv, stdin=order.prompt_file if order.prompt_on_stdin else None)


# The format of its output is not known, so the exit code and the tree decide.
COMMAND = Agent(name="command", install=INSTALL, build=command)
