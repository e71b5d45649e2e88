"""The real command line on real repositories: `python -m arena` in a subprocess, HOME and state sealed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tiny import CALC, TESTS, sealed

ARENA = [sys.executable, "-P", "-m", "arena"]
WORSE = "values[2:]"  # mends nothing, breaks nothing
MENDED = "values"
BROKEN = "values[1:] or [1]"  # what passed before fails


@dataclass(frozen=True)
class Project:
    """A user's repository, and the environment in which its user calls arena."""

    path: Path
    env: dict[str, str]

    def arena(self, *words: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        """One call of the command line."""
        return self.program(*ARENA, *words, **options)

    def full(self, mount: str, *words: Any) -> subprocess.CompletedProcess[str]:
        """A call with private mounts, which `mount` makes."""
        script = ["unshare", "-rm", "sh", "-c", f'{mount} && exec "$@"', "sh"]
        return self.program(*script, *ARENA, *words)

    def program(self, *words: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        """One call of any program, as the user makes it."""
        fixed = {"cwd": self.path, "env": self.env, "text": True, "timeout": 240}
        command = [str(word) for word in words]
        stdin = {} if "input" in options else {"stdin": subprocess.DEVNULL}
        return subprocess.run(
            command, capture_output=True, check=False, **fixed | stdin | options
        )

    def start(self, *words: Any, **options: Any) -> subprocess.Popen[str]:
        """A call that goes on while the test does something else."""
        pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
        command = [*ARENA, *map(str, words)]
        options = {"cwd": self.path, "env": self.env, "text": True} | pipes | options
        return subprocess.Popen(command, **{"stdin": subprocess.DEVNULL} | options)

    def told(self, *words: Any, code: int = 0) -> str:
        """What a call prints on stdout; its exit code must be `code`."""
        done = self.arena(*words)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stderr}"
        return done.stdout

    def json(self, *words: Any, code: int = 0) -> Any:
        """The one document that a call prints."""
        return json.loads(self.told(*words, "--json", code=code))

    def refused(self, *words: Any, **options: Any) -> str:
        """The complaint of a call that must fail with exit code 2 and change nothing at all."""
        before = self.everything()
        done = self.arena(*words, **options)
        assert done.returncode == 2, f"{words}: {done.returncode}\n{done.stderr}"
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert self.everything() == before
        return done.stderr.strip().splitlines()[-1]

    def git(self, *words: Any) -> str:
        """Plain git, as the user runs it."""
        done = self.program("git", *words)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout.strip()

    def commit(self, message: str, **files: str) -> str:
        """Commits files; a double underscore in a name is a slash, a single one before the end a dot."""
        for name, text in files.items():
            path = self.path / name.replace("__", "/").replace("_py", ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, text: str) -> None:
        """A branch on main with another way to write the sum."""
        self.git("checkout", "-q", "-b", name, "main")
        self.commit(name, calc_py=CALC.replace("values[1:]", text))
        self.git("checkout", "-q", "main")

    def with_env(self, **values: str | None) -> Project:
        """The same project, called from another environment; None takes a variable away."""
        env = {k: v for k, v in (self.env | values).items() if v is not None}
        return replace(self, env=env)

    def events(self, run: str) -> list[dict[str, Any]]:
        """The journal of a run."""
        [path] = Path(self.env["ARENA_STATE_DIR"]).glob(f"*/runs/{run}/journal.log")
        lines = path.read_text(encoding="utf-8").splitlines()
        return [json.loads(line.partition(" ")[2]) for line in lines]

    def everything(self) -> dict[str, Any]:
        """All that a refused command must leave alone: refs, index, config, files, runs."""
        common = self.path / ".git" if (self.path / ".git").is_dir() else self.path
        refs = [common / "packed-refs", *sorted((common / "refs").rglob("*"))]
        files = [p for p in self.path.rglob("*") if ".git" not in p.parts]
        kept = [common / name for name in ("HEAD", "index", "config")] + refs + files
        runs = Path(self.env["ARENA_STATE_DIR"]).glob("*/runs/*")
        return {
            "runs": sorted(runs),
            **{str(p): p.read_bytes() for p in kept if p.is_file()},
        }


def build(place: Path, cache: Path) -> Project:
    """The tiny project: main with one failing test, `good` mends it, `worse` does not, `broken` breaks another."""
    path = place / "project"
    path.mkdir(parents=True)
    project = Project(path=path, env=sealed(place, cache))
    project.git("init", "-q")
    (path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\npythonpath = ["."]\n'
    )
    project.commit("first", calc_py=CALC, tests__test_calc_py=TESTS)
    project.branch("good", MENDED)
    project.branch("worse", WORSE)
    project.branch("broken", BROKEN)
    return project


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of test results for all: the same commits need not be tested twice."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Project:
    return build(tmp_path_factory.mktemp("template"), cache)


@pytest.fixture(scope="session")
def fresh(template: Project, cache: Path) -> Callable[[Path], Project]:
    """Makes a project of its own in a folder."""

    def make(place: Path) -> Project:
        shutil.copytree(template.path, place / "project")
        return Project(path=place / "project", env=sealed(place, cache))

    return make


@pytest.fixture
def project(fresh: Callable[[Path], Project], tmp_path: Path) -> Project:
    """A project of its own for one test."""
    return fresh(tmp_path)


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Project:
    """A project with one judged run, for commands that only look."""
    project = build(tmp_path_factory.mktemp("judged"), cache)
    project.told("judge", "good", "worse")
    return project
