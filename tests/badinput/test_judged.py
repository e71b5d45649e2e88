"""Rows J1 to J12: what tests and the code under test do while they are judged. One judgement for all that can share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

worlds = sys.modules["badinput_world"]
LANDED, MENDED, CALC = worlds.LANDED, worlds.MENDED, worlds.CALC
HEAD = "import os, signal, sys, time\n\n\n"
# What total() does first, once it is called with three values.
DOES = {
    "j1-exit0": "os._exit(0)",
    "j1-exit": "sys.exit(0)",
    "j1-segv": "os.kill(os.getpid(), signal.SIGSEGV)",
    "j1-stack": "sys.setrecursionlimit(10**9); f = lambda n: list(map(f, [n])); f(0)",
    "j1-memory": "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28)); bytearray(1 << 33)",
    "j2-flood": "[os.write(n, b'x' * 999 + b'\\n') for n in (1, 2) for _ in range(200_000)]",
    "j3-forks": "[os.fork() or time.sleep(300) for _ in range(20)] if os.fork() == 0 else None",
    "j4-deletes": 'os.system(\'rm -rf "$PWD" "$HOME" /tmp/* 2>/dev/null\')',
    "j5-writes": "open(PROJECT + '/calc.py', 'w').write('x = 1')",
    "j6-kills": "[os.kill(pid, 9) for pid in (os.getppid(), -1)]",
    "j7-network": "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')",
    "j8-state": "os.umask(0); os.chdir('/'); signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.alarm(0)",
    "j12-tmp": "open('/tmp/big', 'wb').write(b'x' * (64 << 20))",
}


@pytest.fixture(scope="module")
def seen(shared):
    for name, does in DOES.items():
        deed = does.replace("PROJECT", repr(str(shared.path)))
        first = f"    if len(values) == 3:\n        {deed}\n"
        text = HEAD + MENDED.replace("    return", first + "    return")
        shared.branch(name, {"calc.py": text})
    names = [name for name in DOES if name != "j2-flood"]
    return shared.judge(*names, "good", "--jobs", "2", code=None)


ROWS = {}


def row(function):
    ROWS[function.__name__.upper()] = function
    return function


@pytest.mark.parametrize("name", ["J1", "J3", "J4", "J5", "J6", "J7", "J8", "J12"])
def test_row(seen, name):
    """The tripwire has seen that nothing outside was touched; the base and the others were judged as ever."""
    assert seen.candidate("good")["excluded"] is None
    assert seen.candidate("good")["measurements"]["tests.passed"]["value"] == 2
    assert seen.document["base"]["counts"] == {"failed": 1, "passed": 1, "skipped": 0}
    assert "isolation: full" in seen.err
    ROWS[name](seen)


def passed(seen, label):
    return seen.candidate(label)["measurements"]["tests.passed"]


@row
def j1(seen):
    for name in ("j1-exit0", "j1-segv", "j1-stack"):
        assert seen.flags(name)["ended-early"] == "suspicious"
        assert passed(seen, name)["value"] is None
        assert "ended before" in passed(seen, name)["why_none"]
        assert seen.candidate(name)["excluded"].startswith("regressions")
    for name in ("j1-exit", "j1-memory"):
        assert passed(seen, name)["value"] == 1


@row
def j3(seen):
    """Its processes end with the namespace; that a daemon does is seen in tests/machine/test_sandbox.py."""
    assert passed(seen, "j3-forks")["value"] == 2


@row
def j4(seen):
    flags = seen.flags("j4-deletes")
    assert flags["tests-rewritten"] == flags["ended-early"] == "suspicious"


@row
def j5(seen):
    # It is not there in the sandbox: what is written is a file of the candidate's own.
    assert passed(seen, "j5-writes")["value"] in (1, 2)


@row
def j6(seen):
    assert passed(seen, "j6-kills")["value"] in (1, None)


@row
def j7(seen):
    assert passed(seen, "j7-network")["value"] == 1


@row
def j8(seen):
    assert passed(seen, "j8-state")["value"] == 2


@row
def j12(seen):
    assert passed(seen, "j12-tmp")["value"] == 2


FLAKY = """
import sys
import pytest


def test_seed():
    assert hash("a") != SEEN and hash("b") % 2 == hash("c") % 2 or SEED0


def test_never():
    assert False, "on the base as well"


@pytest.mark.parametrize("text", ["a::b", "a\\nb", "\\x1b[31m", "<script>", "\u202e"])
def test_odd(text):
    assert text


@pytest.mark.parametrize("text", ["same", "same"])
def test_twice(text):
    assert text


@pytest.mark.parametrize("number", range(2000))
def test_many(number):
    assert number >= 0
"""
# Passes with the first hash seed of the judge and fails with the others.
SEEDED = "import os\nSEED0 = os.environ['PYTHONHASHSEED'] == '0'\nSEEN = hash('a')\n"


@pytest.fixture(scope="module")
def odd(shared):
    """A base with tests that fail, that are flaky, that have odd names, and that are many."""
    text = SEEDED + FLAKY
    base = shared.make({"tests/test_odd.py": text}, base="main", message="odd tests")
    shared.git("update-ref", "refs/heads/odd", base)
    shared.branch("mends", base="odd")
    breaks = MENDED + "# and more\n"
    worse = text.replace("number >= 0", "number != 1234")
    shared.branch("breaks", {"calc.py": breaks, "tests/test_odd.py": worse}, base="odd")
    return shared.call("judge", "mends", "--target", "odd", "--json")


@pytest.mark.parametrize("name", ["J9", "J10", "J11", "N15"])
def test_odd_row(odd, name):
    assert odd.winner == "mends"
    ROWS[name](odd)


@row
def j9(odd):
    assert [t for t in odd.document["base"]["flaky"] if "test_seed" in t]
    assert odd.candidate("mends")["measurements"]["regressions"]["value"] == 0


@row
def j10(odd):
    assert odd.document["base"]["green"] is False
    measured = odd.candidate("mends")["measurements"]
    assert measured["tests.still_failing"]["value"] >= 1
    assert measured["tests.broken"]["value"] == 0


@row
def j11(odd):
    """Thousands of tests; the limit of a whole run is that of the next test."""
    assert odd.candidate("mends")["measurements"]["tests.passed"]["value"] > 2000


@row
def n15(odd):
    counts = odd.document["base"]["counts"]
    assert sum(counts.values()) == 2 + 2 + 5 + 2 + 2000
    page = Path(odd.document["report"]).read_text(encoding="utf-8")
    for raw in ("\x1b", "<script>]", "\u202e"):
        assert raw not in page
    assert "\x1b" not in odd.err


def test_row_j2(world):
    """A flood is kept out of memory and page; what does not end is ended, twice, and its end is shown."""
    loops = "print('begun', flush=True)\n        while True: pass"
    for name, deed in (("flood", DOES["j2-flood"]), ("loops", loops)):
        first = f"    if len(values) == 3:\n        {deed}\n"
        text = HEAD + MENDED.replace("    return", first + "    return")
        world.branch(name, {"calc.py": text})
    there = world.with_env(ARENA_TEST_TIMEOUT="5s")
    done = there.judge("flood", "loops", "good", code=None)
    assert passed(done, "flood")["value"] == 2
    assert "time limit" in passed(done, "loops")["why_none"]
    assert done.candidate("loops")["excluded"]
    assert len(Path(done.document["report"]).read_bytes()) < 1_000_000
