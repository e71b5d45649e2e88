"""Entry → worktree: a full checkout of the base on a branch of its own, and its safe removal.

A worktree is locked from its first moment, so that no other tool's cleaner takes it, and it leaves by a rename
into a trash folder: `git worktree remove` deletes ignored files and detached commits without a word (measured with
git 2.39).
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arena.errors import ArenaError, GitError
from arena.journal import Journal
from arena.machine import copying, process, store, switch
from arena.machine.git import Repository
from arena.machine.listing import Registered, admin_dirs, registered

__all__ = [
    "Registered",
    "SetUp",
    "Worktree",
    "add",
    "copy_files",
    "note",
    "port_range",
    "recorded",
    "registered",
    "remove",
    "set_up",
]

TRIES = 5
PORTS = 20  # per worktree
FIRST_PORT, LAST_PORT = 20000, 32767  # below the range that systems hand out themselves
NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Worktree:
    """A worktree that a run made. `branch` is the full ref name; `inode` tells its folder from a later one."""

    label: str
    path: Path
    branch: str
    base: str
    inode: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """How the set-up command of one worktree ended. `reason` as in `process.Finished`."""

    label: str
    exit_code: int
    reason: str
    seconds: float
    log: Path

    @property
    def ok(self) -> bool:
        """Whether the command came to its end with exit code 0."""
        return self.reason == "exited" and self.exit_code == 0


def add(repo: Repository, *, run: str, label: str, base: str, folder: Path) -> Worktree:
    """Makes the worktree `folder`/`label` with all files of `base`, on the new branch `arena/<run>/<label>`.

    The tree is full also where the main checkout is sparse; no hook and no filter runs. Raises ArenaError if the
    place or the branch is taken, or git can't do it; then neither is left behind.
    """
    for name in (run, label):
        if not NAME.fullmatch(name) or ".." in name or name.endswith((".lock", ".")):
            raise ArenaError(f"{name!r} can't be a name of a run or an entry.")
    folder.mkdir(parents=True, exist_ok=True)
    path, branch = folder.resolve() / label, f"refs/heads/arena/{run}/{label}"
    if os.path.lexists(path):
        raise ArenaError(f"{path} exists already. Remove it or take another run id.")
    if branch in repo.refs(branch):
        raise ArenaError(
            f"the branch arena/{run}/{label} exists already. Delete it or take another run id."
        )
    _register(repo, path, branch=branch, base=base, reason=f"arena {run}")
    tree = Worktree(
        label=label, path=path, branch=branch, base=base, inode=path.stat().st_ino
    )
    try:
        _fill(repo, tree)
    except ArenaError:
        store.remove_tree(path)
        with store.lock(switch.guard(repo), who="arena", wait=60):
            _forget(repo, tree)
            repo.move_refs([(branch, "", base)], why="arena: worktree not made")
        raise
    return tree


def _register(
    repo: Repository, path: Path, *, branch: str, base: str, reason: str
) -> None:
    """Registers an empty, locked worktree. Rivals outside of arena may hold git's own locks, so it is retried."""
    command = ["worktree", "add", "-q", "--no-checkout", "--no-track", "--lock"]
    command += ["--reason", reason, "-b", branch.removeprefix("refs/heads/")]
    for attempt in range(TRIES):
        with store.lock(switch.guard(repo), who="arena", wait=60):
            answer = repo.ask(*command, "--", str(path), base)
            if answer.code == 0:
                return
            # A failure may leave the branch without its worktree (measured).
            if repo.refs(branch).get(branch) == base and path not in admin_dirs(repo):
                repo.move_refs([(branch, "", base)], why="arena: worktree not made")
        if not re.search(r"lock|File exists|Resource temporarily", answer.err):
            break
        _pause(attempt)
    raise GitError(f"can't make the worktree {path}: {' '.join(answer.err.split())}")


def _pause(attempt: int) -> None:
    time.sleep(random.SystemRandom().uniform(0.05, 0.2) * 2**attempt)


def _fill(repo: Repository, tree: Worktree) -> None:
    admin = admin_dirs(repo)[tree.path]
    sparse = admin / "info" / "sparse-checkout"
    if repo.ask("config", "--type=bool", "core.sparseCheckout").text == "true":
        # The worktree has its own patterns; the user's stay as they are.
        store.write_text(sparse, "/*\n")
    there = Repository(admin, tree.path, options=repo.unfiltered().options)
    there.call("-c", "core.sparseCheckout=false", "read-tree", "-m", "-u", tree.base)


def note(journal: Journal, tree: Worktree) -> None:
    """Writes into the journal that this run made the worktree: only then will `clean` ever remove it."""
    journal.add(
        "worktree",
        tree.label,
        path=str(tree.path),
        branch=tree.branch,
        base=tree.base,
        inode=tree.inode,
    )


def recorded(journal: Journal) -> list[Worktree]:
    """The worktrees that the run of this journal made, also those that are gone."""
    return [
        Worktree(
            label=event.label or "",
            path=Path(event.data["path"]),
            branch=event.data["branch"],
            base=event.data["base"],
            inode=event.data["inode"],
        )
        for event in journal.events()
        if event.kind == "worktree"
    ]


def remove(repo: Repository, tree: Worktree, *, trash: Path) -> Path | None:
    """Moves a worktree into `trash` and takes it off git's list; returns where it is now, None if it was gone.

    Only for what is archived. The worktree must lie in the folder that holds `trash`; links are not followed, and
    missing parts are fine. Raises ArenaError if it can't be done; the files are never deleted here.
    """
    _refuse_outside(repo, tree, trash=trash)
    moved: Path | None = None
    for attempt in range(TRIES):
        try:
            moved = _into_trash(tree, trash=trash) or moved
            with store.lock(switch.guard(repo), who="arena", wait=60):
                _forget(repo, tree)
        except (OSError, GitError) as error:
            if attempt == TRIES - 1:
                raise ArenaError(
                    f"can't remove the worktree {tree.path}: {error}. Its files are kept."
                ) from error
            _pause(attempt)
        else:
            break
    return moved


def _refuse_outside(repo: Repository, tree: Worktree, *, trash: Path) -> None:
    root, parent = trash.parent.resolve(), tree.path.parent.resolve()
    precious = [repo.common_dir, *([repo.top] if repo.top else [])]
    real = parent / tree.path.name
    holds = any(Path(p).resolve().is_relative_to(real) for p in precious)
    if not parent.is_relative_to(root) or holds or real == root:
        raise ArenaError(
            f"{tree.path} is not inside {root}, so it is not arena's to remove. Nothing was changed."
        )
    try:
        found = tree.path.lstat()
    except FileNotFoundError:
        return
    if tree.inode and found.st_ino != tree.inode:
        raise ArenaError(
            f"{tree.path} is not the folder that the run made: somebody replaced it. Remove it yourself; "
            "nothing was changed."
        )


def _into_trash(tree: Worktree, *, trash: Path) -> Path | None:
    if not os.path.lexists(tree.path):
        return None
    trash.mkdir(parents=True, exist_ok=True)
    number = 0
    while os.path.lexists(target := trash / f"{tree.label}-{number}"):
        number += 1
    return tree.path.rename(target)


def _forget(repo: Repository, tree: Worktree) -> None:
    # By this path alone: `prune` would also take the user's worktrees on drives that are not mounted.
    if tree.path not in admin_dirs(repo):
        return
    repo.ask("worktree", "unlock", "--", str(tree.path))
    repo.call("worktree", "remove", "--", str(tree.path))


def port_range(index: int) -> range:
    """The 20 ports for the worktree with this number, counted from 0. Raises ArenaError beyond the last."""
    first = FIRST_PORT + index * PORTS
    if index < 0 or first + PORTS - 1 > LAST_PORT:
        raise ArenaError(f"there are no ports for worktree number {index}.")
    return range(first, first + PORTS)


def copy_files(
    repo: Repository, tree: Worktree, names: Iterable[str]
) -> tuple[str, ...]:
    """Copies files or folders that git ignores (`.env`, test data) from the main checkout; returns the files.

    Each is named, with no pattern, relative to the root. Links are neither followed nor copied, and what is there
    already stays. Raises ArenaError for a name that leaves the checkout or is not there.
    """
    if repo.top is None:
        raise ArenaError("a bare repository has no files to copy into worktrees.")
    copied: list[str] = []
    for name in names:
        found = copying.copy_named(repo.top, tree.path, name)
        if found is None:
            raise ArenaError(
                f"{name} is to be copied into the worktrees, but it is no file or folder of {repo.top}."
            )
        copied += found
    return tuple(copied)


def set_up(
    tree: Worktree,
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    timeout: float,
) -> SetUp:
    """Runs the set-up command in the worktree, at most `timeout` seconds, with its output in `log`.

    Raises ArenaError if it can't be started; that it fails is in the record.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    done = process.run(command, cwd=tree.path, env=env, log=log, timeout=timeout)
    return SetUp(
        label=tree.label,
        exit_code=done.exit_code,
        reason=done.reason,
        seconds=done.seconds,
        log=log,
    )
