"""An environment of its own for a tree that changes dependencies, cached by the content of those files."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

from arena.errors import one_line
from arena.evaluation.metadata import Reader, sections, table, toml
from arena.evaluation.plan import Plan
from arena.machine import cache, process, store
from arena.machine.environment import Environment
from arena.machine.quarantine import Quarantine
from arena.session import Session

REQUIREMENTS = (
    "requirements.txt", "requirements-dev.txt", "dev-requirements.txt", "requirements-test.txt",
    "test-requirements.txt", "requirements/test.txt", "requirements/dev.txt",
)  # fmt: skip

# A name with versions and markers, or a wheel; no address, no source, no repository.
PLAIN = r"[A-Za-z0-9][\w.-]*(\[[\w, -]*\])?\s*([<>=!~^*,.\w\s()-]*)(;.*)?|[^@:]+\.whl"


def dependencies(read: Reader) -> frozenset[str]:
    """Requirement strings declared in pyproject.toml, setup.cfg and requirements files at the root."""
    data, config = toml(read("pyproject.toml")), sections(read("setup.cfg"))
    lists = [
        table(data, "project").get("dependencies"),
        *table(data, "project", "optional-dependencies").values(),
        *table(data, "dependency-groups").values(),
        config.get("options", "install_requires", fallback="").splitlines(),
    ]
    for name in REQUIREMENTS:
        lines = (read(name) or b"").decode("utf-8", "replace").splitlines()
        lists.append([re.sub(r"(^|\s)#.*", "", line) for line in lines])
    words = [word for words in lists if isinstance(words, list) for word in words]
    poetry = table(data, "tool", "poetry", "dependencies")
    words += [f"{name} {wanted}" for name, wanted in poetry.items() if name != "python"]
    plain = (word.strip() for word in words if isinstance(word, str))
    return frozenset(word for word in plain if word and not word.startswith("-"))


def added_dependencies(quarantine: Quarantine, base: str, tree: str) -> list[str]:
    """What `tree` requires and `base` does not."""
    read = quarantine.read
    return sorted(dependencies(partial(read, tree)) - dependencies(partial(read, base)))


def for_tree(
    session: Session, plan: Plan, *, tree: str, label: str
) -> tuple[Environment | None, str | None]:
    """(environment, None) for a tree with other dependencies than the base, (None, None) if they are the same,
    (None, reason) where one could not be made.

    It sees all that the project's environment has; what the tree adds is installed into it alone.
    """
    added = added_dependencies(session.quarantine, plan.base_tree, tree)
    if not added:
        return None, None
    name = cache.key(added, plan.environment.fingerprint)[:20]
    folder = store.cache_dir() / "environments" / name
    done = folder / "complete"
    # Two candidates may want the same one at the same time.
    with store.lock(folder.with_suffix(".lock"), who="arena", wait=900):
        if not done.exists():
            store.remove_tree(folder)
            session.journal.add("process", label, role="own-environment", tree=tree)
            why = _make(plan.environment, folder, added)
            if why is not None:
                store.remove_tree(folder)
                return None, why
            done.touch()
    words = f"{plan.environment.found}, with {', '.join(added)}"
    (site,) = (folder / "lib").glob("python*/site-packages")
    parent = plan.environment
    # Not asked for what it is: its start would run what a new package put there, outside of the sandbox.
    found = replace(
        parent,
        python=folder / "bin" / "python",
        found=words,
        prefix=folder,
        path=(*parent.path, site),
        site=(site,),
        distributions={**parent.distributions, **dict.fromkeys(added, "added")},
    )
    return found, None


def _make(parent: Environment, folder: Path, added: list[str]) -> str | None:
    """Makes the environment; the reason if that fails."""
    odd = [word for word in added if not re.fullmatch(PLAIN, word)]
    if odd:
        return f"{', '.join(odd)} is no plain requirement from the package index: not installed"
    python = str(parent.python)
    venv = [python, "-m", "venv", "--without-pip", str(folder)]
    said = process.capture(venv, timeout=120)
    if said.exit_code != 0:
        return f"no environment could be made: {one_line(said.stderr)}"
    site = next((folder / "lib").glob("python*/site-packages"))
    seen = "".join(f"{path}\n" for path in parent.site)
    (site / "project.pth").write_text(seen, encoding="utf-8")
    # Wheels only: to build a source distribution would run a candidate's code outside of the sandbox.
    pip = [python, "-m", "pip", "install", "--quiet", "--no-input"]
    pip += ["--disable-pip-version-check"]  # which leaves a note in the user's cache
    pip += ["--only-binary=:all:", "--target"]
    said = process.capture([*pip, str(site), *added], timeout=600)
    if said.exit_code != 0:
        wanted = ", ".join(added)
        return f"new dependencies ({wanted}) could not be installed: {one_line(said.stderr)}"
    return None
