"""The command line: words in, exit code out. Nothing here decides anything."""

from __future__ import annotations

import signal
import sys

import click

from arena.commands import faults
from arena.commands.declared import cli, command
from arena.commands.words import argument, flag, option, setting, several
from arena.errors import ArenaError

JSON = flag("--json", "as_json", text="Print the result as one JSON document.")
DRY_RUN = flag("--dry-run", text="Say what would happen, then stop.")
RUN = argument("run", required=False)
TASK = [
    option("--prompt-file", metavar="FILE", help="Read the task's text from a file."),
    several("--suite", "suite", "PATH", "Test-first suite, protected."),
    several("--check", "checks", "FILE", "Check never shown to agents."),
    several("--holdout", "holdouts", "PATH", "Tests never shown to agents."),
    several("--owns", "owns", "GLOB", "Only these paths may change."),
    several("--off-limits", "off_limits", "GLOB", "These may not."),
    several("--except", "excepted", "GLOB", "But these may."),
    option("--out", metavar="DIR", help="Copy the report there too."),
    JSON,
]
JUDGING = "base target rubric python test junit env allow_network merge jobs seed"
PROMPT = option("--prompt", metavar="TEXT", help="The task's text.")
CANDIDATES = argument("names", nargs=-1, required=True, metavar="CANDIDATE...")
APPROACH = several("--approach", "approaches", "TEXT", "One entry each.")
PROMPT_WORD = argument("prompt", required=False)
PACE = "prompt_template at_once retries backoff max_cost max_tokens"
RUNNING = f"agents {PACE} setup timeout keep {JUDGING}"


DETACH = flag("--detach", text="Go on in the background.")
TMUX = flag("--tmux", text="A window of tmux for each entry.")
TESTER = option("--tester", metavar="AGENT", help="Who writes a check, or the suite.")
TEST_FIRST = flag("--test-first", text="The suite is written first, by a tester.")
TESTED = [TEST_FIRST, TESTER, setting("first_to_pass")]


@command(
    "run.run", RUNNING, PROMPT_WORD, APPROACH, *TESTED, DRY_RUN, DETACH, TMUX, *TASK
)
def run() -> None:
    """Run agents on a task, each in a worktree of its own; judge, and merge the best.

    \b
      arena run --agents 3 "Make parse() accept empty input"
      arena run --agents claude:2,codex --prompt-file issue.md --check check.py
      arena run --agents repair:3 --suite tests/test_new.py --merge auto
      arena run --test-first --tester claude --agents 3 "Add mean()"
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


LABEL = argument("label", required=False)
CHOOSE = flag("--interactive", text="Look at the candidates, then choose one.")


@command("merge.merge", "target keep", RUN, LABEL, CHOOSE, JSON)
def merge() -> None:
    """Merge the winner of a run, or the candidate LABEL, once the merged tree has passed.

    \b
      arena merge                       the winner of the latest run
      arena merge --interactive         look at all of them, and choose
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


@command("look.status", "", RUN, flag("--watch", text="Until it has ended."), JSON)
def status() -> None:
    """Tell how a run stands. Example: arena status --watch"""


OF_RUN = option("--run", metavar="RUN", help="Another run than the latest.")
LIMIT = option("--timeout", "limit", metavar="TIME", help="How long at most.")


@command("follow.wait", "", RUN, LIMIT, JSON)
def wait() -> None:
    """Wait until a run has ended; the exit code is the run's. Example: arena wait --timeout 2h"""


FOLLOW = flag("-f", "--follow", text="Until the run has ended.")


@command("follow.logs", "", LABEL, OF_RUN, FOLLOW)
def logs() -> None:
    """Print what agents have printed. Example: arena logs claude-1 -f"""


@command("steer.pause", "", RUN, LABEL)
def pause() -> None:
    """Hold agents up; their time limits stand still. Example: arena pause 20261121-1530 claude-1"""


@command("steer.resume", "", RUN, LABEL)
def resume() -> None:
    """Let paused agents go on. Example: arena resume"""


@command("steer.stop", "", RUN, LABEL)
def stop() -> None:
    """End agents now; what they did is kept and judged. Example: arena stop 20261121-1530 claude-1"""


@command("steer.send", "", argument("label"), argument("text"), OF_RUN)
def send() -> None:
    """Give an agent that is at work another turn. Example: arena send claude-1 "also mend the docs" """


@command("steer.done", "", LABEL, OF_RUN)
def done() -> None:
    """Say that your own entry (agent `human`) is finished. Example, in its worktree: arena done"""


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
