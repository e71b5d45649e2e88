"""The worktrees that git knows of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arena.machine.git import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """One entry of git's list of worktrees. `locked` and `prunable` are the reasons, None if it is not."""

    path: Path
    head: str | None
    branch: str | None
    bare: bool
    locked: str | None
    prunable: str | None


def parse_worktrees(answer: bytes) -> list[Registered]:
    """Reads the answer to `git worktree list --porcelain -z`; the main worktree comes first."""
    found = []
    for record in answer.decode("utf-8", "surrogateescape").split("\0\0"):
        words = dict(line.partition(" ")[::2] for line in record.split("\0") if line)
        if "worktree" in words:
            found.append(
                Registered(
                    path=Path(words["worktree"]),
                    head=words.get("HEAD"),
                    branch=words.get("branch"),
                    bare="bare" in words,
                    locked=words.get("locked"),
                    prunable=words.get("prunable"),
                )
            )
    return found


def registered(repo: Repository) -> list[Registered]:
    """All worktrees that git knows of, the main one first."""
    return parse_worktrees(repo.call("worktree", "list", "--porcelain", "-z").out)


def admin_dirs(repo: Repository) -> dict[Path, Path]:
    """Path of each linked worktree → its folder in the git directory."""
    found = {}
    for folder in sorted((repo.common_dir / "worktrees").glob("*")):
        pointer = folder / "gitdir"
        if pointer.is_file():
            text = pointer.read_text(encoding="utf-8", errors="surrogateescape")
            found[(folder / text.rstrip("\n")).parent] = folder
    return found
