"""All entries side by side on a real repository, with real little programs as agents."""

import json
from pathlib import Path

import pytest

from arena.task import Task

SUITE = {"tests/test_new.py": b"def test_new(): assert True\n"}


EDIT = "pathlib.Path('calc.py').write_text(f'def add(a, b):\\n    return a + b  # {seed}\\n')\n"
COMMIT = (
    "subprocess.run(['git', '-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '-qam', 'x'],"
    " check=True)\n"
)


@pytest.mark.parametrize(
    ("body", "outcome", "files"),
    [
        (EDIT, "finished", ["calc.py"]),
        (EDIT + COMMIT, "finished", ["calc.py"]),
        (EDIT + "pathlib.Path('new.py').write_text('')", "finished", ["calc.py", "new.py"]),
        (EDIT + "sys.exit(3)", "crashed", ["calc.py"]),
        (EDIT + "print('HTTP 429: slow down'); sys.exit(1)", "quota", ["calc.py"]),
        (EDIT + "print('Not logged in'); sys.exit(1)", "auth", ["calc.py"]),
        (EDIT + "sys.stdout.flush(); os.kill(os.getpid(), 9)", "killed", ["calc.py"]),
        ("print('nothing to do')", "no-change", None),
        ("sys.exit(3)", "crashed", None),
    ],
)  # fmt: skip
def test_what_becomes_of_an_entry(place, body, outcome, files):
    opened, [tried] = place.run(body)
    assert (tried.outcome, tried.entry.label) == (outcome, "command-1")
    assert tried.why
    [told] = [e for e in opened.journal.events() if e.kind == "attempt"]
    assert (told.label, told.data["agent"], told.data["outcome"], told.data["why"]) == (
        "command-1", "command", outcome, tried.why,
    )  # fmt: skip
    found = [e.data for e in opened.journal.events() if e.kind == "candidate"]
    archive = f"refs/arena/archive/{opened.run}/command-1"
    if files is None:
        assert (tried.candidate, found) == (None, [])
        assert place.git("for-each-ref", archive) == ""
    else:
        assert found[0]["files"] == files
        assert place.git("rev-parse", archive) == tried.candidate.commit
        assert f"+ b  # {tried.entry.seed}" in place.git("show", f"{archive}:calc.py")
    assert place.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("limits", "outcome"),
    [({"timeout": 0.7}, "timed-out"), ({"silence": 0.5}, "silent")],
)
def test_an_entry_that_hangs_leaves_its_work(place, limits, outcome):
    _, [tried] = place.run(EDIT + "time.sleep(60)", **limits)
    assert tried.outcome == outcome
    assert tried.candidate is not None


def test_one_that_fails_stops_no_other_and_results_come_in_order(place):
    body = (
        "if label == 'command-1': time.sleep(0.5)\n"
        "if label == 'command-2': sys.exit(3)\n" + EDIT
    )
    opened, tried = place.run(body, count=3)
    assert [one.entry.label for one in tried] == [f"command-{n}" for n in (1, 2, 3)]
    assert [one.outcome for one in tried] == ["finished", "crashed", "finished"]
    assert [one.candidate is not None for one in tried] == [True, False, True]
    assert tried[0].candidate.tree != tried[2].candidate.tree
    kinds = [e.kind for e in opened.journal.events() if e.label == "command-1"]
    assert kinds == [
        "worktree", "setting-up", "agent-started", "attempt", "candidate",
    ]  # fmt: skip


def test_the_set_up_comes_first_and_its_failure_is_told(place):
    setup = "echo set up $ARENA_LABEL > made.txt; test $ARENA_SEED != 6 || { echo no luck; exit 4; }"
    body = EDIT + "assert pathlib.Path('made.txt').read_text() == f'set up {label}\\n'"
    opened, (well, badly) = place.run(body, count=2, setup=setup)
    assert well.outcome == "finished"
    assert (badly.outcome, badly.attempt, badly.candidate) == (
        "set-up failed", None, None,
    )  # fmt: skip
    assert badly.why == "the set-up command failed (exited, exit code 4): no luck"
    [told] = [e for e in opened.journal.events() if e.kind == "attempt-failed"]
    assert (told.label, told.data["why"]) == ("command-2", badly.why)


def test_an_agent_that_can_not_be_started(place):
    _, [tried] = place.run("", command=("/nonexistent/agent",))
    assert (tried.attempt, tried.candidate) == (None, None)
    assert "can't start '/nonexistent/agent'" in tried.why


def test_the_suite_and_the_copied_files_are_there_and_are_no_change(place):
    (place.top / ".env").write_text("KEY=1")
    body = (
        "assert pathlib.Path('tests/test_new.py').is_file()\n"
        "assert pathlib.Path('.env').read_text() == 'KEY=1'"
    )
    task = Task(prompt="Fix add.", suite=SUITE)
    _, [tried] = place.run(body, task=task, copy_files=(".env",))
    assert (tried.outcome, tried.candidate) == ("no-change", None)


def test_what_an_agent_is_told(place, tmp_path):
    seen = tmp_path / "seen"
    seen.mkdir()
    body = (
        "told = [sys.argv[1:], os.getcwd(), dict(os.environ)]\n"
        f"pathlib.Path({str(seen)!r}, label).write_text(json.dumps(told))"
    )
    opened, tried = place.run(body, count=2)
    ports = set()
    for number, one in enumerate(tried):
        argv, cwd, env = json.loads((seen / one.entry.label).read_text())
        assert argv == ["Fix add."]
        assert Path(cwd) == opened.folder / "worktrees" / one.entry.label
        assert (env["ARENA_RUN"], env["ARENA_SEED"]) == (opened.run, str(5 + number))
        assert not [name for name in env if name.startswith("GIT_")]
        ports.add(int(env["ARENA_PORT"]))
        prompt = opened.folder / "logs" / f"{one.entry.label}.prompt.txt"
        assert prompt.read_text() == "Fix add."
    assert len(ports) == 2


def test_the_prompt_on_standard_input(place):
    body = "pathlib.Path('calc.py').write_text(sys.stdin.read())"
    _, [tried] = place.run(body, command_prompt="stdin")
    shown = place.git("show", f"{tried.candidate.commit}:calc.py")
    assert shown == "Fix add."


def test_work_that_can_not_be_read_stops_no_other_and_is_told(place):
    body = (
        EDIT
        + "if label == 'command-1': pathlib.Path('.').absolute().rename('../gone')\n"
    )
    _, (lost, well) = place.run(body, count=2)
    assert (lost.candidate, lost.outcome) == (None, "no-change")
    assert "its agent removed or replaced it" in lost.why
    assert well.candidate is not None


def test_a_name_that_no_agent_may_see_is_told_of_each(place):
    _, tried = place.run(EDIT, count=2, env=("GIT_DIR",))
    assert ["GIT_DIR can't be passed" in one.why for one in tried] == [True, True]
    assert [one.candidate for one in tried] == [None, None]
