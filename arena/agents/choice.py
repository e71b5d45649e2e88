"""Which agents: what the user asked for, what is installed, and what to take when nothing was said."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from arena import __version__
from arena.agents.environment import agent_environment, caution
from arena.agents.protocol import Agent
from arena.errors import ArenaError
from arena.machine import process

MOST = 100  # agents in one run
VERSION_SECONDS = 10
PREFERRED = (
    "claude",
    "codex",
    "gemini",
    "aider",
)  # the order of the default, the most capable first
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
_VERSION = re.compile(r"\d+(?:\.\d+)+\S*")


class Choice(NamedTuple):
    """An agent's name and why it was taken."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """One agent on this machine; `path` is None if it is not there, `version` if it does not tell."""

    name: str
    path: str | None
    version: str | None
    install: str
    caution: str | None


def parse_agents(
    text: str, *, known: Mapping[str, Agent]
) -> list[tuple[str | None, int]]:
    """`3`, `claude`, `claude:2,codex` as pairs of agent and count; None is "the default agent".

    An agent that is named twice counts together. Raises ArenaError for an unknown name or a count that is
    not from 1 to 100, also of all together.
    """
    counts: dict[str | None, int] = {}
    for part in text.split(","):
        name, colon, count = (piece.strip() for piece in part.partition(":"))
        if not colon and _WHOLE.fullmatch(name):
            key, number = None, _count(name, text)
        else:
            key, number = _known(name, known), _count(count, text) if colon else 1
        counts[key] = counts.get(key, 0) + number
    _count(str(sum(counts.values())), text)
    return list(counts.items())


def _count(word: str, text: str) -> int:
    if not _WHOLE.fullmatch(word) or not 1 <= int(word) <= MOST:
        raise ArenaError(
            f'the number of agents in "{text}" must be from 1 to {MOST}, not "{word}". '
            "Give for example 3 or claude:2,codex."
        )
    return int(word)


def _known(name: str, known: Mapping[str, Agent]) -> str:
    if name in known:
        return name
    near = get_close_matches(name.lower(), known, n=1)
    hint = f' Did you mean "{near[0]}"?' if near else " Or give their number, 1 to 100."
    raise ArenaError(
        f'agent "{name}" is not known. Known: {", ".join(sorted(known))}.{hint}'
    )


def default_agent(
    *,
    configured: str | None,
    failing_suite: bool,
    known: Mapping[str, Agent],
    path: str | None = None,
) -> Choice:
    """The agent to take when none was named: the configured one, else the first installed of claude, codex,
    gemini and aider, else `repair` if there is a failing suite. `path` replaces PATH for the search.

    Raises ArenaError if there is none, or if the configured one is unknown or not installed.
    """
    if configured:
        return _configured(known[_known(configured, known)], path)
    for name in PREFERRED:
        program = known[name].PROGRAM
        if program and process.which(program, path=path):
            return Choice(name, f"the first installed of {', '.join(PREFERRED)}")
    if failing_suite:
        return Choice(
            "repair",
            "no coding agent is installed; repair is built in and works on the failing suite",
        )
    raise ArenaError(
        f"no coding agent is installed (looked for {', '.join(PREFERRED)}). Install one "
        f"({known[PREFERRED[0]].INSTALL}), name your own as agents.command in arena.toml, or give a failing "
        "suite (--suite) for the built-in repair."
    )


def _configured(agent: Agent, path: str | None) -> Choice:
    if agent.PROGRAM and not process.which(agent.PROGRAM, path=path):
        raise ArenaError(
            f'agent "{agent.NAME}" is set, but its program is not on PATH. Install it: {agent.INSTALL}'
        )
    return Choice(agent.NAME, "set by the user")


def survey(
    *, known: Mapping[str, Agent], environ: Mapping[str, str] | None = None
) -> list[Surveyed]:
    """Every agent, with where it is, its version and how to get it. Takes up to 10 s; never raises."""
    with ThreadPoolExecutor(max_workers=len(known)) as pool:
        return list(pool.map(lambda agent: _survey_one(agent, environ), known.values()))


def _survey_one(agent: Agent, environ: Mapping[str, str] | None) -> Surveyed:
    env = agent_environment((), agent=agent, environ=environ)
    if agent.PROGRAM:
        path = process.which(agent.PROGRAM, path=env.get("PATH"))
        version = _version(path, env) if path else None
    else:
        built_in = agent.NAME == "repair"
        path, version = (sys.executable, __version__) if built_in else (None, None)
    return Surveyed(
        name=agent.NAME,
        path=path,
        version=version,
        install=agent.INSTALL,
        caution=caution(agent, env) if path else None,
    )


def _version(path: str, env: Mapping[str, str]) -> str | None:
    try:
        said = process.capture(
            [path, "--version"], cwd=Path(path).parent, env=env, timeout=VERSION_SECONDS
        )
    except ArenaError:
        return None
    found = _VERSION.search(said.stdout) or _VERSION.search(said.stderr)
    return found[0] if found and said.exit_code == 0 else None
