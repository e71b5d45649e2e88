"""A transaction over refs that can be held open: locks first, then the checkout, then the refs move."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from arena.errors import GitError, one_line
from arena.machine.git import ARENA, Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One ref and where it goes. An empty `old` means that it must not exist, an empty `new` deletes it."""

    ref: str
    old: str
    new: str

    def back(self) -> Move:
        """The move that takes this one back."""
        return Move(ref=self.ref, old=self.new, new=self.old)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A checkout that moves with its branch."""

    move: Move
    checkout: Repository


def _command(move: Move) -> str:
    if not move.new:
        return f"delete {move.ref}\0{move.old}\0"
    if not move.old:
        return f"create {move.ref}\0{move.new}\0"
    return f"update {move.ref}\0{move.new}\0{move.old}\0"


class Transaction:
    """`git update-ref --stdin` in a session of its own.

    When we are killed it sees the end of its input and drops its locks; a kill of that process itself would leave
    `main.lock` and `HEAD.lock` behind (measured), so nothing else may end it.
    """

    def __init__(self, repo: Repository, moves: Sequence[Move], *, why: str) -> None:
        self._moves = moves
        options = ("--stdin", "-z", "--create-reflog", "-m", why)
        self._git = repo.start("update-ref", *options, env=ARENA.variables())
        self.pid: int = self._git.proc.pid
        self._open = True

    def __enter__(self) -> Transaction:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
        if not self._open:
            return
        self._open = False
        process = self._git.proc
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def _say(self, text: str, *, reply: str) -> None:
        process = self._git.proc
        try:
            process.stdin.write(text.encode("utf-8", "surrogateescape"))
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        if answer.strip() != f"{reply}: ok".encode():
            words = process.stderr.read().decode("utf-8", "backslashreplace")
            self.abort()
            raise GitError(
                f"git update-ref failed: {one_line(words) or 'no answer'}. No branch was moved."
            )
