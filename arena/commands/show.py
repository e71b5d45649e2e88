"""What commands say: progress on stderr, the result on stdout, and the question whether to merge."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from arena import statusfiles
from arena.commands.output import Output
from arena.journal import Event
from arena.session import Session

STATES = {
    "setting-up": "setting up",
    "agent-started": "working",
    "attempt": "collecting",
    "candidate": "waiting",
    "judged": "judged",
    "attempt-failed": "failed",
}


@contextmanager
def progress(opened: Session, output: Output) -> Iterator[None]:
    """Shows the events of a run while it goes on, and keeps the status files of its entries.

    A live table on a terminal, else a line per change of state. A run that was refused before anything was
    planned leaves no trace.
    """
    opened.journal.listeners.append(statusfiles.Writer(opened.folder / "status").hear)
    try:
        with _shown(opened, output):
            yield
    finally:
        opened.discard_if_unplanned()


@contextmanager
def _shown(opened: Session, output: Output) -> Iterator[None]:
    if output.quiet:
        yield
        return
    if output.live:
        from arena.commands.live import LiveTable

        with LiveTable(opened, color=output.color) as table:
            opened.journal.listeners.append(table.hear)
            yield
        return
    listener = _Lines(output)
    opened.journal.listeners.append(listener.hear)
    heartbeat = threading.Event()
    threading.Thread(target=listener.beat, args=(heartbeat,), daemon=True).start()
    try:
        yield
    finally:
        heartbeat.set()


def describe(event: Event, *, verbose: bool) -> str | None:
    """One line for an event, None if it is not worth one."""
    data = event.data
    if event.kind == "attempt":
        return f"{event.label}: {data['outcome']} after {data['seconds']:.0f} s ({data['why']})"
    if event.kind == "attempt-failed":
        return f"{event.label}: failed: {data['why']}"
    if event.kind == "tests" and (verbose or data["role"] == "suite"):
        passed = f"{data['passed']} of {data['total']} tests passed"
        return f"{event.label}: {passed} in {data['seconds']:.1f} s ({data['role']})"
    if event.kind == "tests-cached" and verbose:
        return f"{event.label}: tests known from before ({data['role']})"
    if event.kind == "plan":
        return f"tests: {data['command']} with {data['python']} ({data['found']}); isolation: {data['isolation']}"
    if event.kind in ("agent-started", "setting-up"):
        return f"{event.label}: {STATES[event.kind]}"
    return None


class _Lines:
    """A line per change of state, with the time; and one a minute, because some CI systems kill silent jobs."""

    def __init__(self, output: Output) -> None:
        self.output, self.last = output, time.monotonic()

    def hear(self, event: Event) -> None:
        text = describe(event, verbose=self.output.verbose)
        if text:
            self._say(text)

    def beat(self, stop: threading.Event) -> None:
        while not stop.wait(5):
            if time.monotonic() - self.last > 60:
                self._say("still at work")

    def _say(self, text: str) -> None:
        from arena.report.text import clean

        self.last = time.monotonic()
        self.output.say(f"{time.strftime('%H:%M:%S')} {clean(text)}")


def finish(
    opened: Session,
    document: Mapping[str, Any],
    output: Output,
    *,
    offer_merge: bool = True,
) -> int:
    """Prints the result, merges if that was asked for, and returns the exit code."""
    from arena.commands.merge import offer
    from arena.report import formats
    from arena.report.document import result

    opened.journal.add("told", report=document["report"])
    whole = dict(document)
    if not output.as_json:
        width = (
            shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100
        )
        output.result(
            formats.terminal(
                whole, width=width, colour=output.colour, unicode=_unicode()
            ).rstrip()
        )
    _hint_about_base(whole, output)
    merged = None
    if offer_merge:
        merged = offer(opened, whole, output)
    if merged is not None:
        whole["landed"] = merged
        whole["undo"] = f"arena undo {opened.run}"
    if output.as_json:
        output.result(json.dumps(result(whole), indent=1, sort_keys=True))
    _for_ci(opened)
    if output.out:
        copy_report(opened, output)
    return 0 if whole["verdict"]["winner"] else 1


def _hint_about_base(document: Mapping[str, Any], output: Output) -> None:
    failed = document["base"]["counts"]["failed"]
    if failed and document["mode"] == "judge" and not document["task"]["suite"]:
        output.say(
            f"{failed} tests fail on the base itself. If they need variables or services of yours: "
            "--env NAME, --allow-network; if they need another interpreter: --python PATH"
        )


def copy_report(opened: Session, output: Output) -> None:
    """Copies the report's files to the folder of `--out`."""
    from pathlib import Path

    from arena.errors import ArenaError

    target = Path(output.out or ".")
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in (
            "report.html",
            "result.json",
            "summary.md",
            "scoreboard.csv",
            "scoreboard.json",
        ):
            shutil.copyfile(opened.folder / name, target / name)
    except OSError as error:
        raise ArenaError(
            f"--out {output.out}: {error.strerror}. The report is in {opened.folder}."
        ) from error


def _unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") in (
        "utf8",
        "utf16",
        "utf32",
    )


def _for_ci(opened: Session) -> None:
    """Adds the summary to the file that GitHub Actions shows; it drops anything over 1 MiB whole."""
    place = os.environ.get("GITHUB_STEP_SUMMARY")
    if place and os.environ.get("GITHUB_ACTIONS"):
        text = (opened.folder / "summary.md").read_text(encoding="utf-8")
        with open(place, "a", encoding="utf-8") as file:  # noqa: PTH123 - given by the CI system
            file.write(text[:900_000] + ("\n\n(cut)\n" if len(text) > 900_000 else ""))
