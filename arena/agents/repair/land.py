"""Puts the accepted change into the worktree and commits it there."""

import os
import subprocess
from pathlib import Path

_OURS = (
    "core.hooksPath=/dev/null",
    "commit.gpgSign=false",
    "core.fsmonitor=false",
    "gc.auto=0",
)
_PERSON = ("user.name=repair", "user.email=repair@localhost")


class LandError(Exception):
    """The change could not be committed; the worktree is as it was."""


def commit(worktree: Path, file: Path, *, old: bytes, new: bytes, message: str) -> None:
    """Write the file and commit it alone; whatever goes wrong, the file is put back."""
    path = worktree / file
    if path.read_bytes() != old:
        raise LandError(f"{file} was changed by someone else meanwhile")
    try:
        path.write_bytes(new)
        _git(
            worktree,
            "commit",
            "--quiet",
            "--no-verify",
            "--only",
            "--message",
            message,
            "--",
            str(file),
        )
    except BaseException as problem:
        path.write_bytes(old)
        if isinstance(problem, OSError | subprocess.SubprocessError):
            raise LandError(
                f"{file} could not be committed: {_words(problem)}"
            ) from problem
        raise


def _git(worktree: Path, *arguments: str) -> None:
    command = ["git"]
    named = "GIT_AUTHOR_NAME" in os.environ and "GIT_COMMITTER_NAME" in os.environ
    for setting in _OURS + (() if named else _PERSON):
        command += ["-c", setting]
    keep = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_")
    environment = {
        n: v
        for n, v in os.environ.items()
        if not n.startswith("GIT_") or n.startswith(keep)
    }
    subprocess.run(
        [*command, *arguments],
        cwd=worktree,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def _words(problem: BaseException) -> str:
    return str(getattr(problem, "stderr", "") or problem).strip()
