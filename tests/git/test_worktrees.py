"""Worktrees: made whole and quiet, removed only into the trash."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arena import worktrees
from arena.errors import ArenaError
from arena.machine import git
from arena.machine.listing import parse_worktrees, registered
from arena.settings import Settings


def add(project: Any, label: str, **more: Any) -> worktrees.Worktree:
    facts = {"base": project.git("rev-parse", "main")} | more
    return worktrees.add(project.session, label, **facts)


def test_add_is_full_locked_and_clean(project: Any) -> None:
    tree = add(project, "a")
    assert (tree.path / "a.txt").read_text() == "one\ntwo\nthree\n"
    assert project.git("status", "--porcelain", at=tree.path) == ""
    assert project.git("symbolic-ref", "HEAD", at=tree.path) == "refs/heads/arena/r1/a"
    entry = registered(project.repo)[1]
    assert (entry.path, entry.locked) == (tree.path, "arena r1")
    config = (project.path / ".git/config").read_text()
    assert "arena" not in config


def test_add_in_a_sparse_repository(project: Any) -> None:
    project.commit(in__x="x\n", out__y="y\n")
    project.git("sparse-checkout", "set", "in")
    config = (project.path / ".git/config").read_text()
    tree = add(project, "a")
    assert (tree.path / "out/y").exists()
    assert not (project.path / "out").exists()
    assert (project.path / ".git/config").read_text() == config
    for command in (["checkout", "-q", "-f", "HEAD"], ["reset", "-q", "--hard"]):
        project.git(*command, at=tree.path)
        assert (tree.path / "out/y").exists()
    assert project.git("status", "--porcelain", at=tree.path) == ""


def test_add_many_at_once(project: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(lambda n: add(project, f"w{n}"), range(8)))
    assert len({tree.path for tree in trees}) == 8
    assert len(registered(project.repo)) == 9


def test_add_runs_no_filter(project: Any, tmp_path: Path) -> None:
    project.commit(**{".gitattributes": "*.txt filter=evil\n"})
    project.git("config", "filter.evil.smudge", f"tee {tmp_path}/ran")
    project.git("config", "filter.evil.clean", f"tee {tmp_path}/ran")
    (tmp_path / "ran").unlink(missing_ok=True)
    add(project, "a")
    assert not (tmp_path / "ran").exists()


def test_add_leaves_nothing_when_it_fails(project: Any) -> None:
    before = project.refs()
    with pytest.raises(ArenaError, match="can't make the worktree"):
        add(project, "a", base="0" * 40)
    assert project.refs() == before
    assert len(registered(project.repo)) == 1


@pytest.mark.parametrize("label", ["../x", "-rf", "a b", "x.lock", "A", "", "a..b"])
def test_bad_labels(project: Any, label: str) -> None:
    with pytest.raises(ArenaError, match="can't be a name"):
        add(project, label)


def test_taken_branch_or_folder(project: Any) -> None:
    add(project, "a")
    with pytest.raises(ArenaError, match="exists already"):
        add(project, "a")
    project.git("branch", "arena/r1/b")
    with pytest.raises(ArenaError, match="exists already"):
        add(project, "b")


def test_from_a_linked_worktree_and_a_bare_repository(
    project: Any, tmp_path: Path
) -> None:
    tree = add(project, "a")
    base = project.git("rev-parse", "main")
    inner = git.open_repository(tree.path)
    session = replace(project.session, folder=tmp_path / "inner", repo=inner)
    worktrees.add(session, "b", base=base)
    project.git("clone", "-q", "--bare", str(project.path), str(tmp_path / "b.git"))
    bare = git.open_repository(tmp_path / "b.git")
    session = replace(session, repo=bare)
    made = worktrees.add(session, "c", base=base)
    assert (made.path / "a.txt").exists()
    assert worktrees.remove(session, made) is not None


def test_remove_moves_everything_into_the_trash(project: Any, tmp_path: Path) -> None:
    tree = add(project, "a")
    (tree.path / "left.log").write_text("ignored\n")
    (tmp_path / "outside").mkdir()
    (tree.path / "link").symlink_to(tmp_path / "outside")
    moved = worktrees.remove(project.session, tree)
    assert moved is not None
    assert (moved / "left.log").exists()
    assert len(registered(project.repo)) == 1
    assert worktrees.remove(project.session, tree) is None


def test_remove_leaves_missing_worktrees_of_the_user(
    project: Any, tmp_path: Path
) -> None:
    project.git("worktree", "add", "-q", str(tmp_path / "mine"), "-b", "mine")
    (tmp_path / "mine").rename(tmp_path / "unmounted")
    tree = add(project, "a")
    worktrees.remove(project.session, tree)
    assert [e.branch for e in registered(project.repo)][1:] == ["refs/heads/mine"]


def test_remove_with_a_missing_folder(project: Any) -> None:
    tree = add(project, "a")
    tree.path.rename(project.path.parent / "away")
    assert worktrees.remove(project.session, tree) is None
    assert len(registered(project.repo)) == 1


def test_remove_never_leaves_the_run_folder(project: Any) -> None:
    tree = add(project, "a")
    for path in (project.path, project.path.parent, Path("/"), project.run_folder):
        with pytest.raises(ArenaError, match="not arena's to remove"):
            worktrees.remove(project.session, replace(tree, path=path))
    assert project.clean()


def test_remove_does_not_follow_a_planted_link(project: Any, tmp_path: Path) -> None:
    tree = add(project, "a")
    precious = tmp_path / "precious"
    tree.path.rename(tmp_path / "stolen")
    precious.mkdir()
    tree.path.symlink_to(precious)
    with pytest.raises(ArenaError, match="not the folder"):
        worktrees.remove(project.session, tree)
    assert precious.is_dir()


def test_broken_git_file(project: Any) -> None:
    tree = add(project, "a")
    (tree.path / ".git").unlink()
    moved = worktrees.remove(project.session, tree)
    assert moved is not None
    assert len(registered(project.repo)) == 1


def test_parse_worktrees() -> None:
    text = (
        b"worktree /b\0bare\0\0worktree /x\ny\0HEAD 12\0branch refs/heads/m\0"
        b"locked why\nso\0\0worktree /z\0HEAD 34\0detached\0locked\0prunable gone\0\0"
    )
    bare, one, two = parse_worktrees(text)
    assert bare.bare
    assert (str(one.path), one.locked) == ("/x\ny", "why\nso")
    assert (two.branch, two.locked, two.prunable) == (None, "", "gone")


def test_ports_do_not_overlap() -> None:
    ports = [port for n in range(30) for port in worktrees.port_range(n)]
    assert len(ports) == len(set(ports)) == 600
    with pytest.raises(ArenaError):
        worktrees.port_range(10_000)


def test_copy_files(project: Any, tmp_path: Path) -> None:
    tree = add(project, "a")
    top = project.path
    (top / ".env").write_text("SECRET=1\n")
    (top / "build").mkdir()
    (top / "build" / "data").write_text("d\n")
    (top / "build" / "out").symlink_to("/etc/passwd")
    (top / "build" / "folder").symlink_to("/etc")
    copied = worktrees.copy_files(project.repo, tree, [".env", "build", "a.txt"])
    assert copied == (".env", "build/data")
    assert (tree.path / ".env").read_text() == "SECRET=1\n"
    (top / "up").symlink_to(tmp_path)
    for bad in ("../x", "/etc/passwd", ".git/config", "none", "build/out", "up/home"):
        with pytest.raises(ArenaError, match="copied into the worktrees"):
            worktrees.copy_files(project.repo, tree, [bad])


def test_copy_files_writes_through_no_link(project: Any, tmp_path: Path) -> None:
    tree = add(project, "a")
    (tree.path / "build").symlink_to(tmp_path)
    (project.path / "build").mkdir()
    (project.path / "build" / "data").write_text("d\n")
    assert worktrees.copy_files(project.repo, tree, ["build/data"]) == ()
    assert not (tmp_path / "data").exists()


def test_set_up(project: Any) -> None:
    tree, env = add(project, "a"), dict(os.environ)
    worktrees.set_up(project.session, tree, "pwd; touch made", env)
    log = project.run_folder / "logs" / "a.setup.log"
    assert str(tree.path) in log.read_text()
    assert (tree.path / "made").exists()
    with pytest.raises(ArenaError, match=r"exited, exit code 127.*no-such-program"):
        worktrees.set_up(project.session, tree, "no-such-program", env)
    quick = replace(project.session, settings=Settings(setup_timeout=0.3))
    with pytest.raises(ArenaError, match=r"failed \(timeout"):
        worktrees.set_up(quick, tree, "sleep 60", env)


def test_foreign_prune_does_not_take_ours(project: Any) -> None:
    tree = add(project, "a")
    tree.path.rename(tree.path.with_name("elsewhere"))
    subprocess.run(["git", "worktree", "prune"], cwd=project.path, check=True)
    assert len(registered(project.repo)) == 2
