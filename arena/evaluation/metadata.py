"""The project's own metadata, as its base declares it, for projects that read it but are not installed.

`importlib.metadata.version("click")` in click's own code fails at collection where click is not installed, and
installing something into the user's environment is not ours to do. What is declared statically is enough.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable
from configparser import ConfigParser, Error
from dataclasses import dataclass, field
from pathlib import Path

from arena.machine import cache, store

Reader = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """Name, version and entry points (group → name → value) that a project declares."""

    name: str
    version: str
    points: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def normalised(self) -> str:
        """The name as PEP 503 has it."""
        return re.sub(r"[-_.]+", "-", self.name).lower()


def declared(read: Reader, folder: str) -> Declared | None:
    """What pyproject.toml, setup.cfg or setup.py of the project in `folder` says; None if they name nothing."""
    prefix = f"{folder}/" if folder else ""

    def text(name: str) -> str:
        return (read(prefix + name) or b"").decode("utf-8", "replace")

    return (
        _from_pyproject(text("pyproject.toml"))
        or _from_cfg(text("setup.cfg"))
        or _from_setup(text("setup.py"))
    )


def _from_pyproject(text: str) -> Declared | None:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    table = data.get("project") or data.get("tool", {}).get("poetry") or {}
    if not isinstance(table.get("name"), str):
        return None
    points = {
        group: dict(found) for group, found in table.get("entry-points", {}).items()
    }
    for key, group in (("scripts", "console_scripts"), ("gui-scripts", "gui_scripts")):
        if table.get(key):
            points[group] = {k: v for k, v in table[key].items() if isinstance(v, str)}
    version = table.get("version")
    return Declared(
        name=table["name"],
        version=version if isinstance(version, str) else "0",
        points=points,
    )


def _from_cfg(text: str) -> Declared | None:
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except Error:
        return None
    name = parser.get("metadata", "name", fallback=None)
    version = parser.get("metadata", "version", fallback="0")
    if not name:
        return None
    return Declared(name=name, version="0" if ":" in version else version)


def _from_setup(text: str) -> Declared | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", getattr(node.func, "id", "")) == "setup"
        ):
            said = {
                k.arg: k.value.value
                for k in node.keywords
                if isinstance(k.value, ast.Constant)
            }
            if isinstance(said.get("name"), str):
                version = said.get("version")
                return Declared(
                    name=str(said["name"]),
                    version=version if isinstance(version, str) else "0",
                )
    return None


def folder_for(found: Declared) -> Path:
    """A folder with a `*.dist-info` for these facts, made on first use."""
    folder = (
        store.cache_dir()
        / "metadata"
        / cache.key(found.name, found.version, found.points)[:16]
    )
    info = folder / f"{found.normalised.replace('-', '_')}-{found.version}.dist-info"
    if not (info / "METADATA").exists():
        lines = [
            f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in names.items())
            for group, names in found.points.items()
        ]
        store.write_text(info / "entry_points.txt", "\n".join(lines))
        store.write_text(
            info / "METADATA",
            f"Metadata-Version: 2.1\nName: {found.name}\nVersion: {found.version}\n",
        )
    return folder
