"""What people tell a run that goes on: a file for each word and entry beside the entry's logs.

Files need no server and no signal: whoever gives the word need not know which process does the work, and the word is
still there if that process comes later.
"""

from __future__ import annotations

import contextlib
import os
import threading
from itertools import count
from pathlib import Path

from arena.machine import store

WORDS = ("pause", "stop", "done")


def stem(folder: Path, label: str) -> Path:
    """What the names of the files of an entry begin with, in the run's `folder`."""
    return folder / "logs" / label


def give(folder: Path, label: str, word: str, text: str = "") -> None:
    """Gives a word; `text` says more, such as why."""
    store.write_text(_file(folder, label, word), text)


def take_back(folder: Path, label: str, word: str) -> None:
    """Takes a word back, if it was given."""
    _file(folder, label, word).unlink(missing_ok=True)


def given(folder: Path, label: str, word: str) -> bool:
    """Whether that word stands."""
    return _file(folder, label, word).exists()


def why_stopped(folder: Path, label: str) -> str | None:
    """Why an entry was told to stop; None if it was not."""
    file = _file(folder, label, "stop")
    return file.read_text(encoding="utf-8") if file.exists() else None


def send(folder: Path, label: str, text: str) -> None:
    """Leaves a message for an entry's agent; messages keep their order."""
    ready = _file(folder, label, f"message.{os.getpid()}.{threading.get_ident()}")
    store.write_text(ready, text)
    try:
        for number in count(1):
            new, heard = _message(folder, label, number)
            with contextlib.suppress(FileExistsError):  # somebody else's
                if not heard.exists():
                    os.link(ready, new)
                    return
    finally:
        ready.unlink()


def receive(folder: Path, label: str) -> str | None:
    """The first message that was not yet received."""
    for number in count(1):
        new, heard = _message(folder, label, number)
        if new.exists():
            return new.rename(heard).read_text(encoding="utf-8")
        if not heard.exists():
            return None
    return None


def _message(folder: Path, label: str, number: int) -> tuple[Path, Path]:
    """Where a message stands before and after it was received."""
    name = f"message-{number}"
    return _file(folder, label, name), _file(folder, label, f"{name}.heard")


def _file(folder: Path, label: str, word: str) -> Path:
    place = stem(folder, label)
    return place.with_name(f"{place.name}.{word}")
