"""The project's Python: found, described, and lent our measuring plugins without installing anything into it."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from arena.errors import ArenaError, one_line
from arena.machine import process, records, scratch, store

DESCRIBE = Path(__file__).parent / "inside" / "describe.py"
# The packages that the judge lends to a project's Python, and the fixed variables of its tests.
LENT = ("coverage", "pytest_jsonreport", "pytest_metadata")
# And a pytest for suites and checks of a project that does without; it needs this Python.
PYTEST = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments")
UNUSED = shutil.ignore_patterns("htmlfiles", "*.pyi", "*.c", "*.h")  # of these, there
OLDEST_FOR_PYTEST = (3, 10)
PLATFORM = ("PATH", "SYSTEMROOT", "COMSPEC", "PATHEXT", "LD_LIBRARY_PATH")
FIXED = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """An installed pytest plugin: its distribution, entry point and module."""

    distribution: str
    name: str
    module: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A Python environment as it is before anything of a candidate runs in it.

    `found` says in words how it was chosen; `lent` is the folder with our plugins for its minor version;
    `extra_path` are folders that go behind the candidate's code (the project's metadata, for instance); `spare` holds
    a pytest for an environment that has none.
    """

    python: Path
    found: str
    version: str
    cache_tag: str
    prefix: Path
    base_prefix: Path
    path: tuple[Path, ...]
    site: tuple[Path, ...]
    plugins: tuple[Plugin, ...]
    distributions: dict[str, str]
    editable_roots: tuple[Path, ...]
    lent: Path
    extra_path: tuple[Path, ...] = ()
    spare: Path | None = None

    @property
    def covers(self) -> bool:
        """Whether coverage can be measured in it: there is a build for its version."""
        return (self.lent / "coverage").is_dir()

    @property
    def fingerprint(self) -> str:
        """A hash that changes when anything installed in it changes."""
        facts = [str(self.python), self.version, *map(str, self.extra_path)]
        facts += [f"{name}={ver}" for name, ver in sorted(self.distributions.items())]
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def choose_python(top: Path, *, configured: str | None) -> tuple[Path, str]:
    """The interpreter for the project's tests and, in words, why this one.

    Order: `--python`, the active virtual environment, `.venv` or `venv` in the repository, arena's own.
    Raises ArenaError if the configured one is not there.
    """
    if configured:
        path = process.which(configured) or str(Path(configured).expanduser())
        if not Path(path).is_file() or not os.access(path, os.X_OK):
            raise ArenaError(f"--python {configured}: no such interpreter.")
        return Path(path).absolute(), "--python"
    places = [(top / name, f"{name} in the repository") for name in (".venv", "venv")]
    if active := os.environ.get("VIRTUAL_ENV"):
        places.insert(0, (Path(active), "the active virtual environment"))
    for folder, why in places:
        for name in ("bin/python", "Scripts/python.exe"):
            if (folder / name).is_file():
                return folder / name, why
    return Path(sys.executable), "arena's own interpreter"


@functools.cache
def describe(python: Path, found: str) -> Environment:
    """Asks an interpreter about itself and prepares the plugins for its minor version.

    Raises ArenaError if it does not answer.
    """
    said = process.capture([str(python), "-I", str(DESCRIBE)], env=clean_variables({}))
    try:
        facts = json.loads(said.stdout)
    except ValueError:
        raise ArenaError(
            f"{python} does not work as an interpreter: {one_line(said.stderr) or 'no answer'}. "
            "Name another with --python."
        ) from None
    lent = _lend(python, facts["version"], facts["cache_tag"])
    ours = {"python": python, "found": found, "lent": lent}
    return records.from_json(Environment, facts | ours)


def _lend(python: Path, version: str, tag: str) -> Path:
    """The private folder with our plugins for one minor version, made on first use."""

    def fit(made: Path) -> None:
        if tag != sys.implementation.cache_tag:
            _refit_coverage(python, version, made)

    return _copied(python, tag, LENT, fit)


def with_pytest(environment: Environment) -> Environment:
    """The same environment with our pytest to fall back on. Raises ArenaError if it is too old for that."""
    if tuple(map(int, environment.version.split(".")[:2])) < OLDEST_FOR_PYTEST:
        raise ArenaError(
            f"suite and checks need pytest, which {environment.python} has not. Install it there."
        )
    folder = _copied(environment.python, environment.cache_tag, PYTEST)
    return dataclasses.replace(environment, spare=folder)


def _copied(
    python: Path,
    tag: str,
    packages: tuple[str, ...],
    fit: Callable[[Path], None] = lambda _: None,
) -> Path:
    """A folder of ours with copies of packages that stand beside arena, made on first use."""
    import importlib.metadata  # costs 20 ms

    sources = [_source(package) for package in packages]
    facts = f"{importlib.metadata.version(packages[0])} {sources}"
    digest = hashlib.sha256(facts.encode()).hexdigest()
    folder = store.cache_dir() / "lent" / f"{tag}-{digest[:8]}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with scratch.folder() as beside:
        made = beside / "made"
        made.mkdir()
        for source in sources:
            target = made / source.name
            if source.is_dir():
                shutil.copytree(source, target, ignore=UNUSED)
            else:
                shutil.copy2(source, target)
        fit(made)
        # Now, since nobody may write there later: compiled anew for every run it would cost more than many suites.
        process.capture([str(python), "-I", "-m", "compileall", "-q", str(made)])
        with contextlib.suppress(OSError):  # another arena was quicker
            made.rename(folder)
    return folder


def _source(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ArenaError(f"{package} is missing beside arena. Install arena again.")
    origin = Path(spec.origin)
    return origin if spec.submodule_search_locations is None else origin.parent


def _refit_coverage(python: Path, version: str, made: Path) -> None:
    """Replaces coverage by a build for another minor version, where a package index can be reached.

    Without one the copied package may still work, with its tracer in Python: slower, same results. Where it does
    not (it is too new for that version) nothing is lent, and coverage is not measured.
    """
    fetched, copied = made / ".fetched", made / "coverage"
    # Our own pip serves an environment that has none, and the other way round.
    for pip in ([sys.executable, "--python-version", version], [str(python)]):
        pip[1:1] = ["-m", "pip", "install", "--no-deps", "--only-binary=:all:"]
        options = ["--quiet", "--no-input", "--target", str(fetched), "coverage"]
        process.capture([*pip, *options], timeout=120)
        if (fetched / "coverage").is_dir():
            store.remove_tree(copied)
            (fetched / "coverage").rename(copied)
            break
    store.remove_tree(fetched)
    code = f"import sys; sys.path.insert(0, {str(made)!r}); import coverage"
    if process.capture([str(python), "-I", "-B", "-c", code]).exit_code != 0:
        store.remove_tree(copied)


def clean_variables(
    allowed: Mapping[str, str], *, home: Path | None = None
) -> dict[str, str]:
    """The environment for code under test: platform facts, a fresh home, what the user allowed by name."""
    place = str(home or "/nonexistent")
    ours = {"HOME": place, "TMPDIR": place, "SOURCE_DATE_EPOCH": "1577836800"}
    return {**allowed_variables(PLATFORM), **FIXED, **ours, **allowed}


def allowed_variables(names: Iterable[str]) -> dict[str, str]:
    """Values of the variables that the user allowed by name (`--env`), where they are set."""
    return {name: os.environ[name] for name in names if name in os.environ}


def with_extra_path(environment: Environment, *folders: Path) -> Environment:
    """The same environment with folders behind the candidate's code."""
    path = (*environment.extra_path, *folders)
    return dataclasses.replace(environment, extra_path=path)
