"""Real projects from the package index, as repositories with branches, and environments of their own for them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


def run(*words: object, cwd: Path | None = None, **named: Any) -> str:
    """Standard output of a command that must succeed."""
    argv = [str(word) for word in words]
    done = subprocess.run(
        argv, cwd=cwd, capture_output=True, text=True, check=False, **named
    )
    assert done.returncode == 0, f"{argv}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@dataclass(frozen=True)
class Project:
    """A repository made from a source distribution, with its base on `main`."""

    path: Path

    def git(self, *words: str) -> str:
        """Plain git in the repository."""
        settings = (
            "-c",
            "user.name=Ada",
            "-c",
            "user.email=ada@example.org",
            "-c",
            "commit.gpgsign=false",
        )
        return run("git", *settings, *words, cwd=self.path).strip()

    def branch(self, name: str, edits: Mapping[str, tuple[str, str]]) -> None:
        """A branch from main on which each file has its first text replaced by the second."""
        self.git("checkout", "-q", "-b", name, "main")
        for path, (old, new) in edits.items():
            text = (self.path / path).read_text(encoding="utf-8")
            assert text.count(old) >= 1, f"{path} has no {old!r}"
            (self.path / path).write_text(text.replace(old, new, 1), encoding="utf-8")
        self.git("commit", "-q", "-a", "-m", name)
        self.git("checkout", "-q", "main")


@dataclass(frozen=True)
class Judged:
    """What `arena judge` said, and the run's journal."""

    exit_code: int
    said: dict[str, Any]
    errors: str
    journal: list[dict[str, Any]]

    def measured(self, label: str, name: str) -> Any:
        """One value of one candidate."""
        (found,) = [c for c in self.said["candidates"] if c["label"] == label]
        return found["measurements"][name]["value"]

    def processes(self, role: str) -> int:
        """How many processes were started in a role."""
        found = [e for e in self.journal if e["kind"] == "process"]
        return sum(e["data"]["role"] == role for e in found)


@pytest.fixture(scope="session")
def project(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Project]:
    """Makes a repository from `name==version`'s source distribution; `ignored` files stay out of its commits."""

    def make(pinned: str, *, ignored: tuple[str, ...] = ()) -> Project:
        place = tmp_path_factory.mktemp("project")
        words = ("download", "--quiet", "--no-deps", "--no-binary=:all:", "--dest")
        run(sys.executable, "-m", "pip", *words, place / "sdist", pinned)
        (archive,) = (place / "sdist").glob("*.tar.gz")
        with tarfile.open(archive) as packed:
            packed.extractall(place / "unpacked", filter="data")
        (folder,) = (place / "unpacked").iterdir()
        made = Project(path=place / "repository")
        shutil.move(folder, made.path)
        (made.path / ".gitignore").write_text(
            "\n".join(["*.so", "build/", "*.egg-info/", "reports/", *ignored]) + "\n"
        )
        made.git("init", "-q", "-b", "main")
        made.git("add", "-A")
        made.git("commit", "-q", "-m", "base")
        return made

    return make


@pytest.fixture
def small_project(tmp_path: Path) -> Callable[[Mapping[str, str]], Project]:
    """Makes a repository of these files."""

    def make(files: Mapping[str, str]) -> Project:
        made = Project(path=tmp_path / "small")
        for name, text in files.items():
            path = made.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        made.git("init", "-q", "-b", "main")
        made.git("add", "-A")
        made.git("commit", "-q", "-m", "base")
        return made

    return make


@pytest.fixture(scope="session")
def environment(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Path]:
    """Makes a virtual environment with these pip arguments; its interpreter."""

    def make(*packages: object, python: str = sys.executable) -> Path:
        folder = tmp_path_factory.mktemp("environment") / "env"
        run(python, "-m", "venv", folder)
        made = folder / "bin" / "python"
        run(made, "-m", "pip", "install", "-q", "--no-input", *packages)
        return made

    return make


@pytest.fixture(scope="session")
def installed() -> Callable[[Path], tuple[str, list[str]]]:
    """Tells of an environment: (pip's list, every file in site-packages)."""

    def tell(python: Path) -> tuple[str, list[str]]:
        code = "import sysconfig; print(sysconfig.get_path('purelib'))"
        site = Path(run(python, "-c", code).strip())
        # What tests and arena import may leave bytecode; an installation leaves more.
        files = [p.relative_to(site) for p in site.rglob("*")]
        kept = sorted(str(p) for p in files if "__pycache__" not in p.parts)
        return run(python, "-m", "pip", "freeze", "--all"), kept

    return tell


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., Judged]:
    """Runs `arena judge`, or another command, in a project, sealed from the machine's settings."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "ARENA_", "VIRTUAL_ENV", "PYTHON"))
    }
    env |= {
        "ARENA_STATE_DIR": str(tmp_path / "state"),
        "ARENA_CACHE_DIR": str(tmp_path / "cache"),
        "HOME": str(tmp_path),
    }

    def start(
        project: Project,
        *words: object,
        command: str = "judge",
        expected: int | None = None,
    ) -> Judged:
        argv = [sys.executable, "-P", "-m", "arena", command, "--json"]
        argv += [str(word) for word in words]
        done = subprocess.run(
            argv,
            cwd=project.path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        allowed = (0, 1) if expected is None else (expected,)
        assert done.returncode in allowed, done.stderr
        if done.returncode > 1:
            return Judged(done.returncode, {}, done.stderr, [])
        said = json.loads(done.stdout)
        (folder,) = (tmp_path / "state").glob(f"*/runs/{said['run']}")
        lines = (folder / "journal.log").read_text(encoding="utf-8").splitlines()
        journal = [json.loads(line.partition(" ")[2]) for line in lines]
        return Judged(done.returncode, said, done.stderr, journal)

    return start


def interpreters() -> dict[int, str]:
    """Interpreters by minor version: our own, and what the machine has beside it."""
    found = {sys.version_info[1]: sys.executable}
    for minor in range(8, 15):
        places = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"))
        named = shutil.which(f"python3.{minor}")
        for place in [*map(str, places), *([named] if named else [])]:
            check = f"import sys, ensurepip; assert sys.version_info[1] == {minor}"
            probe = subprocess.run(
                [place, "-c", check], capture_output=True, check=False
            )
            if probe.returncode == 0:
                found.setdefault(minor, place)
    return found


@pytest.fixture(scope="session")
def other_python() -> str:
    """An interpreter of another minor version that arena supports, if the machine has one; else ours."""
    found = interpreters()
    here = sys.version_info[1]
    others = [minor for minor in found if minor >= 11 and minor != here]
    return found[min(others)] if others else found[here]


@pytest.fixture(scope="session")
def oldest_python() -> str:
    """The oldest interpreter of the machine, from 3.8 on: older than arena itself can run on, if there is one."""
    found = interpreters()
    return found[min(found)]
