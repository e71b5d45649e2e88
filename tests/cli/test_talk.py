"""How arena talks: results on stdout, words on stderr, colour only where wanted, and how it stops."""

import json
import os
import signal
import subprocess
import time
from functools import partial

import pytest


def test_json_is_one_document_and_nothing_else(judged):
    run = judged.json("list")[0]["run"]
    for words in (
        ["rescore", "--rubric", "default"],
        ["status", run],
        ["list"],
        ["agents"],
        ["doctor"],
        ["config"],
    ):
        assert json.loads(judged.told(*words, "--json")) is not None
    found = judged.json("judge", "good", "worse")
    assert found == json.loads(judged.told("report", found["run"], "--format", "json"))


def test_quiet_and_verbose(judged):
    assert judged.arena("-q", "rescore", "--rubric", "default").stderr == ""
    assert "known from before" in judged.arena("-v", "judge", "good", "worse").stderr


def test_colour_only_where_it_is_wanted(judged):
    text = ["rescore", "--rubric", "default"]
    assert "\x1b[" not in judged.told(*text)
    forced = judged.with_env(FORCE_COLOR="1")
    assert "\x1b[" in forced.told(*text)
    assert "\x1b[" not in forced.with_env(NO_COLOR="1").told(*text)
    assert "\x1b[" not in forced.told("--color", "never", *text)
    assert "\x1b[" in judged.told("--color", "always", *text)


def test_a_reader_that_goes_away_is_no_fault(judged):
    with judged.start("rubric", "show", "default") as going:
        going.stdout.close()
        assert going.stderr.read() == ""
    assert going.returncode == 0


def test_nothing_breaks_on_an_ascii_terminal(judged):
    plain = judged.with_env(
        LANG="C", LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0"
    )
    assert "good wins" in plain.told("rescore", "--rubric", "default")
    plain.told("doctor")


@pytest.mark.parametrize("mode", ["run", "judge"])
def test_ctrl_c_ends_everything_and_says_how_to_go_on(project, tmp_path, mode):
    mark = tmp_path / "pid"
    program = tmp_path / "slow.sh"
    program.write_text(f"#!/bin/sh\necho $$ > {mark}\nexec sleep 300\n")
    program.chmod(0o755)
    (project.path / "arena.toml").write_text(
        f'command = ["{program}", "{{prompt}}"]\nisolation = "none"\n'
    )
    words = ["run", "x", "--base", "HEAD", "--agents", "command:1"]
    if mode == "judge":
        words = ["judge", "good", "--test", str(program)]
    # A runner of tests may itself run with SIGINT ignored, which children inherit; a terminal's do not.
    default = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    going = project.start(*words, start_new_session=True, preexec_fn=default)
    end = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()) and time.monotonic() < end:
        time.sleep(0.1)
    os.killpg(going.pid, signal.SIGINT)
    said = going.communicate(timeout=60)[1]
    assert going.returncode == 130, said
    assert "arena status" in said
    assert "arena clean" in said
    assert "Traceback" not in said
    alive = subprocess.run(
        ["ps", "-o", "stat=", "-p", mark.read_text()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert alive.stdout.strip() in ("", "Z"), "the agent must be gone"
