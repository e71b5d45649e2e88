"""Real processes and repositories in a sealed environment: state, cache and settings lie in tmp_path."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from arena.machine import environment, git, process
from arena.machine.git import Repository
from arena.machine.process import Finished
from arena.machine.quarantine import Quarantine

DATE = "2026-01-02T03:04:05+00:00"


@pytest.fixture(autouse=True)
def _sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))
    for name in [n for n in os.environ if n.startswith("GIT_")]:
        if name != "GIT_PYTHON_REFRESH":
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    monkeypatch.setenv("GIT_AUTHOR_DATE", DATE)
    monkeypatch.setenv("GIT_COMMITTER_DATE", DATE)
    monkeypatch.setenv("ARENA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("ARENA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    (home / "gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    git._launcher.cache_clear()
    environment.describe.cache_clear()


def plain_git(at: Path, *args: str, stdin: bytes = b"") -> bytes:
    """Plain git, as the user would run it."""
    done = subprocess.run(
        ["git", *args], cwd=at, input=stdin, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass
class Project:
    """A user's repository."""

    path: Path

    def git(self, *args: str, stdin: bytes = b"") -> str:
        return plain_git(self.path, *args, stdin=stdin).decode().strip()

    def commit(self, files: dict[bytes | str, bytes | None]) -> str:
        """Commits files with raw names; None deletes."""
        for name, content in files.items():
            path = os.path.join(os.fsencode(self.path), os.fsencode(name))
            if content is None:
                os.unlink(path)
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "change")
        return self.git("rev-parse", "HEAD")

    @property
    def repo(self) -> Repository:
        return git.open_repository(self.path)

    @property
    def quarantine(self) -> Quarantine:
        return Quarantine(self.repo)


def new_project(path: Path, *options: str) -> Project:
    subprocess.run(["git", "init", "-q", "-b", "main", *options, str(path)], check=True)
    project = Project(path)
    project.commit({"a.txt": b"one\ntwo\nthree\n", "sub/b.txt": b"b\n"})
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository with one commit on main, checked out."""
    return new_project(tmp_path / "project")


@dataclass
class Ran:
    """A finished command with what it printed."""

    done: Finished
    out: bytes
    seconds: float


Start = Callable[..., Ran]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Runs a Python program through the door to processes."""

    def run(code: str | list[str], **options: object) -> Ran:
        argv = [sys.executable, "-c", code] if isinstance(code, str) else code
        named: dict[str, object] = {
            "cwd": tmp_path,
            "env": {"PATH": os.environ["PATH"]},
            "log": tmp_path / "log",
            "timeout": 20.0,
            **options,
        }
        begin = time.monotonic()
        done = process.run(argv, **named)  # type: ignore[arg-type]
        seconds = time.monotonic() - begin
        log = tmp_path / "log"
        return Ran(done, log.read_bytes() if log.exists() else b"", seconds)

    return run


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[0] != b"Z"
