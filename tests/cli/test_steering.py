"""A run that goes on without its terminal: in the background, watched, held up, stopped, told more."""

import json
import os
import re
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest

AGENT = """#!/bin/sh
sed -i 's/values\\[1:\\]/values/' calc.py
echo "ready $ARENA_LABEL"
while [ ! -e "$GO" ]; do sleep 0.05; done
echo bye
"""


class Going:
    """A run in the background whose agents wait until `go` is called."""

    def __init__(self, project, mark):
        self.project, self.go, self.run = project, mark.touch, ""

    def __getattr__(self, name):
        return getattr(self.project, name)


@pytest.fixture
def going(project, tmp_path):
    program, mark = tmp_path / "waits.sh", tmp_path / "go"
    program.write_text(AGENT)
    program.chmod(0o755)
    (project.path / "arena.toml").write_text(f'command = ["{program}", "{{prompt}}"]\n')
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "settings")
    there = Going(project.with_env(GO=str(mark)), mark)
    words = [
        "run",
        "Sum all values",
        "--agents",
        "command:2",
        "--detach",
        "--env",
        "GO",
    ]
    begun = time.monotonic()
    there.run = there.json(*words)["run"]
    assert time.monotonic() - begun < 20, "it does not wait for the agents"
    until(lambda: there.told("logs").count("ready") == 2)
    yield there
    mark.touch()
    there.arena("wait")


def until(done):
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def states(project):
    return {k: v["state"] for k, v in project.json("status")["entries"].items()}


def test_d7_a_run_in_the_background_is_waited_for_and_its_exit_code_is_the_runs(going):
    assert states(going) == {"command-1": "working", "command-2": "working"}
    said = going.refused("wait", "--timeout", "1s")
    assert "still goes on" in said
    going.go()
    found = going.json("wait")
    assert (found["code"], found["going"], found["state"]) == (0, False, "judged")
    assert found["winner"]
    assert going.json("status")["run"] == going.run
    assert "does not go on any more" in going.refused("pause")
    assert going.told("report").strip().endswith("report.html")


def test_pause_holds_up_and_resume_lets_go_on(going):
    assert "paused command-1" in going.told("pause", going.run, "command-1")
    assert "working (paused)" in going.told("status")
    going.go()
    until(lambda: states(going)["command-2"] == "collected")
    time.sleep(0.5)
    assert states(going)["command-1"] == "working"
    assert "command-1 goes on" in going.told("resume")
    assert "nobody is paused" not in going.told("wait")


def test_stop_ends_one_and_what_it_did_is_judged(going):
    assert "command-1 stops" in going.told("stop", "command-1")
    until(lambda: states(going)["command-1"] == "collected")
    assert states(going)["command-2"] == "working"
    assert "done already" in going.refused("stop", "command-1")
    going.go()
    entries = going.json("wait")["entries"]
    assert entries["command-1"]["state"] == "judged"
    assert entries["command-1"]["why"] == "stopped by the user"


def test_stop_ends_all(going):
    going.told("stop")
    found = going.json("wait")
    assert {one["outcome"] for one in found["entries"].values()} == {"killed"}
    assert found["winner"], "what they did is judged"


def test_logs_follow_until_the_end(going):
    follower = going.start("logs", "-f")
    watcher = going.start("status", "--watch")
    time.sleep(1)
    going.go()
    said = follower.communicate(timeout=120)[0]
    assert sorted(said.splitlines()) == [
        "command-1 | bye", "command-1 | ready command-1", "command-2 | bye", "command-2 | ready command-2",
    ]  # fmt: skip
    shown = watcher.communicate(timeout=60)[0]
    assert "command-1                working" in shown
    assert "verdict: " in shown
    assert going.told("logs", "command-1") == "ready command-1\nbye\n"


def test_words_that_do_not_fit(going):
    assert 'no entry "nobody"' in going.refused("stop", going.run, "nobody")
    assert 'no entry "nobody"' in going.refused("logs", "nobody")
    assert "can't take another turn" in going.refused("send", "command-1", "more")
    assert "nobody is paused" in going.refused("resume")
    assert "no person is at work" in going.refused("done")
    assert "give a duration" in going.refused("wait", "--timeout", "soon")


def test_a_run_whose_process_was_killed_is_called_interrupted(going):
    worker = going.json("status")["process"]
    os.kill(worker, signal.SIGKILL)
    until(lambda: not going.json("status")["going"])
    assert going.json("status")["state"] == "interrupted"
    assert "was interrupted" in going.arena("wait").stderr
    assert "interrupted" in going.told("list")
    going.told("clean")


def test_a_mistake_is_told_in_the_foreground(project):
    said = project.refused("run", "x", "--agents", "nobody", "--detach")
    assert "nobody" in said
    (project.path / "mine.j2").write_text("{{ nobody }}")
    project.git("add", "-A")
    project.git("commit", "-qm", "template")
    (project.path / "arena.toml").write_text('command = ["true", "{prompt}"]\n')
    words = ["run", "x", "--agents", "command:1", "--prompt-template", "mine.j2"]
    assert "nobody" in project.refused(*words, "--base", "HEAD", "--detach")


@pytest.mark.parametrize("answers", ["d 1\n1\n", "?\nq\n", ""])
def test_a_person_chooses_what_is_merged(project, answers):
    judged = project
    judged.told("judge", "good", "worse")
    main = judged.git("rev-parse", "main")
    done = judged.arena("merge", "--interactive", input=answers)
    merged = "1\n" in answers[3:]
    assert done.returncode == (0 if merged else 1), done.stderr
    assert re.search(r"1  good +winner", done.stderr)
    assert ("-    for value in values[1:]:" in done.stdout + done.stderr) == merged
    assert (judged.git("rev-parse", "main") != main) == merged
    if not merged:
        assert "nothing was merged" in done.stderr


def test_json_of_a_detached_run_is_one_document(going):
    assert json.loads(going.told("status", "--json"))["run"] == going.run


@pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux")
@pytest.mark.parametrize("closed", [False, True])
def test_each_entry_has_a_window_of_tmux_until_the_run_ends(project, tmp_path, closed):
    program, mark = tmp_path / "waits.sh", tmp_path / "go"
    program.write_text(AGENT)
    program.chmod(0o755)
    # A socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="arena-tmux-") as sockets:
        there = project.with_env(GO=str(mark), TMUX_TMPDIR=sockets, TERM="xterm")
        command = f'command = ["{program}", "{{prompt}}"]\n'
        (project.path / "arena.toml").write_text(command)
        words = ["run", "Sum", "--agents", "command:2", "--base", "HEAD", "--env", "GO"]
        going = there.start(*words, "--tmux", "--merge", "never")

        def screen(label):
            for run in there.json("list"):
                words = ["capture-pane", "-p", "-t", f"=arena-{run['run']}:{label}"]
                return there.program("tmux", "-L", "arena", *words).stdout
            return ""

        until(lambda: "ready command-1" in screen("command-1"))
        until(lambda: "ready command-2" in screen("command-2"))
        assert "ready command-1" not in screen("command-2")
        if closed:  # the windows are a view: who closes them stops nothing
            there.program("tmux", "-L", "arena", "kill-server")
        mark.touch()
        err = going.communicate(timeout=120)[1]
        assert going.returncode == 0, err
        assert "attach -t arena-" in err
        assert there.program("tmux", "-L", "arena", "ls").returncode != 0


def test_d6_a_person_is_an_entry_like_any_other(project):
    there = project.with_env(OPENAI_API_KEY=None)
    words = ["run", "Sum all values", "--agents", "human:2", "--timeout", "1s"]
    run = there.json(*words, "--at-once", "1", "--detach")["run"]
    until(lambda: set(states(there).values()) == {"working"})
    entries = there.json("status")["entries"]
    said = there.told("logs", "human-1")
    assert "arena done" in said
    assert entries["human-1"]["path"] in said
    assert "which one? human-1, human-2" in there.refused("done")
    for label, text in (("human-1", "values"), ("human-2", "values[2:]")):
        place = Path(entries[label]["path"])
        calc = place / "calc.py"
        calc.write_text(calc.read_text().replace("values[1:]", text))
        words = ["--run", run] if label == "human-1" else []
        word = [label] if label == "human-1" else []
        cwd = {} if label == "human-1" else {"cwd": place}
        assert there.arena("done", *word, *words, **cwd).returncode == 0
    found = there.json("wait")
    assert found["winner"] == "human-1"
    assert {one["outcome"] for one in found["entries"].values()} == {"finished"}


TALKER = """#!/bin/sh
echo '{"type": "system", "session_id": "abc"}'
echo "# $*" >> calc.py
while [ ! -e "$GO" ]; do sleep 0.05; done
echo '{"type": "result", "subtype": "success", "is_error": false, "result": "ok", "session_id": "abc"}'
"""


def test_a_message_becomes_the_agents_next_turn(project, tmp_path):
    program, mark = tmp_path / "bin" / "claude", tmp_path / "go"
    program.parent.mkdir()
    program.write_text(TALKER)
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{project.env['PATH']}"
    there = project.with_env(PATH=path, GO=str(mark), ANTHROPIC_API_KEY="k")
    there.json("run", "Sum", "--agents", "claude:1", "--env", "GO", "--detach")
    until(lambda: "abc" in there.told("logs"))
    assert "claude-1 gets the message" in there.told("send", "claude-1", "Add a test.")
    assert "is empty" in there.refused("send", "claude-1", " ")
    mark.touch()
    there.told("wait", code=1)  # comments do no job
    [one] = json.loads(there.told("report", "--format", "json"))["candidates"]
    said = there.git("show", f"{one['commit']}:calc.py").splitlines()
    [turn] = [line for line in said if "Add a test." in line]
    assert "--resume abc" in turn


def test_a_run_that_was_killed_is_resumed_with_what_its_agents_left(going):
    """One had finished, the other was at work: its process is gone, and what it did until then is judged."""
    going.told("stop", "command-1")
    until(lambda: states(going)["command-1"] == "collected")
    os.kill(going.json("status")["process"], signal.SIGKILL)
    until(lambda: not going.json("status")["going"])
    assert "arena resume" in going.refused("pause", going.run)
    done = going.json("resume", going.run)
    assert {one["label"] for one in done["candidates"]} == {"command-1", "command-2"}
    assert done["verdict"]["winner"], "both summed all values before"
    assert going.json("status")["state"] == "judged"


def test_an_entry_that_is_called_as_a_plans_branch_is_cleaned_like_any_other(project):
    command = 'command = ["sh", "-c", "sed -i \'s/values.1:./values/\' calc.py", "{prompt}"]\n'
    (project.path / "arena.toml").write_text(command)
    words = ["--agents", "command", "--base", "HEAD", "--merge", "never", "--json"]
    run = json.loads(project.told("run", "x", "--approach", "staging", *words))["run"]
    assert project.git("branch", "--list", f"arena/{run}/staging")
    project.told("clean", run)
    assert project.git("branch", "--list", "arena/*") == ""
    assert project.git("rev-parse", f"refs/arena/archive/{run}/staging")
