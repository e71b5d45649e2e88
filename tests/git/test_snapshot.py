"""What an agent left behind becomes a candidate, whatever it did to git's own state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arena import snapshot
from arena.candidates import Candidate
from arena.patterns import Entry
from arena.worktrees import Worktree

SUITE = {"tests/test_a.py": b"frozen\n"}


def entry(**more: Any) -> Entry:
    return Entry(label="a", agent="repair", prompt="mend it", seed=3, **more)


def start(project: Any) -> Worktree:
    """A worktree as the agent finds it: with the suite in it."""
    tree = project.worktree("a")
    project.quarantine.take(tree.base, ref="refs/arena/base", depth=1)
    for path, content in SUITE.items():
        (tree.path / path).parent.mkdir()
        (tree.path / path).write_bytes(content)
    return tree


def collect(project: Any, tree: Worktree, **more: Any) -> Candidate | None:
    return snapshot.collect(project.session, tree, entry(**more), SUITE)


def is_changed(project: Any, tree: Worktree) -> bool:
    return snapshot.is_changed(project.session, tree, SUITE)


def test_e8_committed_staged_and_new_files_are_collected(project: Any) -> None:
    tree = start(project)
    project.commit(at=tree.path, **{"one.txt": "1\n"})
    (tree.path / "two.txt").write_text("2\n")
    project.git("add", "two.txt", at=tree.path)
    (tree.path / "three.txt").write_text("3\n")
    project.git("update-index", "--assume-unchanged", "a.txt", at=tree.path)
    (tree.path / "a.txt").write_text("hidden\n")
    before = project.git("status", "--porcelain", at=tree.path), project.repo.refs()
    assert is_changed(project, tree)
    found = collect(project, tree, approach="by hand")
    assert found is not None
    names = [e.path for e in project.quarantine.entries(found.tree)]
    assert {"one.txt", "two.txt", "three.txt", "tests/test_a.py"} <= set(names)
    assert project.quarantine.read(found.tree, "a.txt") == b"hidden\n"
    assert (found.label, found.agent, found.message) == ("a", "repair", "by hand")
    assert found.source == "worktree of repair, seed 3"
    inside = project.quarantine.git
    assert inside.refs("refs/arena/run/r1/a") == {"refs/arena/run/r1/a": found.commit}
    assert inside.call("rev-parse", f"{found.commit}^").text == tree.base
    status = project.git("status", "--porcelain", at=tree.path)
    assert (status, project.repo.refs()) == before


def test_nothing_but_the_suite_is_no_candidate(project: Any) -> None:
    tree = start(project)
    assert not is_changed(project, tree)
    assert collect(project, tree) is None


def test_suite_is_put_back_and_leftovers_stay_out(project: Any) -> None:
    tree = start(project)
    (tree.path / "tests/test_a.py").write_text("assert True\n")
    (tree.path / ".aider.chat.history.md").write_text("chat\n")
    (tree.path / ".aider.tags.cache.v4").mkdir()
    (tree.path / ".aider.tags.cache.v4" / "cache").write_text("x\n")
    assert collect(project, tree) is None
    (tree.path / "a.txt").write_text("mended\n")
    found = collect(project, tree)
    assert found is not None
    assert project.quarantine.read(found.tree, "tests/test_a.py") == b"frozen\n"
    assert not [
        e for e in project.quarantine.entries(found.tree) if e.path.startswith(".aider")
    ]


def test_worktree_that_is_gone_is_unchanged(project: Any) -> None:
    tree = start(project)
    tree.path.rename(tree.path.with_name("away"))
    assert not is_changed(project, tree)


def test_d9_notes_for_people_are_collected_and_are_no_work(project: Any) -> None:
    tree = start(project)
    (tree.path / "RESULTS.md").write_text("Done, with a table.\n")
    (tree.path / "HANDOFF_FROM_CORE.md").write_text("Please mend b.txt\n")
    assert not is_changed(project, tree)
    assert collect(project, tree) is None
    kept = project.session.folder / "notes" / "a"
    assert (kept / "HANDOFF_FROM_CORE.md").read_text() == "Please mend b.txt\n"
    (tree.path / "a.txt").write_text("work\n")
    found = collect(project, tree, approach="by hand")
    assert found is not None
    assert found.message == "Done, with a table.\n"
    names = {e.path for e in project.quarantine.entries(found.tree)}
    assert not {"RESULTS.md", "HANDOFF_FROM_CORE.md"} & names


def test_a_file_of_the_project_that_is_called_like_a_note_is_work(project: Any) -> None:
    project.commit(**{"RESULTS.md": "ours\n"})
    tree = start(project)
    (tree.path / "RESULTS.md").write_text("changed\n")
    (tree.path / "docs").mkdir()
    (tree.path / "docs" / "RESULTS.md").write_text("deep\n")
    found = collect(project, tree)
    assert found is not None
    assert project.quarantine.read(found.tree, "RESULTS.md") == b"changed\n"
    assert project.quarantine.read(found.tree, "docs/RESULTS.md") == b"deep\n"
    assert found.message == ""


def test_a_note_that_is_a_link_is_not_followed(project: Any, tmp_path: Path) -> None:
    tree = start(project)
    secret = tmp_path / "secret"
    secret.write_text("key\n")
    (tree.path / "RESULTS.md").symlink_to(secret)
    (tree.path / "a.txt").write_text("work\n")
    found = collect(project, tree)
    assert found is not None
    assert found.message == ""
    assert not (project.session.folder / "notes").exists()
