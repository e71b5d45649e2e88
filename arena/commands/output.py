"""How commands talk: the result on stdout, everything else on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """How to talk: as JSON, quietly, in colour; whether questions may be asked."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"
    yes: bool = False
    out: str | None = None

    def say(self, lines: Sequence[str] | str) -> None:
        """Writes messages to stderr, unless quiet."""
        if not self.quiet:
            for line in [lines] if isinstance(lines, str) else lines:
                print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is where words go out

    def result(self, text: str) -> None:
        """Writes the result to stdout."""
        print(text, flush=True)  # noqa: T201 - as above

    @property
    def colour(self) -> bool:
        """Whether stdout gets colours."""
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()

    @property
    def live(self) -> bool:
        """Whether stderr can show a table that is redrawn."""
        return (
            sys.stderr.isatty()
            and os.environ.get("TERM") != "dumb"
            and not os.environ.get("CI")
            and not self.quiet
        )
