"""One small JSON file per entry for other tools, always a rendering of the journal."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from arena import journal
from arena.journal import Event
from arena.machine import store

# The format that tools around parallel agents read: task, status, started, completed, summary, files_changed,
# branch, worktree; status is one of PENDING, RUNNING, COMPLETE, FAILED, BLOCKED.
STATUS = {
    "PENDING": ("waiting", "queued", "testing"),
    "RUNNING": ("setting up", "working", "rate limit"),
    "COMPLETE": ("finished", "collected", "judged", "validated"),
}


class Writer:
    """Keeps `<folder>/<label>.json` up to date; give its `hear` to the journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run: dict[str, Any] = {}
        self._written: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def hear(self, event: Event) -> None:
        """Takes in one event; writes the files of the entries that it changes."""
        with self._lock:
            journal.apply(self.run, event)
            for label, entry in self.run["entries"].items():
                row = _row(label, entry)
                if self._written.get(label) != row:
                    store.write_json(self.folder / f"{label}.json", row)
                    self._written[label] = row


def _row(label: str, entry: dict[str, Any]) -> dict[str, Any]:
    state, summary = entry["state"], entry.get("why")
    if "completed" in entry and state in STATUS["PENDING"]:
        state = "finished"  # the agent's part, which is what others wait for
    if "total" in entry:
        summary = f"{entry['passed']} of {entry['total']} tests passed"
    same = {name: entry.get(name) for name in ("started", "completed", "branch")}
    return {
        "task": label,
        "status": next((s for s, those in STATUS.items() if state in those), "FAILED"),
        "summary": summary,
        "files_changed": entry.get("files"),
        "worktree": entry.get("path"),
        **same,
    }
