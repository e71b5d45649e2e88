"""The one door to processes (git has its own): time limits, whole-tree kill, capped output to a file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from arena.errors import ArenaError

SUPERVISOR = Path(__file__).parent / "inside" / "supervisor.py"


class Most(NamedTuple):
    """How many processes a command may have, and how many bytes of memory they may hold together."""

    processes: int
    memory: int


# Three quarters of the machine's: what one command may take before the system would choose whom to kill.
MOST_MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4 * 3
MOST = Most(1000, MOST_MEMORY)
TOO_MUCH = Most._fields
_running: set[subprocess.Popen[bytes]] = set()
_stopping = threading.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended. `reason` is exited, timeout, silent, stopped, or what there was too much of: processes,
    memory. `survivors` counts processes of the command that were still alive after it and had to be killed."""

    exit_code: int
    reason: str
    seconds: float
    cpu_seconds: float
    survivors: int


@dataclass(frozen=True, slots=True)
class Captured:
    """Exit code and output of a short helper command."""

    exit_code: int
    stdout: str
    stderr: str


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    timeout: float | None,
    errors: Path | None = None,
    stdin: Path | None = None,
    silence: float | None = None,
    watch: Path | None = None,
    cap: int = 8 << 20,
    grace: float = 3.0,
    pass_fds: Sequence[int] = (),
    control: Path | None = None,
    most: Most = MOST,
) -> Finished:
    """Runs `argv` to its end and leaves none of its processes behind.

    Output goes to `log` (standard error to `errors` if given), at most `cap` bytes and the last 64 KiB. `timeout`
    and `silence` are seconds (None: no limit); output, or a change below `watch`, is a sign of life. The command
    sees exactly `env` and no standard input unless `stdin` names a file. While there is a file `<control>.pause`, the
    command and its clocks stand still (Linux only); `<control>.stop` ends it. It is also ended when it and
    its descendants are more than `most` (Linux only).

    Raises ArenaError if the program can't be started.
    """
    # The supervisor's order is just what we were asked for; first of all, while there are no other names.
    order = {**locals(), "env": dict(env)}
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(SUPERVISOR)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=pass_fds,
    ) as supervisor:
        assert supervisor.stdin is not None
        assert supervisor.stdout is not None
        _running.add(supervisor)
        if _stopping.is_set():
            supervisor.terminate()
        try:
            supervisor.stdin.write(json.dumps(order, default=str).encode() + b"\n")
            supervisor.stdin.flush()  # stays open: its end tells the supervisor that we are gone
            record = supervisor.stdout.read()
        finally:
            _running.discard(supervisor)
    if not record.strip():
        # Somebody killed the supervisor: the candidate's code, the system, or a second Ctrl-C.
        record = b'{"exit_code": -9, "reason": "stopped", "seconds": 0, "cpu_seconds": 0, "survivors": 0}'
    data = json.loads(record)
    if "error" in data:
        raise ArenaError(f"can't start {argv[0]!r}: {data['error']}. Is it installed?")
    return Finished(**data)


def stop_all(*, for_good: bool = False) -> None:
    """Asks every running command to end, with all its processes. Safe to call from a signal handler."""
    if for_good:  # what another thread is about to start ends at once, too
        _stopping.set()
    for supervisor in list(_running):
        supervisor.terminate()


def stopping() -> bool:
    """Whether everything is to end for good."""
    return _stopping.is_set()


def capture(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> Captured:
    """Runs a short, trusted helper command (never a candidate's code) and returns what it printed.

    Raises ArenaError if it can't be started or exceeds `timeout` seconds.
    """
    try:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env=env,
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except OSError as error:
        why = error.strerror
        raise ArenaError(f"can't start {argv[0]!r}: {why}. Is it installed?") from error
    except subprocess.TimeoutExpired as error:
        raise ArenaError(f"{argv[0]} gave no answer in {timeout:g} s.") from error
    return Captured(done.returncode, done.stdout, done.stderr)


def which(program: str, *, path: str | None = None) -> str | None:
    """Absolute path of a program, or None."""
    return shutil.which(program, path=path)
