"""An environment of its own for a tree that changes dependencies, cached by the content of those files."""

from __future__ import annotations

from pathlib import Path

from arena.errors import one_line
from arena.evaluation.diff import dependencies
from arena.evaluation.plan import Plan
from arena.journal import Journal
from arena.machine import cache, environment, process, store
from arena.machine.environment import Environment
from arena.machine.quarantine import Quarantine


def for_tree(
    plan: Plan, quarantine: Quarantine, journal: Journal, *, tree: str, label: str
) -> tuple[Environment | None, str | None]:
    """(environment, None) for a tree with other dependencies than the base, (None, None) if they are the same,
    (None, reason) where one could not be made.

    It sees all that the project's environment has; what the tree adds is installed into it alone.
    """
    wanted = dependencies(lambda path: quarantine.read(tree, path))
    base = dependencies(lambda path: quarantine.read(plan.base_tree, path))
    added = sorted(wanted - base)
    if not added:
        return None, None
    name = cache.key(added, plan.environment.fingerprint)[:20]
    folder = store.cache_dir() / "environments" / name
    python = folder / "bin" / "python"
    if not python.exists():
        journal.add("process", label, role="own-environment", tree=tree)
        why = _make(plan.environment, folder, added)
        if why is not None:
            store.remove_tree(folder)
            return None, why
    words = f"{plan.environment.found}, with {', '.join(added)}"
    return environment.describe(python, words), None


def _make(parent: Environment, folder: Path, added: list[str]) -> str | None:
    """Makes the environment; the reason if that fails."""
    said = process.capture(
        [str(parent.python), "-m", "venv", "--without-pip", str(folder)], timeout=120
    )
    if said.exit_code != 0:
        return f"no environment could be made: {one_line(said.stderr)}"
    site = next((folder / "lib").glob("python*/site-packages"))
    (site / "project.pth").write_text(
        "".join(f"{path}\n" for path in parent.site), encoding="utf-8"
    )
    pip = [
        str(parent.python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--target",
        str(site),
    ]
    said = process.capture([*pip, *added], timeout=600)
    if said.exit_code != 0:
        return f"new dependencies ({', '.join(added)}) could not be installed: {one_line(said.stderr)}"
    return None
