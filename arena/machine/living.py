"""Which processes are alive, by id and time of birth: an id alone may belong to somebody else by now."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Callable, Iterable
from pathlib import Path

PROC = Path("/proc")
PATIENCE = 5.0  # seconds for which we wait for somebody else's git


def soon(done: Callable[[], bool], *, within: float = PATIENCE) -> bool:
    """Whether that is true now or within so many seconds."""
    end = time.monotonic() + within
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def birth(pid: int) -> str | None:
    """Boot and start time of a process in the kernel's words, and its machine's name; None if it is gone, or where
    there is no /proc."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        line = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name, in parentheses, may hold anything; field 3 follows the last one, the start time is field 22.
    fields = line.rpartition(")")[2].split()
    return None if fields[0] == "Z" else f"{boot}:{fields[19]}@{platform.node()}"


def machine_of(born: str | None) -> str:
    """The machine on which a process with this birth is or was, '' for this one.

    Runs may lie on a drive that machines share, and none can tell what is alive on another.
    """
    here = birth(os.getpid())
    if not born or not here:
        return ""
    boot, name = born.partition(":")[0], born.partition("@")[2]
    # Either may change: the one when it starts again, the other by its user.
    ours = here.startswith(f"{boot}:") or name in ("", platform.node())
    return "" if ours else name


def alive(pid: int, born: str | None) -> bool:
    """Whether the process that had this id and birth still runs, or may on another machine."""
    if born is not None:
        known, _, _ = born.partition("@")
        return bool(machine_of(born)) or (birth(pid) or "").partition("@")[0] == known
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def named(pid: int, born: str | None) -> str:
    """A process in words."""
    elsewhere = machine_of(born)
    return f"process {pid}" + (f" on {elsewhere}" if elsewhere else "")


def gone(pid: int, born: str | None, *, within: float) -> bool:
    """Whether that process has ended, now or within so many seconds."""
    return soon(lambda: not alive(pid, born), within=within)


def visible() -> bool:
    """Whether this system shows what other processes do."""
    return PROC.is_dir()


def gits_at(folders: Iterable[Path]) -> list[int]:
    """Ids of the git processes that work in one of these folders; none where `visible` says no."""
    places = [os.path.realpath(folder) for folder in folders]
    found = []
    for entry in PROC.glob("[0-9]*"):
        try:
            name = (entry / "comm").read_text(encoding="utf-8", errors="replace")
            here = os.readlink(entry / "cwd")  # noqa: PTH115 - plain text is compared
        except OSError:
            continue
        inside = any(here == place or here.startswith(place + "/") for place in places)
        if inside and name.startswith("git"):
            found.append(int(entry.name))
    return found


def with_variable(name: str, value: str) -> list[int]:
    """Ids of the processes that began with this variable in their environment; none where `visible` says no."""
    wanted, found = os.fsencode(f"{name}={value}"), []
    for entry in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found
