"""Test-first (row D3): a tester writes the tests, the base says whether they can decide, then the others begin."""

import json
import os
import shlex
import signal
import sys
import time
from pathlib import Path

import pytest

from arena.patterns.test_first import waves
from arena.task import Task

ARENA = [sys.executable, "-P", "-m", "arena"]
TASK = "Add a function mean(values) to calc.py: the mean of all values."
TESTS = """import calc


def test_mean():
    assert calc.mean([1, 2, 3]) == 2


def test_mean_of_one():
    assert calc.mean([5]) == 5
"""
RIGHT = "def mean(values):\n    return sum(values) / len(values)\n"
WRONG = "def mean(values):\n    return max(values)\n"
OWN = "tests/test_mean.py"
NAMED = ["--merge", "never", "--base", "HEAD"]


@pytest.fixture
def play(project, tmp_path):
    """Makes the agent `command` do, for each label, these Python scripts, one a turn."""

    def begin(*words, env=None, agents="command:3", **parts):
        for label, scripts in parts.items():
            for turn, script in enumerate(scripts, 1):
                name = f"{label.replace('_', '-')}.{turn}.py"
                (tmp_path / name).write_text(script)
        agent = tmp_path / "agent.sh"
        seen = tmp_path / "seen"
        seen.mkdir(exist_ok=True)
        agent.write_text(
            f'#!/bin/sh\ncd "$PWD"\nn=1\nwhile [ -e {seen}/$ARENA_LABEL.$n ]; do n=$((n+1)); done\n'
            f'printf "%s" "$1" > {seen}/$ARENA_LABEL.$n\n'
            f"[ ! -e {tmp_path}/$ARENA_LABEL.$n.py ] || exec python3 {tmp_path}/$ARENA_LABEL.$n.py\n"
        )
        agent.chmod(0o755)
        line = f"command = [{json.dumps(str(agent))}, '{{prompt}}']\n"
        (project.path / "arena.toml").write_text(line)
        there = project.with_env(**(env or {}))
        return there.arena("run", *words, "--agents", agents, *NAMED)

    return begin


def writes(**files):
    """A script that writes files; in names a double underscore is a slash."""
    lines = ["import pathlib"]
    for name, text in files.items():
        path = name.replace("__", "/").replace("_py", ".py")
        lines.append(f"pathlib.Path({path!r}).write_text({text!r})")
    return "\n".join(lines)


def adds(text):
    return f"with open('calc.py', 'a') as f: f.write({text!r})\n"


TESTER = writes(tests__test_mean_py=TESTS)


def until(done):
    end = time.monotonic() + 120
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def told(tmp_path, label, turn=1):
    return (tmp_path / "seen" / f"{label}.{turn}").read_text()


def test_d3_the_tests_come_first_and_decide(project, play, tmp_path):
    done = play(
        "--test-first", "--json", TASK,
        tester=[TESTER + "\n" + adds("SPOILT = 1\n")],
        command_1=[adds(WRONG)], command_2=[adds(RIGHT)], command_3=[""],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["verdict"]["winner"] == "command-2"
    assert said["task"]["suite"] == [OWN]
    assert sorted(c["label"] for c in said["candidates"]) == ["command-1", "command-2"]
    passed = {
        c["label"]: c["measurements"]["required.passed"]["value"]
        for c in said["candidates"]
    }
    assert passed == {"command-1": 0.5, "command-2": 1.0}
    # What else the tester changed is left out, and told.
    [tester] = said["testers"]
    assert (tester["label"], tester["agent"], tester["group"]) == ("tester", "command", "suite")  # fmt: skip
    assert (tester["files"], tester["left_out"]) == ([OWN], ["calc.py"])
    assert len(tester["failing"]) == 2
    assert all(
        "SPOILT" not in project.git("show", f"{c['commit']}:calc.py")
        for c in said["candidates"]
    )
    # It sees the task alone; the others see the tests.
    assert "Write the tests" in told(tmp_path, "tester")
    assert TASK in told(tmp_path, "tester")
    assert OWN in told(tmp_path, "command-1")
    assert "Write the tests" not in told(tmp_path, "command-1")
    status = project.told("status")
    assert "tester                   validated    (2 of 2 tests fail on the base" in status  # fmt: skip
    report = (Path(project.told("report").strip())).read_text()
    assert "tester" in report
    assert "2 of 2 tests fail on the base" in report
    assert "2 of 2 tests fail on the base" in project.told("report", "--format", "md")
    archived = f"refs/arena/archive/{said['run']}/tester"
    assert project.git("show", f"{archived}:{OWN}") == TESTS.strip()
    # What repeats the judgement brings the tests along.
    assert not (project.path / OWN).exists()
    words = said["replay"].replace("&& arena", f"&& {shlex.join(ARENA)}")
    again = project.program("sh", "-c", f"{words} --json --merge never")
    assert json.loads(again.stdout)["verdict"]["winner"] == "command-2", again.stderr
    refused = project.arena("merge", said["run"], "tester")
    assert refused.returncode != 0, "it is no candidate"


def test_d3_stopping_the_run_while_its_tests_are_written_starts_nobody(project, play, tmp_path):  # fmt: skip
    slow = TESTER + "\nimport time; time.sleep(300)\n"
    play("--test-first", "--detach", TASK, tester=[slow], command_1=[adds(RIGHT)])
    until((tmp_path / "seen" / "tester.1").exists)
    until(lambda: list(tmp_path.glob(f"state/*/runs/*/worktrees/tester/{OWN}")))
    assert project.json("status")["entries"]["command-1"]["state"] == "waiting"
    project.told("stop")
    found = project.json("wait", code=1)
    assert found["entries"]["tester"]["state"] == "validated"
    assert {found["entries"][f"command-{n}"]["outcome"] for n in (1, 2, 3)} == {
        "killed"
    }
    assert not (tmp_path / "seen" / "command-1.1").exists()


@pytest.mark.parametrize("wave", ["tester", "command-1"])
def test_d3_a_run_that_was_killed_takes_no_tester_for_a_candidate(project, play, tmp_path, wave):  # fmt: skip
    slow = "\nimport time; time.sleep(300)\n"
    tester, other = (TESTER + slow, "") if wave == "tester" else (TESTER, RIGHT)
    play(
        "--test-first",
        "--detach",
        TASK,
        tester=[tester],
        command_1=[adds(other) + slow],
    )
    done = {"tester": OWN, "command-1": "calc.py"}[wave]
    found = lambda: list(tmp_path.glob(f"state/*/runs/*/worktrees/{wave}/{done}"))  # noqa: E731
    until(lambda: found() and (wave == "tester" or "mean" in found()[0].read_text()))
    os.kill(project.json("status")["process"], signal.SIGKILL)
    until(lambda: not project.json("status")["going"])
    if wave == "tester":
        assert "left no work to judge" in project.arena("resume").stderr
    else:
        project.told("resume")
        said = json.loads(project.told("report", "--format", "json"))
        assert [c["label"] for c in said["candidates"]] == ["command-1"]
        assert said["task"]["suite"] == [OWN]
        assert said["verdict"]["winner"] == "command-1"
        assert said["testers"][0]["files"] == [OWN]


def test_d3_the_frozen_suite_holds_against_implementers(project, play):
    cheat = writes(tests__test_mean_py="def test_mean(): pass\n") + "\n" + adds(WRONG)
    done = play("--test-first", "--json", TASK, tester=[TESTER], command_1=[cheat])
    said = json.loads(done.stdout)
    assert done.returncode == 1
    [one] = said["candidates"]
    assert one["measurements"]["required.passed"]["value"] == 0.5
    assert project.git("show", f"{one['commit']}:{OWN}") == TESTS.strip()


BAD = {
    "passes already": (
        writes(tests__test_x_py="import calc\ndef test_a(): assert calc.total([]) == 0\n"),
        "all 1 tests pass on the base already",
    ),
    "syntax": (writes(tests__test_x_py="def test_a(:\n"), "tests/test_x.py has a syntax error"),
    "flaky": (
        writes(tests__test_x_py="import calc\ndef test_a():\n    assert hash('a') % 2 == calc.total([0, 1])\n"
               + "".join(f"def test_{n}():\n    assert hash('{n}') % 2\n" for n in range(9))),
        "is not stable",
    ),
    "fixture": (
        writes(tests__test_x_py="def test_a(nobody): assert False\n"),
        "fixture 'nobody' not found",
    ),
    "unrelated import": (
        writes(tests__test_x_py="import numpie\ndef test_a(): assert False\n"),
        "No module named 'numpie'",
    ),
    "own fault": (
        writes(tests__test_x_py="import calc\ndef test_a(): assert calc.total([undefined]) == 0\n"),
        "name 'undefined' is not defined",
    ),
    "nothing": ("", "tree unchanged"),
    "source only": (adds(RIGHT), "there is no new test file; calc.py is none"),
    "no test": (writes(tests__test_x_py="X = 1\n"), "no test is found"),
    "removes": ("import os; os.remove('tests/test_calc.py')\n" + TESTER, "tests/test_calc.py is no longer there"),
    "changes": (
        "p = 'tests/test_calc.py'\nt = open(p).read().replace('== 0', '== 1')\nopen(p, 'w').write(t)\n",
        "tests/test_calc.py changes what is there already",
    ),
    "red file": (
        f"with open('tests/test_calc.py', 'a') as f: f.write({TESTS!r})\n",
        "tests/test_calc.py::test_total fails already without yours",
    ),
    "breaks": (
        writes(tests__conftest_py="import calc\ncalc.total = lambda values: 7\n") + "\n" + TESTER,
        "tests/test_calc.py::test_nothing was there before and passes no more",
    ),
    "hangs": (
        writes(tests__test_x_py="import time\ndef test_a(): time.sleep(600)\n"),
        "did not end within the time limit",
    ),
    "kills": (
        writes(tests__test_x_py="import os\ndef test_a(): os._exit(0)\n"),
        "with your tests, the tests ended",
    ),
}  # fmt: skip


SOME = 4  # of the bad suites in every run, the others with `make long`
EACH = [
    pytest.param(name, marks=[pytest.mark.long] if number >= SOME else [])
    for number, name in enumerate(BAD)
]


@pytest.mark.parametrize("name", EACH)
def test_d3_tests_that_can_not_decide_start_nobody(project, play, tmp_path, name):
    script, why = BAD[name]
    env = {"ARENA_RETRIES": "0", "ARENA_TEST_TIMEOUT": "20"}
    begun = time.monotonic()
    done = play("--test-first", TASK, env=env, tester=[script])
    assert done.returncode == 2, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert "the tests of tester can't be used" in last
    assert why in last
    assert not (tmp_path / "seen" / "command-1.1").exists()
    assert time.monotonic() - begun < 200
    run = project.json("list")[0]["run"]
    entry = project.json("status")["entries"]["tester"]
    assert (entry["state"], why in entry["why"]) == ("refused", True)
    if name != "nothing":
        assert f"arena restore {run} tester --branch" in last
        project.told("restore", run, "tester", "--branch", "kept")
        assert project.git("diff", "--stat", "main", "kept")


def test_d3_a_tester_gets_further_turns_with_the_reasons(project, play, tmp_path):
    first, second = BAD["syntax"], BAD["fixture"]
    tidy = "import os; os.remove('tests/test_x.py')\n" + TESTER
    done = play(
        "--test-first", "--json", TASK,
        tester=[first[0], second[0], tidy], command_1=[adds(RIGHT)],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["task"]["suite"] == [OWN]
    assert first[1] in told(tmp_path, "tester", 2)
    assert TASK in told(tmp_path, "tester", 2)
    assert second[1] in told(tmp_path, "tester", 3)
    assert not (tmp_path / "seen" / "tester.4").exists()
    assert done.stderr.count("its tests can't be used") == 2


def test_d3_an_existing_test_file_may_be_added_to(project, play):
    green = "from calc import total\n\n\ndef test_ok():\n    assert total([]) == 0\n"
    project.commit("green", tests__test_ok_py=green)
    more = f"with open('tests/test_ok.py', 'a') as f: f.write({TESTS!r})\n"
    done = play("--test-first", "--json", TASK, tester=[more], command_1=[adds(RIGHT)])
    assert done.returncode == 0, done.stderr
    [tester] = json.loads(done.stdout)["testers"]
    assert tester["failing"] == [
        "tests/test_ok.py::test_mean", "tests/test_ok.py::test_mean_of_one",
    ]  # fmt: skip


def test_d3_a_module_that_is_to_come_may_be_missing(project, play):
    tests = (
        "from means import mean\n\n\ndef test_mean():\n    assert mean([1, 3]) == 2\n"
    )
    done = play(
        "--test-first", "--json", "Add a module means with mean(values).",
        tester=[writes(tests__test_mean_py=tests)],
        command_1=[writes(means_py=RIGHT)], command_2=[writes(means_py=WRONG)],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["verdict"]["winner"] == "command-1"
    assert said["testers"][0]["failing"] == [OWN]


def test_d3_what_fails_for_want_of_the_task_is_right(project, play):
    project.commit("box", box_py="class Box:\n    pass\n\n\ndef first(x):\n    return x[0]\n")  # fmt: skip
    tests = """import pytest
import box
import unittest


@pytest.fixture
def opened():
    return box.opened()


def test_a_fixture_of_a_missing_name(opened):
    assert opened == 3


def test_a_missing_attribute():
    assert box.Box().size == 0


def test_a_missing_parameter():
    assert box.first([], default=1) == 1


def test_an_error_in_the_source():
    assert box.first([]) is None


def test_what_is_not_raised():
    with pytest.raises(ValueError):
        box.first("a")


class TestOld(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(box.first([1]), 2)


def test_a_long_difference():
    assert [box.first([i]) for i in range(999)] == ["x" * 20] * 999
"""
    script = writes(tests__test_box_py=tests)
    done = play("--test-first", "--json", "Complete box.", tester=[script])
    said = json.loads(done.stdout)
    assert len(said["testers"][0]["failing"]) == 7
    assert said["testers"][0]["passing"] == []
    assert said["verdict"]["confidence"] == "none", "nobody has done anything"


def test_d3_what_a_tester_changes_in_the_repository_can_be_taken_back(project, play):
    spoils = "import os; os.system('git config alias.{} status')\n"
    done = play(
        "--test-first", "--json", TASK,
        tester=[TESTER + "\n" + spoils.format("early")], command_1=[adds(RIGHT) + spoils.format("late")],
    )  # fmt: skip
    [one] = json.loads(done.stdout)["candidates"]
    [flag] = [f for f in one["flags"] if f["id"] == "repository-changed"]
    early, late = flag["evidence"]
    for told_, left in ((late, "early"), (early, None)):
        restore = told_.partition("to take it back: ")[2]
        assert project.program("sh", "-c", restore).returncode == 0
        aliases = project.program("git", "config", "--get-regexp", "alias").stdout
        assert aliases.split() == ([f"alias.{left}", "status"] if left else [])


def test_a_tester_writes_the_judges_check(project, play):
    look = "import os; assert not os.path.exists('tests/test_mean.py')\n"
    done = play(
        "--tester", "command", "--json", TASK,
        tester=[TESTER], command_1=[look + adds(WRONG)], command_2=[look + adds(RIGHT)],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["verdict"]["winner"] == "command-2"
    assert (said["task"]["suite"], said["task"]["checks"]) == ([], [OWN])
    assert said["testers"][0]["group"] == "checks"
    outcomes = {a["label"]: a["attempt"]["outcome"] for a in said["candidates"]}
    assert outcomes == {"command-1": "finished", "command-2": "finished"}


def test_two_testers_that_contradict_each_other_are_both_shown(project, play):
    name = "import calc\n\n\ndef test_none():\n    assert calc.mean([]) == {}\n"
    done = play(
        "--tester", "command:2", "--json", TASK,
        tester_1=[writes(tests__test_mean_py=name.format(0))],
        tester_2=[writes(tests__test_mean_py=name.format(1))],
        command_1=[adds("def mean(values):\n    return 0\n")],
        command_2=[adds("def mean(values):\n    return 1\n")],
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    assert said["task"]["checks"] == [OWN, "tests/test_mean_tester_2.py"]
    flags = {
        c["label"]: [f["summary"] for f in c["flags"] if f["id"] == "testers-contradict"]
        for c in said["candidates"]
    }  # fmt: skip
    assert flags == {
        "command-1": ["passes all tests of tester-1 and none of tester-2, and command-2 the reverse: they contradict"],
        "command-2": ["passes all tests of tester-2 and none of tester-1, and command-1 the reverse: they contradict"],
    }  # fmt: skip


def test_d3_the_first_to_pass_stops_the_others(project, play):
    slow = adds(WRONG) + "import time; time.sleep(300)\n"
    begun = time.monotonic()
    done = play(
        "--test-first", "--first-to-pass", "--json", TASK, tester=[TESTER],
        command_1=[slow], command_2=["import time; time.sleep(3)\n" + adds(RIGHT)], command_3=[adds(WRONG)],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begun < 200
    said = json.loads(done.stdout)
    assert said["verdict"]["winner"] == "command-2"
    # What the slow one had done is judged like everything else.
    attempts = {c["label"]: c["attempt"] for c in said["candidates"]}
    assert attempts["command-1"]["outcome"] == "killed"
    assert attempts["command-1"]["why"] == "command-2 was the first to pass"
    assert attempts["command-3"]["outcome"] == "finished", "what is wrong stops nobody"


def test_d3_repair_mends_what_a_tester_has_shown(project, play):
    shown = (
        "from calc import total\n\n\ndef test_first():\n    assert total([4]) == 4\n"
    )
    done = play(
        "--test-first", "--tester", "command", "--json", "Sum all values",
        agents="repair:1", tester=[writes(tests__test_first_py=shown)],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["verdict"]["winner"] == "repair-1"
    assert said["testers"][0]["agent"] == "command"


@pytest.mark.parametrize(
    ("approaches", "testers", "labels"),
    [
        ((), [("a", 1)], ["tester"]),
        ((), [("a", 1), ("b", 1)], ["tester-1", "tester-2"]),
        (("tester", "other"), [("a", 1)], ["tester-2"]),
    ],
)
def test_the_waves_have_labels_of_their_own(approaches, testers, labels):
    task = Task(prompt="Add x.", approaches=approaches)
    first, then = waves(task, [("c", 2)], testers, writes="suite", seed=3)
    assert [entry.label for entry in first] == labels
    assert {entry.writes for entry in first} == {"suite"}
    assert {entry.writes for entry in then} == {None}
    assert len({entry.label for entry in (*first, *then)}) == len(first) + 2


def test_a_person_may_be_the_tester_and_gets_further_turns(project):
    words = ["--test-first", "--tester", "human", "--agents", "human:1", TASK]
    run = project.json("run", *words, "--base", "HEAD", "--detach")["run"]
    entries = lambda: project.json("status")["entries"]  # noqa: E731
    until(lambda: "working" in entries()["tester"]["state"])
    place = Path(entries()["tester"]["path"])
    project.told("done", "tester")
    log = place.parents[1] / "logs" / "tester.turn2.stdout.log"
    until(lambda: log.exists() and "arena done" in log.read_text())
    assert "no new test file" in (log.parent / "tester.turn2.prompt.txt").read_text()
    (place / OWN).write_text(TESTS)
    project.told("done", "tester")
    until(lambda: "working" in entries()["human-1"]["state"])
    there = Path(entries()["human-1"]["path"])
    assert (there / OWN).read_text() == TESTS
    with (there / "calc.py").open("a") as file:
        file.write(RIGHT)
    project.told("done", "human-1", "--run", run)
    assert project.json("wait")["winner"] == "human-1"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--test-first", "x", "--agents", "repair:2"], "repair writes no tests"),
        (["--tester", "nobody", "x", "--agents", "repair:2"], 'agent "nobody" is not known'),
        (["--test-first", "--suite", "tests/test_calc.py", "--agents", "repair:2"], "a tester needs a prompt"),
        (["--first-to-pass", "x", "--agents", "human:1"], "--first-to-pass needs tests"),
        (["--test-first", "x", "--agents", "command:1"], 'the agent "command" has no command'),
    ],
)  # fmt: skip
def test_words_that_do_not_fit(project, words, why):
    assert why in project.refused("run", *words), shlex.join(words)
