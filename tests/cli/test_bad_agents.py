"""Agents that misbehave, through the command line: told what they did, ended for good, and nothing of the user's lost.

The deeds that can live side by side are done in one run, one entry each.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import sys
import termios
import time
from functools import partial
from pathlib import Path

import pytest

PROGRAM = r"""
import os, pathlib, shutil, signal, subprocess, sys, time

LABEL, PLACE = os.environ["ARENA_LABEL"], pathlib.Path(os.environ["PLACE"])


def mend():
    path = pathlib.Path("calc.py")
    text = path.read_text().replace("values[1:]", "values")
    path.write_text(f"{text}# {LABEL}\n")


def asks():
    said = [sys.stdin.read()]
    try:
        said.append(open("/dev/tty").read())
    except OSError as error:
        said.append(type(error).__name__)
    pathlib.Path("said.txt").write_text(repr(said))
    mend()


def floods():
    for _ in range(3200):
        os.write(1, b"x" * 65535 + b"\n")
    mend()


def changes_nothing():
    pass


def commits_elsewhere():
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "checkout", "-q", "-b", "mine/other"], check=True)
    mend()
    subprocess.run([*git, "commit", "-q", "-a", "-m", "on a branch of its own"], check=True)


def deletes_its_worktree():
    mend()
    shutil.rmtree(os.getcwd())


def leaves_a_link():
    mend()
    here = os.getcwd()
    os.rename(here, f"{here}.gone")
    os.symlink(PLACE / "precious", here)


def leaves_a_daemon():
    mend()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            (PLACE / f"{LABEL}.tmp").write_text(str(os.getpid()))
            (PLACE / f"{LABEL}.tmp").rename(PLACE / f"{LABEL}.pid")
            os.closerange(0, 4096)
            time.sleep(300)
        os._exit(0)
    while not (PLACE / f"{LABEL}.pid").exists():
        time.sleep(0.01)


def leaves_a_daemon_and_stays():
    leaves_a_daemon()
    time.sleep(300)


def ignores_the_polite_word():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    leaves_a_daemon()
    time.sleep(300)


def fails_with_0():
    pathlib.Path("calc.py").write_text("def total(values:\n")
    print("Error: could not finish")


def prints_codes():
    print("\x1b]0;owned\x07\x1b[2J" + "y" * 1_000_000)
    sys.stderr.write("\x1b[31m" + "z" * 1_000_000)
    mend()


def edits_the_checkout():
    mend()
    top = PLACE / "project"
    (top / "calc.py").write_text("taken over\n")
    (top / "notes.txt").write_text("of the agent\n")


globals()[os.environ.get("DEED") or sys.argv[1].split()[int(LABEL.split("-")[1]) - 1]]()
"""
TOGETHER = (
    "asks floods changes_nothing commits_elsewhere deletes_its_worktree leaves_a_link leaves_a_daemon "
    "fails_with_0 prints_codes"
)


class Bad:
    """A project, the bad agents, and what became of them."""

    def __init__(self, project, place):
        self.place = place
        (place / "precious").mkdir()
        (place / "precious" / "secret.txt").write_text("of the user\n")
        (place / "agent.py").write_text(PROGRAM)
        (place / "arena.toml").write_text(
            f'command = ["{sys.executable}", "-SE", "{place}/agent.py", "{TOGETHER}", "{{prompt}}"]\n'
            'env = ["PLACE", "DEED"]\n'
        )
        self.project = project.with_env(PLACE=str(place))

    def start(self, how, *words, deed="", count=1, **options):
        """Starts a run by a method of the project."""
        project = self.project.with_env(DEED=deed)
        line = ["--config", self.place / "arena.toml", "run", "x", "--agents"]
        return getattr(project, how)(*line, f"command:{count}", *words, **options)

    @property
    def folder(self):
        (folder,) = self.place.glob("state/*/runs/*")
        return folder

    def events(self, kind):
        """The data of the events of a kind, by label."""
        lines = (self.folder / "journal.log").read_text().splitlines()
        found = [json.loads(line.partition(" ")[2]) for line in lines]
        return {e["label"]: e["data"] for e in found if e["kind"] == kind}

    def daemon(self, label):
        """Process id of a daemon once there is one."""
        file, end = self.place / f"{label}.pid", time.monotonic() + 60
        while not file.exists() and time.monotonic() < end:
            time.sleep(0.05)
        return int(file.read_text())


def label_of(deed):
    return f"command-{TOGETHER.split().index(deed) + 1}"


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.fixture
def bad(project, tmp_path):
    return Bad(project, tmp_path)


@pytest.fixture(scope="module")
def together(tmp_path_factory, fresh):
    """One run, on a terminal, in which each entry does another deed."""
    place = tmp_path_factory.mktemp("together")
    made = Bad(fresh(place), place)
    made.status = made.project.git("status", "--porcelain")
    made.refs = made.project.git("for-each-ref", "refs/heads")
    ours, theirs = pty.openpty()
    own = partial(fcntl.ioctl, theirs, termios.TIOCSCTTY, 0)
    terminal = {"start_new_session": True, "preexec_fn": own}
    words = ["--merge", "never", "--json"]
    made.done = made.start("arena", *words, count=9, **terminal)
    os.close(ours)
    os.close(theirs)
    assert made.done.returncode in (0, 1), made.done.stderr
    made.said = json.loads(made.done.stdout)
    return made


def test_the_user_sees_plain_words_and_nobody_is_lost(together):
    assert len(together.events("attempt")) == 9
    assert together.said["verdict"]["winner"] is None, "somebody changed the repository"
    said = together.done.stdout + together.done.stderr
    assert "\x1b" not in said
    assert "\x07" not in said
    assert max(map(len, together.done.stderr.splitlines())) < 1000
    page = (together.folder / "report.html").read_bytes()
    assert b"\x1b" not in page
    assert len(page) < 1_000_000
    judged = {c["label"] for c in together.said["candidates"]}
    lost = map(label_of, ("changes_nothing", "deletes_its_worktree", "leaves_a_link"))
    assert judged == set(together.events("attempt")) - {*lost}
    assert together.project.git("status", "--porcelain") == together.status


def test_one_that_asks_gets_no_answer_and_does_not_wait(together):
    label = label_of("asks")
    assert together.events("attempt")[label]["seconds"] < 20
    said = (together.folder / "worktrees" / label / "said.txt").read_text()
    assert said == "['', 'OSError']"


def test_a_flood_is_cut_and_holds_nobody_up(together):
    label = label_of("floods")
    log = together.folder / "logs" / f"{label}.stdout.log"
    assert 32 << 20 < log.stat().st_size < 33 << 20
    assert b"bytes left out" in log.read_bytes()[32 << 20 :]
    assert together.events("attempt")[label]["seconds"] < 60


def test_what_a_zero_is_worth(together):
    attempts = together.events("attempt")
    assert attempts[label_of("changes_nothing")]["outcome"] == "no-change"
    assert attempts[label_of("fails_with_0")]["exit_code"] == 0
    by_label = {c["label"]: c for c in together.said["candidates"]}
    failed = by_label[label_of("fails_with_0")]["gates"]
    assert "compiles" in [gate["name"] for gate in failed if gate["passed"] is False]


def test_a_daemon_is_ended_and_counted(together):
    label = label_of("leaves_a_daemon")
    assert is_gone(together.daemon(label))
    assert together.events("attempt")[label]["left_processes"] == 1


def test_what_a_worktree_became_is_told_and_a_link_is_not_followed(together):
    failed = together.events("attempt-failed")
    for deed in ("deletes_its_worktree", "leaves_a_link"):
        assert "removed or replaced it" in failed[label_of(deed)]["why"]
    private = together.place / "precious" / "secret.txt"
    known = together.project.program("git", "hash-object", private).stdout.strip()
    for place in (
        together.project.path,
        *together.place.parent.rglob("quarantine/*.git"),
    ):
        found = together.project.program("git", "-C", place, "cat-file", "-e", known)
        assert found.returncode != 0, "a file of the user's was read"


def test_clean_up_after_them(together):
    commit = together.project.git("rev-parse", "mine/other")
    told = f"git update-ref -d refs/heads/mine/other {commit}"
    assert told in [
        e["restore"] for e in together.events("repository-changed").values()
    ]
    done = together.project.arena("clean")
    assert done.returncode == 1
    link = together.folder / "worktrees" / label_of("leaves_a_link")
    assert f"{link} is not the folder that the run made" in done.stderr
    assert "removed 8 worktrees and 8 branches" in done.stderr
    assert done.stdout == f"{together.folder.name} is not all clean.\n"
    assert link.is_symlink()
    assert (together.place / "precious" / "secret.txt").exists()
    refs = together.project.git("for-each-ref")
    assert f"{commit} commit\trefs/arena/archive/{together.folder.name}/" in refs
    assert set(together.refs.splitlines()) <= set(refs.splitlines())


@pytest.mark.parametrize("ends", ["time", "ctrl-c"])
def test_a_daemon_goes_with_its_run(bad, ends):
    if ends == "time":
        words = ["--merge", "never", "--timeout", "2s"]
        done = bad.start("arena", *words, deed="leaves_a_daemon_and_stays")
        assert done.returncode in (0, 1), done.stderr
        assert bad.events("attempt")["command-1"]["outcome"] == "timed-out"
    else:
        # A runner of tests may itself run with SIGINT ignored, which children inherit; a terminal's do not.
        default = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        going = bad.start("start", deed="leaves_a_daemon_and_stays", preexec_fn=default)
        bad.daemon("command-1")
        going.send_signal(signal.SIGINT)
        assert going.wait(60) == 130
        going.communicate()
    assert is_gone(bad.daemon("command-1"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_ends_arena_ends_its_agents_and_says_how_to_go_on(bad, number):
    default = partial(signal.signal, number, signal.SIG_DFL)
    going = bad.start("start", deed="leaves_a_daemon_and_stays", preexec_fn=default)
    bad.daemon("command-1")
    going.send_signal(number)
    _, said = going.communicate(timeout=60)
    assert going.returncode == 130
    assert "arena resume" in said.splitlines()[-1]
    assert is_gone(bad.daemon("command-1"))
    done = bad.project.arena("resume", "--json")  # what it left is judged
    assert done.returncode in (0, 1), done.stderr


def test_ctrl_c_twice_ends_all_at_once(bad):
    default = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    going = bad.start("start", deed="ignores_the_polite_word", preexec_fn=default)
    pid = bad.daemon("command-1")
    going.send_signal(signal.SIGINT)
    time.sleep(0.3)
    begun = time.monotonic()
    going.send_signal(signal.SIGINT)
    assert going.wait(10) == 130
    going.communicate()
    while not is_gone(pid) and time.monotonic() - begun < 2:
        time.sleep(0.02)
    assert is_gone(pid), "the polite word alone would take three seconds"


def test_the_users_checkout_is_not_touched_after_an_agent_changed_it(bad):
    main = bad.project.git("rev-parse", "main")
    done = bad.start("arena", "--merge", "auto", deed="edits_the_checkout")
    assert "not merged by itself" in done.stderr
    assert bad.project.git("rev-parse", "main") == main
    assert (bad.project.path / "calc.py").read_text() == "taken over\n"
    line = r"notes\.txt in the checkout changed. To take it back: (.*)"
    (command,) = re.findall(line, done.stderr)
    (other,) = re.findall(
        r"calc\.py in the checkout changed. To take it back: (.*)", done.stderr
    )
    for words in (command, other):
        assert bad.project.program("sh", "-c", words).returncode == 0
    assert bad.project.git("status", "--porcelain", "-uno") == ""
    assert not (bad.project.path / "notes.txt").exists()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["{here}/plain.sh", "{prompt}"], "Make it executable: chmod +x"),
        (["{here}/gone.sh", "{prompt}"], "can't be started. Install it"),
        (["no-such-agent", "{prompt}"], "no-such-agent can't be started. Install it"),
        (["sh", "-c", "true"], "is told of no task. Add {prompt}"),
        (["sh", "{label}", "{{prompt}}"], "is told of no task. Add {prompt}"),
        (["sh", "{promt}"], "{promt} is not a placeholder"),
    ],
)
def test_a_command_that_can_do_nothing_is_refused(project, tmp_path, command, why):
    (tmp_path / "plain.sh").write_text("#!/bin/sh\n")
    words = [word.replace("{here}", str(tmp_path)) for word in command]
    (tmp_path / "a.toml").write_text(f"command = {json.dumps(words)}\n")
    line = ["--config", tmp_path / "a.toml", "run", "x", "--agents", "command:2"]
    assert why in project.refused(*line)


def test_a_text_file_that_no_system_starts_is_told(project, tmp_path):
    (tmp_path / "agent").write_text("touch made.txt\n")
    (tmp_path / "agent").chmod(0o755)
    (tmp_path / "a.toml").write_text(f'command = ["{tmp_path}/agent", "{{prompt}}"]\n')
    line = ["--config", tmp_path / "a.toml", "run", "x", "--agents", "command:1"]
    done = project.arena(*line)
    assert done.returncode == 1
    assert "Exec format error" in " ".join(done.stdout.split())


def test_what_makes_up_for_a_command_without_a_prompt(project, tmp_path):
    """A suite says what to do; the set-up command may bring the program; a path may be one in the worktree."""
    told = 'command_prompt = "stdin"\n'
    for command, more, words in (
        ('["sh", "-c", "true"]', "", ["--suite", "tests/test_calc.py"]),
        ('["sh", "-c", "true"]', told, []),
        ('["comes-later", "{prompt}"]', 'setup = "true"\n', []),
        ('["tools/agent", "{prompt_file}"]', "", []),
    ):
        (tmp_path / "a.toml").write_text(f"command = {command}\n{more}")
        line = ["--config", tmp_path / "a.toml", "run", "x", "--agents", "command:1"]
        project.told(*line, "--dry-run", *words)
