"""The door to processes: limits, whole-tree kill, capped output, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from arena.errors import ArenaError
from arena.machine import process

from .conftest import Start, alive

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and subreapers")

# Each program writes the id of a process that tries to outlive it.
CHILD = """
import os, signal, subprocess, sys, time
kid = subprocess.Popen([sys.executable, "-c", {inside!r}], start_new_session={session})
open("pid", "w").write(str(kid.pid))
time.sleep({then})
"""
SLEEP = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('armed', flush=True); time.sleep(60)"
)
DAEMON = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for number in (0, 1, 2): os.close(number)
        open("pid.tmp", "w").write(str(os.getpid()))
        os.rename("pid.tmp", "pid")
        time.sleep(60)
    os._exit(0)
os.wait()
while not os.path.exists("pid"): time.sleep(0.01)
"""


def pid_in(folder: Path) -> int:
    return int((folder / "pid").read_text())


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_the_exit_code_is_the_commands(start: Start, code: int) -> None:
    ran = start(f"import sys; print('hello'); sys.exit({code})")
    assert (ran.done.exit_code, ran.done.reason, ran.out) == (
        code,
        "exited",
        b"hello\n",
    )
    assert ran.done.survivors == 0
    assert ran.done.seconds > 0


def test_a_signal_shows_as_negative_exit_code(start: Start) -> None:
    ran = start("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert (ran.done.exit_code, ran.done.reason) == (-signal.SIGSEGV, "exited")


def test_processor_time_of_the_whole_tree_is_counted(start: Start) -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    ran = start(
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    )
    assert ran.done.cpu_seconds >= 0.3


def test_the_time_limit_ends_a_command(start: Start) -> None:
    ran = start("print('begun', flush=True); import time; time.sleep(60)", timeout=0.5)
    assert (ran.done.reason, ran.out) == ("timeout", b"begun\n")
    assert ran.done.exit_code == -signal.SIGTERM
    assert ran.seconds < 5


def test_the_time_limit_ends_a_command_that_ignores_the_polite_signal(
    start: Start,
) -> None:
    ran = start(STUBBORN, timeout=0.5, grace=0.3)
    assert (ran.done.reason, ran.done.exit_code) == ("timeout", -signal.SIGKILL)
    assert ran.seconds < 5


def test_the_polite_signal_leaves_time_to_tidy_up(start: Start) -> None:
    code = (
        "import signal, sys, time\n"
        "def end(*_): print('tidied', flush=True); sys.exit(5)\n"
        "signal.signal(signal.SIGTERM, end); time.sleep(60)"
    )
    ran = start(code, timeout=0.5)
    assert (ran.done.exit_code, ran.out) == (5, b"tidied\n")


@linux
def test_a_fork_bomb_is_stopped_before_it_takes_the_machine(start: Start) -> None:
    # Each goes on to two, for ever.
    code = "import os, time\nwhile True:\n    os.fork()\n    time.sleep(0.1)\n"
    ran = start(code, most=process.Most(60, 1 << 40), timeout=60)
    assert ran.done.reason == "processes"
    assert ran.seconds < 20


@linux
def test_memory_of_all_processes_together_is_bounded(start: Start) -> None:
    code = (
        "import os, time\n"
        "for _ in range(3):\n"
        "    os.fork()\n"
        "kept = b'x' * (30 << 20)\n"
        "time.sleep(60)\n"
    )
    ran = start(code, most=process.Most(1000, 150 << 20), timeout=60)
    assert ran.done.reason == "memory"
    assert ran.seconds < 20


def test_silence_ends_a_command_and_output_is_a_sign_of_life(start: Start) -> None:
    code = (
        "import time\n"
        "for n in range(5): print(n, flush=True); time.sleep(0.25)\n"
        "time.sleep(60)"
    )
    ran = start(code, silence=0.7)
    assert (ran.done.reason, ran.out) == ("silent", b"0\n1\n2\n3\n4\n")
    assert 1.5 < ran.done.seconds < 6


def test_a_changed_file_is_a_sign_of_life_but_not_gits_own(
    start: Start, tmp_path: Path
) -> None:
    watched = tmp_path / "tree"
    (watched / ".git").mkdir(parents=True)
    code = (
        "import pathlib, sys, time\n"
        "for n in range(6): pathlib.Path(sys.argv[1]).write_text(str(n)); time.sleep(0.25)\n"
    )
    for name, reason in (("file", "exited"), (".git/index", "silent")):
        argv = [sys.executable, "-c", code, str(watched / name)]
        # A file system may round times down to a tick, so the limit is well above the pause.
        assert start(argv, silence=0.9, watch=watched).done.reason == reason, name


@linux
@pytest.mark.parametrize("session", [False, True])
@pytest.mark.parametrize("inside", [SLEEP, STUBBORN])
def test_children_that_outlive_the_command_are_killed_and_counted(
    start: Start, tmp_path: Path, inside: str, session: bool
) -> None:
    ran = start(CHILD.format(inside=inside, session=session, then=0.3))
    assert (ran.done.reason, ran.done.exit_code, ran.done.survivors) == ("exited", 0, 1)
    assert not alive(pid_in(tmp_path))
    assert ran.seconds < 5


@linux
def test_children_die_with_a_command_that_is_out_of_time(
    start: Start, tmp_path: Path
) -> None:
    ran = start(
        CHILD.format(inside=STUBBORN, session=True, then=60), timeout=0.6, grace=0.3
    )
    assert (ran.done.reason, ran.done.survivors) == ("timeout", 0)
    assert not alive(pid_in(tmp_path))


@linux
def test_a_daemon_that_forked_twice_is_killed(start: Start, tmp_path: Path) -> None:
    ran = start(DAEMON)
    assert (ran.done.reason, ran.done.exit_code, ran.done.survivors) == ("exited", 0, 1)
    assert not alive(pid_in(tmp_path))


@linux
def test_a_child_that_keeps_the_output_open_delays_nothing(start: Start) -> None:
    ran = start("import subprocess; subprocess.Popen(['sleep', '60']); print('done')")
    assert (ran.done.exit_code, ran.out) == (0, b"done\n")
    assert ran.seconds < 4


def test_output_beyond_the_cap_keeps_its_head_and_its_end(start: Start) -> None:
    ran = start("import sys; sys.stdout.write('a' * 300_000 + 'end')", cap=1000)
    head, _, tail = ran.out.partition(b"\n[... ")
    assert head == b"a" * 1000
    assert tail.startswith(b"%d bytes left out ...]\n" % (300_003 - 1000 - 65536))
    assert tail.endswith(b"aaaend")
    assert len(ran.out) < 67_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_stops_no_command(start: Start) -> None:
    code = "print('a' * 300_000); raise SystemExit(3)"
    done = start(code, log=Path("/dev/full"), cap=1000).done
    assert (done.exit_code, done.reason) == (3, "exited")


def test_output_just_over_the_cap_is_whole(start: Start) -> None:
    ran = start("print('a' * 1500)", cap=1000)
    assert ran.out.count(b"a") == 1500


def test_errors_go_to_their_own_file(start: Start, tmp_path: Path) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr)"
    assert sorted(start(code).out.split()) == [b"err", b"out"]
    assert start(code, errors=tmp_path / "errors").out == b"out\n"
    assert (tmp_path / "errors").read_bytes() == b"err\n"


def test_output_need_not_be_text(start: Start) -> None:
    ran = start(r"import sys; sys.stdout.buffer.write(b'\xff\0\r\n')")
    assert ran.out == b"\xff\0\r\n"


def test_standard_input_is_empty_or_the_named_file(
    start: Start, tmp_path: Path
) -> None:
    code = "import sys; print(repr(sys.stdin.read()))"
    assert start(code).out == b"''\n"
    (tmp_path / "given").write_text("words")
    assert start(code, stdin=tmp_path / "given").out == b"'words'\n"


def test_the_environment_is_exactly_what_is_given(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    ran = start(["/usr/bin/env"], env={"ONE": "1"})
    assert ran.out == b"ONE=1\n"


def test_a_result_channel_reaches_the_command_and_ends_with_it(start: Start) -> None:
    reading, writing = os.pipe()
    start(f"import os; os.write({writing}, b'result')", pass_fds=(writing,))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"result"


def test_other_open_files_do_not_reach_the_command(
    start: Start, tmp_path: Path
) -> None:
    with (tmp_path / "open").open("wb") as file:
        os.set_inheritable(file.fileno(), True)
        ran = start(
            f"import os\ntry: os.fstat({file.fileno()})\nexcept OSError: print('shut')"
        )
    assert ran.out == b"shut\n"


@pytest.mark.parametrize("argv", [["/no/such/program"], ["/etc/passwd"], ["a\0b"]])
def test_what_can_not_be_started_is_said(start: Start, argv: list[str]) -> None:
    with pytest.raises(ArenaError, match="can't start"):
        start(argv)


def test_stop_all_ends_what_runs(start: Start, tmp_path: Path) -> None:
    timer = threading.Timer(0.7, process.stop_all)
    timer.start()
    ran = start(CHILD.format(inside=SLEEP, session=True, then=60))
    assert ran.done.reason == "stopped"
    assert not alive(pid_in(tmp_path))
    assert ran.seconds < 5


@linux
def test_everything_dies_with_us(tmp_path: Path) -> None:
    """`kill -9` of the caller: the supervisor sees the end of its input."""
    (tmp_path / "victim.py").write_text(
        CHILD.format(inside=STUBBORN, session=True, then=60)
    )
    caller = (
        "from pathlib import Path; from arena.machine import process\n"
        "process.run([{0!r}, 'victim.py'], cwd=Path({1!r}), env={{}}, log=Path({1!r}, 'log'), "
        "timeout=60, grace=0.2)"
    ).format(sys.executable, str(tmp_path))
    us = subprocess.Popen([sys.executable, "-c", caller])
    end = time.monotonic() + 10
    while (
        not (tmp_path / "log").exists()
        or b"armed" not in (tmp_path / "log").read_bytes()
    ):
        assert time.monotonic() < end
        time.sleep(0.02)
    us.kill()
    us.wait()
    while alive(pid_in(tmp_path)):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_many_at_once_do_not_mix(tmp_path: Path) -> None:
    def one(number: int) -> None:
        done = process.run(
            [sys.executable, "-c", f"print({number}); raise SystemExit({number})"],
            cwd=tmp_path,
            env={},
            log=tmp_path / f"log{number}",
            timeout=20,
        )
        found[number] = (done.exit_code, (tmp_path / f"log{number}").read_text())

    found: dict[int, tuple[int, str]] = {}
    threads = [threading.Thread(target=one, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: (n, f"{n}\n") for n in range(6)}


def test_capture_tells_code_and_both_outputs() -> None:
    code = "import sys; print('ü'); print('e', file=sys.stderr); sys.exit(4)"
    said = process.capture([sys.executable, "-c", code], env={"PYTHONUTF8": "1"})
    assert (said.exit_code, said.stdout, said.stderr) == (4, "ü\n", "e\n")


def test_capture_gives_no_input_and_survives_odd_bytes(tmp_path: Path) -> None:
    code = (
        r"import os, sys; os.write(1, b'\xff' + sys.stdin.buffer.read() + os.getcwdb())"
    )
    said = process.capture([sys.executable, "-c", code], cwd=tmp_path)
    assert said.stdout == f"\\xff{tmp_path}"


def test_capture_says_what_went_wrong() -> None:
    with pytest.raises(ArenaError, match=r"no answer in 0\.2 s"):
        process.capture([sys.executable, "-c", SLEEP], timeout=0.2)
    with pytest.raises(ArenaError, match="can't start '/no/such/program'"):
        process.capture(["/no/such/program"])


def test_which_finds_programs(tmp_path: Path) -> None:
    assert process.which("sh") == process.which("/bin/sh") or process.which("sh")
    assert process.which("no-such-program") is None
    (tmp_path / "mine").write_text("#!/bin/sh\n")
    (tmp_path / "mine").chmod(0o755)
    assert process.which("mine", path=str(tmp_path)) == str(tmp_path / "mine")


TICKS = """
import subprocess, sys, time
inside = "import time\\nwhile True: open('ticks', 'a').write('.'); time.sleep(0.02)"
kid = subprocess.Popen([sys.executable, "-c", inside], start_new_session=True)
time.sleep(60)
"""


@linux
def test_a_held_command_stands_still_with_its_clocks_until_it_may_go_on(
    start: Start, tmp_path: Path
) -> None:
    stem, ticks = tmp_path / "a", tmp_path / "ticks"
    found: dict[str, int] = {}

    def size() -> int:
        return ticks.stat().st_size if ticks.exists() else 0

    def hold() -> None:
        while not size():
            time.sleep(0.01)
        (tmp_path / "a.pause").touch()
        time.sleep(0.8)
        found["held"] = size()
        time.sleep(1.5)  # longer than the limit
        found["still"] = size()
        (tmp_path / "a.pause").unlink()

    helper = threading.Thread(target=hold)
    helper.start()
    ran = start(TICKS, timeout=2.0, control=stem)
    helper.join()
    assert found["held"] == found["still"]
    assert size() > found["still"], "it went on"
    assert ran.done.reason == "timeout"
    assert ran.done.seconds < 3.5, "what it was held up for is not its own time"


@linux
def test_a_command_is_stopped_by_a_file_also_while_it_is_held(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "a.pause").touch()
    later = threading.Timer(0.5, (tmp_path / "a.stop").touch)
    later.start()
    ran = start(DAEMON + "time.sleep(60)", control=tmp_path / "a", grace=0.5)
    assert ran.done.reason == "stopped"
    assert not (tmp_path / "pid").exists() or not alive(pid_in(tmp_path))
