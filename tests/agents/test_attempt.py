"""What an attempt leaves: no processes, logs outside of the worktree, no secrets."""

import os
import sys
from pathlib import Path

import pytest

from arena.agents import AGENTS, attempt
from arena.errors import ArenaError

sys.path.insert(0, str(Path(__file__).parent))
from recordings import CLAUDE_DONE, CLAUDE_INIT, CODEX_DONE, CODEX_START, EDIT


def test_a_daemon_that_is_left_behind_is_ended_and_counted(arena, tmp_path):
    note = tmp_path / "daemon.pid"
    daemon = (
        "import os, time, signal; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    )
    body = EDIT + CLAUDE_DONE + (
        f"import subprocess\nchild = subprocess.Popen([sys.executable, '-SEc', {daemon!r}],\n"
        "    start_new_session=True, stdin=subprocess.DEVNULL,\n"
        "    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid))\n"
    )  # fmt: skip
    got = arena.attempt("claude", body)
    assert (got.outcome, got.end.survivors) == ("finished", 1)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_secrets_and_control_codes_stay_out_of_what_is_shown(arena):
    text = "'\\x1b[31mIncorrect API key provided: ' + os.environ['OPENAI_API_KEY']"
    body = f"print({text}, file=sys.stderr)\nsys.exit(1)"
    got = arena.attempt("codex", body, environ={"OPENAI_API_KEY": "sk-very-secret"})
    shown = got.why + "".join(got.last_lines)
    assert got.outcome == "auth"
    assert "[secret]" in shown
    assert "very" not in shown
    assert "\x1b" not in shown


def test_codex_with_its_home_in_the_temporary_folder_is_told_why(arena, tmp_path):
    got = arena.attempt(
        "codex",
        CODEX_START + CODEX_DONE,
        environ={"CODEX_HOME": str(tmp_path / "codex")},
    )
    assert got.outcome == "no-change"
    assert "CODEX_HOME" in got.why


def test_the_logs_are_apart_and_outside_of_the_worktree(arena):
    got = arena.attempt(
        "claude", CLAUDE_INIT + "print('oops', file=sys.stderr)\n" + CLAUDE_DONE
    )
    log, errors = arena.scratch / "a.stdout.log", arena.scratch / "a.stderr.log"
    assert got.outcome == "no-change"
    assert "oops" not in log.read_text()
    assert errors.read_text() == "oops\n"
    assert [path.name for path in arena.worktree.iterdir()] == ["calc.py"]


def test_an_agent_that_is_not_there(arena):
    with pytest.raises(ArenaError, match="can't start 'claude'"):
        arena.attempt("claude")


def test_the_repair_agent_is_started_by_our_own_python(arena):
    order = arena.order(suite=("tests/test_a.py", "tests/test_b.py"))
    start = AGENTS["repair"].command(order)
    assert start.argv == (
        sys.executable, "-P", "-m", "arena.agents.repair", "--worktree", str(arena.worktree),
        "--python", sys.executable, "--seed", "7", "--seconds", "60",
        "--suite", "tests/test_a.py", "--suite", "tests/test_b.py", "--prompt-file", str(order.prompt_file),
    )  # fmt: skip
    assert start.stdin is None


def test_the_module_of_a_worktree_does_not_stand_in_for_ours(arena):
    folder = arena.worktree / "arena" / "agents" / "repair"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent, folder.parent.parent):
        (package / "__init__.py").write_text("")
    (folder / "__main__.py").write_text("open('fooled', 'w')")
    order = arena.order(suite=(), seconds=20.0)
    got = attempt(order, AGENTS["repair"], changed=lambda: False)
    assert got.told.text == "tests-do-not-run"
    assert not (arena.worktree / "fooled").exists()
