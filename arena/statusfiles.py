"""One small JSON file per entry for other tools, always a rendering of the journal."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path
from typing import Any

from arena.journal import Event
from arena.machine import store

# The format that tools around parallel agents read: task, status, started, completed, summary, files_changed,
# branch, worktree; status is one of PENDING, RUNNING, COMPLETE, FAILED, BLOCKED.
FAILED = (
    "timed-out",
    "silent",
    "auth",
    "quota",
    "crashed",
    "killed",
    "budget",
    "no-change",
)


class Writer:
    """Keeps `<folder>/<label>.json` up to date; give its `hear` to the journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def hear(self, event: Event) -> None:
        """Takes in one event; writes the file of the entry that it is about."""
        with self._lock:
            if event.kind == "planned":
                for label in event.data["labels"]:
                    self._write(label, status="PENDING")
            elif event.label in self.known:
                changes = _changes(event)
                if (
                    event.kind == "judged"
                    and self.known[event.label]["status"] == "PENDING"
                ):
                    changes["status"] = (
                        "COMPLETE"  # a branch that existed: nobody worked on it here
                    )
                if changes:
                    self._write(event.label, **changes)

    def _write(self, label: str, **changes: Any) -> None:
        blank = dict.fromkeys(
            ("started", "completed", "summary", "files_changed", "branch", "worktree")
        )
        row = self.known.setdefault(label, {"task": label, **blank})
        row |= changes
        store.write_json(self.folder / f"{label}.json", row)


def _changes(event: Event) -> dict[str, Any]:
    at = dt.datetime.fromtimestamp(event.at, dt.UTC).isoformat(timespec="seconds")
    data = event.data
    if event.kind == "worktree":
        return {"branch": data["branch"], "worktree": data["path"]}
    if event.kind == "agent-started":
        return {"status": "RUNNING", "started": at}
    if event.kind == "attempt":
        status = "FAILED" if data["outcome"] in FAILED else "COMPLETE"
        return {"status": status, "completed": at, "summary": data["why"]}
    if event.kind == "attempt-failed":
        return {"status": "FAILED", "completed": at, "summary": data["why"]}
    if event.kind == "candidate":
        return {"status": "COMPLETE", "files_changed": data["files"]}
    if event.kind == "judged":
        return {"summary": f"{data['passed']} of {data['total']} tests passed"}
    return {}
