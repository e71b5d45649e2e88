"""The caller's side of the warm pytest that forks a child per candidate (inside/repair_forks.py)."""

import json
import os
import time
from collections.abc import Sequence
from typing import Any

from . import run
from .project import Project
from .run import Outcome, Wanted

_MEMORY = (
    4 << 30
)  # bytes of address space for a child: a changed program may try to take all there is
_STARTS = 5  # after so many failures, fresh processes are used
_PATIENCE = 20.0  # seconds for start-up


class Server:
    """Runs chosen tests in forked children; falls back to fresh processes where forking does not work."""

    def __init__(
        self,
        project: Project,
        *,
        sources: Sequence[str],
        preload: Sequence[str],
        files: Sequence[str],
    ):
        self.project, self.sources = project, list(sources)
        self.preload, self.files = list(preload), list(files)
        self.process: Any = None
        self.reading = -1
        self.early = False
        self.starts = 0
        self.cold = not hasattr(os, "fork")

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server process."""
        if self.process is not None:
            os.close(self.reading)
            run.stop(self.process)
            self.process = None

    @property
    def kind(self) -> str:
        """How candidates are run, in a word."""
        return (
            "fresh processes"
            if self.cold
            else "forks before pytest's start"
            if self.early
            else "forks"
        )

    def _ready(self) -> bool:
        """Make sure that a server runs; False when it can't."""
        while self.process is None and not self.cold:
            self.starts += 1
            if self.starts > _STARTS:
                self.cold = True
                break
            order = run.order_for(
                self.project,
                Wanted(files=self.files),
                sources=self.sources,
                preload=self.preload,
                early=self.early,
                memory=_MEMORY,
            )
            self.process, self.reading = run.start(
                self.project, "repair_forks.py", order
            )
            answer = self._answer(_PATIENCE)
            if not answer or not answer.get("ready"):
                self.close()
                self.early = self.early or answer is not None or self.starts > 1
        return not self.cold

    def _answer(self, limit: float) -> dict[str, Any] | None:
        for line in run.lines_from(self.reading, time.monotonic() + limit):
            answer: dict[str, Any] = json.loads(line)
            return answer
        return None

    def run(self, wanted: Wanted, *, limit: float) -> Outcome:
        """Run the wanted tests; an outcome that has not ended means: took too long or died."""
        if not self._ready():
            return run.run(
                self.project, wanted, limit=limit + 2
            )  # start-up comes on top
        request = {
            "files": list(wanted.files),
            "ids": None if wanted.ids is None else list(wanted.ids),
            "quit_early": wanted.quit_early,
            "test_limit": wanted.test_limit,
            "limit": limit,
        }
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            answer = None
        else:
            answer = self._answer(limit + 10)
        if answer is None:
            self.close()
            return Outcome()
        self.starts = 0
        return run.parse(answer["events"].encode().split(b"\n"))
