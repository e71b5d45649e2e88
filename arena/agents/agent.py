"""What an agent is: a description of its command line and of its output, and what goes into one."""

import dataclasses
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from arena.errors import ArenaError

Told = Literal["finished", "timed-out", "auth", "quota", "budget", "crashed"]
Outcome = Literal[Told, "no-change", "silent", "killed"]

# What an agent calls its session comes from its output, and goes into a command line.
SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")

# Options by which an agent leaves the worktree that it was given, or its process tree.
FORBIDDEN = {
    "claude": ("-w", "--worktree", "--bg", "--background"),
    "gemini": ("-w", "--worktree"),
    **dict.fromkeys(("codex", "cline", "copilot"), ("--worktree",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One agent's job. `env` is all that it sees of ours; `scratch` lies outside of the worktree; `suite` is
    relative to it. `seconds` and `silence` are limits (None: no limit); the first is told to who can be told.

    `arguments` are the user's own: the whole command line for the `command` agent, additions for the others.
    `session` is an earlier one of the same agent, as it called it, to go on with; each `turn` has logs of its own.
    """

    label: str
    prompt: str
    prompt_file: Path
    worktree: Path
    scratch: Path
    env: Mapping[str, str]
    seed: int
    python: Path
    seconds: float
    silence: float | None = None
    model: str | None = None
    suite: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    prompt_on_stdin: bool = False
    turn: int = 1
    session: str | None = None

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.scratch / f"{self._name}.stdout.log"

    @property
    def errors(self) -> Path:
        """Where its standard error goes."""
        return self.scratch / f"{self._name}.stderr.log"

    @property
    def _name(self) -> str:
        return self.label if self.turn == 1 else f"{self.label}.turn{self.turn}"


@dataclass(frozen=True, slots=True)
class Command:
    """How to start an agent: `env` is added to the order's. No `stdin` means /dev/null."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: Path | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of event tells; `arena.agents.reading` says how. `when` is `path=pattern …`.

    `error` is a template with paths in braces, and holds if they are all there; an event without one shows that
    the agent has recovered. `text` is its answer; with `joins`, neighbouring events make one. Tokens and costs
    are added up, but those of events with the same value at `once` count once, and a `total` replaces all before.
    """

    when: str
    outcome: Told | None = None
    error: str = ""
    text: str = ""
    sent: str = ""
    received: str = ""
    cost: str = ""
    once: str = ""
    total: bool = False
    joins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent. `argv` are words: `{task}` stands for `task`, or for `long` if the prompt can't be an argument
    (it then comes on standard input, unless `long` names `{prompt_file}`), `{more}` for the option `model` and
    the user's own arguments, `{resume}` for the words that name the session to go on with. `build` does it for those
    without such words. `install` is one line.

    `keys` are the variables that it may see (patterns as in a shell): keys, base addresses, settings. `caution`
    says what will keep it from working in an environment without a word. `login` is how to log in, `logins` are all
    places that may hold a login, none if they are not known for sure: variables, and files, with `:` and a pattern
    those in which it occurs. The first is a variable and the second a file, the best known ones.

    For reading: `rules`, the first that fits an event holds; `session`, the path of its id in any event; `line`
    makes an event of its named groups from a line of text. Where `codes` are given, an exit code above 0 holds
    against all events, and is a crash if it is not named, except those of a signal. What is `free` has no model to pay.

    Who is `patient` works without limits of time and silence. `sums_session`: what a later turn tells of tokens and
    cost holds for the whole session.
    """

    name: str
    install: str
    argv: str = ""
    task: str = "{prompt}"
    long: str = ""
    model: str = "--model"
    resume: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    build: Callable[[Order], Command] | None = None
    keys: str = ""
    caution: Callable[[Mapping[str, str]], str | None] = lambda _: None
    login: str = ""
    logins: str = ""
    rules: tuple[Rule, ...] = ()
    session: str = ""
    line: re.Pattern[str] | None = None
    codes: Mapping[int, Told] = field(default_factory=dict)
    free: bool = False
    patient: bool = False
    sums_session: bool = False

    @property
    def program(self) -> str | None:
        """The executable; None if it is built in, or the user's own."""
        return self.argv.partition(" ")[0] or None

    def command(self, order: Order) -> Command:
        """How to start it. Raises ArenaError if the user's own arguments or the session can't be used."""
        if order.session is not None:
            self._check_session(order.session)
        if self.build:
            return self.build(order)
        prompt = order.prompt
        odd = prompt.startswith("-") or "\0" in prompt or not prompt.strip()
        long = odd or too_long(prompt)
        words = self.argv.replace("{task}", self.long if long else self.task)
        words = words.replace("{resume}", self.resume if order.session else "")
        model = [self.model, order.model] if order.model else []
        values = dataclasses.asdict(order)
        argv: list[str] = []
        for word in shlex.split(words):
            if word == "{more}":
                argv += [*model, *check(self.name, order.arguments)]
            else:
                argv.append(word.format(**values))
        on_stdin = long and "{prompt_file}" not in self.long
        return Command(tuple(argv), self.env, order.prompt_file if on_stdin else None)

    def _check_session(self, session: str) -> None:
        if not self.resume:
            raise ArenaError(
                f"{self.name} can't go on with an earlier session. Start it anew."
            )
        if not SESSION.fullmatch(session):
            raise ArenaError(
                f"{session!a} is no session of {self.name}. Start it anew."
            )


def too_long(argument: str) -> bool:
    """Whether a text can't be an argument: Linux refuses one of 128 KiB and more."""
    return len(argument.encode("utf-8", "surrogateescape")) > 120_000


def check(program: str, arguments: Sequence[str]) -> Sequence[str]:
    """The user's own arguments for `program`, if they leave the agent in its worktree.

    Raises ArenaError naming the first that does not.
    """
    for argument in arguments:
        if argument.partition("=")[0] in FORBIDDEN.get(Path(program).name, ()):
            raise ArenaError(
                f'{program} can\'t be run with "{argument}": arena gives it a worktree. '
                "Remove that argument."
            )
    return arguments
