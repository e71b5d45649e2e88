"""The command line: words in, exit code out. Nothing here decides anything.

Heavy modules are imported inside the commands that need them, so that `arena --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arena import __version__
from arena.errors import ArenaError

if TYPE_CHECKING:
    from arena.commands.output import Output

F = TypeVar("F", bound=Callable[..., Any])
HELP = {"help_option_names": ["-h", "--help"], "show_default": True}


class Place:
    """The global options."""

    def __init__(self, **options: Any) -> None:
        self.options = options

    @property
    def here(self) -> Path:
        """The folder that the command works in."""
        return Path(self.options["directory"] or ".").absolute()

    @property
    def config(self) -> Path | None:
        """The settings file named on the command line."""
        name = self.options["config"]
        return self.here / name if name else None

    def given(self, **values: Any) -> dict[str, Any]:
        """Settings from the command line; what was not given is left out."""
        values["project"] = self.options["project"]
        values["color"] = self.options["color"]
        found = {}
        for name, value in values.items():
            if value is not None and value != () and value is not False:
                found[name] = list(value) if isinstance(value, tuple) else value
        return found

    def output(self, *, as_json: bool = False, out: str | None = None) -> Output:
        """How commands talk."""
        from arena.commands.output import Output

        options = self.options
        return Output(
            as_json=as_json,
            quiet=options["quiet"],
            verbose=options["verbose"],
            color=options["color"] or "auto",
            yes=options["yes"],
            out=out,
        )


@click.group(context_settings=HELP)
@click.option(
    "-C", "directory", metavar="DIR", help="Work in DIR instead of the current folder."
)
@click.option(
    "--project",
    metavar="DIR",
    help="Folder of the project in a repository with several.",
)
@click.option(
    "--config",
    metavar="FILE",
    help="Settings file instead of arena.toml or [tool.arena].",
)
@click.option("-q", "--quiet", is_flag=True, help="Only the result and errors.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Also what was cached, re-run or skipped."
)
@click.option("--yes", is_flag=True, help="Answer questions with yes.")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    help="Colour in the terminal.",
)
@click.version_option(__version__, prog_name="arena")
@click.pass_context
def cli(context: click.Context, /, **options: Any) -> None:
    """Judge several implementations of one task on evidence, and merge the best.

    \b
      arena judge a b c                   which of these branches should be merged?
      arena run --agents 3 "fix the bug"  three agents, three worktrees, one winner
      arena demo                          see it work, without an account
    """
    context.obj = Place(**options)


def options(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Several click options as one decorator."""

    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


task_options = options(
    click.option(
        "--prompt-file", metavar="FILE", help="Read the task's text from a file."
    ),
    click.option(
        "--suite",
        multiple=True,
        metavar="PATH",
        help="Test-first suite in the repository; protected.",
    ),
    click.option(
        "--check",
        "checks",
        multiple=True,
        metavar="FILE",
        help="Acceptance check, never shown to agents.",
    ),
    click.option(
        "--holdout",
        "holdouts",
        multiple=True,
        metavar="PATH",
        help="Held-out tests, never shown to agents.",
    ),
)
judging_options = options(
    click.option(
        "--base", metavar="REV", help="Commit that the candidates are compared with."
    ),
    click.option(
        "--target",
        metavar="BRANCH",
        help="Branch to merge into [default: the current one].",
    ),
    click.option(
        "--rubric", metavar="NAME|FILE", help="How to score [default: default]."
    ),
    click.option(
        "--python", metavar="PATH", help="Interpreter of the project's environment."
    ),
    click.option(
        "--test",
        metavar="CMD",
        help="Test command [default: pytest as the project configures it].",
    ),
    click.option(
        "--junit", metavar="PATH", help="JUnit XML that the test command writes."
    ),
    click.option(
        "--env",
        multiple=True,
        metavar="NAME",
        help="Variable that agents and tests may see.",
    ),
    click.option("--allow-network", is_flag=True, help="Let tests use the network."),
    click.option(
        "--merge",
        type=click.Choice(["ask", "auto", "never"]),
        help="Merge the winner [default: ask].",
    ),
    click.option(
        "--jobs",
        type=int,
        metavar="N",
        help="Test runs at a time [default: the cores].",
    ),
    click.option(
        "--seed",
        type=int,
        metavar="N",
        help="Seed of everything that is drawn [default: 0].",
    ),
    click.option("--out", metavar="DIR", help="Copy the report there too."),
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
)


@cli.command(context_settings=HELP)
@click.argument("prompt", required=False)
@task_options
@click.option(
    "--agents",
    metavar="N|NAME[:K],…",
    help="How many entries, or which agents [default: 3].",
)
@click.option(
    "--approach",
    "approaches",
    multiple=True,
    metavar="TEXT",
    help="One entry for each named approach.",
)
@click.option("--setup", metavar="CMD", help="Command run in each new worktree first.")
@click.option(
    "--timeout", metavar="TIME", help="Time limit of one agent [default: 30m]."
)
@click.option("--keep", is_flag=True, help="Keep worktrees and branches afterwards.")
@click.option("--dry-run", is_flag=True, help="Say what would run, then stop.")
@judging_options
@click.pass_obj
def run(place: Place, /, **o: Any) -> int:
    """Run agents on a task, each in a worktree of its own; judge, and merge the best.

    \b
      arena run --agents 3 "Make parse() accept empty input"
      arena run --agents claude:2,codex --prompt-file issue.md --check check.py
      arena run --agents repair:3 --suite tests/test_new.py --merge auto
    PROMPT "-" reads it from standard input.
    """
    from arena.commands import run as command

    return command.run(
        place.here,
        prompt=o["prompt"],
        prompt_file=o["prompt_file"],
        suite=o["suite"],
        checks=o["checks"],
        holdouts=o["holdouts"],
        approaches=o["approaches"],
        dry_run=o["dry_run"],
        given=place.given(
            **_judging(o),
            agents=o["agents"],
            setup=o["setup"],
            timeout=o["timeout"],
            keep=o["keep"],
        ),
        config=place.config,
        output=place.output(as_json=o["as_json"], out=o["out"]),
    )


def _judging(o: dict[str, Any]) -> dict[str, Any]:
    names = (
        "base",
        "target",
        "rubric",
        "python",
        "test",
        "junit",
        "env",
        "allow_network",
        "merge",
        "jobs",
        "seed",
    )
    return {name: o[name] for name in names}


@cli.command(context_settings=HELP)
@click.argument("candidates", nargs=-1, required=True)
@click.option("--prompt", metavar="TEXT", help="The task's text.")
@task_options
@click.option(
    "--fast",
    is_flag=True,
    help="Only the gate run: leave out the candidates' own tests.",
)
@judging_options
@click.pass_obj
def judge(place: Place, /, **o: Any) -> int:
    """Judge branches, commits, tags, pr/N or patch files that exist already.

    \b
      arena judge feature-a feature-b feature-c
      arena judge new=HEAD~1 fix.patch --base main --check check.py
      arena judge my-branch --rubric merge-safe     may I merge this? (exit code 0 or 1)
    """
    from arena.commands import judge as command

    return command.judge(
        place.here,
        names=o["candidates"],
        prompt=o["prompt"],
        prompt_file=o["prompt_file"],
        suite=o["suite"],
        checks=o["checks"],
        holdouts=o["holdouts"],
        given=place.given(**_judging(o), fast=o["fast"]),
        config=place.config,
        output=place.output(as_json=o["as_json"], out=o["out"]),
    )


@cli.command(context_settings=HELP)
@click.argument("run", required=False)
@click.option(
    "--rubric", metavar="NAME|FILE", required=True, help="The rubric to score by."
)
@click.option("--seed", type=int, metavar="N", help="Seed of everything that is drawn.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def rescore(
    place: Place, run: str | None, rubric: str, seed: int | None, as_json: bool
) -> int:
    """Score a judged run by another rubric; no test is run."""
    from arena.commands import judge as command

    return command.rescore(
        place.here,
        run=run,
        given=place.given(rubric=rubric, seed=seed),
        config=place.config,
        output=place.output(as_json=as_json),
    )


@cli.command(context_settings=HELP)
@click.argument("run", required=False)
@click.argument("label", required=False)
@click.option(
    "--target",
    metavar="BRANCH",
    help="Branch to merge into [default: the one of the run].",
)
@click.option("--keep", is_flag=True, help="Keep worktrees and branches afterwards.")
@click.option("--json", "as_json", is_flag=True, help="Print what landed as JSON.")
@click.pass_obj
def merge(
    place: Place,
    run: str | None,
    label: str | None,
    target: str | None,
    keep: bool,
    as_json: bool,
) -> int:
    """Merge the winner of a run, or the candidate LABEL, once the merged tree has passed.

    \b
      arena merge                       the winner of the latest run
      arena merge 20261121-1530 b       that candidate of that run
    """
    from arena.commands import merge as command

    return command.merge(
        place.here,
        run=run,
        label=label,
        target=target,
        given=place.given(keep=keep),
        config=place.config,
        output=place.output(as_json=as_json),
    )


@cli.command(context_settings=HELP)
@click.argument("run", required=False)
@click.pass_obj
def undo(place: Place, run: str | None) -> int:
    """Take back what a run's merge and clean-up moved; twice makes it again."""
    from arena.commands import merge as command

    return command.undo(place.here, run=run, config=place.config, output=place.output())


@cli.command(context_settings=HELP)
@click.argument("run")
@click.argument("label")
@click.option(
    "--branch", metavar="NAME", help="Name of the branch [default: arena/RUN/LABEL]."
)
@click.pass_obj
def restore(place: Place, run: str, label: str, branch: str | None) -> int:
    """Make a branch of an archived candidate."""
    from arena.commands import merge as command

    return command.restore(
        place.here,
        run=run,
        label=label,
        branch=branch,
        config=place.config,
        output=place.output(),
    )


@cli.command(context_settings=HELP)
@click.argument("run", required=False)
@click.option("--dry-run", is_flag=True, help="Say what would be removed, then stop.")
@click.pass_obj
def clean(place: Place, run: str | None, dry_run: bool) -> int:
    """Remove a run's worktrees and branches; its candidates stay in the archive."""
    from arena.commands import merge as command

    return command.clean_runs(
        place.here, run=run, dry_run=dry_run, config=place.config, output=place.output()
    )


@cli.command("list", context_settings=HELP)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_runs(place: Place, as_json: bool) -> int:
    """List the runs of this repository, newest last."""
    from arena.commands import look

    return look.list_runs(place.here, output=place.output(as_json=as_json))


@cli.command(context_settings=HELP)
@click.argument("run", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def status(place: Place, run: str | None, as_json: bool) -> int:
    """Tell how a run stands."""
    from arena.commands import look

    return look.status(place.here, run=run, output=place.output(as_json=as_json))


@cli.command(context_settings=HELP)
@click.argument("run", required=False)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["html", "md", "json", "csv", "junit", "text"]),
    help="Print in this format.",
)
@click.option("--open", "show", is_flag=True, help="Open the page in a browser.")
@click.pass_obj
def report(place: Place, run: str | None, kind: str | None, show: bool) -> int:
    """Print the path of a run's report, or the report in another format."""
    from arena.commands import look

    return look.report(place.here, run=run, kind=kind, show=show, output=place.output())


@cli.command(context_settings=HELP)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def agents(place: Place, as_json: bool) -> int:
    """List the agents that arena can run, and how to install them."""
    from arena.commands import look

    return look.agents(output=place.output(as_json=as_json))


@cli.command(context_settings=HELP)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def doctor(place: Place, as_json: bool) -> int:
    """Check everything that a run needs, and say how to mend what is missing."""
    from arena.commands import doctor as command

    return command.doctor(
        place.here,
        given=place.given(),
        config=place.config,
        output=place.output(as_json=as_json),
    )


@cli.command(context_settings=HELP)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def config(place: Place, as_json: bool) -> int:
    """Show every setting, its value, and where it comes from."""
    from arena.commands import look

    return look.config(
        place.here,
        given=place.given(),
        config=place.config,
        output=place.output(as_json=as_json),
    )


@cli.command(context_settings=HELP)
@click.option("--force", is_flag=True, help="Replace an arena.toml that is there.")
@click.pass_obj
def init(place: Place, force: bool) -> int:
    """Write a commented arena.toml with every option at its default."""
    from arena.commands import look

    return look.init(place.here, force=force, output=place.output())


@cli.command(context_settings=HELP)
@click.argument("folder", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def demo(place: Place, folder: str | None, as_json: bool) -> int:
    """Make a small repository with a real defect, let three agents mend it, judge, merge."""
    from arena.commands import demo as command

    return command.demo(
        place.here / folder if folder else None, output=place.output(as_json=as_json)
    )


@cli.group(context_settings=HELP)
def rubric() -> None:
    """Show the rubrics, or check a file of your own."""


@rubric.command("show", context_settings=HELP)
@click.argument("name", required=False)
@click.pass_obj
def rubric_show(place: Place, name: str | None) -> int:
    """Print a rubric, or list the shipped ones."""
    from arena.commands import look

    return look.rubric_show(place.here, name=name, output=place.output())


@rubric.command("check", context_settings=HELP)
@click.argument("file")
@click.pass_obj
def rubric_check(place: Place, file: str) -> int:
    """Check a rubric file: all faults at once, or the rubric in words."""
    from arena.commands import look

    return look.rubric_check(place.here, file=file, output=place.output())


def main(argv: list[str] | None = None) -> None:
    """The console script: runs a command and exits with its code."""
    sys.exit(_main(argv))


def _main(argv: list[str] | None) -> int:
    try:
        code = cli.main(argv, prog_name="arena", standalone_mode=False)
        sys.stdout.flush()
    except ArenaError as error:
        print(f"arena: {error}", file=sys.stderr)  # noqa: T201 - the one place that says what went wrong
        return error.exit_code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        return _interrupted()
    except BrokenPipeError:
        # The reader of our output went away (`arena … | head`): nothing to complain about.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001 - our bug: it gets a log file, and the user one line
        return _our_fault()
    return code if isinstance(code, int) else 0


def _interrupted() -> int:
    from arena.machine import process

    process.stop_all()
    print(  # noqa: T201
        "\narena: stopped. Everything so far is kept: arena status; remove it with: arena clean",
        file=sys.stderr,
    )
    return 130


def _our_fault() -> int:
    import platform
    import time
    import traceback

    from arena.machine import store

    path = (
        store.state_dir()
        / "faults"
        / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    )
    facts = f"arena {__version__}\nPython {sys.version}\n{platform.platform()}\n{sys.argv!r}\n\n"
    try:
        store.write_text(path, facts + traceback.format_exc())
    except ArenaError:
        traceback.print_exc()
    print(  # noqa: T201
        f"arena: internal error, this is our fault. Log: {path}. Nothing was merged or deleted.",
        file=sys.stderr,
    )
    return 3
