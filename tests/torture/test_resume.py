"""What a kill at certain moments leaves, made by hand: the journal ends there, or a file is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

rounds, promises = sys.modules["torture_rounds"], sys.modules["torture_promises"]
place_module = sys.modules["torture_place"]
WITHOUT_MERGE = (*rounds.AGENTS, "--merge", "never", rounds.PROMPT)
pytestmark = pytest.mark.torture


def cut(run: Path, before: str) -> None:
    """The journal as it was before the first event of that kind."""
    path = run / "journal.log"
    lines = path.read_bytes().splitlines(keepends=True)
    kinds = [event["kind"] for event in promises.events(run)]
    path.write_bytes(b"".join(lines[: kinds.index(before)]))


@pytest.mark.parametrize("missing", ["settings.json", "journal.log", "both"])
def test_a_run_that_was_never_planned(place: Any, missing: str) -> None:
    assert place.arena(*WITHOUT_MERGE).code == 0
    assert place.arena("clean").code == 0
    cut(place.run, "planned")
    for name in ("settings.json", "journal.log"):
        if missing in (name, "both"):
            (place.run / name).unlink()
    done = place.arena("resume")
    assert done.code == 2
    assert "Start it again" in done.last
    assert "arena clean" in done.last
    assert place.arena("clean").code == 0
    assert place.runs == []


def test_a_kill_between_archive_and_journal(place: Any) -> None:
    """The snapshot is archived, and the journal does not know: it is the candidate, not a rival of itself."""
    assert place.arena(*WITHOUT_MERGE).code == 0
    archived = place.refs()
    cut(place.run, "candidate")
    done = place.arena("resume")
    assert done.code == 0, done.err
    assert rounds.verdict(place.run)[0] == "command-1"
    told = [e for e in promises.events(place.run) if e["kind"] == "candidate"]
    refs = {f"refs/arena/archive/{place.run.name}/{e['label']}": e["data"]["commit"] for e in told}  # fmt: skip
    assert refs.items() <= archived.items()
    rounds.tidy(place)


@pytest.mark.parametrize("after", ["verdict", "told", "landing", "landed"])
def test_a_kill_after_the_verdict(place: Any, after: str) -> None:
    """What is left to do is done: report, merge, clean-up."""
    done = place.arena(*rounds.RUN, "--keep")
    assert done.code == 0, done.err
    following = {"verdict": "told", "told": "plan", "landing": "landed", "landed": "ended"}  # fmt: skip
    if after == "verdict":
        (place.run / "result.json").unlink()
    if after in ("verdict", "told"):
        assert place.arena("undo").code == 0
    cut(place.run, following[after] if after != "told" else "landing")
    assert place.arena("status").out.splitlines()[0].endswith("interrupted")
    done = rounds.follow(place, "resume")
    assert done.code == 0, done.err
    assert promises.target_is_tested(place, place.first)
    assert (place.run / "result.json").exists()
    assert rounds.follow(place, "resume").code == 2
    rounds.tidy(place)


def test_scratch_of_dead_processes_goes_and_of_living_ones_stays(place: Any) -> None:
    code = """if True:
        import sys
        from arena.machine import scratch
        with scratch.folder() as place:
            (place / "x").mkdir()
            print(place, flush=True)
            sys.stdin.read()
    """
    living, dead = (
        subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            env=place.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    )
    kept, gone = (Path(one.stdout.readline().strip()) for one in (living, dead))
    dead.kill()
    dead.wait()
    assert (gone / "x").is_dir()
    assert place.arena(*WITHOUT_MERGE).code == 0
    assert not gone.parent.exists()
    assert (kept / "x").is_dir()
    for one in (living, dead):
        one.communicate()
    assert not kept.exists()
