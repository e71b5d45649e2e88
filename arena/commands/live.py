"""The live table of a run on a terminal."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from arena.commands import show
from arena.journal import Event
from arena.report.text import clean
from arena.session import Session

if TYPE_CHECKING:
    from rich.table import Table


class LiveTable:
    """One row a candidate: state, time, tests, last word. Redrawn in place on stderr, four times a second."""

    def __init__(self, opened: Session, *, color: str) -> None:
        from rich.console import Console
        from rich.live import Live

        self.rows: dict[str, dict[str, str]] = {}
        self.since: dict[str, float] = {}
        self.title = opened.run
        self._lock = threading.Lock()
        console = Console(stderr=True, no_color=color == "never")
        self.live = Live(
            console=console,
            refresh_per_second=4,
            get_renderable=self.render,
            transient=True,
        )

    def hear(self, event: Event) -> None:
        """Takes in one event of the journal."""
        text = show.describe(event, verbose=False)
        with self._lock:
            if event.label is None:
                if text:
                    self.live.console.print(clean(text), markup=False, highlight=False)
                return
            row = self.rows.setdefault(
                event.label, {"state": "waiting", "tests": "", "now": ""}
            )
            self.since.setdefault(event.label, time.monotonic())
            if event.kind in show.STATES:
                row["state"] = event.data.get("outcome") or show.STATES[event.kind]
            if event.kind == "process":
                row["state"] = "testing"
            if event.kind in ("tests", "judged") and "total" in event.data:
                row["tests"] = f"{event.data['passed']}/{event.data['total']}"
                row["state"] = "judged"
            if text:
                row["now"] = clean(text.partition(": ")[2])

    def render(self) -> Table:
        """The table as it is now."""
        from rich.table import Table

        table = Table(title=f"arena {self.title}", title_justify="left", expand=False)
        for name in ("candidate", "state", "time", "tests", "now"):
            table.add_column(name, no_wrap=name != "now")
        with self._lock:
            for label, row in sorted(self.rows.items()):
                seconds = int(time.monotonic() - self.since[label])
                spent = f"{seconds // 60}m {seconds % 60:02}s"
                table.add_row(
                    clean(label), row["state"], spent, row["tests"], row["now"]
                )
        return table

    def __enter__(self) -> Self:
        self.live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.live.__exit__(kind, error, trace)
