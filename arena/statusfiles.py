"""One small JSON file per entry for other tools, always a rendering of the journal."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arena import journal
from arena.errors import ArenaError
from arena.journal import Event
from arena.machine import store
from arena.session import Session

# The format that tools around parallel agents read: task, status, started, completed, summary, files_changed,
# branch, worktree; status is one of PENDING, RUNNING, COMPLETE, FAILED, BLOCKED.
STATUS = {
    "PENDING": ("waiting", "queued", "testing"),
    "RUNNING": ("setting up", "working", "rate limit"),
    "COMPLETE": ("finished", "collected", "judged", "merged", "validated"),
    "BLOCKED": ("blocked",),
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
            entries = self.run["entries"]
            for label in entries if event.label is None else {event.label} & {*entries}:
                row = _row(label, entries[label])
                if self._written.get(label) != row:
                    # The journal waits for us, and can make them again.
                    path = self.folder / f"{label}.json"
                    store.write_json(path, row, durable=False)
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
        "files_changed": entry.get("files", []),
        "worktree": entry.get("path"),
        **same,
    }


def outside(session: Session) -> list[Callable[[Event], None]]:
    """What keeps the layout that other tools look for, in the folders of the repository that the settings name for it:
    a status file for each entry, and a link to each worktree (which itself stays outside of the repository).

    Raises ArenaError for a folder that can't be used.
    """
    settings, found = session.settings, list[Callable[[Event], None]]()
    if settings.status_dir:
        place = _place(session, settings.status_dir, "status_dir")
        found += [Writer(place).hear, _Tidy(place).hear]
    if settings.worktree_dir:
        found.append(
            _Links(_place(session, settings.worktree_dir, "worktree_dir")).hear
        )
    return found


def _place(session: Session, name: str, option: str) -> Path:
    """The folder that an option names, which git ignores from now on by `info/exclude`."""
    repo, top = session.repo, session.repo.top
    real = (top / name).resolve() if top else None
    good = real and top and real.is_relative_to(top.resolve()) and real != top.resolve()
    plain = re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", name) and ".git" not in name.split(
        "/"
    )
    if not real or not good or not plain or repo.ask("ls-files", "--", name).text:
        why = f"{option} {name}: this must be a folder of the checkout"
        raise ArenaError(f"{why} in which nothing is committed, such as .{option}.")
    real.mkdir(parents=True, exist_ok=True)
    if repo.ask("check-ignore", "-q", "--", str(real / "x")).code != 0:
        exclude = repo.common_dir / "info" / "exclude"
        exclude.parent.mkdir(exist_ok=True)
        with exclude.open("a", encoding="utf-8") as file:
            file.write(f"\n/{name.rstrip('/')}/\n")
    return real


class _Tidy:
    """Removes the status files of worktrees that are removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def hear(self, event: Event) -> None:
        path = self.folder / f"{event.label}.json"
        removed = event.kind == "removed" and path.is_file()
        if removed and store.read_json(path)["worktree"] == event.data["path"]:
            path.unlink()


class _Links:
    """Keeps a link to each worktree, by the entry's label; what is there and no link stays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def hear(self, event: Event) -> None:
        link = self.folder / (event.label or "")
        if event.kind == "removed" and link.is_symlink() and not link.exists():
            link.unlink()
        elif event.kind == "worktree":
            if link.is_symlink():
                link.unlink()
            if not os.path.lexists(link):
                link.symlink_to(event.data["path"], target_is_directory=True)
