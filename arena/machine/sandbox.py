"""Isolation of the code under test: bubblewrap where it works, said openly where it does not.

Profile (measured on Debian 12): read-only root, private /tmp and homes, no network, own process ids. `env -i` is
not enough for secrets, because bubblewrap's own environment stays readable inside: it must itself be started with
a clean one.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from arena.machine import process

COVERED = ("/tmp", "/var/tmp", "/run", "/home", "/root", "/mnt", "/media")  # noqa: S108 - hidden, not used
ROOT = ("bwrap", "--ro-bind", "/", "/", "--proc", "/proc", "--unshare-all")


@dataclass(frozen=True, slots=True)
class Isolation:
    """How code under test is kept apart. `level` is full or none; `words` stands in the report."""

    level: str
    words: str
    network: bool


@functools.cache
def available() -> bool:
    """Whether bubblewrap is installed and may make its namespaces here."""
    if not process.which("bwrap"):
        return False
    return process.capture([*ROOT, "--", "true"], timeout=20).exit_code == 0


def isolation(*, allow_network: bool, wanted: bool = True) -> Isolation:
    """The strongest isolation that works on this machine."""
    if wanted and available():
        rest = "" if allow_network else "no network, "
        words = f"full (bubblewrap: {rest}read-only file system, own processes)"
        return Isolation("full", words, allow_network)
    words = "none: the candidates' code ran with your rights"
    why = " (bubblewrap is not installed or not permitted here)" if wanted else ""
    return Isolation("none", words + why, network=True)


def wrap(
    argv: Sequence[str],
    *,
    isolation: Isolation,
    cwd: Path,
    writable: Iterable[Path],
    readable: Iterable[Path],
    hidden: Iterable[Path],
) -> list[str]:
    """`argv` inside the sandbox.

    `writable` and `readable` folders are shown again after the homes, the temporary folders and the `hidden`
    ones (the user's repository, other candidates) have been covered.
    """
    if isolation.level == "none":
        return list(argv)
    words = [*ROOT, "--dev", "/dev"]
    covered = [p for p in map(Path, COVERED) if not p.is_symlink()]
    for folder in (*covered, *hidden):
        words += ["--tmpfs", str(folder)] if folder.is_dir() else []
    for folder in _outermost(readable):
        words += ["--ro-bind", str(folder), str(folder)]
    for folder in writable:
        words += ["--bind", str(folder), str(folder)]
    words += ["--share-net"] if isolation.network else []
    return [
        *words,
        "--die-with-parent",
        "--new-session",
        "--chdir",
        str(cwd),
        "--",
        *argv,
    ]


def _outermost(folders: Iterable[Path]) -> list[Path]:
    """Existing folders, real paths beside the given ones, without those that lie inside another."""
    given = set(folders)
    real = {Path(os.path.realpath(folder)) for folder in given}
    there = sorted(folder for folder in real | given if folder.exists())
    return [f for f in there if not any(other in f.parents for other in there)]
