"""The project as the search sees it: a private copy of the worktree, import paths, pytest options.

All trying happens in the copy. The worktree is touched once, at the end, by the accepted change, so there is
nothing to restore before that moment.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

INSIDE = Path(__file__).resolve().parent / "inside"
_HEAVY = {
    ".git",
    ".hg",
    ".tox",
    ".nox",
    "node_modules",
    ".venv",
    "venv",
    "__pycache__",
    ".mypy_cache",
    ".arena",
}
_PROBE = """
import importlib.util, json, sys
known = ("coverage", "xdist", "pytest_cov", "pytest_randomly", "pytest_rerunfailures")
found = [name for name in known if importlib.util.find_spec(name)]
print(json.dumps({"path": sys.path, "plugins": found}))
"""


class ProjectError(Exception):
    """The project's Python can't be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Where the copy is and how its tests are run."""

    worktree: Path
    tree: Path  # the private copy
    scratch: Path  # temporary files; the copy lies in it
    python: str
    roots: tuple[str, ...]  # put first on the import path
    options: tuple[str, ...]  # for pytest
    environment: Mapping[str, str]
    coverage: (
        str | None
    )  # folder to import coverage from; None: the project has it, or there is none


def prepare(
    worktree: Path, *, python: str, scratch: Path, test_args: Iterable[str]
) -> Project:
    """Copy the worktree and find out how its Python runs its tests."""
    tree = Path(os.path.realpath(scratch)) / "tree"
    copy_tree(worktree, tree)
    (scratch / "tmp").mkdir()
    environment = _environment(scratch, os.environ)
    probe = _ask(python, tree, environment)
    roots = import_roots(worktree, tree, probe["path"])
    options = [
        f"--rootdir={tree}",
        "-q",
        "--tb=native",
        "--maxfail=0",
        f"--basetemp={scratch / 'tmp' / 'base'}",
    ]
    options += [
        "-o",
        f"cache_dir={scratch / 'tmp' / 'cache'}",
        *_quiet(probe["plugins"]),
        *test_args,
    ]
    paths = [*roots, *filter(None, [environment.get("PYTHONPATH")])]
    return Project(
        worktree=worktree,
        tree=tree,
        scratch=scratch,
        python=python,
        roots=tuple(roots),
        options=tuple(options),
        environment={**environment, "PYTHONPATH": os.pathsep.join(paths)},
        coverage=None if "coverage" in probe["plugins"] else coverage_beside(scratch),
    )


def copy_tree(source: Path, target: Path) -> None:
    """Copy what a test run may need; version control, environments and caches stay behind."""

    def skip(folder: str, names: list[str]) -> set[str]:
        environments = {n for n in names if (Path(folder) / n / "pyvenv.cfg").exists()}
        return (set(names) & _HEAVY) | environments

    shutil.copytree(source, target, symlinks=True, ignore=skip)


def _environment(scratch: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The tests' environment: no options of other tools, temporary files and byte code in our scratch folder."""
    drop = (
        "PYTEST_",
        "COVERAGE_",
        "GIT_",
        "PYTHONSTARTUP",
        "PYTHONHOME",
        "PYTHONSAFEPATH",
        "PYTHONDONTWRITE",
    )
    kept = {name: value for name, value in given.items() if not name.startswith(drop)}
    return kept | {
        "TMPDIR": str(scratch / "tmp"),
        "PYTHONPYCACHEPREFIX": str(scratch / "pyc"),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": kept.get("PYTHONUTF8", "1"),
    }


def _ask(
    python: str, tree: Path, environment: Mapping[str, str]
) -> dict[str, list[str]]:
    try:
        done = subprocess.run(
            [python, "-c", _PROBE],
            cwd=tree,
            env=dict(environment),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        answer: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as problem:
        raise ProjectError(f"{python} can't be run: {problem}") from problem
    return answer


def _quiet(plugins: Iterable[str]) -> list[str]:
    """Options against plugins that spread, reorder, repeat or trace tests; only for those that are there."""
    known = {
        "xdist": ["-n0"],
        "pytest_cov": ["--no-cov"],
        "pytest_randomly": ["-p", "no:randomly"],
        "pytest_rerunfailures": ["--reruns=0"],
    }
    return [option for plugin in plugins for option in known.get(plugin, [])]


def import_roots(worktree: Path, tree: Path, path: Iterable[str]) -> list[str]:
    """Where the project's packages are imported from: the copy's top, its src, and what the environment names.

    An editable install names folders of the worktree, or of the checkout that the worktree belongs to.
    """
    tops = [worktree.resolve(), *_main_checkout(worktree)]
    found = []
    for entry in path:
        real = Path(os.path.realpath(entry))
        for top in tops:
            if entry and real.is_relative_to(top) and "site-packages" not in real.parts:
                found.append(tree / real.relative_to(top))
                break
        else:
            if real.is_relative_to(tree):
                found.append(real)
    source = tree / "src"
    if source.is_dir() and not (source / "__init__.py").exists():
        found.append(source)
    return [str(root) for root in dict.fromkeys([*found, tree]) if root.is_dir()]


def _main_checkout(worktree: Path) -> list[Path]:
    """The checkout whose .git folder the worktree shares."""
    pointer = worktree / ".git"
    try:
        text = pointer.read_text(encoding="utf-8") if pointer.is_file() else ""
    except OSError:
        return []
    folder = Path(text.partition("gitdir:")[2].strip())
    parts = folder.parts
    return [Path(*parts[: parts.index(".git")])] if ".git" in parts else []


def coverage_beside(scratch: Path) -> str | None:
    """A folder that holds the running interpreter's coverage package alone, for a project without one."""
    for entry in sys.path:
        package = Path(entry).resolve() / "coverage"
        if (package / "__init__.py").is_file():
            folder = scratch / "beside"
            folder.mkdir()
            (folder / "coverage").symlink_to(package)
            return str(folder)
    return None


_TEST_FOLDERS = {"test", "tests"}
_CONFIGURATION = {"conftest.py", "setup.py", "noxfile.py", "tasks.py", "fabfile.py"}


def is_source(tree: Path, path: Path) -> bool:
    """Whether a file may be changed: a Python file of the project that is no test, conftest or configuration."""
    if path.suffix != ".py" or not path.is_relative_to(tree):
        return False
    inner = path.relative_to(tree)
    name = inner.name
    if name in _CONFIGURATION or name.startswith("test_") or name.endswith("_test.py"):
        return False
    hidden = any(
        part.startswith(".") or part == "site-packages" for part in inner.parts
    )
    return not hidden and not _TEST_FOLDERS & set(inner.parts[:-1])
