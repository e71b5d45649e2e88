"""What it costs: processes by role, trees on disk at a time, and nothing at all the second time."""

from __future__ import annotations

from typing import Any

import pytest

from arena.machine import records

FILES = {
    "pkg/__init__.py": "def one(): return 1\n",
    "tests/test_pkg.py": "import pkg\ndef test_one(): assert pkg.one() == 1\n",
}


@pytest.fixture
def project(make_project: Any, request: pytest.FixtureRequest) -> Any:
    """A project that no other test has run: results are remembered by content."""
    made = make_project(FILES | {"NAME": request.node.name})
    for name in ("a", "b", "c"):
        made.branch(name, {"pkg/__init__.py": f"def one(): return 1  # {name}\n"})
    return made


def cached(judged: Any) -> int:
    return sum(event.kind == "tests-cached" for event in judged.events)


def test_n_plus_3_first_then_n_then_none(project: Any) -> None:
    first = project.judge("a", "b")
    assert first.processes() == {"suite": 5}
    assert first.processes("base") == {"suite": 3}
    assert cached(first) == 0
    more = project.judge("a", "b", "c")
    assert more.processes() == {"suite": 1}
    again = project.judge("c", "b", "a")
    assert again.processes() == {}
    assert cached(again) == 6
    assert again.evaluation == more.evaluation  # whatever the order, and from the cache


def test_equal_trees_are_run_once(project: Any) -> None:
    project.git("branch", "same", "a")
    project.judge("a")
    found = project.judge("a", "same")
    assert found.processes() == {}
    assert found.value("same", "tests.passed") == 1


def test_what_results_depend_on(project: Any, sealed: pytest.MonkeyPatch) -> None:
    project.judge("a")
    assert project.judge("a", seed=3).processes() == {"suite": 4}
    sealed.setenv("ARENA_TEST_VALUE", "1")
    found = project.judge("a", env=["ARENA_TEST_VALUE"])
    assert found.processes() == {"suite": 4}
    sealed.setenv("ARENA_TEST_VALUE", "2")
    assert project.judge("a", env=["ARENA_TEST_VALUE"]).processes() == {"suite": 4}
    assert project.judge("a", test_timeout=98.0).processes() == {}


def test_the_role_is_told(project: Any) -> None:
    found = project.judge("a", role="merged-tree")
    assert found.processes() == {"merged-tree": 4}
    assert project.judge("a").processes() == {}


def test_few_trees_on_disk(project: Any) -> None:
    for number in range(6):
        project.branch(
            f"n{number}", {"pkg/__init__.py": f"def one(): return {number + 5}\n"}
        )
    found = project.judge(*(f"n{number}" for number in range(6)), jobs=2)
    event = next(e for e in found.events if e.kind == "exports")
    assert event.data["jobs"] == 2
    assert 1 <= event.data["peak"] <= 4
    plan = next(e for e in found.events if e.kind == "plan")
    assert plan.data["command"] == "pytest"
    assert plan.data["roots"] == ["."]


def test_an_evaluation_survives_being_stored(project: Any) -> None:
    found = project.judge("a").evaluation
    data = records.to_json(found)
    assert records.from_json(type(found), data) == found


def test_events_tell_what_a_run_gave(project: Any) -> None:
    found = project.judge("b")
    told = next(e for e in found.events if e.kind == "tests" and e.label == "b")
    assert {k: told.data[k] for k in ("role", "ended", "passed", "total")} == {
        "role": "suite",
        "ended": "exited",
        "passed": 1,
        "total": 1,
    }
    assert {"tree", "seconds", "cpu"} < set(told.data)
    judged = next(e for e in found.events if e.kind == "judged")
    assert (judged.label, judged.data) == ("b", {"passed": 1, "total": 1})
