"""Fifty candidates: all judged, with few trees on disk and no test run too many."""

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
