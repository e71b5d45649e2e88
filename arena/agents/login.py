"""Whether an agent can be logged in at all, known before it is started."""

import re
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from string import Template

from arena.agents.agent import Agent


def not_logged_in(agent: Agent, env: Mapping[str, str], folder: Path) -> str | None:
    """That no place which could hold a login for `agent` is there, and how to log in, in one sentence.

    None if one is there or if it can't be known: elsewhere than on Linux a key chain may hold it. `env` is the
    agent's environment; in `folder`, the project's, it may find settings of its own. A wrong yes only costs a start.
    """
    places = agent.logins.split()
    if not places or sys.platform != "linux" or not env.get("HOME"):
        return None
    if any(_may_hold(place, env, folder) for place in places):
        return None
    variable, file = places[0], places[1].partition(":")[0].replace("$HOME", "~")
    return (
        f"{agent.name} is not logged in: neither {variable} nor a login in {file} is there, nor anything else that "
        f"it could log in with; log in ({agent.login}) or set {variable}"
    )


def _may_hold(place: str, env: Mapping[str, str], folder: Path) -> bool:
    if "/" not in place:
        return any(value and fnmatchcase(name, place) for name, value in env.items())
    name, _, words = place.partition(":")
    path = folder / Template(name).safe_substitute(env)
    try:
        return bool(
            re.search(words, path.read_text(encoding="utf-8", errors="replace"))
        )
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # a folder, or not ours to read
        return True
