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
from typing import Any

from arena.machine import cache, store

Reader = Callable[[str], bytes | None]
SCRIPTS = {"scripts": "console_scripts", "gui-scripts": "gui_scripts"}


def toml(content: bytes | None) -> dict[str, Any]:
    """The data of a TOML file, empty if it is missing or damaged."""
    try:
        return tomllib.loads((content or b"").decode("utf-8", "replace"))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def table(data: Any, *keys: str) -> dict[str, Any]:
    """A table inside of TOML data, empty if something else stands there: a candidate may have written it."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def sections(content: bytes | None) -> ConfigParser:
    """The sections of an INI file, none if it is missing or damaged."""
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string((content or b"").decode("utf-8", "replace"))
    except Error:
        return ConfigParser()
    return parser


@dataclass(frozen=True, slots=True)
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
    data = toml(read(prefix + "pyproject.toml"))
    project = table(data, "project") or table(data, "tool", "poetry")
    groups = table(project, "entry-points")
    points = {group: table(groups, group) for group in groups}
    points |= {group: table(project, key) for key, group in SCRIPTS.items()}
    config = sections(read(prefix + "setup.cfg"))
    for facts in (
        project,
        config["metadata"] if config.has_section("metadata") else {},
        _setup_arguments(read(prefix + "setup.py") or b""),
    ):
        name, version = facts.get("name"), facts.get("version")
        if name and isinstance(name, str):
            # setup.cfg may say attr: or file: instead of a version.
            known = version if isinstance(version, str) and ":" not in version else "0"
            return Declared(name, known, points)
    return None


PROGRAM = re.compile(r"""['"]?([\w.-]+)['"]?\s*=\s*['"]?([a-zA-Z_][\w.]*:[\w.]+)""")


def programs(read: Reader, folder: str) -> dict[str, str]:
    """Name → `module:function` of the commands that the project offers, wherever it declares them."""
    prefix = f"{folder}/" if folder else ""
    files = [read(prefix + n) for n in ("pyproject.toml", "setup.cfg", "setup.py")]
    text = b"\n".join(content or b"" for content in files).decode("utf-8", "replace")
    return dict(PROGRAM.findall(text))


def _setup_arguments(source: bytes) -> dict[str | None, Any]:
    """The arguments of setup(...) that are written down as they are."""
    try:
        calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)]
    except (SyntaxError, ValueError):
        return {}
    for call in calls:
        if getattr(call.func, "attr", getattr(call.func, "id", "")) == "setup":
            return {k.arg: getattr(k.value, "value", None) for k in call.keywords}
    return {}


def folder_for(found: Declared) -> Path:
    """A folder with a `*.dist-info` for these facts, made on first use."""
    name = cache.key(found.name, found.version, found.points)[:16]
    folder = store.cache_dir() / "metadata" / name
    info = folder / f"{found.normalised.replace('-', '_')}-{found.version}.dist-info"
    if not (info / "METADATA").exists():
        groups = [
            f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in names.items())
            for group, names in found.points.items()
        ]
        store.write_text(info / "entry_points.txt", "\n".join(groups))
        facts = f"Metadata-Version: 2.1\nName: {found.name}\nVersion: {found.version}\n"
        store.write_text(info / "METADATA", facts)
    return folder
