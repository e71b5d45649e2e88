"""What is run for every tree, decided once from the base: command, options, protected files, environment."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from arena.errors import ArenaError
from arena.evaluation import metadata, pytest_config
from arena.evaluation.pytest_config import PytestConfig, TestFiles
from arena.machine import cache, environment, records
from arena.machine.environment import Environment
from arena.machine.git import Repository
from arena.machine.quarantine import GITLINK, LINK, Quarantine, TreeEntry
from arena.machine.sandbox import Isolation, isolation
from arena.settings import Settings

# Reporting plugins would fight with ours; the re-ordering ones would make runs differ.
LEFT_OUT = {
    "pytest-json-report", "pytest-metadata", "pytest-randomly", "pytest-random-order", "pytest-html",
    "pytest-reportlog", "pytest-cov", "pytest-rerunfailures", "pytest-sugar", "pytest-instafail",
}  # fmt: skip
RUNNER_PARTS = {"pytest", "_pytest", "pluggy", "iniconfig", "coverage"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a test run depends on beside the tree itself.

    `kind` is pytest, or command (exit status only, or JUnit XML at `junit`); `targets` are what pytest gets as
    arguments; `roots` are folders of the tree that go on sys.path; `packages` the importable names in them;
    `required` are the files of suite, checks and held-out tests, with their content in `extra`.
    """

    kind: str
    command: str
    folder: str
    targets: tuple[str, ...]
    options: tuple[str, ...]
    config: PytestConfig
    junit: str | None
    roots: tuple[str, ...]
    packages: tuple[str, ...]
    required: tuple[str, ...]
    extra: Mapping[str, str]
    setup: str | None
    copies: tuple[str, ...]
    variables: Mapping[str, str]
    isolation: Isolation
    environment: Environment
    forbidden: tuple[Path, ...]
    timeout: float
    base_tree: str

    @property
    def key(self) -> str:
        """A hash of the plan: equal plans and equal trees have equal results."""
        facts = records.to_json(self)
        facts["environment"] = self.environment.fingerprint
        facts["variables"] = hashlib.sha256(
            repr(sorted(self.variables.items())).encode()
        ).hexdigest()
        for name in ("forbidden", "base_tree", "timeout", "command"):
            facts.pop(name)
        return cache.key(facts)


def make_plan(
    *,
    repo: Repository,
    quarantine: Quarantine,
    base_tree: str,
    settings: Settings,
    required: Mapping[str, bytes],
) -> Plan:
    """Reads the base and the settings and decides how its tests, and everybody's, are run.

    `required` maps paths in the tree to the content of suite, checks and held-out tests.
    Raises ArenaError for a configuration that can't work.
    """
    top = repo.top or repo.git_dir
    folder = project_folder(top, settings.project)
    python, why = environment.choose_python(top / folder, configured=settings.python)
    env = environment.describe(python, why)
    own = metadata.declared(lambda path: quarantine.read(base_tree, path), folder)
    if own is not None and own.normalised not in env.distributions:
        env = environment.with_extra_path(env, metadata.folder_for(own))
    entries = quarantine.entries(base_tree)
    config = pytest_config.read_config(
        lambda path: quarantine.read(base_tree, path), folder
    )
    kind, words = _command(settings)
    roots = source_roots(entries, env, top=top, folder=folder)
    plan = Plan(
        kind=kind,
        command=settings.test or "pytest",
        folder=folder,
        targets=_targets(words, config, required, folder),
        options=(*config.options, *_options(words)),
        config=config,
        junit=settings.junit,
        roots=roots,
        packages=importable(entries, roots),
        required=tuple(sorted(required)),
        extra={path: _digest(content) for path, content in required.items()},
        setup=settings.judge_setup,
        copies=tuple(settings.judge_copy),
        variables=environment.allowed_variables(settings.env),
        isolation=isolation(
            allow_network=settings.allow_network, wanted=settings.isolation != "none"
        ),
        environment=env,
        forbidden=tuple({top, Path(os.path.realpath(top))}) if repo.top else (),
        timeout=settings.test_timeout,
        base_tree=base_tree,
    )
    if (
        kind == "pytest"
        and "pytest" not in env.distributions
        and "pytest" not in plan.packages
    ):
        raise ArenaError(
            f"pytest is not installed for {python} ({why}). Install it there, or name the project's "
            "interpreter with --python, or another test command with --test."
        )
    return plan


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def project_folder(top: Path, project: str | None) -> str:
    """The project's folder inside the repository ('' is its root). Raises ArenaError if it is not there."""
    if not project:
        return ""
    path = Path(os.path.realpath(top / project))
    if not path.is_dir() or not path.is_relative_to(os.path.realpath(top)):
        raise ArenaError(f"--project {project}: no such folder in the repository.")
    relative = path.relative_to(os.path.realpath(top)).as_posix()
    return "" if relative == "." else relative


def _command(settings: Settings) -> tuple[str, list[str]]:
    """(kind, pytest's arguments): any spelling of a pytest call is run by our runner."""
    words = shlex.split(settings.test) if settings.test else ["pytest"]
    if settings.junit:
        return "command", []
    if words[0] in ("pytest", "py.test"):
        return "pytest", words[1:]
    if words[1:3] == ["-m", "pytest"] and "python" in Path(words[0]).name:
        return "pytest", words[3:]
    return "command", []


def _options(words: list[str]) -> tuple[str, ...]:
    return pytest_config.filter_options(_split(words)[0])


def _targets(
    words: list[str], config: PytestConfig, required: Mapping[str, bytes], folder: str
) -> tuple[str, ...]:
    """pytest's arguments, relative to the project's folder."""
    here = config_folder(config, folder) == folder
    targets = _split(words)[1] or (list(config.testpaths) if here else ["."])
    if not required:
        return tuple(targets)
    if not targets:
        targets = ["."]
    covered = tuple(os.path.normpath(t) for t in targets)
    extra = []
    for path in sorted(required):
        relative = os.path.relpath(path, folder or ".")
        if not path.endswith(".py") or path.endswith("conftest.py"):
            continue
        # A hidden folder is collected only when it is named.
        hidden = any(part.startswith(".") for part in relative.split("/"))
        if hidden or not any(
            c in (".", relative) or relative.startswith(c + "/") for c in covered
        ):
            extra.append(relative)
    return (*targets, *extra)


def config_folder(config: PytestConfig, folder: str) -> str:
    """The folder that test ids are relative to: that of the configuration, else the project's."""
    return folder if config.source is None else config.source.rpartition("/")[0]


VALUED = (
    "-k",
    "-m",
    "-p",
    "-o",
    "-W",
    "--ignore",
    "--deselect",
    "--import-mode",
    "--timeout",
    "--ignore-glob",
)


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """(options, file and folder arguments) of a pytest command line."""
    options: list[str] = []
    named: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in VALUED:
            options += [word, next(rest, "")]
        elif word.startswith("-"):
            options.append(word)
        else:
            named.append(word)
    return options, named


def source_roots(
    entries: list[TreeEntry], env: Environment, *, top: Path, folder: str
) -> tuple[str, ...]:
    """Folders of the tree that must be importable: where editable installs point, src/, the project's root."""
    paths = [entry.path for entry in entries]
    real = Path(os.path.realpath(top))
    found = [
        root.relative_to(real).as_posix()
        for root in env.editable_roots
        if root.is_relative_to(real) and not root.is_relative_to(env.prefix)
    ]
    prefix = f"{folder}/" if folder else ""
    if any(path.startswith(f"{prefix}src/") for path in paths):
        found.append(f"{prefix}src")
    found.append(folder or ".")
    there = {"", "."} | {
        "/".join(p.split("/")[:n]) for p in paths for n in range(1, p.count("/") + 1)
    }
    return tuple(dict.fromkeys(root for root in found if root in there))


def importable(entries: list[TreeEntry], roots: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the packages and modules directly in the roots, tests and build scripts left out."""
    names = set()
    for entry in entries:
        for root in roots:
            prefix = "" if root == "." else root + "/"
            if entry.mode in (LINK, GITLINK) or not entry.path.startswith(prefix):
                continue
            parts = entry.path[len(prefix) :].split("/")
            if len(parts) == 2 and parts[1] == "__init__.py":
                names.add(parts[0])
            elif len(parts) == 1 and parts[0].endswith(".py"):
                names.add(parts[0][:-3])
    build = {
        "setup",
        "conftest",
        "noxfile",
        "tasks",
        "test",
        "tests",
        "docs",
        "conf",
        "__init__",
        "__main__",
    }
    return tuple(sorted(name for name in names - build if not name.startswith("test_")))


def plugin_options(plan: Plan) -> tuple[str, ...]:
    """The `-p` arguments: every plugin installed in the project's environment, named explicitly."""
    return tuple(
        plugin.name
        for plugin in plan.environment.plugins
        if plugin.distribution.lower().replace("_", "-") not in LEFT_OUT
    )


def self_hosted(plan: Plan) -> bool:
    """Whether the project is itself a part of the test runner, so that its own code must run the tests."""
    return bool(RUNNER_PARTS & set(plan.packages))


def test_files(plan: Plan, quarantine: Quarantine) -> TestFiles:
    """The rule that tells tests from source, by the base."""
    return TestFiles(plan.config, [e.path for e in quarantine.entries(plan.base_tree)])


CONFIG_NAMES = (
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    "tox.ini",
    ".coveragerc",
)


def gate_tree(
    plan: Plan, quarantine: Quarantine, tree: str, *, required: Mapping[str, bytes]
) -> str:
    """The tree that is judged: the candidate's source with the base's tests, conftests and runner configuration.

    Test files that only the candidate has are left out; suite, checks and held-out tests are put in.
    """
    files = test_files(plan, quarantine)

    def protected(path: str) -> bool:
        return files.is_test(path) or path.rpartition("/")[2] in CONFIG_NAMES

    theirs = {e.path: e for e in quarantine.entries(tree) if protected(e.path)}
    ours = {e.path: e for e in quarantine.entries(plan.base_tree) if protected(e.path)}
    put = [entry for path, entry in ours.items() if theirs.get(path) != entry]
    drop = [path for path in theirs if path not in ours]
    return quarantine.edit(tree, put=put, drop=drop, files=required)
