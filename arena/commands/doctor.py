"""`arena doctor`: every precondition, and how to mend what is missing."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import NamedTuple

from arena import __version__, agents, settings
from arena.commands.call import Call
from arena.errors import ArenaError
from arena.machine import environment, git, sandbox, store

ENOUGH = 1 << 30  # bytes of free disk below which a run is likely to stop


class Check(NamedTuple):
    """One precondition: good ✓, bad ✗, or worth knowing !, with what to do."""

    mark: str
    found: str
    cure: str = ""


def doctor(call: Call) -> int:
    """Prints the checks; the exit code is 2 if a run could not work."""
    rows, lines = [], []
    for name, check in CHECKS.items():
        try:
            found = check(call)
        except ArenaError as error:
            found = Check("✗", str(error))
        rows.append({"name": name, **found._asdict()})
        cure = f"  → {found.cure}" if found.cure else ""
        lines.append(f"{found.mark} {name}: {found.found}{cure}")
    call.tell(lines, rows)
    return 2 if any(row["mark"] == "✗" for row in rows) else 0


def _git(_: Call) -> Check:
    return Check("✓", ".".join(map(str, git.version())))


def _python(_: Call) -> Check:
    return Check("✓", f"{__version__} on Python {platform.python_version()}")


def _repository(call: Call) -> Check:
    repo = git.open_repository(call.here)
    if repo.resolve("HEAD") is None:
        return Check("✗", "no commit yet", "make a first commit")
    dirty = repo.changed_files()
    if dirty:
        cure = "commit or stash them, or arena run --base HEAD"
        return Check("!", f"{len(dirty)} files have uncommitted changes", cure)
    branch = (repo.branch() or "detached HEAD").removeprefix("refs/heads/")
    return Check("✓", f"{repo.top or repo.git_dir}, {branch}")


def _settings(call: Call) -> Check:
    top = git.open_repository(call.here).top
    settings.load(call.here, top, call.given, call.config)
    path = call.config or settings.find_file(call.here, top)
    return Check("✓", str(path or "defaults (no arena.toml)"))


def _tests(call: Call) -> Check:
    repo = git.open_repository(call.here)
    found, _ = settings.load(call.here, repo.top, call.given, call.config)
    top = repo.top or repo.git_dir
    python, why = environment.choose_python(top, configured=found.python)
    env = environment.describe(python, why)
    if "pytest" not in env.distributions and not found.test:
        cure = "install it there, or name another interpreter with --python"
        return Check("✗", f"no pytest for {python} ({why})", cure)
    return Check("✓", f"{found.test or 'pytest'} with Python {env.version}, {why}")


def _isolation(_: Call) -> Check:
    level = sandbox.isolation(allow_network=False)
    full = level.level == "full"
    return Check(
        "✓" if full else "!", level.words, "" if full else "apt install bubblewrap"
    )


def _disk(_: Call) -> Check:
    free, place = store.free_bytes(store.state_dir()), store.state_dir()
    return Check("✓" if free > ENOUGH else "!", f"{free >> 20} MB free at {place}")


def _agents(_: Call) -> Check:
    found = [one.name for one in agents.survey() if one.path]
    if set(found) - {"repair", "human", "command"}:
        return Check("✓", ", ".join(found))
    cure = "see arena agents, or set command in arena.toml"
    return Check("!", "only the built-in repair", cure)


CHECKS: dict[str, Callable[[Call], Check]] = {
    "git": _git,
    "arena": _python,
    "repository": _repository,
    "settings": _settings,
    "tests": _tests,
    "isolation": _isolation,
    "disk": _disk,
    "agents": _agents,
}
