"""What an agent sees of our environment: an allow-list, since secrets reach it only when allowed by name."""

import os
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from arena.agents.agent import Agent
from arena.errors import ArenaError
from arena.machine import secrets

BASE = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_*", "TMPDIR", "XDG_*")

# Not in the list above, and not to be allowed by name either: these belong to another session of an agent, or
# lead git to another repository than the worktree's.
NEVER = ("CLAUDECODE", "CLAUDE_CODE_*", "GIT_*")


def agent_environment(
    allowed: Iterable[str], *, agent: Agent, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The environment for `agent`: the base, its own key variables, and the names in `allowed` (whole names).

    Raises ArenaError for an allowed name that would lead an agent astray.
    """
    named = frozenset(allowed)
    for name in sorted(named):
        if _matches(name, NEVER) and not _matches(name, agent.keys.split()):
            raise ArenaError(
                f"{name} can't be passed to an agent: it would lead it out of its "
                "worktree. Don't allow it."
            )
    seen = (*BASE, *agent.keys.split())
    chosen = {n: v for n, v in environ.items() if n in named or _matches(n, seen)}
    return {**chosen, "TERM": "dumb"}


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def redact(text: str, env: Mapping[str, str]) -> str:
    """`text` without the values of the variables that hold secrets."""
    hidden = [value for name, value in env.items() if secrets.NAMES.search(name)]
    for secret in sorted(hidden, key=len, reverse=True):
        if len(secret) >= secrets.SHORTEST:
            text = text.replace(secret, "[secret]")
    return text
