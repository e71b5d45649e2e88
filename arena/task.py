"""What is asked: a prompt, a test-first suite, or both, and the files that a right answer must satisfy. Frozen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from arena.errors import ArenaError
from arena.machine import store

CHECKS = ".arena-checks"  # where checks and held-out tests from outside the repository stand in judged trees
LONGEST = 5 << 20  # bytes of a prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it was when the run began. `suite`, `checks` and `holdouts` map paths in the tree to content;
    the suite is shown to agents, the other two never are."""

    prompt: str | None
    suite: dict[str, bytes] = field(default_factory=dict)
    checks: dict[str, bytes] = field(default_factory=dict)
    holdouts: dict[str, bytes] = field(default_factory=dict)
    approaches: tuple[str, ...] = ()

    @property
    def required(self) -> dict[str, bytes]:
        """All files whose tests a candidate must pass."""
        return {**self.suite, **self.checks, **self.holdouts}


def read(
    *,
    folder: Path,
    top: Path,
    prompt: str | None,
    prompt_file: str | None,
    suite: Sequence[str] = (),
    checks: Sequence[str] = (),
    holdouts: Sequence[str] = (),
    approaches: Sequence[str] = (),
) -> Task:
    """Reads everything that the task consists of, relative to `folder`.

    Raises ArenaError for a file that is missing, outside of the repository (suite), or not text (prompt).
    """
    return Task(
        prompt=_prompt(folder, prompt, prompt_file),
        suite=_files(folder, top, suite, option="--suite", inside=True),
        checks=_files(folder, top, checks, option="--check"),
        holdouts=_files(folder, top, holdouts, option="--holdout"),
        approaches=tuple(approaches),
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
            raise ArenaError(
                f"--prompt-file {prompt_file} is not UTF-8 text."
            ) from None
    if text is None:
        return None
    if not text.strip():
        raise ArenaError("the prompt is empty. Say what the agents should do.")
    if "\0" in text or len(text.encode()) > LONGEST:
        raise ArenaError(
            f"the prompt must be text of at most {LONGEST >> 20} MiB without NUL characters."
        )
    return text


def _files(
    folder: Path, top: Path, names: Sequence[str], *, option: str, inside: bool = False
) -> dict[str, bytes]:
    """{path in the tree: content}; a folder stands for all files below it."""
    found: dict[str, bytes] = {}
    for name in names:
        path = folder / name
        if not path.exists():
            raise ArenaError(f"{option} {name}: no such file.")
        real = Path(os.path.realpath(path))
        within = real.is_relative_to(os.path.realpath(top))
        if inside and not within:
            raise ArenaError(
                f"{option} {name} is outside of the repository. Put it where the tests are."
            )
        for file in sorted(real.rglob("*")) if real.is_dir() else [real]:
            if file.is_file() and "__pycache__" not in file.parts:
                found[_place(file, real, top, within=within)] = file.read_bytes()
    if names and not any(path.endswith(".py") for path in found):
        raise ArenaError(f"{option} {', '.join(names)} holds no Python test file.")
    return found


def _place(file: Path, root: Path, top: Path, *, within: bool) -> str:
    if within:
        return file.relative_to(os.path.realpath(top)).as_posix()
    relative = file.relative_to(root if root.is_dir() else root.parent).as_posix()
    name = (
        file.name
        if file.name.startswith("test_") or file.name == "conftest.py"
        else f"test_{file.name}"
    )
    return f"{CHECKS}/{relative.removesuffix(file.name)}{name}"


def save(task: Task, folder: Path) -> None:
    """Writes a task into a run's folder."""
    for group in ("suite", "checks", "holdouts"):
        for path, content in getattr(task, group).items():
            store.write_bytes(folder / group / path, content)
    store.write_json(
        folder / "task.json",
        {"prompt": task.prompt, "approaches": list(task.approaches)},
    )


def load(folder: Path) -> Task:
    """Reads what `save` wrote. Raises ArenaError if it is damaged."""
    data = store.read_json(folder / "task.json")
    groups = {
        group: {
            path.relative_to(folder / group).as_posix(): path.read_bytes()
            for path in sorted((folder / group).rglob("*"))
            if path.is_file()
        }
        for group in ("suite", "checks", "holdouts")
    }
    return Task(prompt=data["prompt"], approaches=tuple(data["approaches"]), **groups)
