"""Every option declared once: name, type, default, what it means. Read from `arena.toml` or `[tool.arena]`.

Order of precedence: command line, `ARENA_*` variable, file, default. All faults are reported together.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from arena.errors import ArenaError


def option(default: Any, doc: str, *choices: str) -> Any:
    """A field of the settings; its type says how a value is read."""
    return field(default=default, metadata={"doc": doc, "choices": choices})


Dollars = float


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All options with their values; durations are in seconds."""

    agents: str = option("3", "how many, or which: claude:2")
    agent: str | None = option(None, "what a bare number means: an agent's name")
    command: tuple[str, ...] = option((), "the agent `command`: words, {prompt} …")
    command_prompt: str = option(
        "argument", "where `command` gets the prompt", "argument", "stdin"
    )
    prompt_template: str = option("task", "template of prompts, or none")
    model: str | None = option(None, "model name given to agents that take one")
    timeout: float = option(1800.0, "time limit of one agent")
    silence: float = option(600.0, "limit without output or change of an agent")
    at_once: int | None = option(None, "agents at a time (default: four a core)")
    retries: int = option(2, "further turns of an agent")
    backoff: float = option(30.0, "first wait after a rate limit; doubles each time")
    max_cost: Dollars | None = option(None, "what all agents may cost, in USD")  # noqa: RUF009
    max_tokens: int | None = option(None, "tokens that all agents may use")
    setup_timeout: float = option(600.0, "time limit of the set-up command")
    jobs: int | None = option(None, "test runs at a time (default: the cores)")
    seed: int = option(0, "seed of everything that is drawn")
    base: str | None = option(None, "commit that candidates start from")
    target: str | None = option(None, "branch to merge into (default: the current)")
    rubric: str = option("default", "rubric: name or file")
    project: str | None = option(None, "folder of the project in a monorepo")
    python: str | None = option(None, "interpreter of the project's environment")
    test: str | None = option(None, "test command (default: pytest)")
    junit: str | None = option(None, "JUnit XML file that the test command writes")
    setup: str | None = option(None, "command run in each new worktree first")
    env: tuple[str, ...] = option((), "variables that agents and tests may see")
    allow_network: bool = option(default=False, doc="tests may use the network")
    pattern: str = option(
        "compete", "safety-net: merge only what an independent candidate agrees with",
        "compete", "safety-net",
    )  # fmt: skip
    first_to_pass: bool = option(
        default=False, doc="stop the others as soon as one passes"
    )
    merge: str = option("ask", "merge the winner", "ask", "auto", "never")
    style: str = option(
        "merge", "how work lands: a merge, one commit, or its commits again",
        "merge", "squash", "rebase",
    )  # fmt: skip
    run_hooks: bool = option(default=False, doc="your git hooks run when work lands")
    protected: tuple[str, ...] = option((), "branches where nothing lands (patterns)")
    keep: bool = option(default=False, doc="keep worktrees and branches afterwards")
    test_timeout: float = option(1800.0, "time limit of the tests on the base")
    isolation: str = option("auto", "strongest sandbox, or none", "auto", "none")
    fast: bool = option(
        default=False, doc="only the gate runs: no further controls, no evidence"
    )
    judge_setup: str | None = option(None, "command run in each judged tree (compile)")
    judge_copy: tuple[str, ...] = option((), "ignored files that the tests need")
    benchmark: str | None = option(None, "command to time on base and candidates")
    benchmark_runs: int = option(5, "how often the benchmark is run")
    status_dir: str | None = option(
        None, "also write status files here (.agent-status)"
    )
    worktree_dir: str | None = option(None, "link worktrees here (.worktrees)")
    copy_files: tuple[str, ...] = option((), "ignored files for each worktree")
    handoff_dir: str | None = option(None, "folder for a plan's hand-off file, too")
    full_paths: bool = option(default=False, doc="reports show your home folder, not ~")
    color: str = option("auto", "colour in the terminal", "auto", "always", "never")


FIELDS = {item.name: item for item in dataclasses.fields(Settings)}
# In a file, `judge_setup` may also stand as `setup` in a table [judge].
TABLES = ("judge",)


class Source(NamedTuple):
    """A value and where it comes from."""

    value: Any
    origin: str


def load(
    folder: Path,
    top: Path | None,
    given: Mapping[str, Any],
    config: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> tuple[Settings, dict[str, Source]]:
    """The settings in force in `folder`, and where each value comes from.

    `given` are values from the command line (None: not given); `top` ends the search for a file upwards.
    Raises ArenaError with all faults of the file and the variables together.
    """
    if config is not None and not config.is_file():
        raise ArenaError(f"--config {config}: no such file.")
    sources = {n: Source(item.default, "default") for n, item in FIELDS.items()}
    faults: list[str] = []
    path = config or find_file(folder, top)
    named = {f"ARENA_{name.upper()}": name for name in FIELDS}
    found = _from_file(path, faults) if path else []
    found += [(name, environ[v], v) for v, name in named.items() if environ.get(v)]
    found += [(name, raw, flag(name)) for name, raw in given.items() if raw is not None]
    for name, raw, origin in found:
        try:
            sources[name] = Source(_convert(name, raw), origin)
        except (ValueError, TypeError) as error:
            faults.append(f"{origin}: {error}")
    if faults:
        raise ArenaError("\n  ".join(["the settings have faults:", *faults]))
    return Settings(**{name: source.value for name, source in sources.items()}), sources


def flag(name: str) -> str:
    """The option of the command line that sets `name`."""
    return "--" + name.replace("_", "-")


def find_file(folder: Path, top: Path | None) -> Path | None:
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
    """(name, raw value, where it stands) of all known options in a file; the others become faults."""
    import difflib
    import tomllib

    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        faults.append(f"{path.name}: not TOML: {error}")
        return []
    if path.name == "pyproject.toml":
        data = data.get("tool", {}).get("arena", {})
    rows = []
    for key, value in data.items():
        if key in TABLES and isinstance(value, dict):
            rows += [(f"{key}_{k}", v, f"[{key}] {k}") for k, v in value.items()]
        else:
            rows.append((key, value, key))
    known = []
    for key, value, where in rows:
        name, origin = key.replace("-", "_"), f"{path.name} {where}"
        if name in FIELDS:
            known.append((name, value, origin))
        else:
            near = difflib.get_close_matches(name, FIELDS, 1, 0.6)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            faults.append(f"{origin}: unknown option{hint}")
    return known


def _convert(name: str, raw: Any) -> Any:
    choices = FIELDS[name].metadata["choices"]
    if choices and raw not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}, not {raw!r}")
    if name == "agents" and isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if name in ("seed", "retries") and str(raw) == "0":  # whole numbers that may be 0
        return 0
    # Types are texts here, since annotations are not evaluated.
    return READERS[str(FIELDS[name].type).removesuffix(" | None")](raw)


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError(f"give a text, not {raw!r}")
    return raw


def _whole(raw: Any) -> int:
    if isinstance(raw, bool) or not re.fullmatch(r"-?\d{1,11}", str(raw)):
        raise ValueError(f"give a whole number, not {raw!r}")
    if not 1 <= int(raw) <= 2**31:
        raise ValueError(f"give a number from 1, not {raw}")
    return int(raw)


def seconds(raw: Any) -> float:
    """A duration such as 90, 90s, 30m, 2h or 7d, in seconds. Raises ValueError if it is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(raw).strip())
    value = (
        float(found[1]) * {"m": 60, "h": 3600, "d": 86400}.get(found[2], 1)
        if found
        else 0
    )
    if not 0 < value < math.inf:
        raise ValueError("give a duration above 0, such as 90s, 30m or 2h")
    return value


def _dollars(raw: Any) -> float:
    found = re.fullmatch(r"\$?(\d+(?:\.\d+)?)", str(raw).strip())
    value = float(found[1]) if found else 0
    if not 0 < value < math.inf:
        raise ValueError("give an amount in USD above 0, such as 5 or 0.50")
    return value


def _flag(raw: Any) -> bool:
    word = str(raw).lower()
    if word not in ("true", "1", "yes", "false", "0", "no"):
        raise ValueError(f"give true or false, not {raw!r}")
    return word in ("true", "1", "yes")


def _list(raw: Any) -> tuple[str, ...]:
    items = raw.split(",") if isinstance(raw, str) else raw
    if isinstance(items, (list, tuple)) and all(isinstance(i, str) for i in items):
        return tuple(items)
    raise ValueError("give a list of texts")


READERS = {
    "str": _text,
    "int": _whole,
    "float": seconds,
    "Dollars": _dollars,
    "bool": _flag,
    "tuple[str, ...]": _list,
}
