"""Commands for a run that goes on: look at it, hold it up, end it, tell it more."""

from __future__ import annotations

import click

from arena.commands.declared import command
from arena.commands.words import JSON, LABEL, OF_RUN, RUN, argument, flag, option

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


@command("steer.resume", "", RUN, LABEL, JSON)
def resume() -> None:
    """Let paused agents go on; or a run that was killed, a plan that is blocked. Example: arena resume"""


@command("steer.stop", "", RUN, LABEL)
def stop() -> None:
    """End agents now; what they did is kept and judged. Example: arena stop 20261121-1530 claude-1"""


@command("steer.send", "", argument("label"), argument("text"), OF_RUN)
def send() -> None:
    """Give an agent that is at work another turn. Example: arena send claude-1 "also mend the docs" """


@command("steer.done", "", LABEL, OF_RUN)
def done() -> None:
    """Say that your own entry (agent `human`) is finished. Example, in its worktree: arena done"""


SIGNAL = click.Choice(["started", "progress", "blocked", "resolved", "note"])
SAID = argument("words", nargs=-1, metavar="[PERCENT] [TEXT]")
NEEDS = option("--needs", metavar="TASK", help="What it waits for.")
ENTRY = option("--label", metavar="LABEL", help="Of this entry, from outside of it.")


@command("steer.signal", "", argument("word", type=SIGNAL), SAID, NEEDS, ENTRY)
def signal_() -> None:
    """Say how an entry stands, for the hand-off file of a plan. Example: arena signal progress 40 "models done" """


@command("plan.handoff", "", RUN)
def handoff() -> None:
    """Print how a plan stands: streams, checkpoints, signals, blockers, hand-offs. Example: arena handoff"""
