"""Small programs on PATH that print what the real agents print, and act as they do."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from arena import attempts, session
from arena.agents import AGENTS, Attempt, Order, agent_environment, attempt
from arena.attempts import Tried
from arena.machine import git
from arena.patterns import compete
from arena.task import Task

PREAMBLE = """\
import json, os, pathlib, sys, time
def event(**fields): print(json.dumps(fields), flush=True)
def edit(): pathlib.Path("calc.py").write_text("def add(a, b):\\n    return a + b\\n")
pathlib.Path({seen!r}).write_text(json.dumps({{
    "argv": sys.argv, "env": dict(os.environ), "cwd": os.getcwd(),
    "stdin": os.path.realpath("/proc/self/fd/0"),
}}))
"""


class Arena(NamedTuple):
    """A worktree, a scratch folder and a folder of programs."""

    worktree: Path
    scratch: Path
    programs: Path
    seen: Path

    def install(self, name: str, body: str) -> None:
        """Puts a program on PATH."""
        program = self.programs / name
        program.write_text(
            f"#!{sys.executable} -SE\n{PREAMBLE.format(seen=str(self.seen))}{body}\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def order(self, **changes: object) -> Order:
        """An order for label `a`, with `changes`."""
        prompt_file = self.scratch.parent / "prompt.txt"
        prompt = str(changes.get("prompt", "Fix add."))
        prompt_file.write_text(prompt, encoding="utf-8", errors="surrogateescape")
        fields: dict[str, object] = {
            "label": "a", "prompt": prompt, "prompt_file": prompt_file, "worktree": self.worktree, "seed": 7,
            "scratch": self.scratch, "model": None, "suite": ("tests/test_calc.py",),
            "python": Path(sys.executable), "seconds": 60.0, "env": self.environ(),
        }  # fmt: skip
        return Order(**{**fields, **changes})  # type: ignore[arg-type]

    def environ(self, **more: str) -> dict[str, str]:
        """What the caller's own environment would be."""
        return {
            "PATH": f"{self.programs}{os.pathsep}/usr/bin:/bin",
            "HOME": "/nonexistent",
            **more,
        }

    def attempt(
        self,
        name: str,
        body: str | None = None,
        *,
        timeout: float = 20,
        silence: float | None = None,
        environ: dict[str, str] | None = None,
        **changes: object,
    ) -> Attempt:
        """Installs a program that does `body` as the agent `name` and runs it."""
        if body is not None:
            self.install(AGENTS[name].program or "my-agent", body)
        before = self.tree()
        order = self.order(
            env=agent_environment(
                (), agent=AGENTS[name], environ=self.environ(**(environ or {}))
            ),
            seconds=timeout,
            silence=silence,
            **changes,
        )
        return attempt(order, AGENTS[name], changed=lambda: self.tree() != before)

    def tree(self) -> dict[str, bytes]:
        """Every file of the worktree."""
        return {
            str(path): path.read_bytes()
            for path in self.worktree.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def arena(tmp_path: Path) -> Arena:
    places = Arena(
        tmp_path / "worktree",
        tmp_path / "scratch",
        tmp_path / "bin",
        tmp_path / "seen.json",
    )
    places.worktree.mkdir()
    places.programs.mkdir()
    (places.worktree / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    return places


@pytest.fixture
def printed(arena: Arena) -> Callable[[str, str], bytes]:
    """What the program of a recording prints, byte for byte."""

    def run(name: str, body: str) -> bytes:
        words = ("my-agent",) if name == "command" else ()
        arena.attempt(name, body, arguments=words)
        return (arena.scratch / "a.stdout.log").read_bytes()

    return run


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, str], tuple[Path, Path]]:
    """Writes stdout and stderr of an imagined run."""

    def write(stdout: str, stderr: str = "") -> tuple[Path, Path]:
        out, err = tmp_path / "out.log", tmp_path / "err.log"
        out.write_text(stdout, encoding="utf-8", errors="surrogatepass")
        err.write_text(stderr, encoding="utf-8", errors="surrogatepass")
        return out, err

    return write


@pytest.fixture
def run_git() -> Callable[..., str]:
    """Plain git in a folder, as the user would run it."""

    def run(folder: Path, *words: str) -> str:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        done = subprocess.run(
            ["git", *identity, *words],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    return run


class Place(NamedTuple):
    """A user's repository, and a program that is every entry's agent."""

    top: Path
    program: Path
    programs: Path
    git: Callable[..., str]

    def run(
        self,
        body: str,
        *,
        count: int = 1,
        task: Task | None = None,
        agent: str = "command",
        meanwhile: Callable[[session.Session], None] = lambda _: None,
        **given: Any,
    ) -> tuple[session.Session, list[Tried]]:
        """Runs `count` entries of a program that does `body`, and `meanwhile` beside them."""
        self.program.write_text(
            f"#!{sys.executable} -SE\nimport json, os, pathlib, subprocess, sys, time\n"
            f"label, seed = os.environ['ARENA_LABEL'], int(os.environ['ARENA_SEED'])\n{body}\n"
        )
        self.program.chmod(self.program.stat().st_mode | stat.S_IXUSR)
        called = self.programs / (AGENTS[agent].program or agent)
        if not called.is_symlink():
            called.symlink_to(self.program)
        settings = {"command": (str(self.program), "{prompt}"), "timeout": 20.0}
        settings["retries"] = 0
        opened = session.begin(
            self.top, mode="run", hint="x", given={**settings, **given}, config=None
        )
        what = task or Task(prompt="Fix add.")
        base = self.git("rev-parse", "HEAD")
        opened.freeze(base=base, target="refs/heads/main", labels=[])
        entries = compete.entries(what, [(agent, count)], seed=5)
        beside = threading.Thread(target=meanwhile, args=(opened,))
        beside.start()
        try:
            return opened, attempts.run_all(opened, what, entries, base=base)
        finally:
            beside.join()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_git: Any) -> Place:
    for name in ("HOME", "XDG_CONFIG_HOME", "ARENA_STATE_DIR", "ARENA_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    git._launcher.cache_clear()
    top = tmp_path / "project"
    top.mkdir()
    (top / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    (top / ".gitignore").write_text(".env\n")
    run_git(top, "init", "-q", "-b", "main")
    run_git(top, "add", "-A")
    run_git(top, "commit", "-q", "-m", "first")
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return Place(top, tmp_path / "agent", programs, lambda *words: run_git(top, *words))
