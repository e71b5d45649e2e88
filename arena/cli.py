"""The command line: words in, exit code out. Nothing here decides anything.

A command is a docstring (its help), the settings that it takes and its other words; what it calls is imported
only then, so that `arena --help` answers at once. The options of settings come from their one declaration.
"""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from arena import __version__, settings
from arena.commands import faults
from arena.commands.call import Call
from arena.commands.words import argument, flag, option, setting, several
from arena.errors import ArenaError

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

JSON = flag("--json", "as_json", text="Print the result as one JSON document.")
DRY_RUN = flag("--dry-run", text="Say what would happen, then stop.")
RUN = argument("run", required=False)
TASK = [
    option("--prompt-file", metavar="FILE", help="Read the task's text from a file."),
    several("--suite", "suite", "PATH", "Test-first suite, protected."),
    several("--check", "checks", "FILE", "Check never shown to agents."),
    several("--holdout", "holdouts", "PATH", "Tests never shown to agents."),
    option("--out", metavar="DIR", help="Copy the report there too."),
    JSON,
]
JUDGING = "base target rubric python test junit env allow_network merge jobs seed"
PROMPT = option("--prompt", metavar="TEXT", help="The task's text.")
CANDIDATES = argument("names", nargs=-1, required=True, metavar="CANDIDATE...")
APPROACH = several("--approach", "approaches", "TEXT", "One entry each.")
PROMPT_WORD = argument("prompt", required=False)
RUNNING = f"agents setup timeout keep {JUDGING}"


@command("run.run", RUNNING, PROMPT_WORD, APPROACH, DRY_RUN, *TASK)
def run() -> None:
    """Run agents on a task, each in a worktree of its own; judge, and merge the best.

    \b
      arena run --agents 3 "Make parse() accept empty input"
      arena run --agents claude:2,codex --prompt-file issue.md --check check.py
      arena run --agents repair:3 --suite tests/test_new.py --merge auto
    PROMPT "-" reads it from standard input.
    """


@command("judge.judge", f"fast {JUDGING}", CANDIDATES, PROMPT, *TASK)
def judge() -> None:
    """Judge branches, commits, tags, pr/N or patch files that exist already.

    \b
      arena judge feature-a feature-b feature-c
      arena judge new=HEAD~1 fix.patch --base main --check check.py
      arena judge my-branch --rubric merge-safe     may I merge this? (exit code 0 or 1)
    """


@command("judge.rescore", "seed", RUN, setting("rubric", required=True), JSON)
def rescore() -> None:
    """Score a judged run by another rubric; no test is run. Example: arena rescore --rubric merge-safe"""


@command("merge.merge", "target keep", RUN, argument("label", required=False), JSON)
def merge() -> None:
    """Merge the winner of a run, or the candidate LABEL, once the merged tree has passed.

    \b
      arena merge                       the winner of the latest run
      arena merge 20261121-1530 b       that candidate of that run
    """


@command("merge.undo", "", RUN)
def undo() -> None:
    """Take back what a run's merge and clean-up moved; twice makes it again. Example: arena undo"""


BRANCH = option("--branch", metavar="NAME", help="Name instead of arena/RUN/LABEL.")


@command("merge.restore", "", argument("run"), argument("label"), BRANCH)
def restore() -> None:
    """Make a branch of an archived candidate. Example: arena restore 20261121-1530 b --branch second-thoughts"""


@command("merge.clean", "", RUN, DRY_RUN)
def clean() -> None:
    """Remove a run's worktrees and branches; its candidates stay in the archive. Example: arena clean --dry-run"""


@command("look.list_runs", "", JSON)
def list_() -> None:
    """List the runs of this repository, newest last. Example: arena list --json"""


@command("look.status", "", RUN, JSON)
def status() -> None:
    """Tell how a run stands. Example: arena status"""


FORMATS = click.Choice(["html", "md", "json", "csv", "junit", "text"])
FORMAT = option("--format", "kind", type=FORMATS, help="Print in this format.")
OPEN = flag("--open", "show", text="Open it in a browser.")


@command("look.report", "", RUN, OPEN, FORMAT)
def report() -> None:
    """Print the path of a run's report, or the report in another format.

    \b
      arena report --open
      arena report 20261121-1530 --format md
    """


@command("look.agents", "", JSON)
def agents() -> None:
    """List the agents that arena can run, and how to install them. Example: arena agents"""


@command("doctor.doctor", "", JSON)
def doctor() -> None:
    """Check everything that a run needs, and say how to mend what is missing. Example: arena doctor"""


@command("look.config", "", JSON)
def config() -> None:
    """Show every setting, its value, and where it comes from. Example: arena config"""


@command("look.init", "", flag("--force", text="Replace an arena.toml that is there."))
def init() -> None:
    """Write a commented arena.toml with every option at its default. Example: arena init"""


@command("demo.demo", "", argument("folder", required=False), JSON)
def demo() -> None:
    """Make a small repository with a real defect, let three agents mend it, judge, merge. Example: arena demo"""


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


@cli.group(name="check")
def acceptance() -> None:
    """Write an acceptance check: a few lines that say when a task is done.

    \b
      arena check new check.py --prompt-file issue.md
      arena judge a b c --check check.py
    """


PROMPT_FILE = option("--prompt-file", metavar="FILE", help="Read the text from a file.")


@command("check.new", "", argument("file"), PROMPT_WORD, PROMPT_FILE, group=acceptance)
def new() -> None:
    """Write the skeleton of a check from a task's text. Example: arena check new check.py "Make parse() accept ''" """


def main(argv: list[str] | None = None) -> None:
    """The console script: runs a command and exits with its code."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as in the background
        signal.signal(signal.SIGINT, faults.stop)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(_main(argv))


def _main(argv: list[str] | None) -> int:
    try:
        code = cli.main(argv, prog_name="arena", standalone_mode=False)
    except ArenaError as error:
        return faults.complain(str(error), error.exit_code)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        hint = "Everything so far is kept: arena status; remove it with: arena clean"
        return faults.complain(f"stopped. {hint}", 130)
    except Exception as error:  # noqa: BLE001 - our bug: it gets a log file, and the user one line
        return faults.full_disk(error) or faults.our_fault()
    return code if isinstance(code, int) else 0
