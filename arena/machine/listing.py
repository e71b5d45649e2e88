"""The worktrees that git knows of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arena.machine.git import Repository


@dataclass(frozen=True, slots=True)
class Registered:
    """One entry of git's list of worktrees. `locked` and `prunable` are the reasons, None if it is not."""

    path: Path
    bare: bool
    head: str | None
    branch: str | None
    locked: str | None
    prunable: str | None


def parse_worktrees(answer: bytes) -> list[Registered]:
    """Reads the answer to `git worktree list --porcelain -z`; the main worktree comes first."""
    found = []
    for record in answer.decode("utf-8", "surrogateescape").split("\0\0"):
        words = dict(line.partition(" ")[::2] for line in record.split("\0") if line)
        if "worktree" in words:
            rest = map(words.get, ("HEAD", "branch", "locked", "prunable"))
            found.append(Registered(Path(words["worktree"]), "bare" in words, *rest))
    return found


def registered(repo: Repository) -> list[Registered]:
    """All worktrees that git knows of, the main one first."""
    return parse_worktrees(repo.call("worktree", "list", "--porcelain", "-z").out)


def admin_dirs(repo: Repository) -> dict[Path, Path]:
    """Path of each linked worktree → its folder in the git directory."""
    found = {}
    for pointer in sorted(repo.common_dir.glob("worktrees/*/gitdir")):
        text = pointer.read_text(encoding="utf-8", errors="surrogateescape")
        found[(pointer.parent / text.rstrip("\n")).parent] = pointer.parent
    return found


def holders(repo: Repository, branch: str) -> list[Repository]:
    """The checkouts whose HEAD is on `branch` (a full ref name)."""
    admins = admin_dirs(repo)
    found = []
    for number, entry in enumerate(registered(repo)):
        git_dir = repo.common_dir if number == 0 else admins.get(entry.path)
        if entry.branch != branch or git_dir is None:
            continue
        # It knows its work tree better than the list, in a submodule for one.
        ours = repo.top and git_dir.resolve() == repo.git_dir.resolve()
        there = Repository(git_dir, entry.path, options=repo.options)
        found.append(repo if ours else there)
    return found
