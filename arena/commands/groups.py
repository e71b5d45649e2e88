"""Commands that come in groups: rubric, plan, check, worktrees."""

from __future__ import annotations

from arena.commands.declared import cli, command
from arena.commands.words import (
    DRY_RUN,
    JSON,
    OF_RUN,
    PROMPT_FILE,
    PROMPT_WORD,
    RUN,
    argument,
)


@cli.group
def rubric() -> None:
    """Show the rubrics, or check a file of your own.

    \b
      arena rubric show default > mine.toml
      arena rubric check mine.toml
    """


@command("look.rubric_show", "", argument("name", required=False), group=rubric)
def show() -> None:
    """Print a rubric, or list the shipped ones. Example: arena rubric show default > mine.toml"""


@command("look.rubric_check", "", argument("file"), group=rubric)
def check() -> None:
    """Check a rubric file: all faults at once, or the rubric in words. Example: arena rubric check mine.toml"""


@cli.group(name="plan")
def planned() -> None:
    """Check a plan file, or show what it will do when.

    \b
      arena plan check plan.toml
      arena run --plan plan.toml
    """


PLAN_FILE = argument("file")


@command("plan.check", "", PLAN_FILE, JSON, group=planned)
def check_() -> None:
    """Say all that is wrong with a plan, and what usually goes wrong. Example: arena plan check plan.toml"""


@command("plan.show", "", PLAN_FILE, JSON, group=planned)
def show_() -> None:
    """Print the waves of a plan, and how long it takes. Example: arena plan show plan.toml"""


@cli.group(name="check")
def acceptance() -> None:
    """Write an acceptance check: a few lines that say when a task is done.

    \b
      arena check new check.py --prompt-file issue.md
      arena judge a b c --check check.py
    """


@command("check.new", "", argument("file"), PROMPT_WORD, PROMPT_FILE, group=acceptance)
def new() -> None:
    """Write the skeleton of a check from a task's text. Example: arena check new check.py "Make parse() accept ''" """


@cli.group
def worktrees() -> None:
    """List or move the worktrees of runs, or prune what is gone. Example: arena worktrees list"""


@command("worktrees.list_trees", "", RUN, JSON, group=worktrees)
def list__() -> None:
    """List where they are, what holds work that is not archived, and their sizes. Example: arena worktrees list"""


PLACE = [argument("label"), argument("folder", metavar="DIR"), OF_RUN]


@command("worktrees.move", "", *PLACE, group=worktrees)
def move() -> None:
    """Move the worktree LABEL to DIR, or into it if it exists. Example: arena worktrees move claude-1 ~/claude-1"""


@command("worktrees.prune", "", DRY_RUN, group=worktrees)
def prune() -> None:
    """Take off git's list what arena made and is gone; nothing of yours. Example: arena worktrees prune --dry-run"""
