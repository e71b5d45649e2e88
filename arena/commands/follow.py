"""Commands that stay with a run until it has ended: wait, logs -f, status --watch."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from arena import masking, runs, settings
from arena.commands.call import Call
from arena.commands.look import runs_of, standing
from arena.errors import ArenaError

LOOK_AGAIN = 0.3  # seconds


def wait(call: Call, run: str | None, limit: str | None) -> int:
    """Waits until a run has ended; exit code and words are the run's own."""
    parent = runs_of(call.here)
    folder = parent / runs.find_run(parent, run)
    seconds = _seconds(limit)
    end = None if seconds is None else time.monotonic() + seconds
    while (state := runs.state(folder))["going"]:
        if end is not None and time.monotonic() > end:
            why = f"run {folder.name} still goes on after {limit}."
            raise ArenaError(f"{why} See: arena status {folder.name}")
        time.sleep(LOOK_AGAIN)
    call.tell(standing(folder, state), state)
    if "code" not in state:
        why = f"run {folder.name} was interrupted."
        raise ArenaError(f"{why} Remove it with: arena clean {folder.name}")
    return int(state["code"])


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else settings.seconds(text)
    except ValueError as error:
        raise ArenaError(f"--timeout: {error}.") from error


def watch(call: Call, folder: Path) -> None:
    """Shows how a run stands until it has ended: redrawn on a terminal, else a line for each change."""
    from arena.report.text import clean

    def lines() -> list[str]:
        return [clean(line) for line in standing(folder, runs.state(folder))]

    if not sys.stdout.isatty() or call.as_json:
        shown: list[str] = []
        while runs.state(folder)["going"]:
            now = lines()
            if not call.as_json:
                call.tell(line for line in now if line not in shown)
            shown = now
            time.sleep(LOOK_AGAIN)
        return
    from rich.live import Live
    from rich.text import Text

    with Live(transient=True, refresh_per_second=4) as screen:
        while runs.state(folder)["going"]:
            screen.update(Text("\n".join(lines())))
            time.sleep(LOOK_AGAIN)


class Tail:
    """The complete lines of a growing file that were not yet read, free of control codes."""

    def __init__(self, path: Path) -> None:
        self.path, self.read = path, 0

    def more(self, *, last: bool = False) -> Iterator[str]:
        """What was added; with `last` also a line that has no end."""
        from arena.report.text import clean

        with self.path.open("rb") as file:
            file.seek(self.read)
            data = file.read()
        whole = data if last else data[: data.rfind(b"\n") + 1]
        self.read += len(whole)
        secrets = masking.secrets_in(os.environ)
        for line in whole.decode("utf-8", "replace").splitlines():
            yield clean(masking.mask(line, secrets))


def logs(call: Call, label: str | None, run: str | None, *, follow: bool) -> int:
    """Prints what agents have printed; with `follow` until the run has ended."""
    parent = runs_of(call.here)
    folder = parent / runs.find_run(parent, run)
    entries = runs.state(folder)["entries"]
    if label is not None and label not in entries:
        why = f'run {folder.name} has no entry "{label}".'
        raise ArenaError(f"{why} It has: {', '.join(sorted(entries))}")
    labels = [label] if label else sorted(entries)
    width = max(map(len, labels), default=0)
    tails: dict[Path, Tail] = {}
    while True:
        going: Any = follow and runs.state(folder)["going"]
        for one in labels:
            said = f"{one:{width}} | " if len(labels) > 1 else ""
            for path in _files(folder, one):
                tail = tails.setdefault(path, Tail(path))
                lines = [said + line for line in tail.more(last=not going)]
                if lines:
                    call.tell(lines)
        if not going:
            return 0
        time.sleep(LOOK_AGAIN)


def _files(folder: Path, label: str) -> list[Path]:
    """The logs of an entry, in the order in which they were begun."""
    logs = folder / "logs"
    found = [logs / f"{label}.setup.log"]
    for turn in range(1, 1 + len(list(logs.glob(f"{label}*.stdout.log")))):
        name = label if turn == 1 else f"{label}.turn{turn}"
        found += [logs / f"{name}.stdout.log", logs / f"{name}.stderr.log"]
    return [path for path in found if path.exists()]
