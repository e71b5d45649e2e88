"""Signals, the hand-off file and TASKS.json: renderings of a plan's journal (A2 to A9, C4)."""

import json
import sys

from arena import journal
from arena.journal import Event
from arena.patterns import planfile
from arena.sessionfile import standing
from arena.signals import MOST, Ear, line

from .test_plan import HEAD, put, run, shop, task

__all__ = ["shop"]

ARENA = f"{sys.executable} -P -m arena"


def test_a2_a5_a7_c4_agents_tell_how_they_stand_and_the_handoff_file_shows_it(shop):
    stream = '[[stream]]\nname = "core"\nowns = ["/a.py"]\n'
    sync = '[[sync]]\nname = "half"\nafter = ["a"]\n'
    do = (
        f"{put('a.py')}; {ARENA} signal progress 40% models are done; "
        f"{ARENA} signal blocked 'no schema | yet' --needs b; {ARENA} signal note hello; "
        "echo garbage >> $ARENA_SIGNALS; grep -c STARTED $ARENA_HANDOFF > /dev/null"
    )
    second = task("b", put("b.py"), depends_on=["half"])
    found = run(shop, stream, task("a", do, stream="core"), sync, second)
    said = shop.told("handoff", found["run"])
    assert "# Parallel Session: shop" in said
    assert "> **Status:** Completed" in said
    assert "| PROGRESS(40%) | a | models are done |" in said
    assert r"| BLOCKED | a | no schema \| yet (needs b) |" in said
    assert "| STARTED | b |" in said
    assert "| 1 | half | a | passed |" in said
    assert "### Stream core" in said
    assert "| a | a.py |" in said
    [folder] = (shop.path.parent / "state").glob(f"*/runs/{found['run']}")
    tasks = json.loads((folder / "TASKS.json").read_text())["tasks"]
    assert [(t["id"], t["status"], t["depends_on"]) for t in tasks] == [
        ("a", "COMPLETE", []), ("b", "COMPLETE", ["half"]),
    ]  # fmt: skip


def test_a8_a9_e5_the_path_is_in_the_prompt_and_writing_there_changes_nothing(shop):
    do = f"{put('a.py')}; echo mine > $ARENA_HANDOFF"
    settings = shop.path / "arena.toml"
    settings.write_text(settings.read_text() + 'handoff_dir = "plans"\n')
    (shop.path / ".gitignore").write_text("plans\n")
    shop.git("add", "-A")
    shop.git("commit", "-qm", "settings")
    found = run(shop, task("a", do))
    assert "mine" not in shop.told("handoff", found["run"])
    name = f"PARALLEL_SESSION_{found['run']}.md"
    assert "Completed" in (shop.path / "plans" / name).read_text()
    current = (shop.path / "plans" / "CURRENT.md").read_text()
    assert current == "# shop\n\n- a: COMPLETE (100%)\n"
    [prompt] = (shop.path.parent / "state").glob("*/runs/*shop-a*/logs/a.prompt.txt")
    assert name in prompt.read_text()


def test_signals_from_outside_and_to_nobody(shop):
    assert "no run in this repository" in shop.refused("signal", "note", "--label", "a")
    assert "whose signal" in shop.refused("signal", "note", "x")
    assert shop.arena("signal", "dance").returncode == 2
    shop.told("judge", "good")
    assert "does not go on" in shop.refused("signal", "note", "x", "--label", "a")
    gone = shop.with_env(ARENA_SIGNALS=str(shop.path / "no" / "where"))
    assert "can't tell" in gone.refused("signal", "note", "x")
    assert "is no plan" in shop.refused("handoff")


def test_what_agents_say_can_do_no_harm_in_the_handoff_file(shop, tmp_path):
    note = tmp_path / "note.md"
    note.write_text("### For x:\n- File: y\n- Change: \x1b[31mred<img src=x>`|\n")
    found = run(shop, task("a", f"{put('a.py')}; cp {note} HANDOFF_FROM_A.md"))
    said = shop.told("handoff", found["run"])
    assert "\x1b" not in said
    assert "<img" not in said
    assert "red&lt;img src=x>'" in said


def test_whatever_is_no_signal_is_passed_over(tmp_path):
    path = tmp_path / "a.signals"
    ear = Ear(path)
    assert list(ear.more()) == []
    path.write_bytes(
        b'\xff\xfe\n{"signal": 3}\n[]\n{"signal": "note", "percent": true, "needs": 4}\n'
        b'{"signal": "progress", "percent": 400}\n'
        b'{"signal": "note", "text": "a\\u001b[31mb'
    )
    first, second = ear.more()
    assert first == {"word": "note", "text": "", "percent": None, "needs": None}
    assert second["percent"] == 100
    more = b'"}\n' + line("note", text="x").encode() * (MOST + 5)
    path.write_bytes(path.read_bytes() + more)
    rest = list(ear.more())
    assert rest[0]["text"] == r"a\x1b[31mb"
    assert len(rest) == MOST - 2


def test_a3_progress_of_a_stream_is_that_of_its_tasks():
    text = HEAD + '[[stream]]\nname = "s"\n' + "".join(task(n, "x", stream="s") for n in "ab")  # fmt: skip
    plan = planfile.read(text, name="p", agents={})
    events = [
        Event(kind="planned", at=0, data={"labels": ["a", "b"]}),
        Event(kind="task-started", at=1, label="a", data={"run": "r", "tries": 1}),
        Event(kind="signal", at=2, label="a", data={"word": "progress", "text": "", "percent": 50, "needs": None}),
        Event(kind="blocked", at=3, label="b", data={"why": "no"}),
    ]  # fmt: skip
    found = standing(plan, "r", events)
    [stream] = found["streams"]
    assert (stream["progress"], stream["now"], stream["blocked"]) == (25, ["a"], ["b"])
    assert [row["signal"] for row in found["signals"]] == ["STARTED", "PROGRESS(50%)", "BLOCKED"]  # fmt: skip
    assert journal.RUN_STATES["plan-done"] == "done"
