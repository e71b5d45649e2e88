"""Where a run lives on disk: folders outside the repository, atomic writes, one lock per purpose."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from arena.errors import ArenaError
from arena.machine import living


def _dirs(kind: str) -> Path:
    # The import costs 5 ms and `--help` does not need it.
    import platformdirs

    override = os.environ.get(f"ARENA_{kind.upper()}_DIR")
    find = getattr(platformdirs, f"user_{kind}_path")
    return Path(override or find("arena", appauthor=False))


def state_dir() -> Path:
    """Folder of all runs: `ARENA_STATE_DIR`, else the user's state folder."""
    return _dirs("state")


def cache_dir() -> Path:
    """Folder of everything that can be made again: `ARENA_CACHE_DIR`, else the user's cache folder."""
    return _dirs("cache")


def common_dir(start: Path) -> Path | None:
    """The shared git directory of the repository around `start`, found without git; None outside of one.

    Linked worktrees answer with the main repository's directory, so that state is keyed once per repository.
    """
    for folder in (start, *start.parents):
        dot = folder / ".git"
        if dot.is_dir():
            return dot.resolve()
        if dot.is_file():
            return _from_gitfile(dot)
        if all((folder / name).exists() for name in ("HEAD", "objects", "refs")):
            return folder.resolve()
    return None


def _from_gitfile(dot: Path) -> Path | None:
    _, _, place = _read(dot).partition("gitdir: ")
    git_dir = dot.parent / place
    return (git_dir / _read(git_dir / "commondir")).resolve() if place else None


def _read(path: Path) -> str:
    """The text of a file of one line, empty if there is none."""
    if not path.is_file():
        return ""
    return path.read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n")


def repository_id(common: Path) -> str:
    """A readable, stable name for a repository: folder name and a hash of its git directory's path."""
    owner = common.parent.name if common.name == ".git" else common.stem
    digest = hashlib.sha256(os.fsencode(common)).hexdigest()[:10]
    return f"{slug(owner) or 'repository'}-{digest}"


def slug(text: str, *, limit: int = 40) -> str:
    """`text` as a name that is safe in refs, paths and reports: `[a-z0-9][a-z0-9._-]*`, at most `limit` long."""
    name = re.sub(r"[^a-z0-9._-]+", "-", text.lower())
    name = re.sub(r"\.{2,}", ".", name).strip("-._")[:limit].rstrip("-._")
    return name.removesuffix(".lock").rstrip("-._")


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Writes a file so that a reader, or a crash, sees the old content or the new, never a part."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"), durable=durable)


def write_bytes(path: Path, data: bytes, *, durable: bool = True) -> None:
    """As `write_text`, for bytes; what is not `durable` may be lost in a crash of the system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = f"{os.getpid()}.{threading.get_ident()}"
    beside = path.with_name(f".{path.name}.tmp.{writer}")
    try:
        with beside.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
        if durable:
            _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise ArenaError(
            f"can't write {path}: {error.strerror}. Free some space or choose another place."
        ) from error


def sweep(folder: Path) -> None:
    """Removes what writers of ours that were killed left beside their files; agents' worktrees are left alone."""
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("worktrees", "trash")]
        for name in files:
            writer = re.fullmatch(r"\..+\.tmp\.(\d+)\.\d+", name)
            if writer and not living.alive(int(writer[1]), None):
                Path(here, name).unlink()


def _sync_folder(folder: Path) -> None:
    # Makes a rename durable; not possible on Windows, where folders can't be opened.
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def write_json(path: Path, data: object, *, durable: bool = True) -> None:
    """Writes JSON with sorted keys, so that equal content gives equal bytes."""
    text = json.dumps(data, indent=1, sort_keys=True, allow_nan=False) + "\n"
    write_text(path, text, durable=durable)


def read_json(path: Path) -> Any:
    """Reads a JSON file of ours. Raises ArenaError if it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        cure = "If it is damaged, judge again to make it anew."
        raise ArenaError(f"can't read {path} ({error}). {cure}") from error


@contextmanager
def lock(path: Path, *, who: str, wait: float = 0) -> Iterator[None]:
    """Holds an exclusive lock that the system releases when we die; `who` is shown to whoever is refused.

    Raises ArenaError naming the holder if the lock is not free within `wait` seconds.
    """
    import filelock

    path.parent.mkdir(parents=True, exist_ok=True)
    holder = path.with_suffix(".holder")
    guard = filelock.FileLock(path)
    try:
        guard.acquire(timeout=wait)
    except filelock.Timeout:
        name = _read(holder) or "another arena"
        raise ArenaError(f"{name} is at work here. Wait, or stop it.") from None
    try:
        with suppress(OSError):  # it is only for the message
            holder.write_text(f"{who} (process {os.getpid()})\n", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        guard.release()


@contextmanager
def exclusive(number: int) -> Iterator[None]:
    """Keeps other processes that ask likewise from an open file, where the system can do that."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with suppress(OSError):  # a file system without locks
        fcntl.flock(number, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_UN)


def free_bytes(path: Path) -> int:
    """Free disk space, in bytes, where `path` is or would be."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def remove_tree(path: Path) -> None:
    """Removes a folder of ours, also when its content has lost its permissions. Never follows links."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        try:
            shutil.rmtree(path)
        except PermissionError:
            _permit(path)
            shutil.rmtree(path)


def _permit(top: Path) -> None:
    top.chmod(0o700)
    for where, folders, _ in os.walk(top):  # comes to a folder after it was opened here
        for name in folders:
            folder = Path(where, name)
            if not folder.is_symlink():
                folder.chmod(0o700)


def tail_of(path: Path, *, limit: int = 4000) -> str:
    """The last `limit` bytes of a log as text, '' if there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - limit))
        return file.read().decode("utf-8", "replace")


def size(path: Path) -> int:
    """Bytes on disk below `path`, links not followed."""
    if path.is_symlink():
        return 0
    files = [Path(here, name) for here, _, names in os.walk(path) for name in names]
    return sum(file.lstat().st_blocks * 512 for file in files)
