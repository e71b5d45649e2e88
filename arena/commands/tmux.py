"""A window of tmux for each entry: a person's own shell in the worktree, or what the agent prints."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from arena.commands.call import Call
from arena.errors import ArenaError
from arena.journal import Event
from arena.machine import process
from arena.machine.process import Captured
from arena.patterns import Entry
from arena.session import Session

# A server of our own: the user's own sessions are out of reach.
TMUX = ("tmux", "-L", "arena", "-f", os.devnull)


@contextmanager
def windows(opened: Session, entries: Sequence[Entry], call: Call) -> Iterator[None]:
    """Opens a window whenever a worktree is made, and closes them all at the end.

    Raises ArenaError if tmux is not installed.
    """
    if not process.which("tmux"):
        raise ArenaError("tmux is not installed. Install it, or leave out --tmux.")
    session, agents = f"arena-{opened.run}", {e.label: e.agent for e in entries}
    session = session.replace(".", "-").replace(":", "-")  # tmux's own separators
    begun: list[str] = []

    def hear(event: Event) -> None:
        if event.kind != "worktree" or event.label is None:
            return
        words = ["new-window", "-d", "-t", f"={session}:"]
        if not begun:
            words = ["new-session", "-d", "-s", session, "-x", "200", "-y", "50"]
        words += ["-n", event.label, "-c", event.data["path"]]
        shown = _shown(opened, event.label, agents[event.label])
        done = _ask(*words, *([shlex.join(shown)] if shown else []))
        # The windows are a view: that they can't be shown, or were closed, stops no run.
        if done.exit_code != 0:
            call.say(f"no window for {event.label}: {done.stderr.strip()}")
        elif not begun:
            call.say(f"windows: {shlex.join(TMUX)} attach -t {session}")
        begun.append(event.label)

    opened.journal.listeners.append(hear)
    try:
        yield
    finally:
        if begun:
            _ask("kill-session", "-t", f"={session}")


def _shown(opened: Session, label: str, agent: str) -> list[str]:
    """The command of an entry's window; none means a shell."""
    if agent == "human":
        return []
    arena = [sys.executable, "-P", "-m", "arena", "-C", str(opened.top)]
    return [*arena, "logs", label, "--run", opened.run, "--follow"]


def _ask(*words: str) -> Captured:
    return process.capture([*TMUX, *words], cwd=Path("/"), timeout=20)
