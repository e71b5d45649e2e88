"""A user's repository with everything in it that could be lost, and the real command line called on it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tiny import sealed

tripwire = sys.modules["badinput_tripwire"]

ARENA = [sys.executable, "-P", "-m", "arena"]
CALC = '"""Sums."""\n\n\ndef total(values):\n    """Sum of values."""\n    return sum(values[1:])\n'
MENDED = CALC.replace("values[1:]", "values")
WORSE = CALC.replace("values[1:]", "values[2:]")
TESTS = """from calc import total


def test_total():
    assert total([1, 2, 3]) == 6


def test_nothing():
    assert total([]) == 0
"""
BASE = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
    "calc.py": CALC,
    "tests/test_calc.py": TESTS,
    ".gitignore": "*.log\nbuild/\ndist/\n__pycache__/\n",
}
# What git does in a repository whose current branch is fast-forwarded.
LANDED = (
    r"\.git/(logs/)?(refs/heads/main|HEAD)",
    r"\.git/index",
    r"calc\.py",
)
# The same, of the run that is judged beforehand.
ADDED = (*LANDED, r"new\.(txt|log)", "dist")
HOOKS = "post-checkout post-merge reference-transaction pre-commit post-index-change"
Content = str | bytes | None


@dataclass(frozen=True)
class Done:
    """One call of the command line that has ended."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)

    @property
    def last(self) -> str:
        """The last line on stderr: the complaint."""
        return self.err.strip().splitlines()[-1]

    @property
    def winner(self) -> str | None:
        return self.document["verdict"]["winner"]

    def candidate(self, label: str) -> Any:
        """What the document says of a candidate."""
        (found,) = [c for c in self.document["candidates"] if c["label"] == label]
        return found

    def flags(self, label: str) -> dict[str, str]:
        """Flag → grade, of a candidate."""
        return {f["id"]: f["grade"] for f in self.candidate(label)["flags"]}


@dataclass(frozen=True)
class World:
    """The repository at `path`; `place` holds everything of one test; `roots` are what must not change."""

    place: Path
    path: Path
    env: Mapping[str, str]
    extra: tuple[Path, ...] = ()
    folder: Path | None = None
    config: Path | None = None
    before: list[str] = field(default_factory=list)

    @property
    def roots(self) -> tuple[Path, ...]:
        return (self.path, self.place / "home", self.place / "tmp", *self.extra)

    # The user.

    def program(self, *words: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        """One call of any program."""
        fixed = {"cwd": self.folder or self.path, "env": self.env, "timeout": 240}
        stdin = {} if "input" in options else {"stdin": subprocess.DEVNULL}
        return subprocess.run(
            [word if isinstance(word, bytes) else str(word) for word in words],
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
            **fixed | stdin | options,
        )

    def git(self, *words: Any, code: int | None = 0, **options: Any) -> str:
        """Plain git, as the user runs it, without the hooks that tell on others."""
        done = self.program("git", "-c", "core.hooksPath=/dev/null", *words, **options)
        assert code is None or done.returncode == code, f"{words}: {done.stderr}"
        return done.stdout.rstrip("\n")

    def write(self, path: str, content: Content, *, mode: int | None = None) -> Path:
        """A file of the checkout; None removes it."""
        file = self.path / path
        if content is None:
            file.unlink()
            return file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        if mode is not None:
            file.chmod(mode)
        return file

    def commit(self, message: str = "more", **options: Any) -> str:
        """Commits all tracked changes of the checkout."""
        self.git("commit", "-q", "-a", "-m", message, **options)
        return self.git("rev-parse", "HEAD")

    def blob(self, content: str | bytes) -> str:
        data = content.encode() if isinstance(content, str) else content
        words = ["git", "hash-object", "-w", "--stdin"]
        done = subprocess.run(
            words, cwd=self.path, env=self.env, input=data, capture_output=True, check=True
        )  # fmt: skip
        return done.stdout.decode().strip()

    def make(
        self,
        files: Mapping[str | bytes, Content] = {},
        *,
        base: str = "main",
        entries: Sequence[tuple[str, str, str | bytes]] = (),
        message: str = "change",
        parents: Sequence[str] | None = None,
    ) -> str:
        """A commit on `base` with these files, made beside the checkout; `entries` are (mode, id, path)."""
        lines = b""
        for path, content in files.items():
            oid = self.blob(content) if content is not None else "0" * 40
            mode = "100644" if content is not None else "0"
            lines += f"{mode} {oid}\t".encode() + os.fsencode(path) + b"\0"
        for mode, oid, path in entries:
            lines += f"{mode} {oid}\t".encode() + os.fsencode(path) + b"\0"
        env = {**self.env, "GIT_INDEX_FILE": str(self.place / "made.index")}
        if base:
            self.git("read-tree", base, env=env)
        else:
            self.git("read-tree", "--empty", env=env)
        subprocess.run(
            ["git", "update-index", "-z", "--index-info"],
            cwd=self.path, env=env, input=lines, check=True,
        )  # fmt: skip
        over = [base] * bool(base) if parents is None else parents
        return self.grow(self.git("write-tree", env=env), over, message)

    def grow(self, tree: str, parents: Sequence[str], message: str = "change") -> str:
        """A commit of a tree."""
        over = [word for parent in parents for word in ("-p", parent)]
        return self.git("commit-tree", tree, *over, "-m", message)

    def branch(
        self, name: str, files: Mapping[Any, Content] | None = None, **how: Any
    ) -> str:
        """A branch with a change, made beside the checkout; without files, the one that mends."""
        commit = self.make({"calc.py": MENDED} if files is None else files, **how)
        self.git("update-ref", f"refs/heads/{name}", commit)
        return commit

    # Arena.

    def start(
        self, *words: Any, through: Sequence[str] = (), **options: Any
    ) -> subprocess.Popen[str]:
        """A call that goes on while the test does something else, in a session of its own."""
        line = [*through, *ARENA, *self._config(), *map(str, words)]
        pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
        fixed: dict[str, Any] = {
            "cwd": self.folder or self.path, "env": self.env, "text": True,
            "stdin": subprocess.DEVNULL, "start_new_session": True, **pipes,
        }  # fmt: skip
        return subprocess.Popen(line, **fixed | options)

    def _config(self) -> list[str]:
        return ["--config", str(self.config)] if self.config else []

    def call(
        self,
        *words: Any,
        code: int | None = 0,
        may: Sequence[str] = (),
        through: Sequence[str] = (),
        **options: Any,
    ) -> Done:
        """One call of the command line, by way of the program `through` if there is one, with the tripwire around it.

        `may` are patterns of paths that may change.
        """
        before = tripwire.picture(self.roots)
        line = [*through, *ARENA, *self._config(), *words]
        done = self.program(*line, **options)
        return self.told(words, done, before, code=code, may=may)

    def told(
        self,
        words: Sequence[Any],
        done: subprocess.CompletedProcess[str],
        before: Mapping[Any, str],
        *,
        code: int | None,
        may: Sequence[str],
    ) -> Done:
        """Checks what a call has done and said."""
        got, out, err = done.returncode, done.stdout, done.stderr
        said = f"{' '.join(map(str, words))}: exit code {got}\n{out[:400]}\n{err}"
        assert "Traceback (most recent call last)" not in out + err, said
        assert got != 3, said
        after = tripwire.picture(self.roots)
        trips = tripwire.changed(before, after, may=may)
        assert not trips, "\n".join([*trips, said])
        assert code is None or got == code, said
        if got == 2:
            assert out == "", said
            assert "arena: " in err or "Error: " in err, said
        return Done(tuple(map(str, words)), got, out, err)

    def judge(self, *names: Any, **how: Any) -> Done:
        """A judgement as a document, without what costs time and says nothing about the row."""
        return self.call("judge", *names, "--fast", "--json", **how)

    def refused(self, *words: Any, says: Sequence[str] = (), **how: Any) -> Done:
        """A call that must end with exit code 2 and a complaint that holds these words."""
        done = self.call(*words, code=2, **how)
        for one in says:
            assert one in done.err, f"{one!r} is not in: {done.err}"
        return done

    def at(self, path: Path, *extra: Path) -> World:
        """The same user elsewhere."""
        return replace(self, path=path, extra=(*self.extra, *extra), folder=None)

    def with_env(self, **values: str | None) -> World:
        env = {k: v for k, v in {**self.env, **values}.items() if v is not None}
        return replace(self, env=env)

    def with_git(self, script: str, **values: Any) -> World:
        """The same user with another `git` on PATH: a shell script in which $GIT is the real one.

        It is started with an environment of arena's, so that `values` stand in it.
        """
        folder = self.place / f"bin{len(list(self.place.glob('bin*')))}"
        folder.mkdir()
        real = shutil.which("git")
        program = folder / "git"
        known = "".join(f"{k}={shlex.quote(str(v))}\n" for k, v in values.items())
        program.write_text(f"#!/bin/sh\nGIT={real}\n{known}{script}\n")
        program.chmod(0o755)
        return self.with_env(PATH=f"{folder}{os.pathsep}{self.env['PATH']}")

    def with_agent(self, text: str, **settings: Any) -> World:
        """The same user with an agent of their own: a Python program that is told label and prompt."""
        program, config = self.place / "agent.py", self.place / "arena.toml"
        program.write_text(text)
        command = [sys.executable, "-SE", str(program), "{label}", "{prompt}"]
        facts = {"command": command, "agents": "command:1", "fast": True, **settings}
        config.write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in facts.items()))
        return replace(self, config=config)

    def run_folder(self, run: str = "*") -> Path:
        """The folder of the one run."""
        (found,) = Path(self.env["ARENA_STATE_DIR"]).glob(f"*/runs/{run}")
        return found

    def events(self, kind: str, run: str = "*") -> list[dict[str, Any]]:
        """The events of a kind in a run's journal."""
        lines = (self.run_folder(run) / "journal.log").read_text().splitlines()
        found = [json.loads(line.partition(" ")[2]) for line in lines]
        return [event for event in found if event["kind"] == kind]

    def archived(self) -> dict[str, str]:
        """Label → commit of the archive of all runs."""
        said = self.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/arena/archive")  # fmt: skip
        lines = (line.split(" ") for line in said.splitlines())
        return {name.rpartition("/")[2]: oid for name, oid in lines}


def wait_for(
    what: Callable[[], Any], *, unless: subprocess.Popen[str], seconds: float = 60
) -> Any:
    """What `what` gives as soon as it gives something, while a call goes on."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert unless.poll() is None, unless.communicate()
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def kill(*pids: int) -> None:
    """Ends processes that a test started, as an operator would: at once."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _environment(place: Path, cache: Path) -> dict[str, str]:
    """With a temporary folder of its own, in which nothing may be left."""
    (place / "tmp").mkdir()
    return sealed(place, cache, temporary=place / "tmp")


def build(place: Path, cache: Path) -> World:
    """The repository: `good` mends its failing test, `worse` does not; and in it all that a user may have."""
    path = place / "project"
    path.mkdir()
    world = World(place, path, _environment(place, cache))
    world.git("init", "-q")
    for name, text in BASE.items():
        world.write(name, text)
    world.git("add", "-A")
    world.commit("first")
    world.branch("good")
    world.branch("worse", {"calc.py": WORSE})
    world.write("calc.py", CALC + "# an idea\n")
    world.git("stash", "push", "-q", "-m", "an idea")
    world.write("notes.txt", "untracked\n")
    world.write("run.log", "ignored\n")
    world.write("build/out.bin", b"\0ignored")
    world.write(".git/info/exclude", "*.mine\n")
    world.git("config", "alias.st", "status")
    for hook in HOOKS.split():
        told = f"#!/bin/sh\necho {hook} >> {path}/hook-ran\n"
        world.write(f".git/hooks/{hook}", told, mode=0o755)
    return world


def copy(template: World, place: Path, cache: Path) -> World:
    """A world of its own like the template."""
    shutil.copytree(template.path, place / "project", symlinks=True)
    for hook in (place / "project/.git/hooks").iterdir():
        if "hook-ran" in (text := hook.read_text()):
            hook.write_text(text.replace(str(template.path), str(place / "project")))
    return World(place, place / "project", _environment(place, cache))
