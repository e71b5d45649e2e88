"""A journal that is torn, damaged or told by a clock that goes back: what is complete counts, nothing else."""

from __future__ import annotations

import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from arena import journal
from arena.errors import ArenaError
from arena.journal import Event, Journal

rounds, promises = sys.modules["torture_rounds"], sys.modules["torture_promises"]
place_module = sys.modules["torture_place"]
FULL = rounds.FULL
pytestmark = [
    pytest.mark.torture,
    pytest.mark.timeout(6 * 3600 if rounds.LONG else 300),
]


@pytest.fixture(scope="module")
def whole(warm: Any) -> tuple[Any, bytes]:
    """A place in which a run has ended with everything still there, and the run's journal."""
    place = warm.again()
    assert place.arena(*place_module.RUN[:3], "--merge", "never", place_module.RUN[-1]).code == 0  # fmt: skip
    return place, (place.run / "journal.log").read_bytes()


def test_cut_at_every_byte(whole: Any, tmp_path: Path) -> None:
    text, path = whole[1], tmp_path / "journal.log"
    events = [json.loads(line.partition(b" ")[2]) for line in text.splitlines()]
    ends = [n for n, byte in enumerate(text) if byte == 10]
    for cut in range(len(text) + 1):
        path.write_bytes(text[:cut])
        found = [event.kind for event in journal.replay(path)]
        complete = sum(end < cut for end in ends)
        assert found == [event["kind"] for event in events[:complete]]
    rounds.tally("journal cut at every byte", rounds=len(text) + 1, wrong=0)


def test_a_flipped_bit_is_never_another_event(whole: Any, tmp_path: Path) -> None:
    lines = whole[1].splitlines(keepends=True)
    path, dice, count = tmp_path / "journal.log", random.Random(8), 0
    for number, line in enumerate(lines):
        bits = range(8 * len(line)) if FULL else dice.sample(range(8 * len(line)), 40)
        for bit in bits:
            bad = bytearray(line)
            bad[bit // 8] ^= 1 << bit % 8
            event = journal.decode(bytes(bad[:-1])) if bad[-1] == 10 else None
            same = event == journal.decode(line[:-1])
            # Digits of the checksum may change their case, and only they.
            assert event is None or same, bad
            count += 1
        path.write_bytes(b"".join([*lines[:number], line[:5] + b"#" + line[6:], *lines[number + 1 :]]))  # fmt: skip
        if number < len(lines) - 1:
            with pytest.raises(ArenaError, match="damaged"):
                journal.replay(path)
    rounds.tally("flipped bits", rounds=count, wrong=0)


def test_commands_on_a_torn_journal(place: Any, whole: Any) -> None:
    """Cut anywhere, also between lines: every command still ends well, and the clean-up loses nothing."""
    dice = random.Random(4)

    def one(_: int) -> None:
        fresh = place.again()
        words = (*place_module.RUN[:3], "--merge", "never", place_module.RUN[-1])
        assert fresh.arena(*words).code == 0
        path = fresh.run / "journal.log"
        text = path.read_bytes()
        path.write_bytes(text[: dice.randrange(len(text))])
        for command in ("status", "list", "resume"):
            rounds.follow(fresh, command)
        rounds.tidy(fresh)

    rounds.each(range(rounds.times(3, 100)), one, "commands on a torn journal")


def test_damage_in_the_middle_is_refused_in_one_line(place: Any) -> None:
    words = (*place_module.RUN[:3], "--merge", "never", place_module.RUN[-1])
    assert place.arena(*words).code == 0
    path = place.run / "journal.log"
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(text)
    refs = place.refs()
    for command in ("status", "resume", "clean", "merge", "undo"):
        done = place.arena(command)
        assert (done.code, len(done.err.strip().splitlines())) == (2, 1), done.err
        assert "damaged" in done.err
    assert (place.refs(), path.read_bytes()) == (refs, bytes(text))
    promises.nothing_lost(place)


def test_a_damaged_run_stops_no_other(place: Any) -> None:
    words = (*place_module.RUN[:3], "--merge", "never", place_module.RUN[-1])
    assert place.arena(*words).code == 0
    bad = place.run
    path = bad / "journal.log"
    path.write_bytes(path.read_bytes().replace(b"planned", b"plamned"))
    done = place.arena(*place_module.RUN)
    assert done.code == 0, done.err
    listed = place.arena("list")
    assert listed.code == 0, listed.err
    assert bad.name in listed.out
    assert "damaged" in listed.out


def test_two_processes_write_one_journal(tmp_path: Path) -> None:
    """No event that was acknowledged is lost, also where one of them ends in the middle of a line."""
    code = """if True:
        import os, sys
        from pathlib import Path
        from arena.journal import Journal
        told = Journal(Path(sys.argv[1]))
        for number in range(200):
            told.add("signal", sys.argv[2], number=number)
        os.write(told._file, b"0123abcd {half")
    """
    path = tmp_path / "journal.log"
    told = Journal(path)
    told.add("begun")
    command = [sys.executable, "-P", "-c", code, str(path)]
    writers = [subprocess.Popen([*command, name]) for name in "ab"]
    for number in range(200):
        told.add("signal", "c", number=number)
    assert [writer.wait(60) for writer in writers] == [0, 0]
    told.add("ended")
    found = list(told.events())
    assert (found[0].kind, found[-1].kind, len(found)) == ("begun", "ended", 602)
    for name in "abc":
        numbers = [e.data["number"] for e in found if e.label == name]
        assert numbers == list(range(200))
    told.close()


def test_a_bad_last_line_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    for number in range(3):
        told = Journal(path)
        told.add("signal", number=number)
        told.close()
        with path.open("ab") as file:
            file.write(b"0123abcd {}\n" if number else b"0123")
    assert [event.data["number"] for event in journal.replay(path)] == [0, 1, 2]


def test_a_clock_that_goes_back(tmp_path: Path, monkeypatch: Any) -> None:
    """Order is the line number: an hour back between all events changes nothing but what is shown."""
    told = Journal(tmp_path / "journal.log")
    now = 1_800_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    kinds = ["begun", "planned", "agent-started", "attempt", "candidate", "landing", "landed"]  # fmt: skip
    for kind in kinds:
        told.add(kind, "a", mode="run", labels=["a"], agent="x", outcome="finished", moves=[])  # fmt: skip
        now -= 3600
    assert [event.kind for event in told.events()] == kinds
    state: dict[str, Any] = {}
    for event in told.events():
        journal.apply(state, event)
    assert state["state"] == "merged"
    told.close()


def test_replay_of_many_events_is_quick(tmp_path: Path, whole: Any) -> None:
    """At most three times what JSON alone takes."""
    sample = [Event(**json.loads(line.partition(b" ")[2])) for line in whole[1].splitlines()]  # fmt: skip
    lines = [journal.encode(sample[n % len(sample)]) for n in range(10_000)]
    path = tmp_path / "journal.log"
    path.write_bytes(b"".join(lines))

    def quickest(action: Any) -> float:
        times = []
        for _ in range(5):
            begun = time.process_time()
            action()
            times.append(time.process_time() - begun)
        return min(times)

    plain = quickest(lambda: [json.loads(line[9:]) for line in lines])
    took = quickest(lambda: journal.replay(path))
    rounds.tally("replay of 10000 events, ms", rounds=round(took * 1000), wrong=0)
    assert took <= 3 * plain, f"{took:.3f} s, JSON alone {plain:.3f} s"


def test_the_journal_costs_a_run_next_to_nothing(place: Any, tmp_path: Path) -> None:
    shutil.rmtree(place.root / "cache/results")  # a run that tests something
    begun = time.monotonic()
    assert place.arena(*place_module.RUN).code == 0
    took, events = time.monotonic() - begun, promises.events(place.run)
    told, costs = Journal(tmp_path / "journal.log"), []
    for event in events * 5:
        begun = time.monotonic()
        told.add(event["kind"], event["label"], **event["data"])
        costs.append(time.monotonic() - begun)
    told.close()
    cost = statistics.median(costs) * len(events)
    rounds.tally("journal, parts per 10000 of a run", rounds=round(1e4 * cost / took), wrong=0)  # fmt: skip
    assert cost <= took / 100, f"{cost:.3f} s of {took:.1f} s"
