"""`arena worktrees`: the worktrees of a real run listed, moved, killed on their way, pruned, merged and cleaned."""

import json
import os
import shutil
from pathlib import Path

import pytest

# Mends the project in a way of its own, and leaves a commit on a detached HEAD.
AGENT = """#!/bin/sh
sed -i "s/values\\[1:\\]/values[0:]/" calc.py
echo "# $ARENA_LABEL" >> calc.py
git checkout -q --detach && git commit -q --allow-empty -m "own $ARENA_LABEL"
"""
# A git that ends arena before, during or after the move of the label in its name.
GIT = """#!/bin/sh
case "$*" in
    *"worktree move"*command-1*) kill -9 $PPID ;;
    *"worktree move"*command-2*) for last; do before=$now; now=$last; done; mv "$before" "$now"; kill -9 $PPID ;;
    *"worktree move"*command-3*) {git} "$@"; kill -9 $PPID ;;
    *) exec {git} "$@" ;;
esac
"""


@pytest.fixture
def ran(project, tmp_path):
    """A project in which three agents have worked, with their worktrees still there."""
    put(tmp_path / "agent.sh", AGENT)
    (tmp_path / "arena.toml").write_text(
        f'command = ["{tmp_path}/agent.sh", "{{prompt}}"]\n'
    )
    words = ["--config", tmp_path / "arena.toml", "run", "x", "--agents", "command:3"]
    done = project.arena(*words, "--merge", "never")
    assert done.returncode < 2, done.stderr
    return project


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def listed(project, *words):
    """Label → row of `arena worktrees list`."""
    told = project.json("worktrees", "list", *words)
    assert told["bytes"] == sum(row["bytes"] for row in told["worktrees"])
    return {row["label"]: row for row in told["worktrees"]}


def kept(project, label, tip):
    return project.git("log", "-1", "--format=%s", f"refs/arena/archive/{tip}/{label}")


def test_c6_list_move_merge_and_clean(ran, tmp_path):
    rows = listed(ran)
    run = rows["command-1"]["run"]
    assert set(rows) == {f"command-{n}" for n in (1, 2, 3)}
    for label, row in rows.items():
        assert row["state"] == "present"
        assert row["branch"] == f"refs/heads/arena/{run}/{label}"
        assert row["bytes"] > 0
        assert row["unarchived"] is True, "the commit on its HEAD"
    place = tmp_path / "näch ste"
    place.mkdir()
    said = ran.told("-C", "tests", "worktrees", "move", "command-2", place)
    assert said == f"command-2 of {run} is at {place / 'command-2'}\n"
    (place / "command-2" / "late.txt").write_text("late\n")
    ran.told("worktrees", "move", "command-3", f"../{place.name}/x", "--run", run)
    assert listed(ran, run)["command-3"]["path"] == str(place / "x")
    (status,) = Path(ran.env["ARENA_STATE_DIR"]).glob("*/runs/*/status/command-3.json")
    assert json.loads(status.read_text())["worktree"] == str(place / "x")
    said = ran.told("worktrees", "list")
    assert "not archived" in said
    assert said.splitlines()[-1].startswith("3 worktrees, ")
    assert f"{place / 'x'} (arena/{run}/command-3)" in said

    ran.told("merge", run, "command-1")
    assert list(place.iterdir()) == []
    assert listed(ran) == {}
    assert ran.told("worktrees", "list") == "0 worktrees, 0.0 MB\n"
    assert ran.git("worktree", "list").count("\n") == 0
    for label in rows:
        assert kept(ran, f"{label}.head", run) == f"own {label}"
    late = f"refs/arena/archive/{run}/command-2.late:late.txt"
    assert ran.git("show", late) == "late"


def test_kills_on_the_way_then_clean(ran, tmp_path):
    put(tmp_path / "bin" / "git", GIT.format(git=shutil.which("git")))
    path = f"{tmp_path}/bin{os.pathsep}{ran.env['PATH']}"
    before = listed(ran)
    run, place = before["command-1"]["run"], tmp_path / "place"
    place.mkdir()
    for label, where, state in (
        ("command-1", before["command-1"]["path"], "present"),
        ("command-3", str(place / "command-3"), "present"),
        ("command-2", str(place / "command-2"), "not on git's list"),
    ):
        done = ran.with_env(PATH=path).arena("worktrees", "move", label, place)
        assert done.returncode == -9, done.stderr
        rows = listed(ran)
        assert (rows[label]["path"], rows[label]["state"]) == (where, state)
    ran.told("worktrees", "prune")
    assert listed(ran) == rows
    ran.told("clean", run)
    assert list(place.iterdir()) == []
    assert listed(ran) == {}
    assert ran.git("worktree", "list").count("\n") == 0
    for label in rows:
        assert kept(ran, f"{label}.head", run) == f"own {label}"


def test_prune_says_what_it_takes_and_what_not(ran, tmp_path):
    run = ran.json("status")["run"]
    rows = listed(ran)
    ran.told("worktrees", "move", "command-1", tmp_path / "one")
    for place in (tmp_path / "one", Path(rows["command-2"]["path"])):
        ran.program("git", "-C", place, "checkout", "-q", f"arena/{run}/{place.name}")
        shutil.rmtree(place)
    before = listed(ran)
    assert before["command-2"]["state"] == "missing"
    assert "1 worktrees" in ran.told("worktrees", "prune", "--dry-run")
    assert listed(ran) == before
    done = ran.arena("worktrees", "prune")
    assert done.stdout == "took 1 worktrees off git's list; their branches stay\n"
    assert rows["command-2"]["path"] in done.stderr
    assert set(listed(ran)) == {"command-1", "command-3"}
    assert ran.git("rev-parse", f"arena/{run}/command-2")


def test_words_that_can_not_be(ran, project, tmp_path):
    assert "no worktree nobody" in ran.refused("worktrees", "move", "nobody", tmp_path)
    assert "is in" in ran.refused("worktrees", "move", "command-1", "sub")
    words = ["worktrees", "move", "command-1", tmp_path / "x", "--run", "none"]
    assert "no run called" in ran.refused(*words)
    assert "no run called" in ran.refused("worktrees", "list", "none")
