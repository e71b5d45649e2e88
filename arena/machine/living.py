"""Which processes are alive, by id and time of birth: an id alone may belong to somebody else by now."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

PROC = Path("/proc")


def birth(pid: int) -> str | None:
    """Boot and start time of a process in the kernel's words; None if it is gone, or where there is no /proc."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        line = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name, in parentheses, may hold anything; field 3 follows the last one, the start time is field 22.
    fields = line.rpartition(")")[2].split()
    return None if fields[0] == "Z" else f"{boot}:{fields[19]}"


def alive(pid: int, born: str | None) -> bool:
    """Whether the process that had this id and birth still runs."""
    if born is not None:
        return birth(pid) == born
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def visible() -> bool:
    """Whether this system shows what other processes do."""
    return PROC.is_dir()


def gits_at(folders: Sequence[Path]) -> list[int]:
    """Ids of the git processes that work in one of these folders; none where `visible` says no."""
    places = [os.path.realpath(folder) for folder in folders]
    found = []
    for entry in PROC.iterdir() if visible() else ():
        if not entry.name.isdigit():
            continue
        try:
            name = (entry / "comm").read_text(encoding="utf-8", errors="replace")
            here = os.readlink(entry / "cwd")  # noqa: PTH115 - plain text is compared
        except OSError:
            continue
        inside = any(here == place or here.startswith(place + "/") for place in places)
        if inside and name.startswith("git"):
            found.append(int(entry.name))
    return found


def gone(pid: int, born: str | None, *, within: float) -> bool:
    """Whether that process has ended, now or within so many seconds."""
    end = time.monotonic() + within
    while alive(pid, born):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
