"""The journal of a run: an append-only file of events. Its state, and every status file, is a rendering of it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import errno
import json
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arena.errors import ArenaError
from arena.machine import store

SCHEMA = 1  # of the events; a later one may mean something else by the same words


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. `at` is wall-clock time in seconds and only for show: order is the line number."""

    kind: str
    at: float
    label: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


def encode(event: Event) -> bytes:
    """One line: crc32 in hexadecimal, a space, JSON, a newline."""
    facts = dataclasses.asdict(event)
    body = json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def decode(line: bytes) -> Event | None:
    """The event of one line, or None if the line is torn or damaged."""
    crc, _, body = line.partition(b" ")
    try:
        if int(crc, 16) != zlib.crc32(body):
            return None
        return Event(**json.loads(body))
    except (ValueError, TypeError):
        return None


def replay(path: Path, *, most: int | None = None) -> list[Event]:
    """All events of a journal, or the first so many; a torn last line is dropped.

    Raises ArenaError if good lines follow a bad one: that is damage, not a crash.
    """
    if not path.exists():
        return []
    events, bad = [], 0
    for line in path.read_bytes().splitlines(keepends=True)[:most]:
        event = decode(line.rstrip(b"\n")) if line.endswith(b"\n") else None
        if event is None:
            bad += 1
        elif bad:
            see = f"git for-each-ref refs/arena/archive/{path.parent.name}"
            why = f"{path} is damaged before its end; nothing was changed."
            raise ArenaError(f"{why} What its run archived: {see}")
        else:
            events.append(event)
    return events


def refuse_newer(path: Path) -> None:
    """Raises ArenaError if a journal was written by a later arena, whose events we may misunderstand."""
    first = next(iter(replay(path, most=1)), None)
    if first is not None and first.data.get("schema", SCHEMA) > SCHEMA:
        raise ArenaError(
            f"run {path.parent.name} was made by a newer arena. Update this one; nothing was changed."
        )


def _write_all(number: int, line: bytes) -> None:
    # A full disk shows as a short write first.
    if os.write(number, line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(number)


# The state of a run, and of one of its entries, after an event; the others leave it as it was.
RUN_STATES = {
    "spawned": "spawned",
    "verdict": "judged",
    "landed": "merged",
    "undone": "undone",
    "resumed": "begun",
    "plan-done": "done",
    "plan-blocked": "blocked",
    "removed": "cleaned",
}
ENTRY_STATES = {
    "setting-up": "setting up",
    "spawned": "waiting",
    "agent-queued": "queued",
    "agent-started": "working",
    "agent-waiting": "rate limit",
    "attempt-failed": "failed",
    "candidate": "collected",
    "task-started": "working",
    "task-merged": "merged",
    "blocked": "blocked",
    "waits": "waiting",
    "tests-validated": "validated",
    "tests-refused": "refused",
    "process": "testing",
    "judged": "judged",
}
# What the run, and an entry, takes over from the data of an event.
RUN_FACTS = {
    "begun": ("mode",),
    "at-work": ("process", "born"),
    "verdict": ("winner", "confidence"),
    "told": ("report",),
    "ended": ("code",),
}
ENTRY_FACTS = {
    "worktree": ("branch", "path"),
    "agent-started": ("agent",),
    "attempt": ("outcome", "why", "tokens", "cost"),
    "attempt-failed": ("why",),
    "tests-validated": ("why",),
    "tests-refused": ("why",),
    "candidate": ("files",),
    "judged": ("passed", "total"),
    "task-started": ("run", "tries"),
    "task-failed": ("why",),
    "blocked": ("why",),
}


def apply(run: dict[str, Any], event: Event) -> None:
    """Brings the state of a run up to date: {} at first; then with state, entries, and what RUN_FACTS names."""
    kind, data = event.kind, event.data
    entries = run.setdefault("entries", {})
    if kind == "at-work":
        run.pop("code", None)  # it was ended, and goes on
    run["state"] = RUN_STATES.get(kind, run.get("state", "begun"))
    if kind == "planned":
        entries |= {label: {"state": "waiting"} for label in data["labels"]}
    elif kind in RUN_FACTS:
        run |= {key: data[key] for key in RUN_FACTS[kind] if key in data}
    entry = entries.get(event.label)
    if entry is None:
        return
    entry |= {key: data[key] for key in ENTRY_FACTS.get(kind, ()) if key in data}
    if entry["state"] != "judged":  # tests that are run again later change nothing
        entry["state"] = ENTRY_STATES.get(kind, entry["state"])
    if kind == "attempt":
        entry["state"] = data["outcome"]
    if kind in ("agent-started", "attempt", "attempt-failed"):
        at = dt.datetime.fromtimestamp(event.at, dt.UTC).isoformat(timespec="seconds")
        entry["started" if kind == "agent-started" else "completed"] = at


class Journal:
    """Appends events durably and tells listeners about each.

    Thread-safe. An event is on disk before `add` returns, so an acknowledged step is never forgotten.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.listeners: list[Callable[[Event], None]] = []
        self._lock = threading.Lock()
        self._end = -1  # of what we wrote last
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            why = f"can't write the journal {path}: {error.strerror}."
            raise ArenaError(f"{why} Nothing was started.") from error

    def _drop_torn_tail(self) -> int:
        """Where the next event goes: behind the last complete one, also where another process was killed."""
        size = os.fstat(self._file).st_size
        if size != self._end:
            good = len(replay(self.path))
            lines = self.path.read_bytes().splitlines(keepends=True)
            size = sum(map(len, lines[:good]))
            os.ftruncate(self._file, size)
        return size

    def add(self, kind: str, label: str | None = None, **data: Any) -> None:
        """Appends one event. Raises ArenaError when the disk is full; the journal stays whole."""
        event = Event(kind=kind, at=time.time(), label=label, data=data)
        line = encode(event)
        with self._lock, store.exclusive(self._file):
            before = self._drop_torn_tail()
            try:
                _write_all(self._file, line)
                self._end = before + len(line)
            except OSError as error:
                with contextlib.suppress(OSError):  # a torn line is nobody's event
                    os.ftruncate(self._file, before)
                why = f"can't write the journal: {error.strerror}. Free some space."
                kept = f"Everything so far is kept in {self.path.parent}."
                raise ArenaError(f"{why} {kept}") from error
            for listener in self.listeners:
                listener(event)

    def events(self) -> Iterator[Event]:
        """What was written so far, from the file."""
        return iter(replay(self.path))

    def close(self) -> None:
        """Ends writing."""
        os.close(self._file)
