"""Options and arguments of the command line; those of settings come from their one declaration."""

from __future__ import annotations

from typing import Any

import click

from arena import settings

METAVARS = {"base": "REV", "target": "BRANCH", "rubric": "NAME|FILE", "project": "DIR"}
BY_TYPE = {
    "int": "N",
    "int | None": "N",
    "float": "TIME",
    "Dollars | None": "USD",
    "bool": None,
}


def option(*names: str, **facts: Any) -> click.Option:
    """An option that is no setting."""
    return click.Option(names, **facts)


def flag(*names: str, text: str) -> click.Option:
    """An option without a value."""
    return click.Option(names, is_flag=True, help=text)


def several(name: str, word: str, metavar: str, text: str) -> click.Option:
    """An option that may be given more than once."""
    return click.Option([name, word], multiple=True, metavar=metavar, help=text)


def setting(name: str, **facts: Any) -> click.Option:
    """The option of a setting, as its declaration says."""
    item = settings.FIELDS[name]
    text, default = item.metadata["doc"], item.default
    if isinstance(default, float):
        default = f"{default / 60:g}m" if default >= 60 else f"{default:g}s"
    if default and "default" not in text:
        text = f"{text} [default: {default}]"
    if item.type == "bool":
        facts["is_flag"] = True
    elif item.metadata["choices"]:
        facts["type"] = click.Choice(item.metadata["choices"])
    else:
        facts["metavar"] = METAVARS.get(name) or BY_TYPE.get(str(item.type), "TEXT")
        facts["multiple"] = isinstance(default, tuple)
    text = text[0].upper() + text[1:] + "."
    return click.Option([settings.flag(name)], help=text, **facts)


def argument(name: str, **facts: Any) -> click.Argument:
    """A word that stands by itself."""
    return click.Argument([name], **facts)


# Words of several commands.
JSON = flag("--json", "as_json", text="Print the result as one JSON document.")
DRY_RUN = flag("--dry-run", text="Say what would happen, then stop.")
RUN = argument("run", required=False)
PROMPT_WORD = argument("prompt", required=False)
OF_RUN = option("--run", metavar="RUN", help="Another run than the latest.")
PROMPT_FILE = option("--prompt-file", metavar="FILE", help="Read the text from a file.")
LABEL = argument("label", required=False)
