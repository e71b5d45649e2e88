"""Landing: what moves, and everything that must stop it without a trace."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from arena import archive
from arena.errors import ArenaError
from arena.land import NotLanded
from arena.machine import git
from arena.machine.quarantine import Quarantine
from arena.machine.transaction import Move

MAIN, RUN = "refs/heads/main", "r1"


def refused(project: Any, commit: str, *words: str, **more: Any) -> str:
    """Lands, expects a refusal that says `words`, and proves that nothing of the user's changed."""
    refs, files, index = project.refs(), project.files(), index_of(project)
    with pytest.raises(ArenaError) as caught:
        project.land(commit, **more)
    text = str(caught.value)
    assert "\n" not in text
    for word in (*words, "othing was changed"):
        assert word in text
    assert (project.refs(), project.files(), index_of(project)) == (refs, files, index)
    assert "landed" not in project.kinds()
    return text


def index_of(project: Any) -> str:
    return project.git("ls-files", "-s", "-v")


def test_clean_landing_with_the_target_checked_out(project: Any) -> None:
    commit = project.candidate(
        **{"a.txt": "new\n", "dir__b.txt": "b\n", "gone.txt": None}
    )
    old = project.git("rev-parse", "main")
    seen = []
    landed = project.land(
        commit,
        judge=lambda move: (
            seen.append((move.new, project.quarantine.tree_of(move.new))) or ()
        ),
    )
    assert project.clean()
    assert project.files()["dir/b.txt"] == b"b\n"
    assert "gone.txt" not in project.files()
    assert (landed.old, landed.checkout) == (old, project.path)
    assert seen == [(landed.new, project.git("rev-parse", "main^{tree}"))]
    assert (
        project.git("log", "-1", "--format=%P %an %s") == f"{old} {commit} Ada Merge b"
    )
    assert archive.archived(project.repo, RUN) == {"b": commit}
    assert project.kinds() == ["landing", "landed"]
    assert "land b" in project.git("reflog", "-1", "HEAD")
    project.git("fsck", "--strict")
    assert not list(project.path.rglob("*.lock"))


def test_target_not_checked_out_moves_alone(project: Any) -> None:
    commit = project.candidate(**{"a.txt": "new\n"})
    project.git("checkout", "-q", "-b", "feature")
    (project.path / "a.txt").write_text("my own edit\n")
    landed = project.land(commit)
    assert landed.checkout is None
    assert project.git("rev-parse", "main") == landed.new
    assert (project.path / "a.txt").read_text() == "my own edit\n"


def test_detached_head_moves_the_ref_alone(project: Any) -> None:
    commit = project.candidate(**{"a.txt": "new\n"})
    project.git("checkout", "-q", "--detach")
    assert project.land(commit).checkout is None
    assert project.clean()


def test_bare_repository(project: Any, tmp_path: Path) -> None:
    commit = project.candidate(**{"a.txt": "new\n"})
    project.git("clone", "-q", "--bare", str(project.path), str(tmp_path / "bare.git"))
    project.repo = git.open_repository(tmp_path / "bare.git")
    held = project.quarantine
    project.quarantine = Quarantine(project.repo)
    url = "file://" + str(held.git.git_dir)
    project.quarantine.git.call("fetch", "-q", url, f"{commit}:refs/arena/x")
    landed = project.land(commit)
    assert project.repo.refs(MAIN)[MAIN] == landed.new
    assert landed.checkout is None


def test_three_way_merge_keeps_both_sides(project: Any) -> None:
    commit = project.candidate(**{"a.txt": "one\ntwo\nTHREE\n"})
    project.commit(**{"a.txt": "ONE\ntwo\nthree\n"})
    project.land(commit)
    assert (project.path / "a.txt").read_text() == "ONE\ntwo\nTHREE\n"
    assert project.clean()


def test_shallow_quarantine_finds_the_true_merge_base(project: Any) -> None:
    first = project.git("rev-parse", "HEAD")
    project.commit(**{"x.txt": "x\n"})
    base = project.commit(**{"y.txt": "y\n"})
    project.quarantine.take(base, ref="refs/arena/base", depth=1)
    commit = project.candidate(base=first, **{"z.txt": "z\n"})
    project.land(commit)
    assert project.clean()
    assert (project.path / "z.txt").exists()


def test_dirty_tree(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    project.commit(**{f"f{n}.txt": "1\n" for n in range(7)})
    for n in range(7):
        (project.path / f"f{n}.txt").write_text("mine\n")
    refused(project, commit, "f0.txt, f1.txt", "f4.txt and 2 more", "ommit or stash")


def test_staged_change(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    (project.path / "s.txt").write_text("staged\n")
    project.git("add", "s.txt")
    refused(project, commit, "s.txt")


@pytest.mark.parametrize(
    ("mine", "theirs", "named"),
    [
        ("b.txt", "b.txt", "b.txt"),
        ("b.log", "b.log", "b.log"),  # ignored: git itself would overwrite it
        ("build/deep/x", "build", "build/deep/x"),  # read-tree would drop the folder
        ("build/x", "build/x", "build/x"),
        ("x.log", "x.log/y/z.txt", "x.log"),  # a file where a folder must be
        ("u", "u/z.txt", "u"),
    ],
)
def test_files_in_the_way(project: Any, mine: str, theirs: str, named: str) -> None:
    side = {theirs.replace("/", "__"): "theirs\n", ".gitignore": "none\n"}
    commit = project.candidate(**side)
    path = project.path / mine
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("precious\n")
    refused(project, commit, named)


def test_link_in_the_way(project: Any, tmp_path: Path) -> None:
    commit = project.candidate(**{"build__x": "theirs\n", ".gitignore": "none\n"})
    (tmp_path / "elsewhere").mkdir()
    (project.path / "build").symlink_to(tmp_path / "elsewhere")
    refused(project, commit, "build")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_empty_folder_is_not_in_the_way(project: Any) -> None:
    commit = project.candidate(new="file\n")
    (project.path / "new").mkdir()
    project.land(commit)
    assert (project.path / "new").read_text() == "file\n"


def test_file_becomes_folder_and_back(project: Any) -> None:
    commit = project.candidate(**{"a.txt": None, "gone.txt": "kept\n"})
    project.land(commit)
    other = project.candidate(**{"a.txt__inner": "deep\n"})
    project.journal.add("undone", moves=[])
    project.land(other)
    third = project.candidate(**{"a.txt__inner": None})
    project.land(third)
    assert project.clean()
    assert "a.txt/inner" not in project.files()


def test_hidden_edit(project: Any) -> None:
    commit = project.candidate(**{"a.txt": "theirs\n"})
    project.git("update-index", "--assume-unchanged", "a.txt")
    (project.path / "a.txt").write_text("hidden edit\n")
    refused(project, commit, "a.txt", "hidden from git status")


def test_touched_file_is_no_change(project: Any) -> None:
    commit = project.candidate(**{"a.txt": "theirs\n"})
    os.utime(project.path / "a.txt", (1, 1))
    project.land(commit)
    assert project.clean()


def test_moving_target_is_tested_again(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    seen: list[str] = []

    def judge(move: Move) -> tuple[str, ...]:
        seen.append(project.quarantine.tree_of(move.new))
        if len(seen) == 1:
            project.commit(**{"user.txt": "meanwhile\n"})
        return ()

    project.land(commit, judge=judge)
    assert len(set(seen)) == 2
    assert seen[-1] == project.git("rev-parse", "main^{tree}")
    assert project.clean()


def test_target_that_keeps_moving(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    seen: list[str] = []

    def judge(move: Move) -> tuple[str, ...]:
        seen.append(project.quarantine.tree_of(move.new))
        project.commit(**{"user.txt": f"{len(seen)}\n"})
        return ()

    with pytest.raises(NotLanded, match="keeps moving") as caught:
        project.land(commit, judge=judge)
    assert caught.value.exit_code == 1
    assert len(seen) == 3
    assert project.clean()
    assert "b.txt" not in project.files()


def test_conflict_names_the_files(project: Any) -> None:
    commit = project.candidate(**{"a.txt": "theirs\n", "sp ace.txt": "1\n"})
    project.commit(**{"a.txt": "ours\n", "sp ace.txt": "2\n"})
    refused(project, commit, "conflicts with main", "a.txt, sp ace.txt")


def test_judge_refuses(project: Any) -> None:
    commit = project.candidate(**{"a.txt": "theirs\n"})
    reasons = ("test_x fails", "test_y\nfails")
    text = refused(project, commit, "test_x fails", judge=lambda _: reasons)
    assert "test_x fails; test_y fails" in text
    assert project.kinds() == []


@pytest.mark.parametrize("target", ["refs/heads/none", "main", "refs/tags/v1"])
def test_target_must_be_a_branch(project: Any, target: str) -> None:
    project.git("tag", "v1")
    refused(project, project.candidate(b="b\n"), "no branch", target=target)


def test_symbolic_branch(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    project.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    refused(project, commit, "another name of main", target="refs/heads/alias")


def test_submodule_replaced_by_a_file(project: Any) -> None:
    inner = project.path / "sub"
    project.git("init", "-q", str(inner))
    project.commit(at=inner, x="only here\n")
    project.commit()
    side = project.path.parent / "side"
    project.git("clone", "-q", str(project.path), str(side))
    (side / "sub").rmdir()
    commit = project.candidate(sub="a file\n")
    refused(project, commit, "sub/.git")


def test_already_contained(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    project.land(commit)
    with pytest.raises(ArenaError, match="already contains"):
        project.land(commit)


def test_planted_hooks_and_filters_do_not_run(project: Any, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    plant(project, mark)
    project.worktree("a")
    commit = project.candidate(**{"n.txt": "n\n"})
    project.land(commit)
    assert not mark.exists()


def plant(project: Any, mark: Path) -> None:
    """Every hook, and a filter, diff and merge driver for all files, write `mark`."""
    hooks = project.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in (
        "post-checkout",
        "post-merge",
        "pre-commit",
        "pre-merge-commit",
        "reference-transaction",
        "post-index-change",
    ):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {mark}\n")
        (hooks / name).chmod(0o755)
    for key in ("filter.evil.smudge", "filter.evil.clean", "merge.evil.driver"):
        project.git("config", key, f"sh -c 'echo {key} >> {mark}; cat'")
    (project.path / ".git/info/attributes").write_text(
        "a.txt filter=evil\n* merge=evil\n"
    )


def test_file_that_needs_a_filter_is_refused_in_a_checkout(project: Any) -> None:
    commit = project.candidate(
        **{".gitattributes": "*.bin filter=lfs\n", "x.bin": "p\n"}
    )
    refused(project, commit, "x.bin (filter lfs)")


def test_stale_index_lock(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    lock = project.path / ".git" / "index.lock"
    lock.write_text("")
    started = time.monotonic()
    refused(project, commit, "index.lock")
    assert 4.5 < time.monotonic() - started < 9
    assert lock.exists()


def test_index_lock_that_goes_away(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    lock = project.path / ".git" / "index.lock"
    lock.write_text("")
    threading.Timer(0.5, lock.unlink).start()
    project.land(commit)
    assert project.clean()


def test_ref_lock_of_somebody_else(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    lock = project.path / ".git/refs/heads/main.lock"
    lock.write_text("")
    before = project.files()
    with pytest.raises(ArenaError, match=r"main\.lock"):
        project.land(commit)
    assert lock.exists()
    assert project.files() == before
    assert project.kinds() == ["landing", "not-landed"]


def test_checked_out_elsewhere_is_moved_there(project: Any, tmp_path: Path) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    project.git("checkout", "-q", "-b", "feature")
    other = tmp_path / "o ther\nline"
    project.git("worktree", "add", "-q", str(other), "main")
    landed = project.land(commit)
    assert landed.checkout == other
    assert (other / "b.txt").read_text() == "b\n"
    assert project.git("status", "--porcelain", at=other) == ""
    assert project.clean()
    assert "b.txt" not in project.files()


def test_checked_out_elsewhere_and_dirty(project: Any, tmp_path: Path) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    project.git("checkout", "-q", "-b", "feature")
    project.git("worktree", "add", "-q", str(tmp_path / "other"), "main")
    (tmp_path / "other" / "a.txt").write_text("edit\n")
    refused(project, commit, str(tmp_path / "other"), "a.txt")


def test_checked_out_in_a_missing_worktree(project: Any, tmp_path: Path) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    project.git("checkout", "-q", "-b", "feature")
    project.git("worktree", "add", "-q", str(tmp_path / "other"), "main")
    (tmp_path / "other").rename(tmp_path / "unmounted")
    refused(project, commit, "missing")


def conflict(project: Any, *command: str) -> None:
    project.git("checkout", "-q", "-b", "side", "HEAD~1")
    project.commit(**{"a.txt": "side\n"})
    project.git("checkout", "-q", "main")
    done = subprocess.run(
        ["git", *command], cwd=project.path, check=False, capture_output=True
    )
    assert done.returncode != 0


@pytest.mark.parametrize("action", ["rebase", "merge", "cherry-pick"])
def test_operation_in_progress(project: Any, action: str) -> None:
    project.commit(**{"a.txt": "main\n"})
    commit = project.candidate(**{"b.txt": "b\n"})
    conflict(project, action, "side")
    refused(project, commit, f"a {action} is in progress")


def test_bisect_in_progress(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    project.git("bisect", "start")
    refused(project, commit, "bisect")


def test_target_rebased_in_another_worktree(project: Any, tmp_path: Path) -> None:
    project.commit(**{"a.txt": "main\n"})
    commit = project.candidate(**{"b.txt": "b\n"})
    conflict(project, "rebase", "side")
    project.git("rebase", "--abort")
    project.git("checkout", "-q", "--detach")
    other = tmp_path / "other"
    project.git("worktree", "add", "-q", str(other), "main")
    subprocess.run(
        ["git", "rebase", "side"], cwd=other, check=False, capture_output=True
    )
    refused(project, commit, "a rebase of main is in progress")


def test_poisoned_object_store(project: Any) -> None:
    """Git would check out false content under the true id."""
    commit = project.candidate(**{"b.txt": "good\n"})
    archive.keep(project.session, "b", commit)
    oid = project.git("rev-parse", f"{commit}:b.txt")
    loosen(project)
    (project.path.parent / "evil").write_text("evil\n")
    evil = project.git("hash-object", "-w", str(project.path.parent / "evil"))
    objects = project.path / ".git" / "objects"
    false, true = (objects / o[:2] / o[2:] for o in (evil, oid))
    true.unlink()
    true.write_bytes(false.read_bytes())
    refused(project, commit, "b.txt", "git fsck")


def loosen(project: Any) -> None:
    for pack in list((project.path / ".git/objects/pack").glob("*.pack")):
        moved = pack.rename(project.path.parent / pack.name)
        pack.with_suffix(".idx").unlink()
        with moved.open("rb") as file:
            command = ["git", "unpack-objects", "-q"]
            subprocess.run(command, cwd=project.path, stdin=file, check=True)


def test_sparse_checkout_stays_sparse(project: Any) -> None:
    project.commit(in__x="x\n", out__y="y\n")
    commit = project.candidate(in__x="X\n", out__y="Y\n", out__z="Z\n")
    project.git("sparse-checkout", "set", "in")
    project.land(commit)
    assert project.clean()
    assert (project.path / "in/x").read_text() == "X\n"
    assert not (project.path / "out").exists()


def test_line_end_conversion(project: Any) -> None:
    project.commit(**{".gitattributes": "*.bat text eol=crlf\n", "x.bat": "a\nb\n"})
    commit = project.candidate(**{"x.bat": "a\nc\n", "y.bat": "y\n"})
    (project.path / "x.bat").unlink()
    project.git("checkout", "x.bat")
    project.land(commit)
    assert project.clean()
    assert (project.path / "x.bat").read_bytes() == b"a\r\nc\r\n"


def test_odd_names(project: Any) -> None:
    side = {"new\nline.txt": "1\n", "-rf": "2\n", 'q"uo te': "3\n", "ü[x]*": "4\n"}
    commit = project.candidate(**side)
    project.land(commit)
    assert project.clean()
    assert project.files()["new\nline.txt"] == b"1\n"


def test_from_inside_the_git_directory(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    project.repo = git.open_repository(project.path / ".git")
    assert project.land(commit).checkout == project.path
    assert project.clean()


def test_setting_that_hides_edits(project: Any) -> None:
    commit = project.candidate(**{"a.txt": "theirs\n"})
    project.git("config", "core.ignoreStat", "true")
    project.git("update-index", "--really-refresh")
    (project.path / "a.txt").write_text("hidden edit\n")
    refused(project, commit, "a.txt")


@pytest.mark.parametrize("name", ["b.log", "a.txt"])
def test_file_written_at_the_last_moment(project: Any, name: str) -> None:
    """After everything was looked at, and before the checkout moves: an ignored file, and an edit."""
    commit = project.candidate(
        **{"b.log": "theirs\n", "a.txt": "theirs\n", ".gitignore": "none\n"}
    )
    before = project.refs()

    def write(event: Any) -> None:
        if event.kind == "landing":
            (project.path / name).write_text("precious\n")

    project.journal.listeners.append(write)
    with pytest.raises(ArenaError, match=name):
        project.land(commit)
    assert (project.path / name).read_text() == "precious\n"
    assert project.refs() == before
    assert project.kinds() == ["landing", "not-landed"]
    assert project.git("diff", "--cached", "--name-only") == ""
