"""Per-test outcomes against the base, on a project in src layout whose base is red and flaky."""

from __future__ import annotations

from typing import Any

import pytest

from arena.errors import ArenaError

CART = """\
RATES = {"de": 19, "fr": 20}


def total(prices):
    return sum(prices)


def discount(price, percent):
    return price - price * percent / 10


def tax(price, country):
    return price * RATES[country] / 100
"""
TESTS = """\
import os
import unittest

import pytest
from shop.cart import RATES, discount, tax, total


class TotalTest(unittest.TestCase):
    def setUp(self):
        self.prices = [1, 2, 3]

    def test_total(self):
        self.assertEqual(total(self.prices), 6)

    def test_empty(self):
        self.assertEqual(total([]), 0)


@pytest.mark.parametrize("percent, left", [(0, 50), (50, 25), (100, 0)])
def test_discount(percent, left):
    assert discount(50, percent) == left


@pytest.mark.parametrize("country", sorted(RATES))
def test_tax(country):
    assert tax(100, country) == RATES[country]


def test_flaky():
    assert os.environ["PYTHONHASHSEED"] != "1"


def test_wish():
    assert total([1, None]) == 1


@pytest.mark.skip(reason="not here")
def test_skipped():
    raise AssertionError
"""
PROJECT = """\
[project]
name = "shop"
version = "1.0"
[tool.pytest.ini_options]
testpaths = ["tests"]
addopts = "-x -n 4 --cov=shop --maxfail 1"
"""
FILES = {
    "pyproject.toml": PROJECT,
    "src/shop/__init__.py": "",
    "src/shop/cart.py": CART,
    "tests/test_cart.py": TESTS,
}
T = "tests/test_cart.py::"
MOODY = """\
import os
def total(prices):
    return 0 if os.environ["PYTHONHASHSEED"] == "0" else sum(prices)
"""


@pytest.fixture(scope="module")
def shop(make_project: Any) -> Any:
    project = make_project(FILES)

    def change(name: str, old: str, new: str, **more: str) -> None:
        assert old in CART
        project.branch(
            name,
            {"src/shop/cart.py": CART.replace(old, new)}
            | {path.replace("__", "/") + ".py": text for path, text in more.items()},
        )

    change(
        "fix",
        "/ 10\n",
        "/ 100\n",
        tests__test_more="from shop.cart import total\n"
        "def test_one(): assert total([1]) == 1\n"
        "def test_two(): assert total([2]) == 1\n",
    )
    change("breaks", "sum(prices)", "sum(prices) or None")
    change("moody", CART[CART.index("def total") : CART.index("\n\n\ndef d")], MOODY)
    change("renames", '"fr": 20', '"it": 22')
    change("exits", "    return sum(prices)", "    raise SystemExit(0)")
    change(
        "dies",
        "    return price * RATES",
        "    import os; os._exit(0)\n    return price * RATES",
    )
    change("quits", "    return sum(prices)", "    import os; os._exit(0)")
    change("stalls", "RATES =", "def broken(:\n    pass\nRATES =")
    return project


@pytest.fixture(scope="module")
def judged(shop: Any) -> Any:
    names = ("fix", "breaks", "moody", "renames", "exits", "dies", "quits", "stalls")
    return shop.judge(*names)


def test_the_base_is_red_and_flaky(judged: Any) -> None:
    found = judged.evaluation
    assert not found.green
    assert found.flaky == (T + "test_flaky",)
    assert found.base_tests[T + "test_wish"] == "failed"
    assert found.base_tests[T + "TotalTest::test_total"] == "passed"
    assert found.base_tests[T + "test_skipped"] == "skipped"
    assert len(found.base_tests) == 10  # -x and --maxfail of the project do not stop it
    assert found.facts["base runs"] == "3"
    assert found.facts["configuration"] == "pyproject.toml"


def test_a_flaky_test_is_held_against_nobody(judged: Any) -> None:
    for label in ("fix", "renames"):
        assert judged.value(label, "regressions") == 0
        assert judged.value(label, "tests.intermittent") == 0


def test_fixed_and_still_failing(judged: Any) -> None:
    fixed = judged.measured("fix", "tests.fixed")
    assert (fixed.value, fixed.base, fixed.unit) == (2, 0, "tests")
    assert judged.one("fix").tests[T + "test_discount[50-25]"] == "passed"
    still = judged.measured("fix", "tests.still_failing")
    assert (still.value, still.base) == (1, 3)
    passed = judged.measured("fix", "tests.passed")
    assert (passed.value, passed.base) == (8, 6)
    assert judged.value("breaks", "tests.fixed") == 0


def test_a_regression_is_run_again_twice_before_it_counts(judged: Any) -> None:
    assert judged.value("breaks", "regressions") == 1
    assert judged.value("breaks", "tests.broken") == 1
    started = judged.processes("breaks")
    assert (started["suite"], started["re-run"]) == (1, 2)
    failures = judged.one("breaks").details["failures"]
    assert [f["id"] for f in failures] == [T + "TotalTest::test_empty"]
    assert "None != 0" in failures[0]["message"]
    assert judged.processes("renames")["re-run"] == 0


def test_an_intermittent_failure_is_told(judged: Any) -> None:
    assert judged.value("moody", "regressions") == 0
    assert judged.value("moody", "tests.intermittent") == 1
    flag = judged.flags("moody")["intermittent-failures"]
    assert flag.grade == "suspicious"
    assert flag.evidence == (T + "TotalTest::test_total",)


def test_parameters_that_the_code_renames_are_no_regressions(judged: Any) -> None:
    assert judged.value("renames", "regressions") == 0
    flag = judged.flags("renames")["parameters-changed"]
    assert (flag.grade, flag.evidence) == ("note", (T + "test_tax[fr]",))


def test_own_tests_are_run_apart(judged: Any) -> None:
    assert judged.value("fix", "tests.own_passed") == 0.5
    assert judged.one("fix").details["new_tests"] == [
        "tests/test_more.py::test_one",
        "tests/test_more.py::test_two",
    ]
    assert not any("test_more" in name for name in judged.one("fix").tests)
    started = judged.processes("fix")
    assert (started["suite"], started["own-tests"]) == (1, 1)
    none = judged.measured("breaks", "tests.own_passed")
    assert none.value is None
    assert none.why_none == "the candidate brings no tests of its own"


def test_an_exit_inside_of_a_test_is_a_failure(judged: Any) -> None:
    # total is called at run time only, so that the session itself goes on
    assert judged.value("exits", "regressions") == 2
    assert judged.one("exits").tests[T + "TotalTest::test_total"] == "failed"
    assert "ended-early" not in judged.flags("exits")
    assert judged.value("exits", "import.proven") is True


def test_a_process_that_ends_itself_is_seen(judged: Any) -> None:
    assert judged.flags("dies")["ended-early"].grade == "suspicious"
    assert judged.value("dies", "tests.missing") == 2
    assert judged.value("dies", "regressions") == 2
    proof = judged.measured("dies", "import.proven")
    assert (proof.value, proof.why_none) == (
        None,
        "the test run did not come to its end",
    )
    assert judged.measured("dies", "coverage.changed").why_none == (
        "the test run did not come to its end"
    )


def test_a_process_that_ends_itself_in_its_first_test_is_seen(judged: Any) -> None:
    assert judged.flags("quits")["ended-early"].grade == "suspicious"
    none = judged.measured("quits", "regressions")
    assert none.value is None
    assert "exit code 0" in none.why_none


def test_code_that_writes_into_our_pipe_stops_no_judgement(make_project: Any) -> None:
    test = "import a\ndef test_a(): assert a.value() == 1\n"
    project = make_project({"test_a.py": test, "a.py": "def value(): return 1\n"})
    forged = (
        "import contextlib, os\ndef value():\n    for number in range(3, 40):\n"
        "        with contextlib.suppress(OSError):\n"
        """            os.write(number, b'{"e": "ran", "row": 3}\\n[]\\n')\n"""
        "    return 1\n"
    )
    project.branch("forges", {"a.py": forged})
    project.branch("good", {"a.py": "def value(): return 2 - 1\n"})
    found = project.judge("forges", "good")
    assert found.value("good", "tests.passed") == 1
    assert found.measured("forges", "regressions").value is None
    assert found.measured("forges", "import.proven").value is None


def test_files_that_cannot_be_collected_are_named(judged: Any) -> None:
    assert judged.value("stalls", "regressions") == 5
    assert judged.value("stalls", "tests.passed") == 0
    broken = judged.one("stalls").details["broken_files"]
    assert list(broken) == ["tests/test_cart.py"]
    assert "SyntaxError" in broken["tests/test_cart.py"]


def test_required_tests_are_counted_apart(shop: Any) -> None:
    check = (
        "from shop.cart import discount\n"
        "def test_half(): assert discount(10, 50) == 5\n"
        "def test_none(): assert discount(10, 0) == 10\n"
    )
    path = "arena_checks/test_half.py"
    found = shop.judge("fix", "stalls", required={path: check})
    assert found.evaluation.required == (path + "::test_half", path + "::test_none")
    fix = found.measured("fix", "required.passed")
    assert (fix.value, fix.base, fix.unit) == (1.0, 0.5, "share")
    assert found.value("stalls", "required.passed") == 0.0
    assert found.value("fix", "regressions") == 0
    failed = {f["id"] for f in found.one("stalls").details["failures"]}
    assert set(found.evaluation.required) <= failed


def test_a_required_file_that_nobody_can_collect_counts_as_one(shop: Any) -> None:
    path = "tests/test_wanted.py"
    text = "from shop.cart import not_there\n"
    found = shop.judge("breaks", required={path: text}, fast=True)
    assert found.evaluation.required == (path,)
    assert found.value("breaks", "required.passed") == 0.0
    assert found.measured("breaks", "required.passed").base == 0.0


def test_a_base_that_cannot_start_is_refused(make_project: Any) -> None:
    project = make_project({"test_a.py": "import not_there_at_all\n"})
    project.branch("b", {"a.py": ""})
    with pytest.raises(ArenaError, match="can't start on the base") as caught:
        project.judge("b")
    for word in ("not_there_at_all", "--python", "judge_setup", "--env"):
        assert word in str(caught.value)


def test_a_base_that_does_not_end_is_refused(make_project: Any) -> None:
    project = make_project({"test_a.py": "import time\ntime.sleep(60)\n"})
    project.branch("b", {"a.py": ""})
    with pytest.raises(ArenaError, match="did not end within 1 s"):
        project.judge("b", test_timeout=1.0)


@pytest.mark.long
@pytest.mark.slow
def test_a_candidate_that_does_not_end_gets_a_second_chance(make_project: Any) -> None:
    test = "import a\ndef test_a(): assert a.value() == 1\n"
    project = make_project({"test_a.py": test, "a.py": "def value(): return 1\n"})
    endless = "import time\ndef value(): time.sleep(60)\n"
    project.branch("b", {"a.py": endless})
    found = project.judge("b", test_timeout=4.0)
    assert found.processes("b")["re-run"] >= 1
    why = "the tests did not end within the time limit"
    assert found.measured("b", "regressions").why_none == why
    ended = [e.data["ended"] for e in found.events if e.kind == "tests"]
    assert ended.count("timeout") >= 2
    # a time-out may be the machine's fault, so it is not remembered
    assert project.judge("b", test_timeout=4.0).processes("b")["suite"] == 1


def test_without_tests_there_is_nothing_to_compare(make_project: Any) -> None:
    project = make_project({"a.py": "A = 1\n"})
    project.branch("b", {"a.py": "A = 2\n"})
    found = project.judge("b")
    assert found.evaluation.base_tests == {}
    assert found.measured("b", "regressions").why_none == "the base has no tests"
    none = found.measured("b", "import.proven")
    assert none.why_none == "the tests imported no package of the project"
