"""Files of a tree out of git and onto the disk, byte for byte and under any name that git allows."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from arena.errors import ArenaError, GitError
from arena.machine.git import Repository

# What a system says of a name that it does not take.
UNFIT = (errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EILSEQ, errno.EINVAL)  # fmt: skip


class BadTreeError(ArenaError):
    """A tree that this system's folders can't hold."""


def contents(repo: Repository, oids: list[str]) -> Iterator[bytes]:
    """Contents of blobs, in order, by one git process. Raises GitError if one is missing."""
    wanted = "".join(oid + "\n" for oid in oids).encode()
    data = repo.call("cat-file", "--batch", stdin=wanted).out
    position = 0
    for oid in oids:
        end = data.index(b"\n", position)
        head = data[position:end].split()
        if len(head) != 3:
            raise GitError(f"object {oid} is missing from {repo.git_dir}")
        size = int(head[2])
        yield data[end + 1 : end + 1 + size]
        position = end + 2 + size


def sizes(repo: Repository, oids: list[str]) -> list[int]:
    """Sizes of blobs in bytes, in order, without reading them."""
    wanted = "".join(oid + "\n" for oid in oids).encode()
    words = ("cat-file", "--batch-check=%(objectsize)")
    return [int(size) for size in repo.call(*words, stdin=wanted).text.split()]


def place(
    top: Path, name: str, content: bytes, *, link: bool, executable: bool
) -> None:
    """Writes one new file below `top`; a link that leads out of `top` is left out."""
    path = os.path.join(os.fsencode(top), os.fsencode(name))  # noqa: PTH118 - raw names
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
    if link:
        if _stays_inside(name, os.fsdecode(content)):
            os.symlink(content, path)  # noqa: PTH211
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    number = os.open(path, flags, 0o755 if executable else 0o644)
    with os.fdopen(number, "wb") as file:
        file.write(content)


def _stays_inside(link: str, destination: str) -> bool:
    joined = os.path.normpath(os.path.join(os.path.dirname(link), destination))  # noqa: PTH118, PTH120
    return not destination.startswith("/") and joined.split("/")[0] != ".."
