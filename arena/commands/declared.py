"""How a command is declared: a docstring (its help), the settings that it takes, and its other words.

What a command calls is imported only then, so that `arena --help` answers at once. The options of settings come from
their one declaration.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from arena import __version__, settings
from arena.commands.call import Call
from arena.commands.words import flag, option, setting

Stub = Callable[[], None]


def command(
    target: str, taken: str, *words: click.Parameter, group: click.Group | None = None
) -> Callable[[Stub], click.Command]:
    """A command named after the decorated function, whose docstring is the help.

    It calls the function `target` of arena.commands with the call and the values of `words`; `taken` are the
    settings that it takes.
    """
    module, _, function = target.partition(".")

    def decorate(stub: Stub) -> click.Command:
        @click.pass_context
        def invoke(context: click.Context, /, **values: Any) -> Any:
            called = importlib.import_module(f"arena.commands.{module}")
            return getattr(called, function)(_call(context.obj, values), **values)

        invoke.__doc__ = stub.__doc__
        params = [*words, *map(setting, taken.split())]
        name = stub.__name__.rstrip("_")
        return (group or cli).command(name, params=params)(invoke)

    return decorate


def _call(shared: dict[str, Any], values: dict[str, Any]) -> Call:
    """The call that the global options and a command's own describe; takes out of `values` what is in it."""
    here = Path(shared["directory"] or ".").absolute()
    own = {n: values.pop(n) for n in list(values) if n in settings.FIELDS}
    given = {n: v for n, v in {**shared, **own}.items() if n in settings.FIELDS}
    return Call(
        here=here,
        given={n: v for n, v in given.items() if v not in (None, (), False)},
        config=here / shared["config"] if shared["config"] else None,
        as_json=values.pop("as_json", False),
        out=values.pop("out", None),
        **{name: shared[name] for name in ("quiet", "verbose", "yes")},
    )


def _shared(context: click.Context, /, **values: Any) -> None:
    """Judge several implementations of one task on evidence, and merge the best.

    \b
      arena judge a b c                   which of these branches should be merged?
      arena run --agents 3 "fix the bug"  three agents, three worktrees, one winner
      arena demo                          see it work, without an account
    """
    context.obj = values


cli = click.group(
    "arena",
    params=[
        option("-C", "directory", metavar="DIR", help="Work in DIR instead of here."),
        setting("project"),
        option("--config", metavar="FILE", help="Settings file to use."),
        flag("-q", "--quiet", text="Only the result and errors."),
        flag("-v", "--verbose", text="Also what was cached, re-run or skipped."),
        flag("--yes", text="Answer questions with yes."),
        setting("color"),
    ],
    context_settings={"help_option_names": ["-h", "--help"]},
)(click.version_option(__version__, prog_name="arena")(click.pass_context(_shared)))
