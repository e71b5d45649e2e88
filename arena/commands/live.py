"""The live table of a run on a terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from arena import journal
from arena.commands import show
from arena.journal import Event
from arena.report.text import clean
from arena.session import Session

if TYPE_CHECKING:
    from rich.table import Table


class LiveTable:
    """One row a candidate: state, time, tests, last word. Redrawn in place on stderr, four times a second."""

    def __init__(self, opened: Session) -> None:
        from rich.console import Console
        from rich.live import Live

        self.run: dict[str, Any] = {"entries": {}}
        self.said: dict[str, tuple[float, str]] = {}
        self.title = f"arena {opened.run}"
        self._lock = threading.Lock()
        console = Console(stderr=True, no_color=opened.settings.color == "never")
        self.live = Live(
            console=console,
            refresh_per_second=4,
            get_renderable=self.render,
            transient=True,
        )

    def hear(self, event: Event) -> None:
        """Takes in one event of the journal."""
        text = clean(show.describe(event, verbose=False) or "")
        with self._lock:
            journal.apply(self.run, event)
            label = event.label or ""
            in_table = label in self.run["entries"]
            if in_table:
                since, before = self.said.get(label, (time.monotonic(), ""))
                self.said[label] = since, text.partition(": ")[2] or before
        # Without our lock: printing takes rich's, and whoever draws the table holds that one and wants ours.
        if text and not in_table:
            self.live.console.print(text, markup=False, highlight=False)

    def render(self) -> Table:
        """The table as it is now."""
        from rich.table import Table

        table = Table(title=self.title, title_justify="left", expand=False)
        for name in ("candidate", "state", "time", "tests", "now"):
            table.add_column(name, no_wrap=name != "now")
        with self._lock:
            for label, (since, word) in sorted(self.said.items()):
                entry, seconds = (
                    self.run["entries"][label],
                    int(time.monotonic() - since),
                )
                spent = f"{seconds // 60}m {seconds % 60:02}s"
                tests = (
                    f"{entry['passed']}/{entry['total']}" if "total" in entry else ""
                )
                table.add_row(clean(label), entry["state"], spent, tests, word)
        return table


@contextmanager
def live_table(opened: Session) -> Iterator[LiveTable]:
    """The table on the terminal as long as the body runs."""
    table = LiveTable(opened)
    with table.live:
        yield table
