"""What is archived stays, as a ref or in a bundle, and comes back by one command; old runs go when told to."""

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from arena.journal import SCHEMA, encode, replay


@pytest.fixture
def run(project):
    project.told("judge", "good", "worse")
    return project.json("list")[0]["run"]


def archived(project):
    return project.git(
        "for-each-ref", "--format=%(refname)", "refs/arena/archive"
    ).splitlines()


def clone(project, place):
    """Somebody else's clone, without what only this repository has."""
    words = ("clone", "-q", "--single-branch", "--branch=main")
    project.git(*words, f"file://{project.path}", place)
    return place


def age(project, run, days):
    [journal] = Path(project.env["ARENA_STATE_DIR"]).glob(f"*/runs/{run}/journal.log")
    then = time.time() - days * 86400
    os.utime(journal, (then, then))


def test_a_restored_branch_is_undone_and_made_again(project, run):
    project.git("branch", "-q", "-D", "worse")
    before = project.everything()
    project.told("restore", run, "worse", "--branch", "again")
    assert project.git("rev-parse", "again:calc.py")
    project.told("undo")
    after = {k: v for k, v in project.everything().items() if "logs" not in k}
    assert after == before
    project.told("undo")
    assert project.git("rev-parse", "again:calc.py")


def test_a_restored_branch_that_went_on_does_not_hold_up_an_undo(project, run):
    main = project.git("rev-parse", "main")
    project.told("merge")
    project.told("restore", run, "worse", "--branch", "again")
    project.git("checkout", "-q", "again")
    mine = project.commit("mine", mine_py="x = 1\n")
    project.told("undo")
    assert project.git("rev-parse", "main") == main
    assert project.git("rev-parse", "again") == mine


def test_a_bundle_brings_candidates_back_into_another_clone(project, run, tmp_path):
    worse = project.git("rev-parse", "worse")
    made = project.json("bundle", run, "--out", tmp_path / "x.bundle")
    assert (made["candidates"], made["bundle"]) == (2, str(tmp_path / "x.bundle"))
    other = clone(project, tmp_path / "clone")
    there = ("-C", other, "restore", run, "worse", "--from", tmp_path / "x.bundle")
    assert worse[:12] in project.told(*there)
    assert project.git("-C", other, "rev-parse", f"arena/{run}/worse") == worse
    project.git("-C", other, "fsck", "--strict")

    whole = (tmp_path / "x.bundle").read_bytes()
    (tmp_path / "bad.bundle").write_bytes(whole[:-40])
    third = clone(project, tmp_path / "third")
    bad = ("-C", third, "restore", run, "worse", "--from", tmp_path / "bad.bundle")
    assert "can't take run" in project.refused(*bad)
    assert project.git("-C", third, "for-each-ref", "refs/arena") == ""
    none = ("restore", run, "worse", "--branch", "x", "--from", tmp_path / "none")
    assert "there is no bundle" in project.refused(*none)


def test_gc_removes_old_runs_and_keeps_their_candidates(project, run):
    worse = project.git("rev-parse", "worse")
    project.told("judge", "good", "broken", code=0)
    young = next(r["run"] for r in project.json("list") if r["run"] != run)
    age(project, run, days=31)
    before = project.everything()
    dry = project.json("gc", "--dry-run")
    assert [r["kept"] for r in sorted(dry["runs"], key=lambda r: r["run"] != run)] == [
        "",
        "it is not old enough",
    ]
    assert project.everything() == before

    done = project.json("gc")
    assert [Path(path).stem for path in done["bundles"]] == [run]
    assert [r["run"] for r in project.json("list")] == [young]
    assert {name.split("/")[3] for name in archived(project)} == {young}

    project.git("branch", "-q", "-D", "worse")
    project.git("reflog", "expire", "--expire=now", "--all")
    project.git("gc", "-q", "--prune=now")
    assert project.program("git", "cat-file", "-e", worse).returncode != 0
    said = project.told("restore", run, "worse", "--branch", "back")
    assert worse[:12] in said
    assert project.git("rev-parse", "back") == worse


def test_a_bundle_of_gc_outlives_the_branch_that_it_stands_on(project, run):
    """The base of a run may be rebased away and dropped by git's own clean-up."""
    worse = project.git("rev-parse", "worse")
    age(project, run, days=31)
    project.told("gc")
    project.git("checkout", "-q", "--orphan", "anew")
    project.git("commit", "-q", "-m", "anew")
    for name in ("main", "good", "worse", "broken"):
        project.git("branch", "-q", "-D", name)
    project.git("reflog", "expire", "--expire=now", "--all")
    project.git("gc", "-q", "--prune=now")
    project.told("restore", run, "worse", "--branch", "back")
    assert project.git("rev-parse", "back") == worse
    project.git("fsck", "--strict")


def test_gc_leaves_a_damaged_run_and_takes_the_others(project, run):
    project.told("judge", "good")
    other = next(r["run"] for r in project.json("list") if r["run"] != run)
    [path] = Path(project.env["ARENA_STATE_DIR"]).glob(f"*/runs/{other}/journal.log")
    path.write_bytes(b"damaged\n" + path.read_bytes())
    for one in (run, other):
        age(project, one, days=31)
    project.told("gc")
    assert [r["run"] for r in project.json("list")] == [other]


def test_gc_deletes_for_good_only_when_told_so(project, run):
    age(project, run, days=8)
    words = ("gc", "--older-than", "7d", "--no-bundle")
    assert "2 archived candidates for good" in project.refused(*words)
    project.told("--yes", *words)
    assert archived(project) == []
    assert list(Path(project.env["ARENA_STATE_DIR"]).rglob("*.bundle")) == []
    assert project.json("gc")["runs"] == []


def test_gc_leaves_what_is_not_finished(project):
    project.told("spawn", "--agents", "1", "hold")
    [row] = project.json("list")
    age(project, row["run"], days=99)
    assert project.json("gc")["runs"][0]["kept"].startswith("it is not clean")
    assert [r["run"] for r in project.json("list")] == [row["run"]]
    assert "above 0" in project.refused("gc", "--older-than", "soon")


def test_a_run_of_a_newer_arena_is_left_alone(project, run):
    [path] = Path(project.env["ARENA_STATE_DIR"]).glob(f"*/runs/{run}/journal.log")
    first, *rest = replay(path)
    newer = replace(first, data={**first.data, "schema": SCHEMA + 1})
    path.write_bytes(b"".join(map(encode, [newer, *rest])))
    for command in ("merge", "clean", "undo"):
        assert "newer arena" in project.refused(command)


def test_a_judgement_that_was_killed_goes_on_and_runs_no_test_twice(project, tmp_path):
    whole = project.json("judge", "good", "worse")
    fresh = project.with_env(ARENA_CACHE_DIR=str(tmp_path / "fresh"))
    going = fresh.start("judge", "good", "worse", start_new_session=True)
    state = Path(project.env["ARENA_STATE_DIR"])

    def tested():
        journals = sorted(state.glob("*/runs/*/journal.log"))
        kinds = [e.kind for e in replay(journals[-1])] if len(journals) > 1 else []
        return kinds.count("tests")

    while tested() < 2:
        time.sleep(0.02)
    os.killpg(going.pid, signal.SIGKILL)
    going.communicate()
    done = json.loads(fresh.arena("resume", "--json").stdout)
    for part in ("verdict", "candidates"):
        assert done[part] == whole[part]
    ran = [e["data"] for e in fresh.events(done["run"]) if e["kind"] == "tests"]
    once = {(e["role"], e["tree"]) for e in ran if e["role"] == "suite"}
    assert (
        len([e for e in ran if e["role"] == "suite"]) - len(once) <= 2
    )  # base: thrice
