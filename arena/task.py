"""What is asked: a prompt, a test-first suite, or both, and the files that a right answer must satisfy. Frozen."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from arena.errors import ArenaError
from arena.machine import records, store
from arena.patterns.explore import Measure
from arena.territory import EVERYWHERE, Territory

# Where checks and held-out tests from outside of the repository stand in judged trees.
CHECKS = Path("arena_checks")
LONGEST = 5 << 20  # bytes of a prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it was when the run began. `suite`, `checks` and `holdouts` map paths in the tree to content;
    the suite is shown to agents, the other two never are. `rules` are told to the agents beside the task; `measures`
    are what the user wants to know of each candidate beyond the rubric; `handoff` is the path of the file that says
    how a whole plan stands; `authors` says which paths come from which tester."""

    prompt: str | None
    suite: dict[str, bytes] = field(default_factory=dict)
    checks: dict[str, bytes] = field(default_factory=dict)
    holdouts: dict[str, bytes] = field(default_factory=dict)
    approaches: tuple[str, ...] = ()
    territory: Territory = EVERYWHERE
    rules: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    handoff: str = ""
    authors: dict[str, str] = field(default_factory=dict)

    @property
    def required(self) -> dict[str, bytes]:
        """All files whose tests a candidate must pass."""
        return {**self.suite, **self.checks, **self.holdouts}

    def with_files(self, group: str, files: Mapping[str, bytes], author: str) -> Task:
        """The same with further files in one of the groups, which a tester wrote."""
        more: dict[str, Any] = {group: {**getattr(self, group), **files}}
        return replace(
            self, authors=self.authors | dict.fromkeys(files, author), **more
        )


# What the user may give: how files get into a task, and with which option.
GROUPS = {"suite": "--suite", "checks": "--check", "holdouts": "--holdout"}


def read(
    folder: Path,
    top: Path,
    prompt: str | None,
    *,
    prompt_file: str | None = None,
    approaches: Sequence[str] = (),
    territory: Territory = EVERYWHERE,
    rules: Sequence[str] = (),
    measures: Sequence[Measure] = (),
    handoff: str = "",
    **files: Sequence[str],
) -> Task:
    """Reads everything that the task consists of, relative to `folder`; `files` are paths by group.

    Raises ArenaError for a file that is missing, outside of the repository (suite), or not text (prompt).
    """
    groups: dict[str, Any] = {
        g: _files(folder, top, names, GROUPS[g]) for g, names in files.items()
    }
    text = _prompt(folder, prompt, prompt_file)
    return Task(
        prompt=text,
        approaches=tuple(approaches),
        territory=territory,
        rules=tuple(rules),
        measures=tuple(measures),
        handoff=handoff,
        **groups,
    )


def _prompt(folder: Path, prompt: str | None, prompt_file: str | None) -> str | None:
    if prompt is not None and prompt_file is not None:
        raise ArenaError("a prompt and --prompt-file are both given. Give one of them.")
    text = prompt
    if prompt_file is not None:
        path = folder / prompt_file
        if not path.is_file():
            raise ArenaError(f"--prompt-file {prompt_file}: no such file.")
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise ArenaError(f"--prompt-file {prompt_file}: not UTF-8 text.") from None
    if text is None:
        return None
    if not text.strip():
        raise ArenaError("the prompt is empty. Say what the agents should do.")
    if "\0" in text or len(text.encode()) > LONGEST:
        most = f"at most {LONGEST >> 20} MiB"
        raise ArenaError(f"the prompt must be text of {most} without NUL characters.")
    return text


def _files(
    folder: Path, top: Path, names: Sequence[str], option: str
) -> dict[str, bytes]:
    """{path in the tree: content}; a folder stands for all files below it."""
    found: dict[str, bytes] = {}
    root = Path(os.path.realpath(top))
    for name in names:
        real = Path(os.path.realpath(folder / name))
        if not real.exists():
            raise ArenaError(f"{option} {name}: no such file.")
        within = real.is_relative_to(root)
        if option == GROUPS["suite"] and not within:
            why = f"{option} {name} is outside of the repository."
            raise ArenaError(f"{why} Put it where the tests are.")
        for file in sorted(real.rglob("*")) if real.is_dir() else [real]:
            if file.is_file() and "__pycache__" not in file.parts:
                place = file.relative_to(root) if within else _outside(file, real)
                found[place.as_posix()] = file.read_bytes()
    if names and not any(path.endswith(".py") for path in found):
        raise ArenaError(f"{option} {', '.join(names)} holds no Python test file.")
    return found


def _outside(file: Path, given: Path) -> Path:
    """Where a file from outside of the repository stands in the tree, with a name that pytest finds."""
    relative = file.relative_to(given if given.is_dir() else given.parent)
    found = file.name.startswith("test_") or file.name == "conftest.py"
    return CHECKS / (relative if found else relative.with_name(f"test_{file.name}"))


def save(task: Task, folder: Path) -> None:
    """Writes a task into a run's folder."""
    for group in GROUPS:
        for path, content in getattr(task, group).items():
            store.write_bytes(folder / group / path, content)
    facts = {
        "prompt": task.prompt,
        "approaches": list(task.approaches),
        "territory": records.to_json(task.territory),
        "rules": list(task.rules),
        "measures": records.to_json(task.measures),
        "authors": task.authors,
    }
    store.write_json(folder / "task.json", facts)


def load(folder: Path) -> Task:
    """Reads what `save` wrote. Raises ArenaError if it is damaged."""
    data = store.read_json(folder / "task.json")
    groups: dict[str, Any] = {
        group: {
            path.relative_to(folder / group).as_posix(): path.read_bytes()
            for path in sorted((folder / group).rglob("*"))
            if path.is_file()
        }
        for group in GROUPS
    }
    return Task(
        prompt=data["prompt"],
        approaches=tuple(data["approaches"]),
        territory=records.from_json(Territory, data.get("territory", {})),
        rules=tuple(data.get("rules", ())),
        measures=tuple(
            records.from_json(Measure, one) for one in data.get("measures", ())
        ),
        handoff="",
        authors=data.get("authors", {}),
        **groups,
    )
