"""Fifty candidates: all judged, with few trees on disk and no test run too many."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CANDIDATES, JOBS = 50, 2
CODE = "def value():\n    return 0\n\n\ndef other():\n    return 1\n"
TESTS = (
    "from pkg import value, other\n\n\n"
    "def test_value():\n    assert value() == 7\n\n\n"
    "def test_other():\n    assert other() == 1\n"
)


@pytest.mark.long
def test_fifty_candidates(small_project, judge):
    repo = small_project({"pkg.py": CODE, "tests/test_pkg.py": TESTS})
    names = [f"c{number}" for number in range(1, CANDIDATES + 1)]
    for number, name in enumerate(names, start=1):
        repo.branch(name, {"pkg.py": ("return 0", f"return {number}")})

    judged = judge(repo, *names, "--base", "main", "--jobs", JOBS)

    ranked = judged.said["candidates"]
    assert len(ranked) == CANDIDATES
    assert (judged.said["verdict"]["winner"], ranked[0]["label"]) == ("c7", "c7")
    assert Path(judged.said["report"]).is_file()
    assert judged.processes("suite") == CANDIDATES + 3
    assert judged.processes("re-run") == 0
    (exports,) = [e["data"] for e in judged.journal if e["kind"] == "exports"]
    assert exports["peak"] <= JOBS + 2

    again = judge(repo, *reversed(names), "--base", "main", "--jobs", JOBS)
    assert not [e for e in again.journal if e["kind"] == "process"]
    assert again.said["verdict"] == judged.said["verdict"]
    assert again.said["candidates"] == judged.said["candidates"]


# Each changes the file in a way of its own.
AGENT = ["sh", "-c", 'sleep 0.2; sed -i "s/return 0/return ${ARENA_LABEL#command-}/" pkg.py', "{prompt}"]  # fmt: skip


def left_by(folder):
    """Programs that still work in a folder, or were started with a name below it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().decode(errors="replace")
            where = str((process / "cwd").readlink())
        except OSError:
            continue
        if str(folder) in line or where.startswith(str(folder)):
            found.append(line)
    return found


@pytest.mark.long
def test_fifty_agents(small_project, judge, tmp_path, monkeypatch):
    """All are tried and judged; nothing is left of them but worktrees and archive, and those go with a clean-up."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    files = {"pkg.py": CODE, "tests/test_pkg.py": TESTS}
    repo = small_project(files | {"arena.toml": f"command = {json.dumps(AGENT)}\n"})
    before = repo.git("for-each-ref")

    asked = ("x", "--agents", f"command:{CANDIDATES}", "--jobs", JOBS)
    done = judge(repo, *asked, "--merge", "never", command="run")

    ranked = done.said["candidates"]
    assert len(ranked) == CANDIDATES
    assert done.said["verdict"]["winner"] == ranked[0]["label"] == "command-7"
    ended = [e["data"] for e in done.journal if e["kind"] == "attempt"]
    assert [one["outcome"] for one in ended] == ["finished"] * CANDIDATES
    assert done.processes("suite") == CANDIDATES + 3
    assert list(temporary.iterdir()) == []
    assert left_by(tmp_path) == []
    more = set(repo.git("for-each-ref").splitlines()) - set(before.splitlines())
    names = [line.split()[2] for line in more]
    assert len(names) == 2 * CANDIDATES
    assert all(n.startswith(("refs/arena/", "refs/heads/arena/")) for n in names)

    env = os.environ | {
        "ARENA_STATE_DIR": str(tmp_path / "state"),
        "ARENA_CACHE_DIR": str(tmp_path / "cache"),
    }
    words = [sys.executable, "-P", "-m", "arena", "clean"]
    subprocess.run(words, cwd=repo.path, env=env, check=True, capture_output=True)
    assert repo.git("for-each-ref", "refs/heads") == before
    assert repo.git("worktree", "list").count("\n") == 0
    assert list((tmp_path / "state").glob("*/runs/*/worktrees/*")) == []
