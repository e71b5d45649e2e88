"""Runs the project's tests in a fresh process and collects what each test did."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from .project import INSIDE, Project

_number = count()


@dataclass(slots=True)
class Outcome:
    """What one session showed. `files` are collected test files; False: could not be imported."""

    tests: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    frames: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    lines: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    files: dict[str, bool] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    recorder: str = ""
    ended: bool = False

    def add(self, event: dict[str, Any]) -> None:
        """Take one event of the plugin in."""
        match event["e"]:
            case "ran":
                name = event["id"]
                self.tests[name], self.seconds[name] = (
                    event["outcome"],
                    event["seconds"],
                )
                self.frames[name] = [(file, line) for file, line in event["frames"]]
            case "file":
                self.files[event["id"]] = event["ok"] and self.files.get(
                    event["id"], True
                )
            case "lines":
                self.lines[event["id"]] = event["files"]
            case "modules":
                self.modules = event["names"]
            case "recorder":
                self.recorder = event["name"]
            case "end":
                self.ended = True

    def with_outcome(self, outcome: str) -> list[str]:
        """The ids that have it, in the order they ran."""
        return [name for name, seen in self.tests.items() if seen == outcome]

    def broken(self) -> list[str]:
        """Test files that could not be collected."""
        return [
            name for name, ok in self.files.items() if not ok and name.endswith(".py")
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which tests to run and how; no ids: all of the files; no files: all of the project."""

    files: Sequence[str] = ()
    ids: Sequence[str] | None = None
    lines: str = ""  # "", "coverage", "trace": how to record executed lines
    test_limit: float | None = None
    quit_early: bool = False


def order_for(project: Project, wanted: Wanted, **more: object) -> dict[str, Any]:
    """The order that the inside programs read."""
    return {
        "tree": str(project.tree),
        "roots": list(project.roots),
        "options": list(project.options),
        "files": list(wanted.files),
        "ids": None if wanted.ids is None else list(wanted.ids),
        "lines": wanted.lines,
        "test_limit": wanted.test_limit,
        "quit_early": wanted.quit_early,
        **more,
    }


def start(project: Project, script: str, order: dict[str, Any]) -> tuple[Any, int]:
    """Start an inside program with an order; returns the process and the reading end of its pipe."""
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    path = project.scratch / f"order-{next(_number)}.json"
    path.write_text(json.dumps({**order, "channel": writing}), encoding="utf-8")
    environment = dict(project.environment)
    if order["lines"] == "coverage" and project.coverage:
        environment["PYTHONPATH"] += os.pathsep + project.coverage
    process = subprocess.Popen(
        [project.python, str(INSIDE / script), str(path)],
        cwd=project.tree,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[writing],
        start_new_session=True,
    )
    os.close(writing)
    return process, reading


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process with everything it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        process.kill()
    process.wait()
    if process.stdin:
        process.stdin.close()


def lines_from(reading: int, deadline: float) -> Iterator[bytes]:
    """Lines from a pipe until it closes or the monotonic deadline passes."""
    pending = b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reading], [], [], left)[0]:
            return
        piece = os.read(reading, 1 << 16)
        if not piece:
            return
        *whole, pending = (pending + piece).split(b"\n")
        yield from whole


def parse(lines: Iterable[bytes]) -> Outcome:
    """The outcome that events, one JSON document a line, tell of."""
    outcome = Outcome()
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # cut off when the process was ended
        outcome.add(event)
        if outcome.ended:
            break
    return outcome


def run(project: Project, wanted: Wanted, *, limit: float) -> Outcome:
    """One session in a fresh process, at most `limit` seconds; `ended` is False when that was not enough."""
    soft = (
        time.time() + limit * 0.9
    )  # the session stops between two tests, so that its lines are told
    order = order_for(project, wanted, deadline=soft)
    process, reading = start(project, "repair_runner.py", order)
    try:
        return parse(lines_from(reading, time.monotonic() + limit))
    finally:
        os.close(reading)
        stop(process)


def relative(project: Project, path: str) -> Path:
    """A path in the copy, as seen from its top."""
    return Path(path).relative_to(project.tree)
