"""The project's Python: found, described, and lent our measuring plugins without installing anything into it."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from arena.errors import ArenaError, one_line
from arena.machine import process, records, store

DESCRIBE = Path(__file__).parent / "inside" / "describe.py"
# What the judge lends to a project's Python; the distribution's name and what of it is imported.
LENT = {
    "pytest-json-report": ("pytest_jsonreport",),
    "pytest-metadata": ("pytest_metadata",),
    "coverage": ("coverage",),
}
PLATFORM_VARIABLES = ("PATH", "SYSTEMROOT", "COMSPEC", "PATHEXT", "LD_LIBRARY_PATH")


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
    `extra_path` are folders that go behind the candidate's code (the project's metadata, for instance).
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
    active = os.environ.get("VIRTUAL_ENV")
    places = [(Path(active), "the active virtual environment")] if active else []
    places += [(top / name, f"{name} in the repository") for name in (".venv", "venv")]
    for folder, why in places:
        for name in ("bin/python", "Scripts/python.exe"):
            if (folder / name).is_file():
                return folder / name, why
    return Path(sys.executable), "arena's own interpreter"


@functools.cache
def describe(python: Path, found: str) -> Environment:
    """Asks an interpreter about itself and prepares the plugins for its minor version.

    Raises ArenaError if it does not answer, or has no pytest.
    """
    said = process.capture(
        [str(python), "-I", str(DESCRIBE)], env=clean_variables({}), timeout=60
    )
    try:
        facts = json.loads(said.stdout)
    except ValueError:
        raise ArenaError(
            f"{python} does not work as an interpreter: {one_line(said.stderr) or 'no answer'}. "
            "Name another with --python."
        ) from None
    tag = facts["cache_tag"]
    return Environment(
        python=python,
        found=found,
        version=facts["version"],
        cache_tag=tag,
        prefix=Path(facts["prefix"]),
        base_prefix=Path(facts["base_prefix"]),
        path=tuple(map(Path, facts["path"])),
        site=tuple(map(Path, facts["site"])),
        plugins=tuple(
            Plugin(distribution=d, name=n, module=m) for d, n, m in facts["plugins"]
        ),
        distributions=facts["distributions"],
        editable_roots=tuple(map(Path, facts["editable_roots"])),
        lent=_lend(python, tag),
    )


def _lend(python: Path, tag: str) -> Path:
    """The private folder with our plugins for one minor version, made on first use."""
    versions = "-".join(f"{name}-{_version(name)}" for name in sorted(LENT))
    digest = hashlib.sha256(versions.encode()).hexdigest()[:8]
    folder = store.cache_dir() / "lent" / f"{tag}-{digest}"
    if folder.is_dir():
        return folder
    beside = folder.with_name(f"{folder.name}.tmp.{os.getpid()}")
    store.remove_tree(beside)
    beside.mkdir(parents=True)
    for packages in LENT.values():
        for package in packages:
            _copy_package(package, beside)
    if tag != sys.implementation.cache_tag:
        _fetch_coverage(python, beside)
    try:
        beside.rename(folder)
    except OSError:  # another arena was quicker
        store.remove_tree(beside)
    return folder


def _version(distribution: str) -> str:
    import importlib.metadata

    return importlib.metadata.version(distribution)


def _copy_package(package: str, target: Path) -> None:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ArenaError(f"{package} is missing beside arena. Install arena again.")
    source = Path(next(iter(spec.submodule_search_locations)))
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, target / package, ignore=ignore)


def _fetch_coverage(python: Path, target: Path) -> None:
    """Replaces coverage by a build for another minor version, where a package index can be reached.

    An interpreter that our release has left behind gets the newest release that knows it. Without an index the
    copied package still works where its syntax does, with its tracer in Python; else there is no coverage.
    """
    options = ("--no-deps", "--only-binary=:all:", "--quiet", "--no-input")
    beside = target / ".coverage"
    for wanted in (f"coverage=={_version('coverage')}", "coverage"):
        pip = [str(python), "-m", "pip", "install", *options, "--target", str(beside)]
        said = process.capture([*pip, wanted], timeout=120)
        if said.exit_code == 0 and (beside / "coverage").is_dir():
            store.remove_tree(target / "coverage")
            (beside / "coverage").rename(target / "coverage")
            break
    store.remove_tree(beside)
    probe = f"import sys; sys.path.insert(0, {str(target)!r}); import coverage"
    if process.capture([str(python), "-I", "-B", "-c", probe]).exit_code != 0:
        store.remove_tree(target / "coverage")


def clean_variables(
    allowed: Mapping[str, str], *, home: Path | None = None
) -> dict[str, str]:
    """The environment for code under test: platform facts, a fresh home, what the user allowed by name."""
    found = {k: os.environ[k] for k in PLATFORM_VARIABLES if k in os.environ}
    place = str(home) if home else "/nonexistent"
    return {
        **found,
        "HOME": place,
        "TMPDIR": place,
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "1577836800",
        **allowed,
    }


def allowed_variables(names: Iterable[str]) -> dict[str, str]:
    """Values of the variables that the user allowed by name (`--env`), where they are set."""
    return {name: os.environ[name] for name in names if name in os.environ}


def with_extra_path(environment: Environment, *folders: Path) -> Environment:
    """The same environment with folders behind the candidate's code."""
    data = records.to_json(environment)
    data["extra_path"] = [*data["extra_path"], *map(str, folders)]
    return records.from_json(Environment, data)
