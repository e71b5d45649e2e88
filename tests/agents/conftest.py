"""Small programs on PATH that print what the real agents print, and act as they do."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from arena.agents import AGENTS, Attempt, Order, agent_environment, attempt

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
