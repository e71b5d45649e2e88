"""The files that tell people and agents how a plan stands: a hand-off file, TASKS.json and CURRENT.md.

All are renderings of the plan's journal, written anew with each event; nobody reads them back.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from arena import journal
from arena.journal import Event
from arena.machine import resources, store
from arena.patterns.plan import Plan, before
from arena.report.text import clean_tree

# What an event of the journal is called in the signal log.
SIGNALS = {
    "task-started": "STARTED",
    "task-failed": "FAILED",
    "task-merged": "DEPENDENCY_RESOLVED",
    "blocked": "BLOCKED",
    "waits": "BLOCKED",
    "sync": "CHECKPOINT",
    "handoff": "HANDOFF",
    "resumed": "RESUMED",
    "plan-done": "COMPLETED",
}
STATES = {
    "working": "RUNNING",
    "merged": "COMPLETE",
    "blocked": "BLOCKED",
    "waiting": "PENDING",
}


class Writer:
    """Keeps the files of a plan's run up to date in `folders`; give its `hear` to the journal."""

    def __init__(self, plan: Plan, run: str, folders: Iterable[Path]) -> None:
        self.plan, self.run, self.folders = plan, run, tuple(folders)
        self.events: list[Event] = []
        self._lock = threading.Lock()
        self._written = 0.0

    def hear(self, event: Event) -> None:
        """Takes in one event and writes the files; many signals in a second are written once."""
        with self._lock:
            self.events.append(event)
            now = time.monotonic()
            if event.kind == "signal" and now - self._written < 1:
                return
            self._written = now
            facts = standing(self.plan, self.run, self.events)
            text = resources.fill(
                resources.read_text("templates", "parallel_session.md.j2"), **facts
            )
            tasks = {"plan": self.plan.name, "tasks": facts["tasks"]}
            current = "".join(f"- {t['id']}: {t['status']} ({t['progress']}%)\n" for t in facts["tasks"])  # fmt: skip
            texts = {
                f"PARALLEL_SESSION_{self.run}.md": text,
                "TASKS.json": json.dumps(tasks, indent=1, sort_keys=True) + "\n",
                "CURRENT.md": f"# {self.plan.name}\n\n{current}",
            }
            for folder in self.folders:
                for name, content in texts.items():  # the journal can make them again
                    store.write_text(folder / name, content, durable=False)


def standing(plan: Plan, run: str, events: Sequence[Event]) -> dict[str, Any]:
    """How a plan stands, for the templates; a pure function of its journal. What agents say can do no harm in it."""
    state: dict[str, Any] = {}
    for event in events:
        journal.apply(state, event)
    entries, waits = state.get("entries", {}), before(plan)
    percent = {
        e.label: e.data["percent"]
        for e in events
        if e.kind == "signal" and e.data["percent"] is not None
    }
    merged = {e.label: e.data for e in events if e.kind == "task-merged"}
    tasks = []
    for step in plan.steps:
        entry = entries.get(step.id, {})
        status = STATES.get(entry.get("state", "waiting"), "PENDING")
        done = 100 if status == "COMPLETE" else percent.get(step.id, 0)
        open_ones = sorted(n for n in waits[step.id] if n not in merged and not _passed(n, events))  # fmt: skip
        tasks.append({
            "id": step.id, "stream": step.stream, "agent": plan.agent(step), "status": status,
            "depends_on": sorted(waits[step.id]), "parallel_ok": step.parallel_ok,
            "progress": done, "blocked_by": open_ones, "why": entry.get("why"),
            "commit": merged.get(step.id, {}).get("new"), "files": merged.get(step.id, {}).get("files", []),
        })  # fmt: skip
    planned = next((e.data for e in events if e.kind == "planned"), {})
    found = {
        "name": plan.name,
        "run": run,
        "state": "Completed" if state.get("state") in ("done", "merged", "cleaned") else "Active",
        "started": _time(events[0]) if events else "",
        "updated": _time(events[-1]) if events else "",
        "target": planned.get("target"),
        "base": planned.get("base"),
        "tasks": tasks,
        "streams": _streams(plan, tasks),
        "syncs": [
            {"name": s.name, "after": s.after, "time": _passed(s.name, events)}
            for s in plan.syncs
        ],
        "signals": [row for e in events if (row := _signal(e))],
        "handoffs": [{"from": e.label, **e.data} for e in events if e.kind == "handoff"],
    }  # fmt: skip
    return dict(clean_tree(found))


def tries(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The tries of a plan's tasks in their order: task, number, run, and what came of each."""
    found: list[dict[str, Any]] = []
    for event in events:
        own = [one for one in found if one["task"] == event.label]
        if event.kind == "task-started":
            row = {
                "task": event.label,
                "number": event.data["tries"],
                "end": "interrupted",
            }
            found.append({**row, "run": event.data["run"]})
        elif event.kind == "task-failed" and own:
            own[-1]["end"] = event.data["why"]
        elif event.kind == "task-merged" and own:
            own[-1]["end"] = "merged"
    return found


def _streams(plan: Plan, tasks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = [stream.name for stream in plan.streams]
    names += [""] if any(not task["stream"] for task in tasks) else []
    found = []
    for name in names:
        own = [task for task in tasks if (task["stream"] or "") == name]
        now = [t["id"] for t in own if t["status"] == "RUNNING"]
        following = [t["id"] for t in own if t["status"] == "PENDING"]
        found.append({
            "name": name or "no stream", "tasks": own,
            "progress": round(sum(t["progress"] for t in own) / max(1, len(own))),
            "commit": next((t["commit"] for t in reversed(own) if t["commit"]), None),
            "now": now, "blocked": [t["id"] for t in own if t["status"] == "BLOCKED"],
            "next": following[:1],
        })  # fmt: skip
    return found


def _signal(event: Event) -> dict[str, str] | None:
    data = event.data
    if event.kind == "signal":
        word = {"resolved": "DEPENDENCY_RESOLVED"}.get(data["word"], data["word"].upper())  # fmt: skip
        word += f"({data['percent']}%)" if data["percent"] is not None else ""
        needs = f" (needs {data['needs']})" if data["needs"] else ""
        return _row(event, word, data["text"] + needs)
    if event.kind not in SIGNALS:
        return None
    told = data.get("why") or data.get("change") or ", ".join(data.get("on", ()))
    return _row(event, SIGNALS[event.kind], told or "")


def _row(event: Event, word: str, text: str) -> dict[str, str]:
    task = event.label or ""
    return {"time": _time(event), "signal": word, "task": task, "text": text}


def _passed(name: str, events: Sequence[Event]) -> str:
    """When a sync point was passed, "" if it was not."""
    return next((_time(e) for e in events if e.kind == "sync" and e.label == name), "")


def _time(event: Event) -> str:
    return dt.datetime.fromtimestamp(event.at, dt.UTC).isoformat(timespec="seconds")
