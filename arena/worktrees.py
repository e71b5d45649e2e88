"""Entry → worktree: a full checkout of the base on a branch of its own, and its safe removal.

A worktree is locked from its first moment, so that no other tool's cleaner takes it, and it leaves by a rename
into a trash folder: `git worktree remove` deletes ignored files and detached commits without a word (measured with
git 2.39).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from arena import control, masking
from arena.errors import ArenaError, GitError, Refused, one_line
from arena.machine import copying, process, records, store
from arena.machine.git import Repository
from arena.machine.listing import admin_dirs, registered
from arena.machine.transaction import Move, move_refs, patiently, value_of
from arena.session import Session

PORTS = 20  # per worktree
FIRST_PORT, LAST_PORT = 20000, 32767  # below the range that systems hand out themselves


@dataclass(frozen=True, slots=True)
class Worktree:
    """A worktree that a run made. `branch` is the full ref name; `inode` tells its folder from a later one."""

    label: str
    path: Path
    branch: str
    base: str
    inode: int = 0

    @property
    def is_there(self) -> bool:
        """Whether the folder that the run made is at this path."""
        there = os.path.lexists(self.path)
        return there and self.inode in (0, self.path.lstat().st_ino)

    @property
    def is_whole(self) -> bool:
        """Whether this path is a folder that no link leads out of."""
        return self.path.is_dir() and self.path.resolve() == self.path


def add(session: Session, label: str, *, base: str) -> Worktree:
    """Makes the run's worktree `label` with all files of `base`, on the new branch `arena/<run>/<label>`.

    The tree is full also where the main checkout is sparse; no hook and no filter runs. It is written into the
    journal: only then will `clean` ever remove it. Raises ArenaError if the place or the branch is taken, or git
    can't do it; then neither is left behind.
    """
    (tree,) = add_all(session, [label], base=base)
    return tree


def add_all(session: Session, labels: Iterable[str], *, base: str) -> list[Worktree]:
    """As `add`, one after the other: git's own locks are in the way of more. Those made before a failure stay."""
    repo, folder = session.repo, session.folder.resolve() / "worktrees"
    branches = {label: f"refs/heads/arena/{session.run}/{label}" for label in labels}
    for part in (session.run, *branches):
        if not part or store.slug(part, limit=len(part)) != part:
            raise Refused(f"{part!r} can't be a name of a run or an entry.")
    folder.mkdir(parents=True, exist_ok=True)
    taken = repo.refs(*branches.values())
    for label, branch in branches.items():
        if os.path.lexists(path := folder / label) or branch in taken:
            name = branch.removeprefix("refs/heads/")
            raise Refused(
                f"{path} or the branch {name} exists already. Remove it first."
            )
    sparse = repo.ask("config", "--type=bool", "core.sparseCheckout").text == "true"
    options, made = repo.unfiltered().options, list[Worktree]()
    for label, branch in branches.items():
        tree = Worktree(label, folder / label, branch, base)
        patiently(repo, partial(_register, session, tree))
        tree = replace(tree, inode=tree.path.stat().st_ino)
        try:
            _fill(repo, tree, options, sparse=sparse)
        except ArenaError:
            store.remove_tree(tree.path)
            patiently(repo, partial(_unmake, repo, tree))
            raise
        session.journal.add("worktree", **records.to_json(tree))
        made.append(tree)
    return made


def _register(session: Session, tree: Worktree) -> None:
    repo, name = session.repo, tree.branch.removeprefix("refs/heads/")
    words = ("-q", "--no-checkout", "--no-track", "--lock", "-b", name, "--reason")
    command = ("worktree", "add", *words, f"arena {session.run}", "--", str(tree.path))
    answer = repo.ask(*command, tree.base)
    if answer.code != 0:
        _unmake(repo, tree)  # it may leave the branch without its worktree (measured)
        raise GitError(f"can't make the worktree {tree.path}: {one_line(answer.err)}")


def _unmake(repo: Repository, tree: Worktree) -> None:
    if not os.path.lexists(tree.path):
        forget(repo, tree)
    ours = value_of(repo, tree.branch) == tree.base
    if ours and tree.path not in admin_dirs(repo):
        move = Move(tree.branch, tree.base, "")
        move_refs(repo, [move], why="arena: worktree not made")


def _fill(
    repo: Repository, tree: Worktree, options: tuple[str, ...], *, sparse: bool
) -> None:
    admin = admin_dirs(repo)[tree.path]
    if sparse:  # the worktree has its own patterns; the user's stay as they are
        store.write_text(admin / "info" / "sparse-checkout", "/*\n")
    there = Repository(admin, tree.path, options=options)
    there.call("-c", "core.sparseCheckout=false", "read-tree", "-m", "-u", tree.base)


def remove(session: Session, tree: Worktree) -> Path | None:
    """Moves a worktree into the run's trash and takes it off git's list; returns where it is now, None if it was gone.

    Only for what is archived. The worktree must lie in the run's folder, or be one that was moved; links are not
    followed, and missing parts are fine. Raises ArenaError if it can't be done; the files are never deleted here.
    """
    refuse_foreign(session, tree)
    try:
        moved = _into_trash(tree, session.folder / "trash")
        patiently(session.repo, lambda: forget(session.repo, tree))
    except (OSError, GitError) as error:
        why = f"can't remove the worktree {tree.path}: {error}. Its files are kept."
        raise ArenaError(why) from error
    return moved


def refuse_foreign(session: Session, tree: Worktree) -> None:
    """Raises Refused if what is at the path of a worktree, or may be there, is not arena's to remove."""
    root, repo = session.folder.resolve(), session.repo
    real = tree.path.parent.resolve() / tree.path.name
    precious = [path.resolve() for path in (repo.common_dir, repo.top, root) if path]
    holds = any(path.is_relative_to(real) for path in precious)
    there, inside = os.path.lexists(tree.path), real.is_relative_to(root)
    ours = {e.path for e in registered(repo) if e.locked == f"arena {session.run}"}
    if holds or not (inside or tree.path in ours):
        where = f"neither in {root} nor on git's list with that run's lock"
        raise Refused(f"{tree.path} is {where}, so it is not arena's to remove.")
    if there and not (tree.is_there and (inside or tree.inode)):
        raise Refused(
            f"{tree.path} is not the folder that the run made: somebody replaced it. Remove it yourself."
        )
    if not there and not would_be_seen(root, tree.path):
        why = f"{tree.path} may be on a drive that is not mounted."
        raise Refused(f"{why} If it is gone: git worktree remove -f -f {tree.path}")


def locked(repo: Repository) -> list[tuple[str, Worktree]]:
    """(run, worktree) of the entries of git's list that say by lock and branch that arena made them."""
    found = []
    for entry in registered(repo):
        run = (entry.locked or "").removeprefix("arena ")
        branch, prefix = entry.branch or "", f"refs/heads/arena/{run}/"
        if entry.locked == f"arena {run}" and branch.startswith(prefix):
            label, head = branch.removeprefix(prefix), entry.head or ""
            found.append((run, Worktree(label, entry.path, branch, head)))
    return found


def would_be_seen(folder: Path, path: Path) -> bool:
    """Whether a worktree that is not at `path` is gone for good; `folder` is its run's."""
    if path.is_relative_to(folder.resolve()):
        return folder.is_dir()
    # Moves are renames: while its drive is mounted, it is on that of the run's folder.
    there = folder.is_dir() and path.parent.is_dir()
    return there and path.parent.stat().st_dev == folder.stat().st_dev


def _into_trash(tree: Worktree, trash: Path) -> Path | None:
    if not os.path.lexists(tree.path):
        return None
    trash.mkdir(parents=True, exist_ok=True)
    number = 0
    while os.path.lexists(target := trash / f"{tree.label}-{number}"):
        number += 1
    return tree.path.rename(target)


def forget(repo: Repository, tree: Worktree) -> None:
    """Takes a worktree that is not at its path off git's list, if it is there."""
    # By this path alone: `prune` would also take the user's worktrees on drives that are not mounted.
    if tree.path in admin_dirs(repo):
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
    copied: list[str] = []
    for name in names:
        found = copying.copy_named(repo.top, tree.path, name) if repo.top else None
        if found is None:
            raise ArenaError(
                f"{name} is to be copied into the worktrees, but it is no file or folder of {repo.top}."
            )
        copied += found
    return tuple(copied)


def set_up(
    session: Session, tree: Worktree, command: str, env: Mapping[str, str]
) -> None:
    """Runs the set-up command in the worktree, with its output in the run's logs. Raises ArenaError if it fails."""
    log = session.folder / "logs" / f"{tree.label}.setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    limit, shell = session.settings.setup_timeout, ["/bin/sh", "-c", command]
    held = control.stem(session.folder, tree.label)
    done = process.run(
        shell, cwd=tree.path, env=env, log=log, timeout=limit, control=held
    )
    masking.mask_file(log, masking.secrets_in(env))
    if done.reason != "exited" or done.exit_code != 0:
        tail = one_line(log.read_text(encoding="utf-8", errors="replace")[-300:])
        raise ArenaError(
            f"the set-up command failed ({done.reason}, exit code {done.exit_code}): {tail}"
        )
