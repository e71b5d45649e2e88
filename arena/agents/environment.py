"""What an agent sees of our environment: an allow-list, since secrets reach it only when allowed by name."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from arena.agents.codex import caution as codex_caution
from arena.agents.protocol import Agent
from arena.errors import ArenaError

BASE = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_*", "TMPDIR", "XDG_*")

# Not in the list above, and not to be allowed by name either: these belong to another session of an agent, or
# lead git to another repository than the worktree's.
NEVER = ("CLAUDECODE", "CLAUDE_CODE_*", "GIT_*")

_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
_SHORTEST_SECRET = 6  # characters; hiding shorter ones would only riddle the text


def agent_environment(
    names_allowed: Iterable[str],
    *,
    agent: Agent,
    environ: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The environment for `agent`: the base, its own key variables, and `names_allowed` (whole names).

    Raises ArenaError for an allowed name that would lead an agent astray.
    """
    named = frozenset(names_allowed)
    for name in sorted(named):
        if _matches(name, NEVER) and not _matches(name, agent.KEYS):
            raise ArenaError(
                f"{name} can't be passed to an agent: it would lead it out of its worktree. Don't allow it."
            )
    present = os.environ if environ is None else environ
    chosen = {
        name: value
        for name, value in present.items()
        if name in named or _matches(name, agent.KEYS) or _matches(name, BASE)
    }
    return {**chosen, "TERM": "dumb"}


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def redact(text: str, env: Mapping[str, str]) -> str:
    """`text` without the values of the variables that hold secrets."""
    secrets = (
        value
        for name, value in env.items()
        if _SECRET.search(name) and len(value) >= _SHORTEST_SECRET
    )
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return text


def caution(agent: Agent, env: Mapping[str, str]) -> str | None:
    """What will keep `agent` from working in `env` without saying so; None if nothing is known."""
    if agent.NAME == "codex":
        return codex_caution(env, temporary=Path(tempfile.gettempdir()))
    return None
