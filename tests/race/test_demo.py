"""The demonstration: honest, clear, merged, undoable; and quick enough."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def arena(*words, cwd, env):
    command = [sys.executable, "-P", "-m", "arena", *map(str, words)]
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    place = tmp_path_factory.mktemp("demo")
    env = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("GIT_", "ARENA_", "VIRTUAL_ENV", "CI"))
    }
    env |= {
        "ARENA_STATE_DIR": str(place / "state"),
        "ARENA_CACHE_DIR": str(place / "cache"),
        "HOME": str(place),
    }
    begun = time.monotonic()
    done = arena("demo", "--json", place / "parcel", cwd=place, env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), place / "parcel", env, time.monotonic() - begun


def git(repo, *words):
    return subprocess.run(
        ["git", *words], cwd=repo, capture_output=True, text=True, check=True
    ).stdout


def test_the_verdict_is_clear_and_the_check_separates_overfitted_patches(shown):
    found, *_ = shown
    assert found["verdict"]["confidence"] in ("clear", "decisive")
    assert found["verdict"]["stage"] == "required"
    assert found["verdict"]["blocks"] == []
    trees = {c["tree"] for c in found["candidates"]}
    assert len(trees) >= 2, "three entries of the agent should give different patches"
    beaten = [
        c
        for c in found["candidates"]
        if (c["measurements"]["required.passed"]["value"] or 0) < 1
    ]
    assert beaten, "the check should turn down at least one overfitted patch"


def test_the_winner_was_merged_and_can_be_taken_back(shown):
    found, repo, env, _ = shown
    assert git(repo, "rev-parse", "main").strip() == found["landed"]["new"]
    assert git(repo, "status", "--porcelain") == ""
    assert arena("undo", cwd=repo, env=env).returncode == 0
    assert git(repo, "rev-parse", "main").strip() == found["landed"]["old"]


def test_the_report_is_one_file_and_quick(shown):
    found, _, _, seconds = shown
    page = Path(found["report"]).read_text(encoding="utf-8")
    assert found["verdict"]["headline"] in page
    assert seconds < 30


def test_the_archive_is_told_by_candidates_and_what_agents_committed_themselves(shown):
    _, repo, env, _ = shown
    said = arena("clean", cwd=repo, env=env).stderr
    refs = git(repo, "for-each-ref", "--format=%(refname)", "refs/arena/archive")
    own = len(re.findall(r"\.(?:branch|head)(?:-\d+)?$", refs, re.MULTILINE))
    assert own
    assert len(refs.split()) == 3 + own
    words = f"kept    3 candidates and {own} commits of the agents' own in the archive"
    assert words in said
