"""`arena doctor`: every precondition, and how to mend what is missing."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena import __version__, agents
from arena import settings as options
from arena.commands.output import Output
from arena.errors import ArenaError
from arena.machine import environment, git, sandbox, store

ENOUGH = 1 << 30  # bytes of free disk below which a run is likely to stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One precondition: good, bad, or worth knowing (`!`), with what to do."""

    mark: str
    name: str
    found: str
    cure: str = ""


def doctor(
    here: Path, *, given: Mapping[str, Any], config: Path | None, output: Output
) -> int:
    """Prints the checks; the exit code is 2 if a run could not work."""
    place = Place(here=here, given=given, config=config)
    checks = [_safely(name, check, place) for name, check in CHECKS.items()]
    if output.as_json:
        rows = [
            {"mark": c.mark, "name": c.name, "found": c.found, "cure": c.cure}
            for c in checks
        ]
        output.result(json.dumps(rows, indent=1))
    else:
        for check in checks:
            cure = f"  → {check.cure}" if check.cure else ""
            output.result(f"{check.mark} {check.name}: {check.found}{cure}")
    return 2 if any(check.mark == "✗" for check in checks) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to look, and with which settings."""

    here: Path
    given: Mapping[str, Any]
    config: Path | None


Checker = Callable[[Place], Check]


def _safely(name: str, check: Checker, place: Place) -> Check:
    try:
        return check(place)
    except ArenaError as error:
        return Check(mark="✗", name=name, found=str(error))


def _git(_: Place) -> Check:
    numbers = git.version()
    return Check(mark="✓", name="git", found=".".join(map(str, numbers)))


def _python(_: Place) -> Check:
    return Check(
        mark="✓",
        name="arena",
        found=f"{__version__} on Python {platform.python_version()}",
    )


def _repository(place: Place) -> Check:
    repo = git.open_repository(place.here)
    if repo.resolve("HEAD") is None:
        return Check(
            mark="✗",
            name="repository",
            found="no commit yet",
            cure="make a first commit",
        )
    dirty = repo.changed_files()
    if dirty:
        cure = "commit or stash them, or arena run --base HEAD"
        return Check(
            mark="!",
            name="repository",
            found=f"{len(dirty)} files have uncommitted changes",
            cure=cure,
        )
    branch = (repo.branch() or "detached HEAD").removeprefix("refs/heads/")
    return Check(
        mark="✓", name="repository", found=f"{repo.top or repo.git_dir}, {branch}"
    )


def _settings(place: Place) -> Check:
    repo = git.open_repository(place.here)
    options.load(place.here, top=repo.top, given=place.given, config=place.config)
    path = place.config or options.find_file(place.here, top=repo.top)
    return Check(
        mark="✓",
        name="settings",
        found=str(path) if path else "defaults (no arena.toml)",
    )


def _tests(place: Place) -> Check:
    repo = git.open_repository(place.here)
    found, _ = options.load(
        place.here, top=repo.top, given=place.given, config=place.config
    )
    top = repo.top or repo.git_dir
    python, why = environment.choose_python(top, configured=found.python)
    env = environment.describe(python, why)
    if "pytest" not in env.distributions and not found.test:
        cure = "install it there, or name another interpreter with --python"
        return Check(
            mark="✗", name="tests", found=f"no pytest for {python} ({why})", cure=cure
        )
    return Check(
        mark="✓",
        name="tests",
        found=f"{found.test or 'pytest'} with Python {env.version}, {why}",
    )


def _isolation(_: Place) -> Check:
    level = sandbox.isolation(allow_network=False)
    if level.level == "full":
        return Check(mark="✓", name="isolation", found=level.words)
    return Check(
        mark="!", name="isolation", found=level.words, cure="apt install bubblewrap"
    )


def _disk(_: Place) -> Check:
    free = store.free_bytes(store.state_dir())
    mark = "✓" if free > ENOUGH else "!"
    return Check(
        mark=mark, name="disk", found=f"{free >> 20} MB free at {store.state_dir()}"
    )


def _agents(_: Place) -> Check:
    found = [one.name for one in agents.survey() if one.path]
    others = [name for name in found if name not in ("repair", "command")]
    if others:
        return Check(mark="✓", name="agents", found=", ".join(found))
    return Check(
        mark="!",
        name="agents",
        found="only the built-in repair",
        cure="see arena agents, or set command in arena.toml",
    )


CHECKS: dict[str, Checker] = {
    "git": _git,
    "arena": _python,
    "repository": _repository,
    "settings": _settings,
    "tests": _tests,
    "isolation": _isolation,
    "disk": _disk,
    "agents": _agents,
}
