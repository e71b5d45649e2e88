"""What the command line says and does when something goes wrong, and the exit code for it."""

from __future__ import annotations

import errno
import os
import signal
import sys

from arena import __version__
from arena.errors import ArenaError
from arena.report.text import clean

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What a disk or a system answers that is full, broken, read-only, or not ours to write to.
REFUSED = (
    errno.EIO,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EMFILE,
    errno.ENFILE,
)


def complain(text: str, code: int) -> int:
    """Says in one line on stderr what went wrong; returns the exit code."""
    print(clean(f"arena: {text}", keep="\n"), file=sys.stderr)  # noqa: T201 - the one place that says what went wrong
    return code


def stop(number: int, _frame: object) -> None:
    """Handles Ctrl-C and the like: ends every program that we started. Said twice, everything ends at once."""
    # Threads wait for their programs, and leaving a pool of threads waits for them: the programs must end first.
    from arena.machine import process

    again = process.stopping()
    process.stop_all(for_good=True)
    if again and number == signal.SIGINT:
        complain("stopped at once. What was made is kept: arena status", 130)
        os._exit(130)  # their supervisors see our end, and see to theirs
    if not again:
        raise KeyboardInterrupt


def of_machine(error: Exception) -> int:
    """Exit code 2, said why, if the disk is full or the system refuses something; else 0."""
    # `tempfile` tells of a full disk in words of its own.
    if isinstance(error, OSError) and (
        error.errno in FULL or "temporary directory" in str(error)
    ):
        return complain(f"no room on the disk ({error}). Free some: arena clean", 2)
    if isinstance(error, OSError) and error.errno in REFUSED:
        rest = "Everything so far is kept; once that is mended: arena resume"
        return complain(f"the system refuses it: {error}. {rest}", 2)
    return 0


def our_fault() -> int:
    """Writes the exception that is being handled into a log and names it."""
    import platform
    import time
    import traceback

    from arena.machine import store

    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    path = store.state_dir() / "faults" / name
    facts = [f"arena {__version__}", sys.version, platform.platform(), repr(sys.argv)]
    try:
        store.write_text(path, "\n".join([*facts, "", traceback.format_exc()]))
    except ArenaError:
        traceback.print_exc()
    return complain(
        f"internal error, this is our fault. Log: {path}. Nothing was merged or deleted.",
        3,
    )
