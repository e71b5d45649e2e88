"""Archive and clean-up: nothing goes that can't come back."""

from __future__ import annotations

import errno
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from arena import archive
from arena.clean import Cleaned, clean
from arena.errors import ArenaError
from arena.land import undo
from arena.machine.listing import registered
from arena.moves import change
from arena.worktrees import Worktree

RUN = "r1"


def sweep(project: Any, **more: Any) -> Cleaned:
    return clean(project.session, **more)


def collect(project: Any, tree: Worktree) -> str:
    """What the judge does when the agent has ended."""
    inside = project.quarantine
    inside.take(tree.base, ref=f"refs/arena/bases/{tree.base}")
    commit = inside.snapshot(tree.path, base=tree.base, message="snapshot")
    archive.keep(project.session, tree.label, commit)
    return commit


def restore(project: Any, *, label: str, branch: str | None = None) -> str:
    move = archive.branch_of(project.repo, run=RUN, label=label, branch=branch)
    if move.old != move.new:
        change(project.session, "restoring", [move], label)
    return move.name


def shown(project: Any, label: str, path: str) -> str:
    return project.git("show", f"refs/arena/archive/{RUN}/{label}:{path}")


def test_keep_and_restore(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    for _ in range(2):
        ref = archive.keep(project.session, "b", commit)
    assert ref == "refs/arena/archive/r1/b"
    project.git("gc", "-q", "--prune=now")
    assert restore(project, label="b") == "arena/r1/b"
    assert project.git("rev-parse", "arena/r1/b") == commit
    restore(project, label="b")
    restore(project, label="b", branch="again")
    assert project.git("rev-parse", "again") == commit


def test_archive_never_takes_another_value(project: Any) -> None:
    one, two = (project.candidate(**{"b.txt": text}) for text in ("1\n", "2\n"))
    archive.keep(project.session, "b", one)
    with pytest.raises(ArenaError, match="already holds"):
        archive.keep(project.session, "b", two)
    assert archive.archived(project.repo, RUN) == {"b": one}


def test_many_are_kept_at_once_and_the_one_that_can_not_be_stops_nobody(
    project: Any,
) -> None:
    commits = {
        f"c{number}": project.candidate(**{"b.txt": f"{number}\n"})
        for number in range(12)
    }
    archive.keep(project.session, "c3", commits["c4"])
    keeper = archive.Keeper(project.session)

    def keep(label: str) -> str:
        try:
            keeper.keep(label, commits[label])
        except ArenaError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(len(commits)) as pool:
        said = dict(zip(commits, pool.map(keep, commits), strict=True))
    wrong = {label for label, words in said.items() if words}
    assert wrong == {"c3"}
    assert "already holds" in said["c3"]
    assert archive.archived(project.repo, RUN) == commits | {"c3": commits["c4"]}


def test_what_a_fault_kept_out_of_the_archive_is_not_taken_for_kept(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system that refuses for a moment, while others wait for the same transfer."""
    commits = {f"c{n}": project.candidate(**{"b.txt": f"{n}\n"}) for n in range(4)}
    keeper, begun, go = archive.Keeper(project.session), Event(), Event()
    real, seen = os.pipe, list[int]()

    def refuse_the_second() -> tuple[int, int]:
        """Holds up the first transfer until the others wait, then fails where the next one begins."""
        new = threading.get_ident() not in seen
        seen.append(threading.get_ident())
        if len(seen) == 1:
            begun.set()
            go.wait(10)
        elif new and len(set(seen)) == 2:
            raise OSError(errno.EMFILE, "Too many open files")
        return real()

    monkeypatch.setattr(os, "pipe", refuse_the_second)
    with ThreadPoolExecutor(len(commits)) as pool:
        first = pool.submit(keeper.keep, "c0", commits["c0"])
        begun.wait(10)
        rest = [pool.submit(keeper.keep, n, commits[n]) for n in ("c1", "c2", "c3")]
        while len(keeper._waiting) < len(commits):
            time.sleep(0.01)
        go.set()
        for one in (first, *rest):
            one.result()
    assert archive.archived(project.repo, RUN) == commits


def test_restore_refuses(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    archive.keep(project.session, "b", commit)
    with pytest.raises(ArenaError, match="holds no c; it holds b"):
        restore(project, label="c")
    main = project.git("rev-parse", "main")
    with pytest.raises(ArenaError, match="main exists"):
        restore(project, label="b", branch="main")
    with pytest.raises(ArenaError, match="can't be the name"):
        restore(project, label="b", branch="a..b")
    assert project.git("rev-parse", "main") == main


def test_clean_removes_and_undo_restores_the_branches(project: Any) -> None:
    trees = [project.worktree(label) for label in "ab"]
    for tree in trees:
        (tree.path / "work.txt").write_text(tree.label)
        project.commit(at=tree.path)
        collect(project, tree)
    refs = project.refs()
    done = sweep(project)
    assert done.worktrees == ("a", "b")
    assert done.branches == ("refs/heads/arena/r1/a", "refs/heads/arena/r1/b")
    assert done.freed > 0
    assert done.kept == ()
    assert not any(tree.path.exists() for tree in trees)
    assert len(registered(project.repo)) == 1
    assert [ref for ref in project.refs() if "arena/r1" in ref] == []
    again = sweep(project)
    assert (again.worktrees, again.branches, again.freed) == ((), (), 0)
    project.git("gc", "-q", "--prune=now")
    undo(project.session)
    assert project.refs() == refs
    undo(project.session)
    assert "refs/heads/arena/r1/a" not in project.refs()


def test_clean_keeps_late_uncommitted_work(project: Any) -> None:
    tree = project.worktree("a")
    (tree.path / "early.txt").write_text("early\n")
    collect(project, tree)
    (tree.path / "late.txt").write_text("late\n")
    (tree.path / "x.log").write_text("ignored\n")
    done = sweep(project)
    assert done.late == ("refs/arena/archive/r1/a.late",)
    assert done.late[0] in done.restorable
    assert done.ignored == 1
    assert shown(project, "a.late", "late.txt") == "late"
    assert "late.txt" not in project.git("ls-tree", "refs/arena/archive/r1/a")
    restore(project, label="a.late", branch="late")


def test_clean_archives_what_was_never_collected(project: Any) -> None:
    tree = project.worktree("a")
    (tree.path / "only.txt").write_text("copy\n")
    assert sweep(project).late == ("refs/arena/archive/r1/a",)
    assert shown(project, "a", "only.txt") == "copy"


def test_clean_keeps_commits_that_only_the_agent_had(project: Any) -> None:
    tree = project.worktree("a")
    project.commit(at=tree.path, **{"one.txt": "first thought\n"})
    branch = project.git("rev-parse", "HEAD", at=tree.path)
    project.git("checkout", "-q", "--detach", at=tree.path)
    head = project.commit(at=tree.path, **{"one.txt": "second thought\n"})
    collect(project, tree)
    done = sweep(project)
    found = archive.archived(project.repo, RUN)
    assert found["a.branch"] == branch
    assert found["a.head"] == head
    assert done.kept == ()


def test_dry_run_changes_nothing(project: Any) -> None:
    tree = project.worktree("a")
    (tree.path / "late.txt").write_text("late\n")
    before, events = project.repo.refs(), project.kinds()
    done = sweep(project, dry_run=True)
    assert done.dry_run
    assert done.worktrees == ("a",)
    assert done.branches == ("refs/heads/arena/r1/a",)
    assert done.late == ("refs/arena/archive/r1/a",)
    assert done.freed > 0
    assert (project.repo.refs(), project.kinds()) == (before, events)
    assert tree.path.exists()


def test_clean_with_a_missing_worktree(project: Any) -> None:
    tree = project.worktree("a")
    collect(project, tree)
    tree.path.rename(project.path.parent / "away")
    done = sweep(project)
    assert done.worktrees == ("a",)
    assert len(registered(project.repo)) == 1
    assert done.branches == ("refs/heads/arena/r1/a",)


def test_clean_leaves_what_the_run_did_not_make(project: Any, tmp_path: Path) -> None:
    tree = project.worktree("a")
    project.git("branch", "arena/r1/mine")
    project.git("branch", "arena/r2/a")
    project.git("worktree", "add", "-q", "--lock", str(tmp_path / "w"), "-b", "w")
    sweep(project)
    kept = [ref for ref in project.refs() if ref != "refs/heads/main"]
    assert kept == ["refs/heads/arena/r1/mine", "refs/heads/arena/r2/a", "refs/heads/w"]
    assert (tmp_path / "w").exists()
    assert not tree.path.exists()


def test_branch_checked_out_by_the_user_stays(project: Any) -> None:
    tree = project.worktree("a")
    project.git("checkout", "-q", "--detach", at=tree.path)
    project.git("checkout", "-q", "arena/r1/a")
    done = sweep(project)
    assert done.branches == ()
    assert str(project.path) in done.kept[0][1]
    assert project.git("rev-parse", "HEAD") == tree.base


def test_nested_repository_is_not_deleted(project: Any) -> None:
    tree = project.worktree("a")
    inner = tree.path / "inner"
    project.git("init", "-q", str(inner))
    project.commit(at=inner, **{"x.txt": "only here\n"})
    done = sweep(project)
    found = list((project.run_folder / "trash").rglob("inner/x.txt"))
    assert len(found) == 1
    assert str(found[0].parents[1]) in done.kept[0][1]


def test_stale_packed_refs_lock_keeps_the_branch(project: Any) -> None:
    project.worktree("a")
    project.git("pack-refs", "--all")
    (project.path / ".git" / "packed-refs.lock").write_text("")
    done = sweep(project)
    assert done.branches == ()
    assert "packed-refs.lock" in done.kept[0][1]
    (project.path / ".git" / "packed-refs.lock").unlink()
    assert sweep(project).branches == ("refs/heads/arena/r1/a",)


def test_hooks_do_not_run(project: Any, tmp_path: Path) -> None:
    mark, hooks = tmp_path / "ran", project.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {mark}\n")
        (hooks / name).chmod(0o755)
    project.worktree("a")
    sweep(project)
    undo(project.session)
    assert not mark.exists()


def test_clean_after_landing_undoes_both(project: Any) -> None:
    before = dict(project.refs())
    tree = project.worktree("b")
    (tree.path / "b.txt").write_text("b\n")
    commit = collect(project, tree)
    project.land(commit)
    sweep(project)
    undo(project.session)
    before["refs/heads/arena/r1/b"] = tree.base
    assert project.refs() == before
    assert project.clean()


def test_kill_before_the_journal_knew_the_worktree(project: Any) -> None:
    tree = project.worktree("a")
    project.journal.path.write_bytes(b"")
    (tree.path / "x.txt").write_text("x\n")
    done = sweep(project)
    assert done.worktrees == ("a",)
    assert done.branches == ("refs/heads/arena/r1/a",)
    assert shown(project, "a", "x.txt") == "x"


def test_kill_between_rename_and_deletion(project: Any) -> None:
    tree = project.worktree("a")
    collect(project, tree)
    project.journal.add("removing", "a", path=str(tree.path), complete=True)
    trash = project.run_folder / "trash"
    trash.mkdir()
    tree.path.rename(trash / "a-0")
    done = sweep(project)
    assert list(trash.iterdir()) == []
    assert done.freed > 0
    assert len(registered(project.repo)) == 1


def test_a_branch_that_a_kill_left_without_its_worktree_goes(project: Any) -> None:
    base = project.git("rev-parse", "main")
    project.journal.add("planned", labels=["a", "b"], base=base, target=None)
    project.git("branch", "arena/r1/a", base)
    theirs = project.commit(**{"mine.txt": "mine\n"})
    project.git("branch", "arena/r1/b", theirs)
    assert sweep(project).branches == ("refs/heads/arena/r1/a",)
    assert project.git("rev-parse", "arena/r1/b") == theirs
    undo(project.session)
    assert project.git("rev-parse", "arena/r1/a") == base
