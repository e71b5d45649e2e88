"""A transaction over refs that can be held open: locks first, then the checkout, then the refs move."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from arena.errors import GitError, one_line
from arena.machine import store
from arena.machine.git import Repository
from arena.machine.people import ARENA

T = TypeVar("T")
BRANCHES = "refs/heads/"
_threads = threading.Lock()


@dataclass(frozen=True, slots=True)
class Move:
    """One ref and where it goes. An empty `old` means that it must not exist, an empty `new` deletes it."""

    ref: str
    old: str
    new: str

    @property
    def name(self) -> str:
        """The ref without refs/heads/."""
        return self.ref.removeprefix(BRANCHES)

    @property
    def is_branch(self) -> bool:
        """Whether a checkout may be on it."""
        return self.ref.startswith(BRANCHES)

    def back(self) -> Move:
        """The move that takes this one back."""
        return Move(self.ref, self.new, self.old)


def value_of(repo: Repository, ref: str) -> str:
    """The object id that a ref (a full name) is at, empty if there is none."""
    return repo.refs(ref).get(ref, "")


def writable(repo: Repository) -> bool:
    """Whether refs can be made here: not where it is mounted read-only, or somebody else's."""
    return os.access(repo.common_dir / "refs", os.W_OK)


@contextlib.contextmanager
def alone(repo: Repository) -> Iterator[None]:
    """Serialises what arena does to the refs and worktrees of one repository."""
    folder = store.state_dir() / store.repository_id(repo.common_dir)
    # Our own threads queue here: at the file they would look again only now and then.
    with _threads, store.lock(folder / "refs.lock", who="arena", wait=60):
        yield


def patiently(repo: Repository, action: Callable[[], T]) -> T:
    """The result of `action`, done alone, and again while a git of somebody else holds git's own locks."""
    for pause in (0.1, 0.2, 0.4, 0.8, 0):
        try:
            with alone(repo):
                return action()
        except GitError as error:
            passing = re.search(r"lock|File exists|temporarily", str(error))
            if not passing or not pause:
                raise
        time.sleep(pause)
    raise AssertionError


def move_refs(repo: Repository, moves: Sequence[Move], *, why: str) -> None:
    """Moves refs from the values that we saw to new ones, all or none.

    Raises GitError if any of them is not what we saw; then nothing has moved.
    """
    with Transaction(repo, moves, why=why) as refs:
        refs.prepare()
        refs.commit()


def _command(move: Move) -> str:
    none = "0" * len(move.old or move.new)
    return f"update {move.ref}\0{move.new or none}\0{move.old or none}\0"


class Transaction:
    """`git update-ref --stdin` in a session of its own.

    When we are killed it sees the end of its input and drops its locks; a kill of that process itself would leave
    `main.lock` and `HEAD.lock` behind (measured), so nothing else may end it.
    """

    def __init__(self, repo: Repository, moves: Sequence[Move], *, why: str) -> None:
        self._moves = moves
        options = ("--stdin", "-z", "--create-reflog", "-m", why)
        # Kept, since GitPython ends the process when it forgets this object.
        self._git = repo.start("update-ref", *options, env=ARENA.variables())
        self._process: Any = self._git.proc
        self.pid: int = self._process.pid

    def __enter__(self) -> Transaction:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    def prepare(self) -> None:
        """Takes the locks and compares the old values. Raises GitError if that fails; then nothing has moved."""
        self._say("start\0", reply="start")
        text = "".join(_command(move) for move in self._moves)
        self._say(text + "prepare\0", reply="prepare")

    def commit(self) -> None:
        """Moves all refs. Raises GitError if that fails."""
        self._say("commit\0", reply="commit")
        self.abort()

    def abort(self) -> None:
        """Ends the process and waits for it: what was not committed has not happened. Safe to call again."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._process.stderr.close()

    def _say(self, text: str, *, reply: str) -> None:
        process = self._process
        try:
            process.stdin.write(text.encode("utf-8", "surrogateescape"))
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        if answer.strip() != f"{reply}: ok".encode():
            words = process.stderr.read().decode("utf-8", "backslashreplace")
            self.abort()
            said = one_line(words) or "no answer"
            raise GitError(f"git update-ref failed: {said}. No branch was moved.")
