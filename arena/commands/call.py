"""One call of the command line: where it works, what was given, and how it talks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arena.report.text import clean

# For terminals that can't show more than ASCII.
PLAIN = str.maketrans({"✓": "+", "✗": "x", "→": "->", "…": "...", "\u2212": "-"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The result goes to stdout, everything else to stderr. `given` are the settings of the command line,
    `here` is the folder that its paths are relative to, `config` the settings file that it names."""

    here: Path
    given: Mapping[str, Any] = field(default_factory=dict)
    config: Path | None = None
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    yes: bool = False
    out: str | None = None
    background: bool = False

    def say(self, lines: Iterable[str] | str) -> None:
        """Writes messages to stderr, unless quiet."""
        if not self.quiet:
            for line in [lines] if isinstance(lines, str) else lines:
                print(clean(line, keep="\n\t"), file=sys.stderr, flush=True)  # noqa: T201 - this is where words go out

    def tell(self, lines: Iterable[str] | str, data: Any = None) -> None:
        """Writes the result to stdout: as lines, or with `--json` as one document if there is `data`."""
        if self.as_json and data is not None:
            import json

            lines = json.dumps(data, indent=1, sort_keys=True, default=str)
        text = lines if isinstance(lines, str) else "\n".join(lines)
        if not self.unicode:
            text = text.translate(PLAIN)
        try:
            print(text, end="\n" if text else "", flush=True)  # noqa: T201 - as above
        except BrokenPipeError:
            # The reader went away (`arena … | head`): no reason to stop the work, nor to complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def confirm(self, question: str, *, default: bool) -> bool:
        """Whether the user says yes; `default` is what an empty answer means."""
        said = f"{question} [{'Y/n' if default else 'y/N'}] "
        print(said, end="", file=sys.stderr, flush=True)  # noqa: T201 - as above
        answer = sys.stdin.readline()  # empty at its end: that is no yes
        return answer.strip().lower() in ("y", "yes") or (answer == "\n" and default)

    @property
    def place(self) -> dict[str, Any]:
        """What opening a session needs to know."""
        return {"given": self.given, "config": self.config}

    @property
    def unicode(self) -> bool:
        """Whether stdout can show all characters."""
        return (sys.stdout.encoding or "").lower().startswith("utf")

    def colour(self, wish: str) -> bool:
        """Whether stdout gets colours, where `wish` is auto, always or never."""
        if wish != "auto":
            return wish == "always"
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()

    @property
    def live(self) -> bool:
        """Whether stderr can show a table that is redrawn."""
        plain = os.environ.get("TERM") == "dumb" or os.environ.get("CI") or self.quiet
        plain = plain or self.background
        return sys.stderr.isatty() and not plain
