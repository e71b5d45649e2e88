"""Rows N1 to N16: names, prompts, rubrics, suites. N15 is judged with the odd tests in `test_judged.py`."""

from __future__ import annotations

import sys

import pytest

worlds = sys.modules["badinput_world"]
LANDED, MENDED, CALC = worlds.LANDED, worlds.MENDED, worlds.CALC
MADE = r"\.git/(logs/)?refs/heads/arena(/.*)?|\.git/worktrees(/.*)?"
ROWS = {}


def row(function):
    ROWS[function.__name__.upper()] = function
    return function


@pytest.mark.parametrize("name", [f"N{n}" for n in (*range(1, 15), 16)])
def test_row(world, name):
    ROWS[name](world)


@row
def n1(world):
    world.refused("judge", "goood", says=['"goood"', 'Did you mean "good"'])


@row
def n2(world):
    world.refused("judge", "good", "good", says=["good is given twice"])
    world.git("branch", "-q", "again", "good")
    done = world.judge("good", "again", "worse", code=None)
    same = [c["excluded"] for c in done.document["candidates"]]
    assert [why for why in same if why and "the same change as" in why]


@row
def n3(world):
    tree = world.git("rev-parse", "main^{tree}")
    world.git("update-ref", "refs/heads/idle", world.grow(tree, ["main"], "nothing"))
    done = world.judge("idle", code=1)
    assert done.winner is None
    assert done.candidate("idle")["excluded"].startswith("effective")
    done = world.judge("here=main", "good", "--base", "main", "--target", "main")
    assert done.winner == "good"
    assert done.candidate("here")["excluded"]


@row
def n4(world):
    world.branch("alone", base="")
    world.refused(
        "judge", "good", "alone", says=["alone has no common history", "--base"]
    )


LABELS = ["../x", "-rf", "a b", "a.lock", "HEAD", "\U0001f600 smile", "x" * 500, "CON", "\u202egnp.exe"]  # fmt: skip


@row
def n5(world):
    names = []
    for number, label in enumerate(LABELS):
        text = MENDED + f"# {number}\n"
        world.branch(f"n{number}", {"calc.py": text})
        names.append(f"{label}=n{number}")
    done = world.call("judge", "--fast", "--json", "--", *names, code=None)
    labels = [c["label"] for c in done.document["candidates"]]
    assert len(set(labels)) == len(LABELS)
    for label in labels:
        assert set(label) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")
        assert 0 < len(label) <= 48
        assert label[0] not in "-."
        assert not label.endswith((".lock", "."))
    assert "\u202e" not in done.err
    for label in ("\u202e", "/"):
        done = world.refused("judge", f"{label}=good", says=["can't be a label"])
        assert "\u202e" not in done.err


@row
def n6(world):
    world.branch("Fix", {"calc.py": MENDED + "# one\n"})
    world.branch("fix", {"calc.py": MENDED + "# two\n"})
    done = world.judge("Fix", "fix", code=None)
    labels = [c["label"] for c in done.document["candidates"]]
    assert sorted(label.casefold() for label in labels) == ["fix", "fix-2"]


# Tells what it was told, beside the work.
HEARS = f"""import sys
from pathlib import Path
Path("calc.py").write_text({MENDED!r})
Path("told.txt").write_text(repr((len(sys.argv[2]), sys.argv[2][:40])))
"""


@row
def n7(world):
    for prompt in ("", " \n\t"):
        world.refused("run", prompt, says=["the prompt is empty"])
    (world.place / "nul.md").write_bytes(b"a\0b")
    world.refused("run", "--prompt-file", world.place / "nul.md", says=["without NUL"])
    (world.place / "big.md").write_text("x" * ((5 << 20) + 1))
    world.refused(
        "run", "--prompt-file", world.place / "big.md", says=["at most 5 MiB"]
    )
    agent = world.with_agent(HEARS, prompt_template="none")
    words = ["run", "--json", "--merge", "never", "--", "--rm -rf {prompt} $HOME"]
    done = agent.call(*words, may=[MADE])
    assert done.winner == "command-1"
    told = world.git("show", world.archived()["command-1"] + ":told.txt")
    assert told == repr((24, "--rm -rf {prompt} $HOME\n"))
    # Too long for the word of a command line: told before anything is made, with what to do.
    (world.place / "long.md").write_text("x" * 200_000)
    done = agent.call("run", "--prompt-file", world.place / "long.md", code=1, may=[MADE])  # fmt: skip
    assert "{prompt_file}" in done.err


@row
def n8(world):
    (world.place / "binary").write_bytes(b"\xff\xfe\0x")
    for path, says in (
        ("gone.md", "no such file"),
        (".", "no such file"),
        (world.place / "binary", "not UTF-8 text"),
    ):
        world.refused("run", "--prompt-file", path, says=[str(path), says])


@row
def n9(world):
    plain = world.place / "plain.sh"
    plain.write_text("#!/bin/sh\n")
    for command, says in (
        ([str(plain), "{prompt}"], "chmod +x"),
        (["no-such-agent", "{prompt}"], "Install it"),
        (["no-such-agent {prompt}"], 'command = ["no-such-agent", "{prompt}"]'),
    ):
        there = world.with_agent("", command=command)
        there.refused("run", "x", says=[says])


@row
def n10(world):
    for count in ("0", "-1", "10000", "claude:0", "repair:101"):
        world.refused("run", "x", "--agents", count, says=["from 1 to 100"])
    world.refused("run", "x", "--agents", "abc", says=["abc", "not known", "1 to 100"])


FAULTS = """
[rubric]
about = "x"
[[gate]]
measure = "nosuch"
at_most = 0
[[criterion]]
measure = "coverage.changed"
weight = -1
zero = 0
full = 1
[[criterion]]
measure = "coverage.changed"
weight = nan
zero = 0
full = inf
"""


@row
def n11(world):
    rubric = world.place / "mine.toml"
    rubric.write_text(FAULTS)
    done = world.refused("judge", "good", "--rubric", rubric)
    for one in ("nosuch", "-1", "nan", "inf", "used already"):
        assert one in done.err, done.err
    rubric.write_text("about = [\n")
    world.refused("judge", "good", "--rubric", rubric, says=["mine.toml:2", "not TOML"])
    rubric.write_text(FAULTS.replace("-1", "0").replace("nan", "0").replace("inf", "1"))
    world.refused("judge", "good", "--rubric", rubric, says=["weight"])


RUBRIC = """
[rubric]
about = "x"
[[gate]]
measure = "regressions"
at_most = 0
[[criterion]]
measure = "coverage.changed"
weight = 50
zero = 0
full = 1
[[criterion]]
measure = "tests.own_passed"
weight = 50
zero = 0
full = 1
"""


@row
def n12(world):
    rubric = world.place / "mine.toml"
    rubric.write_text(RUBRIC)
    done = world.judge("good", "worse", "--rubric", rubric, code=None)
    good = done.candidate("good")
    measured = good["measurements"]["tests.own_passed"]
    assert measured["value"] is None
    assert "brings no tests" in measured["why_none"]
    assert "tests.own_passed" in str(done.document["verdict"]["not_measured"])
    assert good["total"] == 100.0
    gate = RUBRIC.replace(
        '"regressions"\nat_most = 0', '"tests.own_passed"\nat_least = 1'
    )
    rubric.write_text(gate.rpartition("[[criterion]]")[0])
    done = world.judge("good", "worse", "--rubric", rubric, code=1)
    assert done.winner is None


@row
def n13(world):
    """A module that is to come may be missing; what tests nothing can't decide."""
    skipped = "import pytest\n\n\n@pytest.mark.skip\ndef test_a():\n    pass\n"
    missing = "import to_come\n\n\ndef test_a():\n    pass\n"
    suite = ["--suite", "tests/test_new.py"]
    world.write("tests/test_new.py", "x = 1\n")
    world.refused(
        "judge", "good", *suite, "--fast", says=["no test in tests/test_new.py"]
    )
    for text in (skipped, missing):
        world.write("tests/test_new.py", text)
        done = world.judge("good", *suite, code=1)
        assert done.candidate("good")["excluded"].startswith("required.passed")
    world.write("tests/conftest.py", "import to_come\n")
    world.git("add", "tests/conftest.py")
    world.commit()
    world.branch("later")
    done = world.refused("judge", "later", "--fast", says=["to_come", "base"])


@row
def n14(world):
    outside = world.place / "test_outside.py"
    outside.write_text("def test_a():\n    pass\n")
    (world.path / "tests" / "test_link.py").symlink_to(outside)
    for path, says in (
        (outside, "outside of the repository"),
        ("tests/test_link.py", "outside of the repository"),
        ("tests/gone.py", "no such file"),
    ):
        world.refused("judge", "good", "--suite", path, says=[str(path), says])


@row
def n16(world):
    hangs = "import time\n\n\ndef test_hangs():\n    print('this far', flush=True)\n    time.sleep(300)\n"
    base = world.make({"tests/test_calc.py": hangs}, base="main")
    world.git("update-ref", "refs/heads/hangs", base)
    world.branch("mends", base="hangs")
    there = world.with_env(ARENA_TEST_TIMEOUT="3s")
    words = ["judge", "mends", "--target", "hangs", "--fast"]
    done = there.refused(*words, says=["did not end within 3 s", "last output"])
    assert len(done.last) < 2000
