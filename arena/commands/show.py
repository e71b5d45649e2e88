"""What commands say: progress on stderr, the result on stdout, and the question whether to merge."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from arena import runs, statusfiles
from arena.commands.call import Call
from arena.errors import ArenaError
from arena.journal import ENTRY_STATES, Event
from arena.session import Session

FILES = "report.html result.json summary.md scoreboard.csv scoreboard.json"
MOST_SHOWN = 900_000  # GitHub drops a summary over 1 MiB whole


@contextmanager
def progress(opened: Session, call: Call) -> Iterator[None]:
    """Shows the events of a run while it goes on, and keeps the status files of its entries.

    A live table on a terminal, else a line per change of state. A run that was refused before anything was
    planned leaves no trace.
    """
    listeners = opened.journal.listeners
    listeners.append(statusfiles.Writer(opened.folder / "status").hear)
    opened.journal.add("at-work", **runs.at_work())
    try:
        listeners += statusfiles.outside(opened)
        if call.live:
            from arena.commands.live import live_table

            with live_table(opened) as table:
                listeners.append(table.hear)
                yield
        else:
            with _lines(call) as hear:
                listeners.append(hear)
                yield
    except BaseException as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        code = getattr(error, "exit_code", 130 if interrupted else 3)
        with suppress(ArenaError):  # a full disk: what went wrong first is what counts
            opened.journal.add("ended", code=code, why=str(error))
        raise
    finally:
        opened.discard_if_unplanned()


@contextmanager
def _lines(call: Call) -> Iterator[Any]:
    """A line per change of state, with the time; and one a minute, because some CI systems kill silent jobs."""
    from arena.report.text import clean

    last, done = time.monotonic(), threading.Event()

    def say(text: str | None) -> None:
        nonlocal last
        if text:
            last = time.monotonic()
            call.say(f"{time.strftime('%H:%M:%S')} {clean(text)}")

    def beat() -> None:
        while not done.wait(5):
            if time.monotonic() - last > 60:
                say("still at work")

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield lambda event: say(describe(event, verbose=call.verbose))
    finally:
        done.set()


LINES = {
    "attempt": "{label}: {outcome} after {seconds:.0f} s ({why})",
    "attempt-failed": "{label}: failed: {why}",
    "turn-failed": "{label}: no further turn: {why}",
    "tests-refused": "{label}: its tests can't be used: {why}",
    "tests-validated": "{label}: {why}",
    "first-to-pass": "{label}: was the first to pass; the others stop",
    "unheard": "{label}: ended before it heard: {text}",
    "hook-failed": "after the merge: {why}",
    "agent-waiting": "{label}: met a rate limit, tries again in {seconds:.0f} s",
    "agent-queued": f"{{label}}: {ENTRY_STATES['agent-queued']}",
    "task-started": "{label}: working, try {tries} (run {run})",
    "task-failed": "{label}: try {tries} failed: {why}",
    "task-merged": "{label}: merged onto the staging branch ({new:.9})",
    "blocked": "{label}: BLOCKED: {why}",
    "waits": "{label}: waits for {on}",
    "sync": "{label}: all before it is merged and verified",
    "repository-changed": "changed while agents worked: {what}. To take it back: {restore}",
    "measuring": "{name}: {command}, {runs} times for the base and each candidate",
    "tests": "{label}: {passed} of {total} tests passed in {seconds:.1f} s ({role})",
    "tests-cached": "{label}: tests known from before ({role})",
    "note": "note: {text}",
    "plan": "tests: {command} with {python} ({found}); isolation: {isolation}",
    "agent-started": f"{{label}}: {ENTRY_STATES['agent-started']}",
    "setting-up": f"{{label}}: {ENTRY_STATES['setting-up']}",
}


def describe(event: Event, *, verbose: bool) -> str | None:
    """One line for an event, None if it is not worth one."""
    minor = event.kind == "tests-cached" or event.data.get("role", "suite") != "suite"
    if event.kind not in LINES or (minor and not verbose):
        return None
    return LINES[event.kind].format(label=event.label, **event.data)


def finish(
    opened: Session,
    document: Mapping[str, Any],
    call: Call,
    *,
    offer_merge: bool = True,
) -> int:
    """Prints the result, merges if that was asked for, and returns the exit code."""
    from arena.commands.merge import offer
    from arena.report import formats
    from arena.report.document import result

    opened.journal.add("told", report=document["report"])
    whole = dict(document)
    if not call.as_json:
        there = sys.stdout.isatty()
        width = shutil.get_terminal_size((100, 24)).columns if there else 100
        colour = call.colour(opened.settings.color)
        text = formats.terminal(whole, width=width, colour=colour, unicode=call.unicode)
        call.tell(text.rstrip())
    _hint_about_base(whole, call)
    merged = offer(opened, whole, call) if offer_merge else None
    if merged is not None:
        whole |= {"landed": merged, "undo": f"arena undo {opened.run}"}
    if call.as_json:
        call.tell("", result(whole))
    _copy(opened, call)
    code = 0 if whole["verdict"]["winner"] else 1
    opened.journal.add("ended", code=code)
    return code


def _hint_about_base(document: Mapping[str, Any], call: Call) -> None:
    failed = document["base"]["counts"]["failed"]
    task = document["task"]
    expected = task["suite"] or task["checks"]
    if failed and document["mode"] == "judge" and not expected:
        call.say(
            f"{failed} tests fail on the base itself. If they need variables or services of yours: "
            "--env NAME, --allow-network; if they need another interpreter: --python PATH"
        )


def _copy(opened: Session, call: Call) -> None:
    """Copies the report to the folder of `--out`, and the summary to the file that GitHub Actions shows."""
    place = os.environ.get("GITHUB_STEP_SUMMARY")
    if place and os.environ.get("GITHUB_ACTIONS"):
        text = (opened.folder / "summary.md").read_text(encoding="utf-8")
        cut = "\n\n(cut)\n" if len(text) > MOST_SHOWN else ""
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(text[:MOST_SHOWN] + cut)
    if not call.out:
        return
    target = Path(call.out)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in FILES.split():
            shutil.copyfile(opened.folder / name, target / name)
    except OSError as error:
        why = f"--out {call.out}: {error.strerror}."
        raise ArenaError(f"{why} The report is in {opened.folder}.") from error
