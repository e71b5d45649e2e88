"""Every option declared once: name, type, default, what it means. Read from `arena.toml` or `[tool.arena]`.

Order of precedence: command line, `ARENA_*` variable, file, default. All faults are reported together.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arena.errors import ArenaError

CHOICES = {
    "merge": ("ask", "auto", "never"),
    "isolation": ("auto", "none"),
    "color": ("auto", "always", "never"),
}
FROM_PYTHON = "[tool.arena]"


def option(default: Any, doc: str, *, kind: str = "text") -> Any:
    """A settings field: `kind` is text, number, seconds, flag, list or choice."""
    metadata = {"doc": doc, "kind": kind}
    if isinstance(default, tuple):
        return field(default=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All options with their values; durations are in seconds."""

    agents: str = option("3", "how many entries, or which: 3, claude:2,codex, repair:3")
    agent: str | None = option(
        None, "the agent that a bare number means (default: the first installed one)"
    )
    command: tuple[str, ...] = option(
        (),
        "argument vector of the agent `command`, with {prompt} and others",
        kind="list",
    )
    command_prompt: str = option(
        "argument", "where the agent `command` gets the prompt: argument or stdin"
    )
    model: str | None = option(None, "model name given to agents that take one")
    timeout: float = option(1800.0, "time limit of one agent", kind="seconds")
    silence: float = option(
        600.0,
        "time without output or change after which an agent is ended",
        kind="seconds",
    )
    jobs: int | None = option(
        None, "processes that judge at once (default: the cores)", kind="number"
    )
    seed: int = option(0, "seed of everything that is drawn", kind="number")
    base: str | None = option(None, "commit that candidates start from")
    target: str | None = option(
        None, "branch that the winner is merged into (default: the current one)"
    )
    rubric: str = option("default", "name of a rubric, or a file")
    project: str | None = option(
        None, "folder of the project inside a repository with several"
    )
    python: str | None = option(None, "interpreter of the project's environment")
    test: str | None = option(
        None, "test command (default: pytest with the project's own configuration)"
    )
    junit: str | None = option(None, "JUnit XML file that the test command writes")
    setup: str | None = option(
        None, "command run in every new worktree before its agent starts"
    )
    env: tuple[str, ...] = option(
        (), "names of variables that agents and tests may see", kind="list"
    )
    allow_network: bool = option(
        default=False, doc="tests may use the network", kind="flag"
    )
    merge: str = option(
        "ask", "whether the winner is merged: ask, auto or never", kind="choice"
    )
    keep: bool = option(
        default=False, doc="keep worktrees and branches after the run", kind="flag"
    )
    test_timeout: float = option(
        1800.0, "time limit of one run of the test suite on the base", kind="seconds"
    )
    isolation: str = option(
        "auto",
        "auto: the strongest sandbox that works; none: no sandbox",
        kind="choice",
    )
    fast: bool = option(
        default=False,
        doc="one test pass per candidate: no confirming re-runs of own tests",
        kind="flag",
    )
    judge_setup: str | None = option(
        None, "command run in every tree that is judged (compile, generate)"
    )
    judge_copy: tuple[str, ...] = option(
        (),
        "ignored files of your checkout that the tests need (generated code)",
        kind="list",
    )
    benchmark: str | None = option(
        None, "command whose run time is measured on base and candidates"
    )
    benchmark_runs: int = option(5, "how often the benchmark is run", kind="number")
    copy_files: tuple[str, ...] = option(
        (), "ignored files copied into every worktree, by name", kind="list"
    )
    color: str = option(
        "auto", "colour in the terminal: auto, always or never", kind="choice"
    )


FIELDS = {item.name: item for item in dataclasses.fields(Settings)}
# In a file, `judge_setup` may also stand as `setup` in a table [judge].
TABLES = ("judge",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A value and where it comes from."""

    value: Any
    origin: str


def seconds(text: str) -> float:
    """A duration such as 90, 90s, 30m or 2h, in seconds. Raises ValueError if it is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if not found:
        raise ValueError("give a duration such as 90s, 30m or 2h")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


def load(
    folder: Path,
    *,
    top: Path | None,
    given: Mapping[str, Any],
    config: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> tuple[Settings, dict[str, Source]]:
    """The settings in force in `folder`, and where each value comes from.

    `given` are values from the command line (None: not given); `top` ends the search for a file upwards.
    Raises ArenaError with all faults of the file and the variables together.
    """
    sources = {n: Source(value=f.default, origin="default") for n, f in FIELDS.items()}
    faults: list[str] = []
    path = config or find_file(folder, top=top)
    if config is not None and not config.is_file():
        raise ArenaError(f"--config {config}: no such file.")
    if path is not None:
        for name, raw, label in _from_file(path, faults):
            _take(sources, faults, name, raw, origin=label)
    for name in FIELDS:
        variable = f"ARENA_{name.upper()}"
        if environ.get(variable):
            _take(sources, faults, name, environ[variable], origin=variable)
    for name, raw in given.items():
        if raw is not None:
            option_name = "--" + name.replace("_", "-")
            _take(sources, faults, name, raw, origin=option_name)
    if faults:
        raise ArenaError("\n  ".join(["the settings have faults:", *faults]))
    return Settings(**{name: source.value for name, source in sources.items()}), sources


def find_file(folder: Path, *, top: Path | None) -> Path | None:
    """The nearest `arena.toml`, or `pyproject.toml` with [tool.arena], from `folder` up to `top`."""
    for place in (folder, *folder.parents):
        if (place / "arena.toml").is_file():
            return place / "arena.toml"
        project = place / "pyproject.toml"
        if project.is_file() and b"[tool.arena" in project.read_bytes():
            return project
        if place == top:
            break
    return None


def _from_file(path: Path, faults: list[str]) -> list[tuple[str, Any, str]]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        faults.append(f"{path.name}: not TOML: {error}")
        return []
    if path.name == "pyproject.toml":
        data = data.get("tool", {}).get("arena", {})
    found = []
    for key, value in data.items():
        if key in TABLES and isinstance(value, dict):
            found += [
                (f"{key}_{k}".replace("-", "_"), v, f"{path.name} [{key}] {k}")
                for k, v in value.items()
            ]
        else:
            found.append((key.replace("-", "_"), value, f"{path.name} {key}"))
    known = []
    for name, value, label in found:
        if name in FIELDS:
            known.append((name, value, label))
        else:
            near = difflib.get_close_matches(name, FIELDS, 1, 0.6)
            faults.append(
                f"{label}: unknown option{f'; did you mean {near[0]!r}?' if near else ''}"
            )
    return known


def _take(
    sources: dict[str, Source], faults: list[str], name: str, raw: Any, *, origin: str
) -> None:
    try:
        value = _convert(name, raw)
    except (ValueError, TypeError) as error:
        faults.append(f"{origin}: {error}")
    else:
        sources[name] = Source(value=value, origin=origin)


def _convert(name: str, raw: Any) -> Any:
    kind = FIELDS[name].metadata["kind"]
    if kind == "seconds":
        value = seconds(raw) if isinstance(raw, str) else float(raw)
        if isinstance(raw, bool) or not math.isfinite(value) or value <= 0:
            raise ValueError("give a duration above 0, such as 90s, 30m or 2h")
        return value
    if kind == "number":
        return _whole(name, raw)
    if kind == "flag":
        return _flag(raw)
    if kind == "list":
        items = raw.split(",") if isinstance(raw, str) else raw
        if not isinstance(items, (list, tuple)) or not all(
            isinstance(i, str) for i in items
        ):
            raise ValueError("give a list of texts")
        return tuple(items)
    if kind == "choice" and raw not in CHOICES[name]:
        raise ValueError(f"must be one of {', '.join(CHOICES[name])}, not {raw!r}")
    if name == "agents" and isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if not isinstance(raw, str):
        raise TypeError(f"give a text, not {raw!r}")
    return raw


def _whole(name: str, raw: Any) -> int:
    if isinstance(raw, bool) or not re.fullmatch(r"-?\d+", str(raw)):
        raise ValueError(f"give a whole number, not {raw!r}")
    value = int(raw)
    if value < (0 if name == "seed" else 1) or value > 2**31:
        raise ValueError(
            f"give a number from {0 if name == 'seed' else 1}, not {value}"
        )
    return value


def _flag(raw: Any) -> bool:
    words = {
        "true": True,
        "1": True,
        "yes": True,
        "false": False,
        "0": False,
        "no": False,
    }
    if isinstance(raw, bool):
        return raw
    if str(raw).lower() in words:
        return words[str(raw).lower()]
    raise ValueError(f"give true or false, not {raw!r}")
