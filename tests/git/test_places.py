"""Worktrees that are not where they were made: moved by arena, by a kill half way, by somebody else; or gone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arena import archive, places, runs, worktrees
from arena.clean import clean, look
from arena.errors import ArenaError
from arena.machine import records
from arena.machine.listing import registered
from arena.worktrees import Worktree

ODD = "Bäume & $HOME 'x'"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder of the user's, with a name that wants care."""
    folder = tmp_path / ODD
    folder.mkdir()
    (folder / "mine.txt").write_text("mine\n")
    return folder


@pytest.fixture
def other_drive() -> Iterator[Path]:
    """A folder on another file system."""
    folder = Path(f"/dev/shm/arena-test-{os.getpid()}")
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is no /dev/shm")
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def listed(project: Any) -> dict[Path, str | None]:
    """Linked worktrees on git's list, with the reasons of their locks."""
    return {entry.path: entry.locked for entry in registered(project.repo)[1:]}


def states(project: Any) -> dict[str, str | None]:
    trees = places.made(project.session)
    return {tree.label: places.state(tree, listed(project)) for tree in trees}


def taken_off(project: Any, **more: Any) -> dict[str, str]:
    """Label → why it is kept, of the gone worktrees."""
    options = {"dry_run": False} | more
    runs = project.run_folder.parent
    found = places.prune(project.repo, runs, **options)
    return {tree.label: why for tree, why in found}


def announced(project: Any, tree: Worktree, path: Path) -> Worktree:
    """What a kill leaves before git begins: the journal names the new place, and nothing has moved."""
    moved = replace(tree, path=path)
    project.journal.add("worktree", **records.to_json(moved))
    return moved


def test_move_takes_everything_and_keeps_the_lock(
    project: Any, elsewhere: Path
) -> None:
    tree = project.worktree("a")
    (tree.path / "left.log").write_text("ignored\n")
    there = places.move(project.session, "a", elsewhere / "ä b")
    assert there.path == elsewhere / "ä b"
    assert (there.path / "left.log").read_text() == "ignored\n"
    assert listed(project) == {there.path: "arena r1"}
    assert project.git("status", "--porcelain", at=there.path) == ""
    assert not tree.path.exists()
    assert places.made(project.session) == [there]
    again = places.move(project.session, "a", elsewhere / "c")
    assert states(project) == {"a": "present"}
    assert listed(project) == {again.path: "arena r1"}


def test_move_goes_into_a_folder_as_mv_does(project: Any, elsewhere: Path) -> None:
    project.worktree("a")
    assert places.move(project.session, "a", elsewhere).path == elsewhere / "a"
    there = places.move(project.session, "a", elsewhere / ".." / "b")
    assert there.path == elsewhere.parent / "b"
    assert states(project) == {"a": "present"}


def test_a_moved_worktree_is_cleaned(project: Any, elsewhere: Path) -> None:
    tree = project.worktree("a")
    there = places.move(project.session, "a", elsewhere).path
    (there / "late.txt").write_text("late\n")
    project.git("checkout", "-q", "--detach", at=there)
    head = project.commit(at=there, **{"one.txt": "own\n"})
    assert look(project.session, places.made(project.session)[0])[0] is True
    done = clean(project.session)
    assert (done.worktrees, done.kept) == (("a",), ())
    assert done.freed > 0
    assert [path.name for path in elsewhere.iterdir()] == ["mine.txt"]
    assert archive.archived(project.repo, "r1")["a.head"] == head
    assert project.git("show", "refs/arena/archive/r1/a:late.txt") == "late"
    assert listed(project) == {}
    assert list((project.run_folder / "trash").iterdir()) == []
    assert tree.branch not in project.refs()


def test_what_is_put_where_a_worktree_was_moved_stays(
    project: Any, elsewhere: Path
) -> None:
    there = project.worktree("a") and places.move(project.session, "a", elsewhere).path
    there.rename(elsewhere / "stolen")
    there.mkdir()
    (there / "precious.txt").write_text("precious\n")
    assert states(project) == {"a": "replaced by another folder"}
    done = clean(project.session)
    assert "not the folder that the run made" in done.kept[0][1]
    assert (there / "precious.txt").exists()
    assert archive.archived(project.repo, "r1") == {}, "it is not even read"
    (there / "precious.txt").unlink()
    there.rmdir()
    there.symlink_to(elsewhere)
    assert "not the folder" in clean(project.session).kept[0][1]
    assert (elsewhere / "mine.txt").exists()


def test_a_folder_of_the_user_that_got_the_number_of_a_cleaned_one_stays(
    project: Any, elsewhere: Path
) -> None:
    project.worktree("a")
    there = places.move(project.session, "a", elsewhere)
    clean(project.session)
    there.path.mkdir()  # file systems give numbers of removed folders again
    number = there.path.stat().st_ino
    path = project.journal.path
    path.write_bytes(b"")
    project.journal.add("worktree", **records.to_json(replace(there, inode=number)))
    assert "not arena's to remove" in clean(project.session).kept[0][1]
    project.journal.add("worktree", **records.to_json(replace(there, inode=number)))
    project.journal.add("removed", "a", path=str(there.path))
    clean(project.session)
    assert there.path.is_dir()


@pytest.mark.parametrize("renamed", [False, True])
def test_a_kill_on_the_way_loses_nothing(
    project: Any, elsewhere: Path, *, renamed: bool
) -> None:
    tree = project.worktree("a")
    (tree.path / "work.txt").write_text("work\n")
    project.git("checkout", "-q", "--detach", at=tree.path)
    head = project.commit(at=tree.path, **{"one.txt": "own\n"})
    moved = announced(project, tree, elsewhere / "a")
    if renamed:  # git moves the folder first, then notes it
        tree.path.rename(moved.path)
    now = moved if renamed else tree
    assert places.made(project.session) == [now]
    state = "not on git's list" if renamed else "present"
    assert states(project) == {"a": state}
    assert taken_off(project) == {}
    done = clean(project.session)
    assert (done.worktrees, done.kept) == (("a",), ())
    assert archive.archived(project.repo, "r1")["a.head"] == head
    assert project.git("show", "refs/arena/archive/r1/a:work.txt") == "work"
    assert listed(project) == {}
    assert [path.name for path in elsewhere.iterdir()] == ["mine.txt"]


def test_a_move_goes_on_where_a_kill_stopped_one(project: Any, elsewhere: Path) -> None:
    tree = project.worktree("a")
    now = announced(project, tree, elsewhere / "a").path
    tree.path.rename(now)
    assert f"it is at {now}: arena clean r1" in taken_off(project)["a"]
    assert listed(project) == {tree.path: "arena r1"}
    there = places.move(project.session, "a", elsewhere / "b")
    assert listed(project) == {there.path: "arena r1"}
    assert states(project) == {"a": "present"}


def test_a_move_that_git_refuses_changes_nothing(project: Any, elsewhere: Path) -> None:
    tree = project.worktree("a")
    (tree.path / ".git").write_text("gitdir: /nowhere\n")
    with pytest.raises(ArenaError, match="worktree failed"):
        places.move(project.session, "a", elsewhere)
    last = [e for e in project.journal.events() if e.kind == "worktree"][-1]
    assert last.data["path"] == str(tree.path)
    assert places.made(project.session) == [tree]
    assert listed(project) == {tree.path: "arena r1"}
    assert (tree.path / "a.txt").exists()


def test_places_where_no_worktree_may_go(project: Any, elsewhere: Path) -> None:
    tree, other = project.worktree("a"), project.worktree("b")
    (elsewhere / "link").symlink_to(project.path)
    mine = elsewhere.parent / "of mine"
    project.git("worktree", "add", "-q", str(mine), "-b", "mine")
    before, events = listed(project), project.kinds()
    for folder, why in (
        (project.path, "is in"),
        (project.path / "new", "is in"),
        (project.path / ".git" / "new", "is in"),
        (elsewhere / "link", "is in"),
        (elsewhere / "link" / "new", "is in"),
        (mine, "is in"),
        (other.path / "new", "is in"),
        (tree.path / "new", "is in"),
        (project.run_folder / "new", "is in"),
        (project.run_folder.parent / "new", "is in"),
        (elsewhere / "mine.txt", "is there already"),
        (elsewhere / "no" / "new", "is in no folder"),
    ):
        with pytest.raises(ArenaError, match=why):
            places.move(project.session, "a", folder)
    assert (listed(project), project.kinds()) == (before, events)
    assert project.clean()
    with pytest.raises(ArenaError, match=r"no worktree c\. See them with"):
        places.move(project.session, "c", elsewhere / "c")


def test_nothing_moves_while_the_agent_works(project: Any, elsewhere: Path) -> None:
    project.journal.add("planned", labels=["a"], base="", target=None)
    tree, add = project.worktree("a"), project.journal.add
    add("at-work", **runs.at_work())
    ended = {"outcome": "finished", "why": ""}  # its work is still to be collected
    for kind, facts in (
        ("setting-up", {}),
        ("agent-started", {"agent": "command"}),
        ("attempt", ended),
    ):
        add(kind, "a", **facts)
        with pytest.raises(ArenaError, match="still needs that worktree"):
            places.move(project.session, "a", elsewhere)
    assert tree.path.exists()
    add("candidate", "a", files=[])
    places.move(project.session, "a", elsewhere)
    add("agent-started", "a", agent="command")
    add("at-work", process=2**22 + 1, born="killed")
    places.move(project.session, "a", elsewhere / "b")


def test_another_drive_is_refused(project: Any, other_drive: Path) -> None:
    tree = project.worktree("a")
    events = project.kinds()
    with pytest.raises(ArenaError, match="on another drive"):
        places.move(project.session, "a", other_drive / "a")
    assert project.kinds() == events
    assert listed(project) == {tree.path: "arena r1"}


def test_a_trash_on_another_drive_keeps_the_files(
    project: Any, elsewhere: Path, other_drive: Path
) -> None:
    project.worktree("a")
    there = places.move(project.session, "a", elsewhere).path
    (there / "work.txt").write_text("work\n")
    away = replace(project.session, folder=other_drive / "r1")
    done = clean(away)
    assert "cross-device" in done.kept[0][1]
    assert "files are kept" in done.kept[0][1]
    assert (there / "work.txt").exists()
    assert listed(project) == {there: "arena r1"}


def test_prune_takes_what_is_gone_and_ours(project: Any, elsewhere: Path) -> None:
    moved = project.worktree("a") and places.move(project.session, "a", elsewhere)
    gone, there, odd = (project.worktree(label) for label in "bcd")
    project.git("checkout", "-q", "--detach", at=odd.path)
    head = project.commit(at=odd.path, **{"one.txt": "only on its HEAD\n"})
    mine = elsewhere / "of mine"
    project.git("worktree", "add", "-q", str(mine), "-b", "arena/r1/mine")
    project.git("worktree", "lock", "--reason", "arena r2", str(mine))
    for path in (moved.path, gone.path, odd.path, mine):
        shutil.rmtree(path)
    refs, before = project.refs(), listed(project)
    assert taken_off(project, dry_run=True) == {"a": "", "b": ""}
    assert listed(project) == before
    assert taken_off(project) == {"a": "", "b": ""}
    assert set(listed(project)) == {there.path, odd.path, mine}
    assert project.refs() == refs
    assert states(project) == {"a": None, "b": None, "c": "present", "d": "missing"}
    assert clean(project.session).kept == ()
    assert archive.archived(project.repo, "r1")["d.head"] == head
    assert set(listed(project)) == {mine}


def test_prune_takes_nothing_that_may_be_on_a_drive_that_is_not_mounted(
    project: Any, elsewhere: Path, other_drive: Path
) -> None:
    project.worktree("a")
    drive = elsewhere / "drive"
    drive.mkdir()
    places.move(project.session, "a", drive)
    drive.rename(elsewhere / "away")
    assert "mounted" in taken_off(project)["a"]
    assert "not mounted" in clean(project.session).kept[0][1]
    drive.symlink_to(other_drive)  # a mount point without its drive is on another one
    assert "mounted" in taken_off(project)["a"]
    assert "not mounted" in clean(project.session).kept[0][1]
    assert len(listed(project)) == 1
    drive.unlink()
    drive.mkdir()
    (elsewhere / "away" / "a").rename(drive / "a")
    assert clean(project.session).worktrees == ("a",)
    tree = project.worktree("b")
    project.run_folder.rename(elsewhere / "runs")
    assert "mounted" in taken_off(project)["b"]
    assert tree.path in listed(project)


def test_whoever_only_reads_a_journal_does_not_shorten_it(project: Any) -> None:
    project.worktree("a")
    with project.journal.path.open("ab") as file:
        file.write(b"a line on its w")
    before = project.journal.path.read_bytes()
    reader = type(project.journal)(project.journal.path)
    assert len(list(reader.events())) == 1
    assert project.journal.path.read_bytes() == before
    reader.add("next")
    assert [event.kind for event in reader.events()] == ["worktree", "next"]
    reader.close()


def test_worktrees_found_by_their_lock_have_no_place_elsewhere(
    project: Any, elsewhere: Path
) -> None:
    tree = project.worktree("a")
    places.move(project.session, "a", elsewhere)
    project.journal.path.write_bytes(b"")
    assert places.made(project.session) == []
    with pytest.raises(ArenaError, match="replaced it"):
        worktrees.remove(project.session, replace(tree, path=elsewhere / "a", inode=0))
    assert (elsewhere / "a").is_dir()
