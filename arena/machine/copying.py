"""Copies named files from one folder tree into another without following a link on either side."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path, PurePosixPath


def copy_named(top: Path, target: Path, name: str) -> list[str] | None:
    """Copies the file or folder `name` from `top` to `target`; returns the files copied, None if it may not be.

    Links are not copied, and what is there already stays.
    """
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or {"..", ".git"} & set(path.parts):
        return None
    kind = _kind(top, path.parts)
    if kind not in (stat.S_IFREG, stat.S_IFDIR):
        return None
    return [str(f) for f in _files(top, path, kind) if _copy(top, target, f)]


def _kind(top: Path, parts: Sequence[str]) -> int | None:
    """File type of what is there, None if it is missing or behind a link."""
    path, kind = top, stat.S_IFDIR
    for part in parts:
        path /= part
        try:
            kind = stat.S_IFMT(path.lstat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if kind == stat.S_IFLNK:
            return None
    return kind


def _files(top: Path, name: PurePosixPath, kind: int) -> list[PurePosixPath]:
    if kind == stat.S_IFREG:
        return [name]
    found = []
    for here, folders, files in os.walk(top / name):
        folders[:] = [f for f in folders if f != ".git"]
        found += [PurePosixPath(os.path.relpath(Path(here, f), top)) for f in files]
    return sorted(f for f in found if stat.S_ISREG((top / f).lstat().st_mode))


def _copy(top: Path, target: Path, name: PurePosixPath) -> bool:
    # The base may hold a link where a folder should be: nothing is written through it.
    for depth in range(1, len(name.parts)):
        kind = _kind(target, name.parts[:depth])
        if kind is None and not os.path.lexists(target.joinpath(*name.parts[:depth])):
            target.joinpath(*name.parts[:depth]).mkdir()
        elif kind != stat.S_IFDIR:
            return False
    if os.path.lexists(target / name):
        return False
    shutil.copy2(top / name, target / name, follow_symlinks=False)
    return True
