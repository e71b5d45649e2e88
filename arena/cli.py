"""The command line: words in, exit code out. Nothing here decides anything."""

from __future__ import annotations

import os
import signal
import sys

import click

from arena.commands import faults, groups, meanwhile
from arena.commands.declared import cli, command
from arena.commands.words import (
    DRY_RUN,
    JSON,
    LABEL,
    PROMPT_FILE,
    PROMPT_WORD,
    RUN,
    argument,
    flag,
    option,
    setting,
    several,
)
from arena.errors import ArenaError

__all__ = ["groups", "main", "meanwhile"]

TASK = [
    PROMPT_FILE,
    several("--suite", "suite", "PATH", "Test-first suite, protected."),
    several("--check", "checks", "FILE", "Check never shown to agents."),
    several("--holdout", "holdouts", "PATH", "Tests never shown to agents."),
    several("--owns", "owns", "GLOB", "Only these paths may change."),
    several("--off-limits", "off_limits", "GLOB", "These may not."),
    several("--except", "excepted", "GLOB", "But these may."),
    option("--out", metavar="DIR", help="Copy the report there too."),
    JSON,
]
JUDGING = (
    "base target pattern rubric python test junit env allow_network merge jobs seed"
)
PROMPT = option("--prompt", metavar="TEXT", help="The task's text.")
CANDIDATES = argument("names", nargs=-1, metavar="CANDIDATE...")
APPROACH = several("--approach", "approaches", "TEXT", "One entry each.")
PACE = "prompt_template at_once retries backoff max_cost max_tokens"
RUNNING = f"agents {PACE} setup timeout keep {JUDGING}"


DETACH = flag("--detach", text="Go on in the background.")
TMUX = flag("--tmux", text="A window of tmux for each entry.")
TESTER = option("--tester", metavar="AGENT", help="Who writes a check, or the suite.")
TEST_FIRST = flag("--test-first", text="The suite is written first, by a tester.")
TESTED = [TEST_FIRST, TESTER, setting("first_to_pass")]


PLAN = option("--plan", metavar="FILE", help="Divide a task as a plan file says.")
HOW = [PLAN, *TESTED, DRY_RUN, DETACH, TMUX]


@command("run.run", RUNNING, PROMPT_WORD, APPROACH, *HOW, *TASK)
def run() -> None:
    """Run agents on a task, each in a worktree of its own; judge, and merge the best.

    \b
      arena run --agents 3 "Make parse() accept empty input"
      arena run --agents claude:2,codex --prompt-file issue.md --check check.py
      arena run --agents repair:3 --suite tests/test_new.py --merge auto
      arena run --test-first --tester claude --agents 3 "Add mean()"
    PROMPT "-" reads it from standard input.
    """


QUESTION = argument("question", required=False)
SPRINT = option("--sprint", metavar="FILE", help="Question, approaches and measures.")
EXPLORING = [QUESTION, SPRINT, APPROACH, DRY_RUN, DETACH, TMUX, *TASK[1:]]


@command("explore.explore", RUNNING.replace(" merge", ""), *EXPLORING)
def explore() -> None:
    """Try approaches to a question side by side, and compare them; nothing is merged.

    \b
      arena explore "How should prices be cached?" --approach "lru: functools" --approach "db: sqlite3"
      arena explore --sprint sprint.toml
      arena merge RUN LABEL       later, if one of them shall stay
    """


@command(
    "spawn.spawn", "agents base target setup", argument("name", required=False), JSON
)
def spawn() -> None:
    """Make worktrees in which no agent is started: work there yourself, with any program, then have it judged.

    \b
      arena spawn --agents 3 --base main auth
      arena judge --worktrees RUN
    """


OF_TREES = option("--worktrees", metavar="RUN", help="What is in its worktrees now.")


@command("judge.judge", f"fast {JUDGING}", CANDIDATES, OF_TREES, PROMPT, *TASK)
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


CHOOSE = flag("--interactive", text="Look at the candidates, then choose one.")
ALL = flag("--all", "everyone", text="All that pass, the best first.")
PULL = flag("--pr", "pull", text="Print the text of a pull request instead.")


@command(
    "merge.merge", "target style run_hooks keep", RUN, LABEL, CHOOSE, ALL, PULL, JSON
)
def merge() -> None:
    """Merge the winner of a run, or the candidate LABEL, once the merged tree has passed.

    \b
      arena merge                       the winner of the latest run
      arena merge --interactive         look at all of them, and choose
      arena merge 20261121-1530 b       that candidate of that run
      arena merge --style squash        as one commit
      arena merge --pr                  the text of a pull request; nothing is merged
    """


@command("merge.undo", "", RUN)
def undo() -> None:
    """Take back what a run's merge and clean-up moved; twice makes it again. Example: arena undo"""


BRANCH = option("--branch", metavar="NAME", help="Name instead of arena/RUN/LABEL.")


FROM = option("--from", "source", metavar="FILE", help="Take it out of this bundle.")


@command("keep.restore", "", argument("run"), argument("label"), BRANCH, FROM)
def restore() -> None:
    """Make a branch of an archived candidate. Example: arena restore 20261121-1530 b --branch second-thoughts"""


@command("merge.clean", "", RUN, DRY_RUN)
def clean() -> None:
    """Remove a run's worktrees and branches; its candidates stay in the archive. Example: arena clean --dry-run"""


@command(
    "keep.bundle", "", RUN, option("--out", metavar="FILE", help="Where to."), JSON
)
def bundle() -> None:
    """Write what the archive holds of a run into one file. Example: arena bundle --out run.bundle"""


OLDER = option("--older-than", default="30d", metavar="TIME", help="[default: 30d]")
FOR_GOOD = flag("--no-bundle", text="Delete what they archived for good.")


@command("keep.gc", "", OLDER, FOR_GOOD, DRY_RUN, JSON)
def gc() -> None:
    """Remove old runs that are clean, and say what is on disk; their candidates stay, in a bundle for each run.

    \b
      arena gc --dry-run
      arena gc --older-than 7d
      arena restore RUN LABEL     also of a run that is gone
    """


@command("look.list_runs", "", JSON)
def list_() -> None:
    """List the runs of this repository, newest last. Example: arena list --json"""


@command("look.status", "", RUN, flag("--watch", text="Until it has ended."), JSON)
def status() -> None:
    """Tell how a run stands. Example: arena status --watch"""


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


@command("look.patterns", "", JSON)
def patterns() -> None:
    """Tell which way of working fits which job, and which does not. Example: arena patterns"""


@command("doctor.doctor", "", JSON)
def doctor() -> None:
    """Check everything that a run needs, and say how to mend what is missing. Example: arena doctor"""


@command("look.config", "", JSON)
def config() -> None:
    """Show every setting, its value, and where it comes from. Example: arena config"""


KINDS = click.Choice(["full-stack", "api-heavy", "ui-heavy", "streams"])
EXAMPLE = option("--plan", "plan", type=KINDS, help="Write an example plan instead.")


@command(
    "look.init", "", flag("--force", text="Replace a file that is there."), EXAMPLE
)
def init() -> None:
    """Write a commented arena.toml with every option at its default, or plan.toml with an example.

    \b
      arena init
      arena init --plan full-stack
    """


@command("demo.demo", "", argument("folder", required=False), JSON)
def demo() -> None:
    """Make a small repository with a real defect, let three agents mend it, judge, merge. Example: arena demo"""


STOPPING = (
    signal.SIGINT,
    signal.SIGTERM,
    *([signal.SIGHUP] if os.name == "posix" else []),
)


def main(argv: list[str] | None = None) -> None:
    """The console script: runs a command and exits with its code."""
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as in the background
            signal.signal(number, faults.stop)
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
        hint = "Everything so far is kept. Go on: arena resume; look: arena status; remove it: arena clean"
        return faults.complain(f"stopped. {hint}", 130)
    except Exception as error:  # noqa: BLE001 - our bug: it gets a log file, and the user one line
        return faults.of_machine(error) or faults.our_fault()
    return code if isinstance(code, int) else 0
