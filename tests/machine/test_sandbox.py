"""The sandbox, by code that tries to get out of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arena.machine import environment, process, sandbox
from arena.machine.sandbox import Isolation

needs_bwrap = pytest.mark.skipif(
    not sandbox.available(), reason="bubblewrap is missing: apt install bubblewrap"
)
Inside = Callable[..., str]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    (folder / "home").mkdir(parents=True)
    return folder


@pytest.fixture
def inside(place: Path) -> Inside:
    """Runs Python code in the sandbox and returns what it printed."""

    def run(
        code: str, *, network: bool = False, hidden: tuple[Path, ...] = (), **env: str
    ) -> str:
        argv = sandbox.wrap(
            [sys.executable, "-c", code],
            isolation=sandbox.isolation(allow_network=network),
            cwd=place,
            writable=[place],
            readable=[Path(sys.prefix), Path(sys.base_prefix)],
            hidden=hidden,
        )
        process.run(
            argv,
            cwd=place,
            env=environment.clean_variables(env, home=place / "home"),
            log=place / "log",
            timeout=20,
        )
        return (place / "log").read_text().strip()

    return run


@pytest.fixture
def port() -> Iterator[int]:
    """A service on this machine that takes every connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    server.accept()[0].close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        over.set()
        thread.join()


CONNECT = """
import socket
try: socket.create_connection(("127.0.0.1", {port}), timeout=3); print("connected")
except OSError as e: print(type(e).__name__)
"""


@needs_bwrap
def test_there_is_no_network_unless_allowed(inside: Inside, port: int) -> None:
    assert inside(CONNECT.format(port=port)) == "ConnectionRefusedError"
    assert inside(CONNECT.format(port=port), network=True) == "connected"
    outside = "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    outside += (
        "try: s.connect(('192.0.2.1', 9)); print('out')\nexcept OSError: print('shut')"
    )
    assert inside(outside) == "shut"


@needs_bwrap
def test_its_own_servers_work(inside: Inside) -> None:
    code = (
        "import socket\nwith socket.create_server(('127.0.0.1', 0)) as s:\n"
        "    socket.create_connection(s.getsockname()); print('works')"
    )
    assert inside(code) == "works"


@needs_bwrap
def test_only_the_place_is_writable(inside: Inside, place: Path) -> None:
    code = """
import os
for name in ({place!r} + "/new", "/etc/arena-test", "/usr/arena-test", {lib!r} + "/arena-test"):
    try: open(name, "w").close(); print("wrote")
    except OSError as e: print(e.strerror)
"""
    said = inside(code.format(place=str(place), lib=sys.prefix)).splitlines()
    assert said == ["wrote", *["Read-only file system"] * 3]
    assert (place / "new").exists()


@needs_bwrap
def test_the_temporary_folders_and_homes_are_its_own(inside: Inside) -> None:
    with tempfile.NamedTemporaryFile(dir="/tmp") as ours:
        code = f"""
import os, pathlib
print(os.path.exists({ours.name!r}))
pathlib.Path("/tmp/arena-sandbox-test").write_text("x")
print(os.listdir("/home"), os.environ["HOME"], os.environ["TMPDIR"])
"""
        said = inside(code).splitlines()
    assert said[0] == "False"
    assert said[1].startswith("[] ")
    assert not Path("/tmp/arena-sandbox-test").exists()


@needs_bwrap
def test_what_is_hidden_is_not_there(inside: Inside) -> None:
    # Under a folder that the profile does not cover by itself, as it does the temporary one.
    here = Path(__file__).resolve().parent
    if here.is_relative_to(Path(tempfile.gettempdir()).resolve()):
        pytest.skip("this checkout lies below the temporary folder")
    folder = Path(tempfile.mkdtemp(dir=here, prefix=".hidden-"))
    try:
        (folder / "secret").write_text("x")
        code = f"import os; print(os.listdir({str(folder)!r}))"
        assert inside(code) == "['secret']"
        assert inside(code, hidden=(folder, Path("/no/such/folder"))) == "[]"
    finally:
        shutil.rmtree(folder)


@needs_bwrap
def test_processes_outside_are_out_of_sight_and_secrets_too(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hush-hush")
    code = """
import glob, os
print(len([n for n in os.listdir("/proc") if n.isdigit()]) < 5)
found = b"".join(open(n, "rb").read() for n in glob.glob("/proc/[0-9]*/environ"))
print(b"hush-hush" in found, b"SECRET_TOKEN" in found, os.environ.get("ALLOWED"))
"""
    assert inside(code, ALLOWED="yes").splitlines() == ["True", "False False yes"]


@needs_bwrap
def test_a_daemon_in_it_dies_with_it(inside: Inside, place: Path) -> None:
    name = f"arena-test-{os.getpid()}"
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        open({str(place / 'up')!r}, 'w'); os.execv('/bin/sh', [{name!r}, '-c', 'sleep 60; :'])\n"
        f"    os._exit(0)\nwhile not os.path.exists({str(place / 'up')!r}): time.sleep(0.01)"
    )
    inside(code)
    commands = [
        p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if p.exists()
    ]
    assert not any(name.encode() in c.split(b"\0")[:1] for c in commands)


@needs_bwrap
def test_the_exit_code_and_a_result_channel_pass_through(place: Path) -> None:
    reading, writing = os.pipe()
    argv = sandbox.wrap(
        [sys.executable, "-c", f"import os; os.write({writing}, b'x'); os._exit(7)"],
        isolation=sandbox.isolation(allow_network=False),
        cwd=place,
        writable=[place],
        readable=[Path(sys.prefix), Path(sys.base_prefix)],
        hidden=[],
    )
    done = process.run(
        argv, cwd=place, env={"PATH": os.environ["PATH"]}, log=place / "log", timeout=20, pass_fds=[writing]
    )  # fmt: skip
    os.close(writing)
    assert (done.exit_code, os.read(reading, 9)) == (7, b"x")
    os.close(reading)


@needs_bwrap
def test_a_link_to_a_readable_folder_shows_its_target(
    inside: Inside, place: Path
) -> None:
    real = place.parent / "real"
    (real / "deep").mkdir(parents=True)
    (place.parent / "link").symlink_to(real)
    argv = sandbox.wrap(
        ["ls", str(place.parent / "link"), str(real)],
        isolation=sandbox.isolation(allow_network=False),
        cwd=place,
        writable=[place],
        readable=[place.parent / "link", real / "deep"],
        hidden=[],
    )
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.stdout.count("deep") == 2, done.stderr


@needs_bwrap
def test_full_isolation_says_so() -> None:
    found = sandbox.isolation(allow_network=False)
    assert (found.level, found.network) == ("full", False)
    assert "no network" in found.words
    open_ = sandbox.isolation(allow_network=True)
    assert (open_.level, open_.network) == ("full", True)
    assert "no network" not in open_.words


def test_without_isolation_nothing_is_wrapped_and_that_is_said(tmp_path: Path) -> None:
    none = sandbox.isolation(allow_network=False, wanted=False)
    assert (none.level, none.network) == ("none", True)
    assert none.words == "none: the candidates' code ran with your rights"
    assert sandbox.wrap(
        ("a", "b"), isolation=none, cwd=tmp_path, writable=[], readable=[], hidden=[]
    ) == ["a", "b"]


def test_a_missing_bubblewrap_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    sandbox.available.cache_clear()
    try:
        found = sandbox.isolation(allow_network=False)
    finally:
        sandbox.available.cache_clear()
    assert isinstance(found, Isolation)
    assert "bubblewrap is not installed" in found.words
