"""Copies named files from one folder tree into another without following a link on either side."""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath

from arena.machine.checkout import linked_parent


def copy_named(top: Path, target: Path, name: str) -> list[str] | None:
    """Copies the file or folder `name` from `top` to `target`; returns the files copied, None if it may not be.

    Links are not copied, and what is there already stays.
    """
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or {"..", ".git"} & set(path.parts):
        return None
    source = top / path
    if linked_parent(top, str(path)) or source.is_symlink():
        return None
    if not source.is_file() and not source.is_dir():
        return None
    found = [str(path)] if source.is_file() else _files(top, path)
    return [file for file in found if _copy(top / file, target, file)]


def _files(top: Path, folder: PurePosixPath) -> list[str]:
    found = []
    for here, folders, files in os.walk(top / folder):
        folders[:] = [name for name in folders if name != ".git"]
        paths = [Path(here, name) for name in files]
        plain = [p for p in paths if p.is_file() and not p.is_symlink()]
        found += [os.path.relpath(path, top) for path in plain]
    return sorted(found)


def _copy(source: Path, target: Path, name: str) -> bool:
    # The base may hold a link, or a file, where a folder should be: nothing is written through it.
    if linked_parent(target, name) or os.path.lexists(target / name):
        return False
    try:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        return False
    shutil.copy2(source, target / name, follow_symlinks=False)
    return True
