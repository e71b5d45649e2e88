"""Which agents there are, what the user asked for, what is installed, and what to take when nothing was said."""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from arena import __version__, masking
from arena.agents.agent import Agent
from arena.agents.aider import AIDER
from arena.agents.amp import AMP
from arena.agents.claude import CLAUDE
from arena.agents.codex import CODEX
from arena.agents.command import COMMAND
from arena.agents.copilot import COPILOT
from arena.agents.crush import CRUSH
from arena.agents.cursor_agent import CURSOR_AGENT
from arena.agents.droid import DROID
from arena.agents.environment import agent_environment, matches
from arena.agents.gemini import GEMINI
from arena.agents.goose import GOOSE
from arena.agents.human import HUMAN
from arena.agents.login import not_logged_in
from arena.agents.mini_swe_agent import MINI_SWE_AGENT
from arena.agents.opencode import OPENCODE
from arena.agents.qwen import QWEN
from arena.agents.repair_agent import REPAIR
from arena.errors import ArenaError
from arena.machine import process

AGENTS = {
    "repair": REPAIR,
    "claude": CLAUDE,
    "codex": CODEX,
    "gemini": GEMINI,
    "qwen": QWEN,
    "opencode": OPENCODE,
    "copilot": COPILOT,
    "aider": AIDER,
    "mini-swe-agent": MINI_SWE_AGENT,
    "cursor-agent": CURSOR_AGENT,
    "goose": GOOSE,
    "amp": AMP,
    "droid": DROID,
    "crush": CRUSH,
    "command": COMMAND,
    "human": HUMAN,
}
# The order in which a default is looked for. Only names that nothing else has: `goose` also migrates databases, and
# what is taken unasked is told to do as it likes.
PREFERRED = ("claude", "codex", "gemini", "qwen", "opencode", "aider")
MOST = 100  # agents in one run
VERSION_SECONDS = 10
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
_VERSION = re.compile(r"\d+(?:\.\d+)+\S*")


class Choice(NamedTuple):
    """An agent's name and why it was taken."""

    name: str
    why: str


class Surveyed(NamedTuple):
    """One agent on this machine; `path` is None if it is not there, `version` if it does not tell. `caution` says
    what will keep it from working."""

    name: str
    path: str | None
    version: str | None
    install: str
    caution: str | None


def parse_agents(text: str) -> list[tuple[str | None, int]]:
    """`3`, `claude`, `claude:2,codex` as pairs of agent and count; None is "the default agent".

    An agent that is named twice counts together. Raises ArenaError for an unknown name or a count that is
    not from 1 to 100, also of all together.
    """
    counts: Counter[str | None] = Counter()
    for part in text.split(","):
        name, colon, count = (piece.strip() for piece in part.partition(":"))
        if not colon and _WHOLE.fullmatch(name):
            counts[None] += _count(name, text)
        else:
            counts[_known(name).name] += _count(count if colon else "1", text)
    _count(str(counts.total()), text)
    return list(counts.items())


def _count(word: str, text: str) -> int:
    if not _WHOLE.fullmatch(word) or not 1 <= int(word) <= MOST:
        raise ArenaError(
            f'the number of agents in "{text}" must be from 1 to {MOST}, not "{word}". '
            "Give for example 3 or claude:2,codex."
        )
    return int(word)


def _known(name: str) -> Agent:
    if name in AGENTS:
        return AGENTS[name]
    near = " or ".join(f'"{one}"' for one in get_close_matches(name.lower(), AGENTS))
    hint = f"Did you mean {near}?" if near else "Or give their number, 1 to 100."
    raise ArenaError(
        f'agent "{name}" is not known. Known: {", ".join(sorted(AGENTS))}. {hint}'
    )


def default_agent(
    *, configured: str | None, failing_suite: bool, path: str | None = None
) -> Choice:
    """The agent to take when none was named, and why: the configured one, else the first of the registry that is
    installed, else `repair` if there is a failing suite. `path` replaces PATH for the search.

    Raises ArenaError if there is none, or if the configured one is unknown or not installed.
    """
    if configured:
        agent = _known(configured)
        if agent.program and not _place(agent, path):
            raise ArenaError(
                f'agent "{agent.name}" is set, but its program is not on PATH. Install it: {agent.install}'
            )
        return Choice(agent.name, "set by the user")
    order = ", ".join(PREFERRED)
    for name in PREFERRED:
        if _place(AGENTS[name], path):
            return Choice(name, f"the first installed of {order}")
    if failing_suite:
        return Choice("repair", "no other is installed, and it mends failing suites")
    raise ArenaError(
        f"no coding agent is installed (looked for {order}). Install one "
        f"({AGENTS[PREFERRED[0]].install}), name your own as agents.command in "
        "arena.toml, or give a failing suite (--suite) for the built-in repair."
    )


def _place(agent: Agent, path: str | None) -> str | None:
    return process.which(agent.program, path=path) if agent.program else None


def survey(
    environ: Mapping[str, str] = os.environ, folder: Path | None = None
) -> list[Surveyed]:
    """Every agent, with where it is, its version and how to get it; `folder` is the project's, else the current one.

    Takes up to 10 s; never raises.
    """
    where = folder or Path.cwd()
    with ThreadPoolExecutor(max_workers=len(AGENTS)) as pool:
        return list(pool.map(lambda one: _survey(one, environ, where), AGENTS.values()))


def _survey(agent: Agent, environ: Mapping[str, str], folder: Path) -> Surveyed:
    env = agent_environment((), agent=agent, environ=environ)
    path = _place(agent, env.get("PATH"))
    version = _version(path, env) if path else None
    if agent.free:  # our own
        path, version = sys.executable, __version__
    found = [agent.caution(env), not_logged_in(agent, env, folder)] if path else []
    caution = "; ".join(filter(None, found)) or None
    return Surveyed(agent.name, path, version, agent.install, caution)


def _version(path: str, env: Mapping[str, str]) -> str | None:
    try:
        said = process.capture(
            [path, "--version"], cwd=Path(path).parent, env=env, timeout=VERSION_SECONDS
        )
    except ArenaError:
        return None
    found = _VERSION.search(said.stdout) or _VERSION.search(said.stderr)
    return found[0] if found and said.exit_code == 0 else None


def given_secrets(
    allowed: Iterable[str], environ: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """The secrets of our environment: what agents, and tests where these names are allowed, may have seen, and what
    surely is one."""
    named = frozenset(allowed)
    keys = [key for agent in AGENTS.values() for key in agent.keys.split()]
    given = {
        n: v
        for n, v in environ.items()
        if n in named or matches(n, keys) or masking.SURELY.search(n)
    }
    return masking.secrets_in(given)
