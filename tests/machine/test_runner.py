"""The runner inside the project's Python: what it tells of a suite, with new and old pytest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from arena.machine import environment, process
from arena.machine.environment import Environment

from .test_environment import other_python

RUNNER = Path(process.__file__).parent / "inside" / "runner.py"


@dataclass
class Told:
    """What came through the channel, and the log."""

    code: int
    events: list[dict[str, Any]]
    log: str

    @property
    def outcomes(self) -> dict[str, str]:
        return {e["row"][0]: e["row"][1] for e in self.events if e["e"] == "ran"}

    def one(self, kind: str) -> dict[str, Any]:
        found = [e for e in self.events if e["e"] == kind]
        assert len(found) == 1, (kind, self.log)
        return found[0]


Run = Callable[..., Told]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs files as a suite, the way the judge does."""

    def runs(
        files: dict[str, str], *, python: Path | None = None, env: Environment | None = None,
        variables: dict[str, str] | None = None, **order: Any,
    ) -> Told:  # fmt: skip
        tree = tmp_path / "tree"
        for name, text in files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        env = env or environment.describe(python or Path(sys.executable), "test")
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        reading, writing = os.pipe()
        given = {
            "tree": str(tree), "roots": [str(tree)], "packages": ["pkg"], "forbidden": [],
            "extra_path": [], "lent": str(env.lent), "ini": str(tmp_path / "pytest.ini"),
            "plugins": [], "options": ["-p", "no:cacheprovider", "-q", "--tb=short"],
            "targets": [], "ids": None, "order_seed": None, "coverage": None,
            "events": writing, "self_hosted": False, "confirmed": True,
            "secret": "x", "repeat": 1, "spare": None, **order,
        }  # fmt: skip
        (tmp_path / "order.json").write_text(json.dumps(given))
        done = process.run(
            [str(env.python), "-s", str(RUNNER), str(tmp_path / "order.json")],
            cwd=tree,
            env=environment.clean_variables(variables or {}),
            log=tmp_path / "log",
            timeout=60,
            pass_fds=[writing],
        )
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            events = [json.loads(line) for line in pipe.read().splitlines()]
        return Told(done.exit_code, events, (tmp_path / "log").read_text())

    return runs


KINDS = """
import unittest, pytest
import pkg
def test_good(): assert pkg.double(2) == 4
def test_bad(): assert pkg.double(2) == 5
@pytest.mark.skip
def test_skipped(): pass
@pytest.mark.xfail
def test_expected(): assert 0
@pytest.mark.xfail
def test_unexpected(): pass
@pytest.fixture
def broken(): raise RuntimeError("set-up")
def test_error(broken): pass
@pytest.fixture
def untidy():
    yield
    raise RuntimeError("tear-down")
def test_untidy(untidy): pass
@pytest.mark.parametrize("x", ["a b", "\\n", "ü"])
def test_odd(x): pass
class TestU(unittest.TestCase):
    def test_good(self): pass
"""
PKG = "def double(x):\n    y = x * 2\n    return y\n\ndef unused():\n    return 1\n"
OUTCOMES = {
    "test_a.py::test_good": "passed",
    "test_a.py::test_bad": "failed",
    "test_a.py::test_skipped": "skipped",
    "test_a.py::test_expected": "xfailed",
    "test_a.py::test_unexpected": "xpassed",
    "test_a.py::test_error": "error",
    "test_a.py::test_untidy": "error",
    "test_a.py::test_odd[a b]": "passed",
    "test_a.py::test_odd[\\n]": "passed",
    "test_a.py::test_odd[\\xfc]": "passed",
    "test_a.py::TestU::test_good": "passed",
}


def test_every_outcome_is_told(run: Run) -> None:
    told = run(
        {"pkg/__init__.py": PKG, "test_a.py": KINDS},
        coverage={"include": ["*/tree/pkg/*"]},
    )
    assert told.code == 1, told.log
    assert told.outcomes == OUTCOMES
    assert sorted(told.one("collected")["ids"]) == sorted(OUTCOMES)
    finish = told.one("finish")
    assert (finish["code"], finish["total"]) == (1, len(OUTCOMES))
    assert (finish["inside"], finish["outside"], finish["disagree"]) == (["."], [], [])

    assert told.one("lines")["lines"] == {"pkg/__init__.py": [1, 3, 5, 5]}
    rows = {e["row"][0]: e["row"] for e in told.events if e["e"] == "ran"}
    assert "assert 4 == 5" in rows["test_a.py::test_bad"][3]
    assert "set-up" in rows["test_a.py::test_error"][3]
    assert rows["test_a.py::test_good"][2] >= 0


def test_a_failing_part_of_a_test_is_a_failure(run: Run) -> None:
    told = run({
        "test_s.py": "import unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n"
        "        for n in (0, 1):\n            with self.subTest(n=n): self.assertEqual(n, 0)\n"
    })  # fmt: skip
    assert told.outcomes == {"test_s.py::T::test_it": "failed"}
    assert told.one("finish")["disagree"] == []


def test_a_file_that_can_not_be_imported_is_told(run: Run) -> None:
    told = run(
        {"test_a.py": "import no_such_module\n", "test_b.py": "def test_b(): pass\n"},
        options=["--continue-on-collection-errors"],
    )
    broken = told.one("broken")
    assert broken["id"] == "test_a.py"
    assert "no_such_module" in broken["message"]
    assert told.outcomes == {"test_b.py::test_b": "passed"}


def test_chosen_tests_run_in_the_given_order(run: Run) -> None:
    text = "".join(f"def test_{n}(): pass\n" for n in range(4))
    ids = ["test_b.py::test_3", "test_a.py::test_0", "test_a.py::test_none"]
    told = run({"test_a.py": text, "test_b.py": text}, ids=ids)
    assert list(told.outcomes) == ids[:2]


def test_a_seed_changes_the_order_of_modules(run: Run) -> None:
    suite = {
        f"test_{n}.py": "def test_1(): pass\ndef test_2(): pass\n" for n in range(5)
    }
    orders = [list(run(suite, order_seed=seed).outcomes) for seed in (None, 1, 1, 2)]
    assert orders[0] == sorted(orders[0])
    assert orders[1] == orders[2] != orders[0]
    assert orders[3] != orders[1]
    for order in orders:
        assert [i[-1] for i in order] == ["1", "2"] * 5


def test_the_candidates_code_shadows_what_is_installed_but_not_the_library(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "installed" / "pkg").mkdir(parents=True)
    (tmp_path / "installed" / "pkg" / "__init__.py").write_text("WHERE = 'installed'\n")
    told = run({
        "pkg/__init__.py": "WHERE = 'tree'\n", "json.py": "raise RuntimeError\n",
        "pluggy/__init__.py": "WHERE = 'tree'\n",
        "test_a.py": "import json, subprocess, sys, pkg\n"
        "def test_a(): assert pkg.WHERE == 'tree' and json.dumps(1)\n"
        "def test_child():\n"
        "    code = 'import pkg; print(pkg.WHERE)'\n"
        "    assert subprocess.check_output([sys.executable, '-c', code]) == b'tree\\n'\n",
    })  # fmt: skip
    assert set(told.outcomes.values()) == {"passed"}, told.log


def test_code_from_elsewhere_is_found_out(run: Run, tmp_path: Path) -> None:
    elsewhere = tmp_path / "checkout"
    (elsewhere / "pkg").mkdir(parents=True)
    (elsewhere / "pkg" / "__init__.py").write_text("")
    (elsewhere / "other.py").write_text("")
    told = run(
        {"test_a.py": f"import sys; sys.path.insert(0, {str(elsewhere)!r})\n"
         "import pkg, other\ndef test_a(): pass\n"},
        forbidden=[str(elsewhere)],
    )  # fmt: skip
    assert told.one("finish")["inside"] == []
    assert told.one("finish")["outside"] == [
        f"other from {elsewhere}", f"pkg from {elsewhere}/pkg",
    ]  # fmt: skip


def test_a_source_folder_is_named(run: Run, tmp_path: Path) -> None:
    told = run(
        {"src/pkg/__init__.py": "", "test_a.py": "import pkg\ndef test_a(): pass\n"},
        roots=[str(tmp_path / "tree" / "src")],
    )
    assert told.one("finish")["inside"] == ["src"]


@pytest.mark.parametrize("how", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_a_session_that_dies_has_told_what_it_knew(run: Run, how: str) -> None:
    told = run({"test_a.py": f"import os\ndef test_a(): pass\ndef test_b(): {how}\n"})
    assert told.outcomes == {"test_a.py::test_a": "passed"}
    assert [e for e in told.events if e["e"] == "finish"] == []


def test_forked_tests_and_children_can_not_speak_for_us(run: Run) -> None:
    told = run({
        "test_a.py": "import os, subprocess, sys\n"
        "def test_fork():\n    if os.fork() == 0:\n        return\n    os.wait()\n"
        "def test_child():\n    code = 'import os; print(len(os.listdir(\"/proc/self/fd\")))'\n"
        "    assert int(subprocess.check_output([sys.executable, '-c', code], close_fds=False)) <= 4\n"
    })  # fmt: skip
    assert told.outcomes == {
        "test_a.py::test_fork": "passed",
        "test_a.py::test_child": "passed",
    }
    assert len([e for e in told.events if e["e"] == "ran"]) == 2


def test_threads_that_do_not_end_do_not_hold_us_up(run: Run) -> None:
    told = run({
        "test_a.py": "import atexit, os, threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "atexit.register(os._exit, 0)\ndef test_a(): assert 0\n"
    })  # fmt: skip
    assert told.code == told.one("finish")["code"] == 1


def test_coverage_sees_imports_tests_fixtures_and_their_clean_up(run: Run) -> None:
    names = [
        "imported",
        "fixture",
        "cleanup",
        "test",
        "setup_method",
        "teardown_method",
        "unit_setup",
        "unit",
        "unit_teardown",
    ]
    package = "".join(f"def {name}():\n    return 1\n" for name in [*names, "never"])
    suite = """
import unittest
import pkg
import pytest
pkg.imported()
@pytest.fixture
def made():
    pkg.fixture()
    yield
    pkg.cleanup()
def test_one(made): pkg.test()
class TestTwo:
    def setup_method(self): pkg.setup_method()
    def teardown_method(self): pkg.teardown_method()
    def test_two(self): pass
class Three(unittest.TestCase):
    def setUp(self): pkg.unit_setup()
    def tearDown(self): pkg.unit_teardown()
    def test_three(self): pkg.unit()
"""
    told = run(
        {"pkg.py": package, "test_it.py": suite}, coverage={"include": ["*/pkg.py"]}
    )
    ranges = told.one("lines")["lines"]["pkg.py"]
    ran = {n for a, b in zip(ranges[::2], ranges[1::2], strict=True) for n in range(a, b + 1)}  # fmt: skip
    bodies = {name: 2 * number + 2 for number, name in enumerate([*names, "never"])}
    assert {name for name, line in bodies.items() if line not in ran} == {"never"}


def test_tests_of_our_own_say_nothing_about_an_honest_suite(run: Run) -> None:
    told = run({"test_a.py": "def test_a(): pass\n", "test_b.py": "def test_b(): assert 0\n"})  # fmt: skip
    assert told.one("finish")["canaries"] == []
    assert told.one("finish")["total"] == 2
    assert told.one("collected")["ids"] == ["test_a.py::test_a", "test_b.py::test_b"]
    assert told.outcomes == {"test_a.py::test_a": "passed", "test_b.py::test_b": "failed"}  # fmt: skip
    assert told.one("finish")["disagree"] == []


@pytest.mark.parametrize(
    ("patch", "ended"),
    [
        (
            "import pytest\npytest.Function.runtest = lambda self: None",
            {"pytest": "passed", "unittest": "failed"},
        ),
        (
            "import unittest\nunittest.TestCase.assertEqual = lambda *a: None",
            {"pytest": "failed", "unittest": "passed"},
        ),
        (
            (
                "from _pytest.reports import TestReport\n"
                "TestReport.from_item_and_call = classmethod(lambda cls, item, call: cls(item.nodeid, item.location,"
                " {}, 'passed', None, call.when))"
            ),
            {"pytest": "passed", "unittest": "passed"},
        ),
    ],
)
def test_a_patched_runner_is_found_by_our_own_tests(
    run: Run, patch: str, ended: dict[str, str]
) -> None:
    files = {f"test_{name}.py": "def test_one(): pass\n" for name in "abc"}
    files["test_b.py"] = f"{patch}\n" + files["test_b.py"]
    told = run(files).one("finish")["canaries"]
    wrong = [
        f"{place}, {style}, must fail: passed"
        for place in ("first", "last", "middle")
        for style, outcome in ended.items()
        if outcome == "passed"
    ]
    assert told == sorted(wrong)


def test_only_named_plugins_are_loaded(run: Run) -> None:
    files = {
        "plug.py": "import pytest\n@pytest.fixture\ndef given(): return 1\n",
        "test_a.py": "def test_a(given): assert given\n"
        "def test_b(pytestconfig): assert not pytestconfig.pluginmanager.hasplugin('xdist')\n",
    }
    told = run(files, plugins=["plug"])
    assert set(told.outcomes.values()) == {"passed"}, told.log
    told = run(files, variables={"PYTEST_PLUGINS": "xdist.plugin"})
    assert told.outcomes["test_a.py::test_a"] == "error"


def test_a_project_that_is_part_of_the_runner_is_tested_itself(run: Run) -> None:
    told = run(
        {"pluggy_like/__init__.py": "", "iniconfig/__init__.py": "raise SystemExit(9)\n",
         "test_a.py": "def test_a(): pass\n"},
        self_hosted=True, packages=["iniconfig"],
    )  # fmt: skip
    assert told.code == 9
    assert told.events == []


def test_the_order_of_the_judge_is_all_that_tests_see(run: Run) -> None:
    told = run({
        "test_a.py": "import sys, os\ndef test_a():\n"
        f"    assert {str(RUNNER.parent)!r} not in sys.path\n    assert '' not in sys.path\n"
        "    assert sys.argv[0] == 'pytest'\n"
    })  # fmt: skip
    assert told.outcomes == {"test_a.py::test_a": "passed"}, told.log


@pytest.fixture(scope="session")
def old_pytest(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """(minor version, requirement) → the interpreter of an environment with an old pytest in it."""
    made: dict[tuple[str, str], Path] = {}

    def make(minor: str, requirement: str) -> Path:
        if (minor, requirement) not in made:
            python = other_python(minor)
            folder = tmp_path_factory.mktemp("old")
            command = [python, "-m", "venv", "--without-pip", folder]
            subprocess.run(command, check=True, capture_output=True)
            site = next((folder / "lib").glob("python*/site-packages"))
            pip = [python, "-m", "pip", "install", "-q", "--target", site, requirement]
            done = subprocess.run(pip, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.skip(f"{requirement} can't be installed here: no package index")
            made[minor, requirement] = folder / "bin" / "python"
        return made[minor, requirement]

    return make


@pytest.mark.slow
@pytest.mark.parametrize(
    ("minor", "wanted"), [("3.8", "pytest==6.2.5"), ("3.12", "pytest==7.4.4")]
)
def test_an_old_pytest_tells_the_same(
    run: Run, old_pytest: Callable[[str, str], Path], minor: str, wanted: str
) -> None:
    python = old_pytest(minor, wanted)
    told = run(
        {"pkg/__init__.py": PKG, "test_a.py": KINDS},
        python=python,
        coverage={"include": ["*/tree/pkg/*"]},
    )
    assert told.outcomes == OUTCOMES, told.log

    assert told.one("lines")["lines"] == {"pkg/__init__.py": [1, 3, 5, 5]}
    assert told.one("finish")["disagree"] == []
