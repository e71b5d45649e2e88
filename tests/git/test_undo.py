"""Undo, its undo, and recovery of what a kill interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import arena
from arena import land as landing
from arena import moves
from arena.errors import ArenaError
from arena.machine import living

RUN = "r1"
ROOT = Path(arena.__file__).parents[1]


def undo(project: Any) -> landing.Undone:
    return landing.undo(project.session)


def recover(project: Any) -> moves.Recovered | None:
    return moves.recover(project.session)


def state(project: Any) -> tuple[Any, ...]:
    return project.refs(), project.files(), project.git("status", "--porcelain")


def test_undo_restores_refs_and_checkout_exactly(project: Any) -> None:
    commit = project.candidate(**{"a.txt": "n\n", "d__b.txt": "b\n", "gone.txt": None})
    (project.path / "my.log").write_text("ignored\n")
    before = state(project)
    project.land(commit)
    after = state(project)
    undone = undo(project)
    assert state(project) == before
    assert undone.checkouts == (project.path,)
    assert not (project.path / "d").exists()
    undo(project)
    assert state(project) == after
    undo(project)
    assert state(project) == before
    assert project.kinds() == ["landing", "landed", *["undoing", "undone"] * 3]
    project.git("fsck", "--strict")


def test_undo_takes_back_two_landings(project: Any) -> None:
    before = state(project)
    one = project.candidate(**{"b.txt": "b\n"})
    project.land(one)
    landing_two = project.candidate(**{"c.txt": "c\n"})
    landing.land(
        project.session,
        "c",
        landing_two,
        target="refs/heads/main",
        message="Merge c",
        judge=lambda move: (),
    )
    undo(project)
    assert state(project) == before


def test_undo_is_refused_when_the_target_moved_on(project: Any) -> None:
    landed = project.land(project.candidate(**{"b.txt": "b\n"}))
    project.commit(**{"mine.txt": "mine\n"})
    before = state(project)
    with pytest.raises(ArenaError, match=f"git revert -m 1 {landed.new}"):
        undo(project)
    assert state(project) == before
    project.git("revert", "-m", "1", landed.new, "--no-edit")  # the advice works


def test_undo_is_refused_in_a_dirty_checkout(project: Any) -> None:
    project.land(project.candidate(**{"b.txt": "b\n"}))
    (project.path / "b.txt").write_text("edited\n")
    before = state(project)
    with pytest.raises(ArenaError, match=r"b\.txt"):
        undo(project)
    assert state(project) == before


def test_nothing_to_undo(project: Any) -> None:
    with pytest.raises(ArenaError, match="nothing that could be undone"):
        undo(project)


def test_branch_reset_by_the_user_already(project: Any) -> None:
    project.land(project.candidate(**{"b.txt": "b\n"}))
    project.git("reset", "-q", "--hard", "HEAD~1")
    with pytest.raises(ArenaError, match="nothing that could be undone"):
        undo(project)


CHILD = """
import os, sys
from pathlib import Path
from arena.journal import Journal
from arena.land import land
from arena.machine import git
from arena.machine.quarantine import Quarantine
from arena.session import Session
from arena.settings import Settings
path, journal, commit, when = sys.argv[1:]
repo = git.open_repository(Path(path))
journal = Journal(Path(journal))
def listen(event):
    if event.kind == when:
        os.kill(os.getpid(), 9)
    print(event.kind, flush=True)
journal.listeners.append(listen)
session = Session(run="r1", folder=journal.path.parent, here=Path(path), repo=repo, quarantine=Quarantine(repo),
                  settings=Settings(), journal=journal)
land(session, "b", commit, target="refs/heads/main", message="Merge b", judge=lambda move: ())
"""


def child(project: Any, commit: str, *, when: str = "") -> subprocess.Popen[str]:
    args = [str(project.path), str(project.journal.path), commit, when]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *args],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def killed(project: Any, commit: str, *, when: str) -> None:
    process = child(project, commit, when=when)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


def test_kill_before_anything_moved(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    before = state(project)
    killed(project, commit, when="landing")
    found = recover(project)
    assert found is not None
    assert not found.made
    assert state(project) == before
    assert recover(project) is None
    project.land(commit)
    assert project.clean()


def test_kill_after_the_move_but_before_the_journal_knows(project: Any) -> None:
    commit = project.candidate(**{"b.txt": "b\n"})
    before = state(project)
    killed(project, commit, when="landed")
    drop_last_line(project)  # as if the kill had come one step earlier
    (project.path / "b.txt").write_text("edited since\n")
    found = recover(project)
    assert found is not None
    assert found.made
    assert (project.path / "b.txt").read_text() == "edited since\n"
    project.git("checkout", "-q", "b.txt")
    undo(project)
    assert state(project) == before


def drop_last_line(project: Any) -> None:
    lines = project.journal.path.read_bytes().splitlines(keepends=True)
    project.journal.path.write_bytes(b"".join(lines[:-1]))


def half_done(project: Any) -> tuple[str, str]:
    """A landing killed at its start; returns what main was and would have become."""
    side = {f"f{n}.txt": f"new {n}\n" * 50 for n in range(6)}
    commit = project.candidate(**side, **{"gone.txt": None, "deep__er__x.txt": "x\n"})
    killed(project, commit, when="landing")
    data = next(project.journal.events()).data
    return data["old"], data["new"]


def test_half_updated_checkout_is_mended_by_content(project: Any) -> None:
    (project.path / "f0.txt").write_text("old\n")
    project.commit()
    (project.path / "my.log").write_text("ignored\n")
    before = state(project)
    old, new = half_done(project)
    project.git(
        "read-tree", "-m", "-u", old, new
    )  # index and files are on the new side
    (project.path / "f0.txt").write_text("new 0\nnew")  # torn
    (project.path / "f1.txt").write_text("")  # created, not yet written
    (project.path / "f2.txt").unlink()
    for name in ("index.lock", "HEAD.lock", "refs/heads/main.lock"):
        (project.path / ".git" / name).write_text("")
    found = recover(project)
    assert found is not None
    assert not found.made
    assert state(project) == before
    assert not (project.path / "deep").exists()
    project.git("fsck", "--strict")


def test_recovery_stops_at_what_is_the_users(project: Any) -> None:
    old, new = half_done(project)
    project.git("read-tree", "-m", "-u", old, new)
    (project.path / "f3.txt").write_text("written by the user\n")
    before = state(project)
    with pytest.raises(ArenaError, match=r"f3\.txt.*Save your version") as caught:
        recover(project)
    assert "f2.txt" not in str(caught.value)
    assert state(project) == before
    (project.path / "f3.txt").unlink()
    recover(project)
    assert project.clean()


def test_recovery_never_writes_through_a_link(project: Any, tmp_path: Path) -> None:
    half_done(project)
    (tmp_path / "outside" / "er").mkdir(parents=True)
    (tmp_path / "outside" / "er" / "x.txt").write_text("x\n")
    (project.path / "deep").symlink_to(tmp_path / "outside")
    with pytest.raises(ArenaError, match="deep"):
        recover(project)
    assert (tmp_path / "outside" / "er" / "x.txt").exists()


def test_older_lock_is_not_ours(project: Any) -> None:
    half_done(project)
    lock = project.path / ".git" / "index.lock"
    lock.write_text("")
    os.utime(lock, (1, 1))
    with pytest.raises(ArenaError, match="may not be of the interrupted"):
        recover(project)
    assert lock.exists()


def test_live_landing_is_left_alone(project: Any) -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        who = [[process.pid, living.birth(process.pid)]]
        project.journal.add("landing", moves=[], processes=who)
        with pytest.raises(ArenaError, match="still at work"):
            recover(project)
    finally:
        process.kill()
        process.wait()
    found = recover(project)  # the id is no proof: its process is gone
    assert found is not None


def test_kill_of_the_whole_group_at_random_moments(project: Any) -> None:
    """Our git runs in sessions of its own: nothing is torn, no ref stays locked."""
    before = state(project)
    commit = project.candidate(
        **{f"d{n % 9}__f{n}.txt": f"{n}\n" * 99 for n in range(400)}
    )
    outcomes = set()
    for delay in (0.0, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12):
        process = child(project, commit)
        assert process.stdout is not None
        process.stdout.readline()  # "landing"
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        found = recover(project)
        outcomes.add(found.made if found else None)
        assert not list((project.path / ".git").rglob("*.lock"))
        if found is None or found.made:
            assert project.clean()
            undo(project)
        assert state(project) == before
    project.git("fsck", "--strict")
    assert outcomes


def test_recovery_leaves_a_checkout_alone_that_is_on_another_branch(
    project: Any,
) -> None:
    half_done(project)
    project.git("checkout", "-q", "-b", "mine")
    project.commit(**{"mine.txt": "committed\n"})
    (project.path / "mine.txt").write_text("staged\n")
    project.git("add", "mine.txt")
    before = state(project)
    recover(project)
    assert state(project) == before


def test_recovery_keeps_what_the_user_has_staged_since(project: Any) -> None:
    old, new = half_done(project)
    (project.path / "mine.txt").write_text("staged\n")
    project.git("add", "mine.txt")
    before = state(project)
    project.git("read-tree", "-m", "-u", old, new)
    recover(project)
    assert state(project) == before
    assert project.git("ls-files", "--", "mine.txt") == "mine.txt"


def test_recovery_in_a_sparse_checkout(project: Any) -> None:
    project.commit(in__x="x\n", out__y="y\n")
    project.git("sparse-checkout", "set", "in")
    before = state(project)
    commit = project.candidate(in__x="X\n", out__y="Y\n", out__z="Z\n")
    killed(project, commit, when="landing")
    data = next(project.journal.events()).data
    project.git("read-tree", "-m", "-u", data["old"], data["new"])
    recover(project)
    assert state(project) == before
    assert not (project.path / "out").exists()


def test_recovery_when_the_user_went_on_committing(project: Any) -> None:
    half_done(project)
    project.commit(**{"mine.txt": "committed\n"})
    (project.path / "mine.txt").write_text("edited\n")
    before = state(project)
    found = recover(project)
    assert found is not None
    assert not found.made
    assert state(project) == before
