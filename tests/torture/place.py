"""A user's repository with three agents, and a program that calls arena in it with faults from outside."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tiny import CALC, TESTS

HERE = Path(__file__).parent
NO_FAULT = {"kind": "none", "at": 0, "on": False}
CONFIG = '[tool.pytest.ini_options]\npythonpath = ["."]\n'
# The first commits its work, the second leaves changed and new files, the third does nothing. The mark says that the
# work is there, so that from then on nothing may lose it.
AGENT = """here=$(dirname "$0")
case $ARENA_LABEL in
*1)
  sed -i 's/values\\[1:\\]/values/' calc.py
  git -c user.name=agent -c user.email=a@example.org commit -q -a -m mended ;;
*2)
  sed -i 's/values\\[1:\\]/values[2:]/' calc.py
  echo new > extra.txt
  mkdir -p deep && echo deeper > deep/file.txt ;;
esac
: > "$here/marks/$ARENA_LABEL"
"""
GOOD, WORSE = CALC.replace("values[1:]", "values"), CALC.replace("[1:]", "[2:]")
EXTRA = {"extra.txt": "new\n", "deep/file.txt": "deeper\n"}
# What each agent's work is: path → content.
WORK: dict[str, dict[str, str]] = {
    "command-1": {"calc.py": GOOD},
    "command-2": {"calc.py": WORSE, **EXTRA},
}
# The user's own files, which nothing of ours may touch: untracked, and ignored.
THEIRS = {"notes.txt": "my notes\n", "secret.log": "my log\n", "build/out.log": "x\n"}
RUN = ("run", "--agents", "command:3", "--merge", "auto", "make total right")


@dataclass
class Done:
    """How a call of arena ended: `steps` were counted; `hit` says that the fault came, `where` at which step."""

    code: int
    steps: int
    hit: bool
    where: str
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.err.strip().splitlines()[-1] if self.err.strip() else ""


@dataclass
class Place:
    """A folder with all that a test touches: repository, home, state, cache, temporary folder, marks."""

    root: Path
    server: Server
    # The refs and the target that the user had at first.
    known: set[str] = field(default_factory=set)
    first: str = ""

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    @property
    def env(self) -> dict[str, str]:
        home = self.root / "home"
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.tmp),
            "GIT_CONFIG_NOSYSTEM": "1",
            "ARENA_STATE_DIR": str(self.root / "state"),
            "ARENA_CACHE_DIR": str(self.root / "cache"),
        }

    def git(self, *words: str, ok: bool = True) -> str:
        """Plain git, as the user runs it."""
        env = self.env | {"GIT_OPTIONAL_LOCKS": "0"}
        done = subprocess.run(
            ["git", *words], cwd=self.project, env=env, capture_output=True, check=False
        )
        said = done.stdout.decode("utf-8", "surrogateescape")
        if ok:
            assert done.returncode == 0, f"git {words}: {done.stderr.decode()}"
        return said.removesuffix("\n")

    def words(self, *words: str) -> list[str]:
        return ["--config", str(self.root / "arena.toml"), *words]

    def arena(self, *words: str, **fault: Any) -> Done:
        """One call of arena; `fault` as the program wants it, none by default."""
        return self.server.call(self, self.words(*words), NO_FAULT | fault)

    @property
    def runs(self) -> list[Path]:
        """Folders of the runs, in the order in which they began."""
        found = self.root.glob("state/*/runs/*")
        return sorted(found, key=lambda p: (p.stat().st_ctime_ns, p.name))

    @property
    def run(self) -> Path:
        [found] = self.runs
        return found

    def marks(self) -> set[str]:
        """The entries whose work was there in full at some moment."""
        return {path.name for path in (self.root / "marks").iterdir()}

    def refs(self) -> dict[str, str]:
        """Full name → commit."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)")
        return dict(line.split(" ") for line in lines.splitlines())

    def again(self, template: Path | None = None) -> Place:
        """The place as it was at first, or as a copy has it, whatever happened in it."""
        kill_all(self.root)
        shutil.rmtree(self.root, ignore_errors=True)
        template = template or self.root.with_name("template")
        shutil.copytree(template, self.root, symlinks=True)
        return self

    def settle(self, *, within: float = 10) -> list[str]:
        """Waits until no process works here any more; names those that stay."""
        end = time.monotonic() + within
        while (left := list(processes(self.root))) and time.monotonic() < end:
            time.sleep(0.02)
        return [words for _, words in left]


def processes(root: Path) -> Iterator[tuple[int, str]]:
    """Ids and words of all processes whose folder, environment or command line names a place."""
    name, ours = os.fsencode(root), {os.getpid(), os.getppid()}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes()
            told = words + (entry / "environ").read_bytes() + os.fsencode((entry / "cwd").readlink())  # fmt: skip
            if name in told and int(entry.name) not in ours:
                yield int(entry.name), words.replace(b"\0", b" ").decode(errors="replace")  # fmt: skip


def kill_all(root: Path) -> None:
    """Kills everything that works in a place, git included, until nothing is left."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        found = list(processes(root))
        for pid, _ in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            return
        time.sleep(0.002)


def kill_group(pid: int) -> None:
    """Kills a call with its process group, if it still runs."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


class Server:
    """The program that calls arena; one call at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", str(HERE / "program.py")]
        env = {"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1"}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, env=env, text=True
        )
        assert self._answer() == "ready"

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def start(self, place: Place, words: list[str], fault: dict[str, Any]) -> int:
        """Begins a call; returns its process, which is its group as well."""
        assert self._process.stdin is not None
        order = {
            "words": words,
            "cwd": str(place.project),
            "env": place.env,
            "fault": fault,
            "stdout": str(place.root / "stdout"),
            "stderr": str(place.root / "stderr"),
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._answer())

    def end(self, place: Place) -> Done:
        """How the call that was begun ended."""
        said = json.loads(self._answer())
        out, err = (
            (place.root / name).read_text(errors="replace")
            for name in ("stdout", "stderr")
        )
        return Done(**said, out=out, err=err)

    def call(self, place: Place, words: list[str], fault: dict[str, Any]) -> Done:
        self.start(place, words, fault)
        return self.end(place)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def build(root: Path, server: Server) -> Place:
    """The place as it is before anything happened, with a cache that knows all results."""
    for name in ("project", "home", "tmp", "marks"):
        (root / name).mkdir(parents=True)
    (root / "home/.gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n[core]\n\tautocrlf = false\n"
    )
    (root / "agent.sh").write_text(AGENT)
    words = json.dumps(["sh", str(root / "agent.sh")])
    (root / "arena.toml").write_text(
        f'command = {words}\ncommand_prompt = "stdin"\njobs = 1\n'
    )
    place = Place(root, server)
    place.git("init", "-q")
    write(place.project, {"calc.py": CALC, "tests/test_calc.py": TESTS, "pyproject.toml": CONFIG})  # fmt: skip
    write(place.project, {".gitignore": "*.log\nbuild/\n"})
    place.git("add", "-A")
    place.git("commit", "-q", "-m", "first")
    for name, work in WORK.items():
        place.git("checkout", "-q", "-b", name.replace("command", "branch"))
        write(place.project, work)
        place.git("add", "-A")
        place.git("commit", "-q", "-m", f"by {name}")
        place.git("checkout", "-q", "main")
    write(place.project, THEIRS)
    return place


def copy(root: Path, target: Path) -> None:
    """A copy of a place; not of one with worktrees, which are known by their inode."""
    shutil.copytree(root, target, symlinks=True)


def write(top: Path, files: dict[str, str]) -> None:
    """Writes files of given content."""
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def warm_up(place: Place, known: Path) -> Place:
    """Keeps a copy of the place as it is before anything happened, but for a cache that knows all results."""
    if not known.exists():
        fill(place, known)
    place.known |= set(place.refs())
    place.first = place.git("rev-parse", "main")
    shutil.copytree(known, place.root / "cache")
    copy(place.root, place.root.with_name("template"))
    return place


def fill(place: Place, known: Path) -> None:
    """Runs, judges and merges everything once, for the cache; the place is built anew."""
    for words in (RUN, ("undo",), ("judge", "branch-1", "branch-2"), ("merge",), ("undo",)):  # fmt: skip
        done = place.arena(*words)
        assert done.code == 0, done.err
    for name in ("results", "lent"):
        shutil.copytree(place.root / "cache" / name, known / name)
    shutil.rmtree(place.root)
    build(place.root, place.server)
