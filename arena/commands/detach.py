"""A run that goes on in the background after its command has returned."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace

from arena import journal
from arena.commands.call import Call
from arena.errors import ArenaError
from arena.journal import Event
from arena.session import Session


def split(opened: Session, call: Call, *, wanted: bool) -> tuple[Call, int | None]:
    """Goes on in the background if that is wanted: the call as it is from here on, and in the foreground the exit code.

    The foreground stays until the run is planned, so that the user's mistakes are said where they were made.
    """
    if not wanted:
        return call, None
    if not hasattr(os, "fork"):
        raise ArenaError("--detach needs a POSIX system. Leave it out.")
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return call, _foreground(opened, call, child)
    os.setsid()  # the end of the terminal is not ours any more
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

    def leave(event: Event) -> None:
        if event.kind == "planned":
            log = opened.folder / "detached.log"
            words = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(words, 1)
            os.dup2(words, 2)

    opened.journal.listeners.append(leave)
    return replace(call, background=True), None


def _foreground(opened: Session, call: Call, child: int) -> int:
    path = opened.folder / "journal.log"
    while not any(event.kind == "planned" for event in journal.replay(path)):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    call.tell(
        f"run {opened.run} goes on in the background\n"
        f"  look:   arena status {opened.run} --watch\n"
        f"  wait:   arena wait {opened.run}\n"
        f"  end it: arena stop {opened.run}",
        {"run": opened.run, "process": child},
    )
    return 0
