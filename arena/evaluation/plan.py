"""What is run for every tree, decided once from the base: command, options, protected files, environment."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from arena.errors import ArenaError
from arena.evaluation import grading, metadata, pytest_config
from arena.evaluation.pytest_config import PytestConfig, TestFiles
from arena.machine import cache, environment
from arena.machine.changes import GITLINK, LINK
from arena.machine.environment import Environment
from arena.machine.quarantine import Quarantine, TreeEntry
from arena.machine.sandbox import Isolation, isolation
from arena.session import Session
from arena.settings import Settings
from arena.task import Task

# Reporting plugins would fight with ours; the re-ordering ones would make runs differ.
LEFT_OUT = {
    "pytest-json-report", "pytest-metadata", "pytest-randomly", "pytest-random-order", "pytest-html",
    "pytest-reportlog", "pytest-cov", "pytest-rerunfailures", "pytest-sugar", "pytest-instafail",
}  # fmt: skip
RUNNER_PARTS = {"pytest", "_pytest", "pluggy", "iniconfig", "coverage"}
# Modules at a root that are no part of what the project offers.
BUILD = {
    "setup", "conftest", "noxfile", "tasks", "test", "tests", "docs", "conf", "__init__", "__main__",
}  # fmt: skip
CONFIG_NAMES = (*(name for name, section in pytest_config.FILES if section == "pytest"), ".coveragerc")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a test run depends on beside the tree itself.

    `kind` is pytest, or command (exit status only, or JUnit XML); `targets` are what pytest gets as arguments;
    `files` tells tests from source; `roots` are folders of the tree that go on sys.path; `packages` the importable
    names in them; `programs` the project's commands with their functions; `required` maps the files of suite, checks
    and held-out tests to their content, of which `checks` are graded by assertion, and `authors` names the testers of
    some; `copies` maps ignored files of the checkout `top` that every tree needs to a hash of their content.
    """

    kind: str
    command: str
    top: Path
    folder: str
    targets: tuple[str, ...]
    options: tuple[str, ...]
    config: PytestConfig
    files: TestFiles
    roots: tuple[str, ...]
    packages: tuple[str, ...]
    programs: Mapping[str, str]
    required: Mapping[str, bytes]
    checks: frozenset[str]
    authors: Mapping[str, str]
    copies: Mapping[str, str]
    variables: Mapping[str, str]
    isolation: Isolation
    environment: Environment
    forbidden: tuple[Path, ...]
    base_tree: str
    settings: Settings

    @property
    def key(self) -> str:
        """A hash of the plan: equal plans and equal trees have equal results."""
        # How a call of pytest was spelt does not matter: targets and options say what it means.
        command = self.command if self.kind == "command" else "pytest"
        ini = pytest_config.ini_text(self.config, pythonpath=self.config.pythonpath)
        variables = hashlib.sha256(repr(sorted(self.variables.items())).encode())
        return cache.key(
            command, self.folder, self.targets, self.options, self.rootdir, ini, self.settings.junit, self.roots,
            self.packages, self.settings.judge_setup, self.copies, variables.hexdigest(), self.isolation.words,
            self.plugins,
        )  # fmt: skip

    @property
    def rootdir(self) -> str:
        """The folder that test ids are relative to: that of the configuration, else the project's."""
        return rootdir(self.config, self.folder)

    def path_of(self, test: str) -> str:
        """Where the file of a test stands in the tree; `test` is an id, or the part of one before "::"."""
        name = test.partition("::")[0]
        return f"{self.rootdir}/{name}" if self.rootdir else name

    @property
    def plugins(self) -> tuple[str, ...]:
        """Entry points of the pytest plugins in the project's environment that are used, named explicitly."""
        return tuple(
            plugin.name
            for plugin in self.environment.plugins
            if plugin.distribution.lower().replace("_", "-") not in LEFT_OUT
        )

    @property
    def runner_parts(self) -> tuple[str, ...]:
        """Packages of the project that are part of the test runner, so that its own code must run the tests."""
        return tuple(name for name in self.packages if name in RUNNER_PARTS)


def make_plan(session: Session, base_tree: str, task: Task) -> Plan:
    """Reads the base and the settings and decides how its tests, and everybody's, are run.

    Raises ArenaError for a configuration that can't work.
    """
    settings, quarantine, top = session.settings, session.quarantine, session.top
    checks = {path: grading.graded(text) for path, text in task.checks.items()}
    required = {**task.required, **checks}

    def read(path: str) -> bytes | None:
        return quarantine.read(base_tree, path)

    folder = project_folder(top, settings.project)
    env = _environment(settings, read, top, folder)
    entries = quarantine.entries(base_tree)
    config = pytest_config.read_config(read, folder)
    kind, words = _command(settings)
    options, named = pytest_config.split(pytest_config.filter_options(words))
    roots = source_roots(entries, env, top, folder)
    checkout, boxed = session.repo.top is not None, settings.isolation != "none"
    plan = Plan(
        kind=kind,
        command=settings.test or "pytest",
        top=top,
        folder=folder,
        targets=_targets(named, config, required, folder),
        options=(*config.options, *options),
        config=config,
        files=TestFiles(config, [entry.path for entry in entries]),
        roots=roots,
        packages=importable(entries, roots),
        programs=metadata.programs(read, folder),
        required=required,
        checks=frozenset(checks),
        authors=task.authors,
        copies=_generated(top, settings.judge_copy) if checkout else {},
        variables=environment.allowed_variables(settings.env),
        isolation=isolation(allow_network=settings.allow_network, wanted=boxed),
        environment=env,
        forbidden=tuple({top, Path(os.path.realpath(top))}) if checkout else (),
        base_tree=base_tree,
        settings=settings,
    )
    there = {*env.distributions, *plan.packages}
    if "pytest" not in there and kind == "command" and required:
        return replace(plan, environment=environment.with_pytest(env))
    if kind == "pytest" and "pytest" not in there:
        raise ArenaError(
            f"pytest is not installed for {env.python} ({env.found}). Install it there, or name the project's "
            "interpreter with --python, or another test command with --test."
        )
    return plan


def ask_interpreter(session: Session) -> None:
    """Asks the project's interpreter about itself; the plan finds the answer kept. Raises ArenaError as the plan."""
    settings = session.settings
    folder = project_folder(session.top, settings.project)
    place = session.top / folder
    environment.describe(*environment.choose_python(place, configured=settings.python))


def _environment(
    settings: Settings, read: metadata.Reader, top: Path, folder: str
) -> Environment:
    """The project's environment, with the project's metadata if it is not installed there."""
    python, why = environment.choose_python(top / folder, configured=settings.python)
    env = environment.describe(python, why)
    own = metadata.declared(read, folder)
    if own is None or own.normalised in env.distributions:
        return env
    return environment.with_extra_path(env, metadata.folder_for(own))


def _generated(top: Path, patterns: Sequence[str]) -> dict[str, str]:
    found = {path for pattern in patterns for path in top.glob(pattern)}
    return {
        path.relative_to(top).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(found)
        if path.is_file() and not path.is_symlink()
    }


def project_folder(top: Path, project: str | None) -> str:
    """The project's folder inside the repository ('' is its root). Raises ArenaError if it is not there."""
    real = Path(os.path.realpath(top))
    path = Path(os.path.realpath(top / (project or "")))
    if not path.is_dir() or not path.is_relative_to(real):
        raise ArenaError(f"--project {project}: no such folder in the repository.")
    return "" if path == real else path.relative_to(real).as_posix()


def _command(settings: Settings) -> tuple[str, list[str]]:
    """(kind, pytest's arguments): any spelling of a pytest call is run by our runner."""
    words = shlex.split(settings.test or "pytest")
    if settings.junit is None and words[0] in ("pytest", "py.test"):
        return "pytest", words[1:]
    python = "python" in Path(words[0]).name and words[1:3] == ["-m", "pytest"]
    return ("pytest", words[3:]) if python and not settings.junit else ("command", [])


def _targets(
    named: Sequence[str], config: PytestConfig, required: Mapping[str, bytes], folder: str
) -> tuple[str, ...]:  # fmt: skip
    """pytest's arguments, relative to the project's folder."""
    here = rootdir(config, folder) == folder
    targets = named or (config.testpaths if here else ["."])
    if not required:
        return tuple(targets)
    targets = targets or ["."]
    covered = [os.path.normpath(target) for target in targets]

    def collected(path: str) -> bool:
        # A hidden folder is collected only when it is named.
        hidden = any(part.startswith(".") for part in path.split("/"))
        inside = (c in (".", path) or path.startswith(c + "/") for c in covered)
        return not hidden and any(inside)

    paths = [os.path.relpath(path, folder or ".") for path in test_modules(required)]
    return (*targets, *(path for path in paths if not collected(path)))


def test_modules(paths: Mapping[str, bytes]) -> list[str]:
    """The files that hold tests, without conftests and data."""
    apart = ("conftest.py", "__init__.py")
    return sorted(p for p in paths if p.endswith(".py") and not p.endswith(apart))


def rootdir(config: PytestConfig, folder: str) -> str:
    """The folder that test ids are relative to: that of the configuration, else the project's."""
    return folder if config.source is None else config.source.rpartition("/")[0]


def source_roots(
    entries: Sequence[TreeEntry], env: Environment, top: Path, folder: str
) -> tuple[str, ...]:
    """Folders of the tree that must be importable: where editable installs point, src/, the project's root."""
    real = Path(os.path.realpath(top))
    inside = (r for r in env.editable_roots if r.is_relative_to(real))
    installed = [r for r in inside if not r.is_relative_to(env.prefix)]
    found = [root.relative_to(real).as_posix() for root in installed]
    found += [f"{folder}/src" if folder else "src", folder or "."]
    parents = (PurePosixPath(entry.path).parents for entry in entries)
    there = {str(parent) for above in parents for parent in above} | {"."}
    return tuple(dict.fromkeys(root for root in found if root in there))


def importable(entries: Sequence[TreeEntry], roots: Sequence[str]) -> tuple[str, ...]:
    """Names of the packages and modules directly in the roots, tests and build scripts left out."""
    names = set()
    for entry in entries:
        path = PurePosixPath(entry.path)
        if path.suffix != ".py" or entry.mode in (LINK, GITLINK):
            continue
        offered = path.parent if path.name == "__init__.py" else path
        if str(offered.parent) in roots:
            names.add(offered.stem)
    named = (n for n in names - BUILD if n and not n.startswith("test_"))
    return tuple(sorted(named))


def gate_tree(plan: Plan, quarantine: Quarantine, tree: str) -> str:
    """The tree that is judged: the candidate's source with the base's tests, conftests and runner configuration.

    Test files that only the candidate has are left out; suite, checks and held-out tests are put in.
    """

    def protected(place: str) -> dict[str, TreeEntry]:
        is_test = plan.files.is_test
        found = {entry.path: entry for entry in quarantine.entries(place)}
        return {
            path: entry
            for path, entry in found.items()
            if is_test(path) or path.rpartition("/")[2] in CONFIG_NAMES
        }

    ours, theirs = protected(plan.base_tree), protected(tree)
    put = [entry for path, entry in ours.items() if theirs.get(path) != entry]
    drop = [path for path in theirs if path not in ours]
    return quarantine.edit(tree, put=put, drop=drop, files=plan.required)
