"""Runs arena's command line in a fresh child per order, and makes one of its writes fail, or kills it there.

Arena itself knows nothing of this: the interpreter tells an audit hook of each file that is opened, renamed, made or
removed and of each program that is started, and an exception raised there makes that very call fail with it. Only
`os.write` and `os.fsync` have no such event, so they are wrapped.

Orders come as JSON, a line each; the answers are two lines: the process, then how it ended. What takes long to load
is loaded once, before the children are forked.
"""

from __future__ import annotations

import atexit
import errno
import importlib
import json
import mmap
import os
import pkgutil
import signal
import stat
import struct
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# What the audit hook calls a step → the errors that a disk or the system can answer there.
TAKES_ROOM, ALL = {"ENOSPC", "EIO", "EROFS", "EACCES"}, {"EIO", "EROFS", "EACCES"}
STEPS = {
    "open": TAKES_ROOM,
    "os.rename": TAKES_ROOM,
    "os.mkdir": TAKES_ROOM,
    "os.symlink": TAKES_ROOM,
    "os.link": TAKES_ROOM,
    "os.truncate": ALL,
    "os.remove": ALL,
    "os.rmdir": ALL,
    "os.chmod": {"EROFS", "EACCES"},
    "os.write": {"ENOSPC", "EIO"},
    "os.fsync": {"ENOSPC", "EIO"},
    "subprocess.Popen": set(),
}
# Which files a step may be on; anything else (/dev, /proc) is no write of ours.
ELSEWHERE = ("/dev/", "/proc/", "/sys/")


class Fault:
    """Counts the steps of this process and acts at one of them.

    `kind` is kill (the whole process group), alone (this process), the name of an error, or none; `on` says that
    everything after that step fails as well, as on a full disk.
    """

    def __init__(self, told: mmap.mmap, *, kind: str, at: int, on: bool) -> None:
        self.told, self.kind, self.at, self.on = told, kind, at, on
        self.count, self.lock = 0, threading.Lock()

    def step(self, name: str, what: object) -> None:
        """One more step; kills us or raises OSError if it is the one."""
        kills = self.kind in ("kill", "alone")
        if not kills and self.kind != "none" and self.kind not in STEPS[name]:
            return
        with self.lock:
            self.count += 1
            hit = self.count == self.at
            if hit or not self.at:
                text = f"{name} {what}"[-400:].encode("utf-8", "replace")
                self.told[8 : 8 + len(text) + 1] = text + b"\0"
            self.told[:8] = struct.pack("<II", self.count, self.count >= self.at > 0)
        if not (hit or (self.on and self.count > self.at > 0)):
            return
        if self.kind == "kill":
            os.killpg(0, signal.SIGKILL)
        elif self.kind == "alone":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.kind != "none":
            number = getattr(errno, self.kind)
            raise OSError(number, os.strerror(number), str(what))

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        """The audit hook."""
        if event not in STEPS:
            return
        what = args[0]
        if event == "open" and not (isinstance(args[2], int) and args[2] & WRITING):
            return
        if event == "subprocess.Popen":
            what = " ".join(map(os.fsdecode, args[1]))
        if isinstance(what, int) and event != "os.truncate":
            return
        if str(what).startswith(ELSEWHERE):
            return
        self.step(event, what)

    def install(self) -> None:
        """From now on every step of this process counts."""
        write, fsync = os.write, os.fsync

        def short_write(number: int, data: bytes) -> int:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                return write(number, data)
            try:
                self.step("os.write", number)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                return write(number, data[: len(data) // 2])  # a full disk takes a part
            return write(number, data)

        def synced(number: int) -> None:
            self.step("os.fsync", number)
            fsync(number)

        os.write, os.fsync = short_write, synced
        sys.addaudithook(self.hook)


def load() -> None:
    """Imports all of arena, so that a child has nothing left to load."""
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"
    import arena.agents
    import arena.commands
    import arena.evaluation
    import arena.machine
    import arena.report
    from arena.machine import preload

    for package in (arena, arena.agents, arena.commands, arena.evaluation, arena.machine, arena.report):  # fmt: skip
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(("__main__", ".inside", ".repair")):
                importlib.import_module(module.name)
    for name in (*preload.HEAVY, "git", "filelock", "jinja2", "coverage", "platformdirs"):  # fmt: skip
        importlib.import_module(name)


def child(order: dict[str, Any], told: mmap.mmap) -> int:
    """What the forked process does; returns the exit code."""
    os.setsid()
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    tempfile.tempdir = None
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, path in ((1, order["stdout"]), (2, order["stderr"])):
        os.dup2(os.open(path, flags, 0o600), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["arena", *order["words"]]
    from arena import cli

    main: Callable[[list[str]], None] = cli.main
    Fault(told, **order["fault"]).install()
    try:
        main(order["words"])
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    finally:
        threading._shutdown()  # as the interpreter would
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def serve(order: dict[str, Any]) -> None:
    """Carries out one order."""
    told = mmap.mmap(-1, 4096)
    pid = os.fork()
    if not pid:
        code = 99
        try:
            code = child(order, told)
        except BaseException:  # noqa: BLE001 - shown, as the interpreter would
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)
    print(pid, flush=True)
    _, status = os.waitpid(pid, 0)
    count, hit = struct.unpack("<II", told[:8])
    where = bytes(told[8:]).split(b"\0")[0].decode("utf-8", "replace")
    answer = {"code": os.waitstatus_to_exitcode(status), "steps": count, "hit": bool(hit), "where": where}  # fmt: skip
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    load()
    print("ready", flush=True)
    for line in sys.stdin:
        serve(json.loads(line))
