"""What goes into an agent and what comes out of it: the records, and what an adapter module must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

Outcome = Literal[
    "finished",
    "no-change",
    "timed-out",
    "silent",
    "auth",
    "quota",
    "crashed",
    "killed",
    "budget",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One agent's job. `scratch` lies outside of the worktree; `suite` is relative to it; `seconds` is the
    limit that the agent itself is told, if it can be told.

    `arguments` are the user's own: the whole command line for the `command` agent, additions for the others.
    """

    label: str
    prompt: str
    prompt_file: Path
    worktree: Path
    seed: int
    scratch: Path
    model: str | None
    suite: tuple[str, ...]
    python: Path
    test_command: str
    seconds: float
    arguments: tuple[str, ...] = ()
    prompt_on_stdin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How to start an agent: `env` is added to what the caller allows, `without` is removed from it; `files`
    (path in the order's scratch folder: content) are written first. No `stdin` means /dev/null."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    stdin: Path | None = None
    files: Mapping[Path, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an agent's output says; None is "not told".

    `outcome` is only set by an event of the agent, never guessed from prose. `error` is the last fault that
    it named and did not recover from. Tokens in count everything sent, from the cache or not; when the agent
    died they are what it had told until then, so "at least".
    """

    outcome: Outcome | None = None
    session: str | None = None
    text: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What happened while an agent worked. `changed` holds whatever the outcome says: the partial work of a
    rate-limited agent is a candidate too. `left_processes` were alive after the agent's end and were killed.

    `why` and `last_lines` are printable and free of secrets. `text` is free of secrets, but the agent's own
    words: data, never markup. The files `log` and `errors` are raw.
    """

    label: str
    agent: str
    outcome: Outcome
    why: str
    changed: bool
    exit_code: int
    seconds: float
    tokens_in: int | None
    tokens_out: int | None
    cost_usd: float | None
    session: str | None
    text: str | None
    log: Path
    errors: Path
    last_lines: tuple[str, ...]
    left_processes: int

    @property
    def tokens(self) -> int | None:
        """Tokens in and out together; None if neither was told."""
        if self.tokens_in is None and self.tokens_out is None:
            return None
        return (self.tokens_in or 0) + (self.tokens_out or 0)


class Agent(Protocol):
    """What every adapter module has."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a constant of a module
        """Name on the command line."""

    @property
    def PROGRAM(self) -> str | None:  # noqa: N802
        """The executable; None if it is built in, or the user's own."""

    @property
    def INSTALL(self) -> str:  # noqa: N802
        """How to get it, in one line."""

    @property
    def KEYS(self) -> tuple[str, ...]:  # noqa: N802
        """Environment variables that it may see (patterns as in a shell): keys, base addresses, settings."""

    def command(self, order: Order) -> Command:
        """How to start it. Raises ArenaError if the user's own arguments can't be used."""

    def read(self, stdout: Path, stderr: Path, exit_code: int) -> Report:
        """What its output says. Never raises."""
