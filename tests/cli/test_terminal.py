"""On a terminal: the live table, and the question whether to merge."""

import os
import pty
import re
import select
import time
from types import SimpleNamespace

import pytest

from arena.commands.live import LiveTable
from arena.journal import Event


def on_terminal(project, *words, answer):
    """Runs a command with stdin and stderr on a terminal; answers the question; returns exit code and screen."""
    ours, theirs = pty.openpty()
    env = project.with_env(TERM="xterm", COLUMNS="100")
    going = env.start(*words, stdin=theirs, stderr=theirs)
    os.close(theirs)
    screen, end = "", time.monotonic() + 200
    while time.monotonic() < end:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                screen += os.read(ours, 65536).decode("utf-8", "replace")
            except OSError:  # the other side is closed
                break
        if answer and re.search(r"into main\?.*\]", screen):
            os.write(ours, answer.encode())
            answer = ""
    said = going.communicate(timeout=60)[0]
    os.close(ours)
    return going.returncode, screen, said


@pytest.mark.parametrize(
    ("answer", "merged"),
    [("y\n", True), ("\n", True), ("no\n", False), ("\x04", False)],
)
def test_the_user_is_asked_whether_to_merge(project, answer, merged):
    main = project.git("rev-parse", "main")
    code, screen, said = on_terminal(project, "judge", "good", "worse", answer=answer)
    assert code == 0, screen
    assert "Merge good into main? [Y/n]" in screen
    assert said.startswith("good wins")
    assert (project.git("rev-parse", "main") != main) == merged
    assert ("Undo:" in screen) == merged


def test_yes_answers_for_the_user_and_never_asks_nothing(project):
    main = project.git("rev-parse", "main")
    words = ["judge", "good", "--merge", "never"]
    code, screen, _ = on_terminal(project, *words, answer="")
    assert code == 0
    assert "into main?" not in screen
    assert project.git("rev-parse", "main") == main
    code, screen, _ = on_terminal(project, "--yes", "judge", "good", answer="")
    assert code == 0
    assert "into main?" not in screen
    assert project.git("rev-parse", "main") != main


def test_a_table_shows_how_the_candidates_stand(project, tmp_path):
    fresh = project.with_env(ARENA_CACHE_DIR=str(tmp_path / "fresh"))
    _, screen, _ = on_terminal(fresh, "judge", "good", "--merge", "never", answer="")
    assert "candidate" in screen
    assert "2/2" in screen
    assert "judged" in screen
    assert "isolation: " in screen


def test_printing_and_drawing_never_wait_for_each_other(monkeypatch):
    """Drawing holds rich's lock and asks for ours; printing must not hold ours and ask for rich's."""
    monkeypatch.setenv("TERM", "xterm")
    settings = SimpleNamespace(color="never")
    table = LiveTable(SimpleNamespace(run="r", settings=settings))
    printing = []

    def observed(*_, **__):
        printing.append(table._lock.locked())

    monkeypatch.setattr(table.live.console, "print", observed)
    facts = {"command": "pytest", "python": "p", "found": "f", "isolation": "none"}
    table.hear(Event(kind="plan", at=0.0, label=None, data=facts))
    assert printing == [False]
