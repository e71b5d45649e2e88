"""Folders for a moment, in the cache. What a kill leaves of them goes when another process makes its first one."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from arena.machine import store

_held: list[Any] = []


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder of its own, which is removed afterwards."""
    # Not the system's temporary folder: what is left there, nobody but us could tell from what is in use.
    place = Path(tempfile.mkdtemp(dir=_home(store.cache_dir(), os.getpid())))
    try:
        yield place
    finally:
        with contextlib.suppress(OSError):  # it goes with what a kill leaves
            store.remove_tree(place)


def tidy() -> None:
    """Removes what killed processes left."""
    _home(store.cache_dir(), os.getpid())


@functools.cache
def _home(cache: Path, _pid: int) -> Path:
    """The folder of this process. It holds a lock in it, which the system releases when we die."""
    root = cache / "scratch"
    with store.lock(cache / "scratch.lock", who="arena", wait=60):
        root.mkdir(exist_ok=True)
        for place in root.iterdir():
            with contextlib.suppress(OSError):
                _sweep(place)
        home = Path(tempfile.mkdtemp(dir=root))
        _held.append(_lock(home))
    return home


def _lock(place: Path) -> Any:
    import filelock

    guard = filelock.FileLock(place / "lock")
    guard.acquire(timeout=0)
    return guard


def _sweep(place: Path) -> None:
    import filelock

    with contextlib.suppress(filelock.Timeout):  # its process is at work
        _lock(place).release()
        store.remove_tree(place)
