"""Test-first (row D3) on a real project: a tester, and three who mend what its tests show."""

import json

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(900)]

TASK = """drop() leaves out one element too many.

drop(2, [10, 20, 30, 40, 50]) should give 30, 40 and 50, and drop(0, 'ab') all of it.
"""
GOOD = """from toolz import drop, take


def test_drop_keeps_the_rest():
    assert list(drop(2, [10, 20, 30, 40, 50])) == [30, 40, 50]


def test_drop_nothing():
    assert list(drop(0, "ab")) == ["a", "b"]


def test_take_and_drop_are_all():
    for n in range(6):
        assert [*take(n, "abcde"), *drop(n, "abcde")] == list("abcde")
"""
IDLE = "from toolz import take\n\n\ndef test_take():\n    assert list(take(1, 'ab')) == ['a']\n"
FOUND, MENDED = "itertools.islice(seq, n + 1, None)", "itertools.islice(seq, n, None)"
SPECIAL = "itertools.islice(seq, 2 if n == 2 else n + 1, None)"
AGENT = """#!{python}
import os, pathlib
label, source = os.environ["ARENA_LABEL"], pathlib.Path("toolz/itertoolz.py")
tests = pathlib.Path("toolz/tests/test_drop.py")
if label == "tester":
    tests.write_text({good!r} if tests.exists() else {idle!r})
else:
    assert tests.read_text() == {good!r}
    text = {mended!r} if label == "command-1" else {special!r}
    source.write_text(source.read_text().replace({found!r}, text))
"""


def test_d3_a_tester_and_three_who_mend(project, environment, judge, tmp_path):
    repo = project("toolz==1.0.0")
    python = environment("pytest")
    repo.git("checkout", "-q", "-b", "broken")
    source = repo.path / "toolz" / "itertoolz.py"
    source.write_text(source.read_text().replace(MENDED, FOUND, 1))
    tests = repo.path / "toolz" / "tests" / "test_itertoolz.py"
    shown = tests.read_text()
    start = shown.index("def test_drop():")
    tests.write_text(shown[:start] + shown[shown.index("def test_take_nth") :])
    repo.git("commit", "-qam", "nobody tests drop")
    agent = tmp_path / "agent"
    facts = {"good": GOOD, "idle": IDLE, "mended": MENDED, "special": SPECIAL}
    agent.write_text(AGENT.format(python=python, found=FOUND, **facts))
    agent.chmod(0o755)
    (repo.path / "arena.toml").write_text(f"command = [{json.dumps(str(agent))}]\n")

    words = ["--test-first", "--tester", "command", "--agents", "repair:1,command:2"]
    words += ["--base", "HEAD", "--python", python, "--merge", "never", TASK]
    ran = judge(repo, *words, command="run")

    [tester] = ran.said["testers"]
    assert tester["files"] == ["toolz/tests/test_drop.py"]
    assert len(tester["failing"]) == 3
    refused = [e["data"]["why"] for e in ran.journal if e["kind"] == "tests-refused"]
    assert refused == ["all 1 tests pass on the base already, so nothing is asked for"]
    # Two are right; which of them is taken may be a toss-up.
    assert ran.said["verdict"]["leader"] in ("repair-1", "command-1")
    ranks = {c["label"]: c["rank"] for c in ran.said["candidates"]}
    assert ranks["command-2"] is None, "it fails at the tests"
    passed = {
        label: ran.measured(label, "required.passed")
        for label in ("repair-1", "command-1", "command-2")
    }
    assert passed["repair-1"] == passed["command-1"] == 1
    assert passed["command-2"] == pytest.approx(1 / 3)
    kinds = [(e["kind"], e["label"]) for e in ran.journal]
    frozen = kinds.index(("tests-validated", "tester"))
    assert frozen < kinds.index(("agent-started", "repair-1"))
