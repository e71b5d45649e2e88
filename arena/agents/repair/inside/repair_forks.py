"""A warm pytest that forks one child per request: `python repair_forks.py ORDER.json`.

Requests are JSON lines on standard input, answers JSON lines on a pipe whose number is in the order. The server
goes through pytest's start-up once and stops where the collection begins; there it forks. No source file of
the project that may be changed has been imported at that moment (it checks, and says "late" otherwise; then the
caller starts it again with `"early": true`, and it forks before pytest's start-up). So each child imports the
changed file afresh, and nothing that a child does reaches the next one. UniAPR (Chen, Ouyang, Zhang 2021) shows
why: validating patches in one process without a reset gives wrong answers.

Runs in the project's Python (3.8 or newer, with os.fork).
"""

import gc
import importlib
import json
import os
import select
import signal
import sys
import time

import repair_plugin
import repair_runner


def loaded(order):
    """The files which may be changed and are imported already."""
    sources = set(order["sources"])
    paths = [getattr(m, "__file__", None) for m in list(sys.modules.values())]
    return sorted({p for p in paths if isinstance(p, str)} & sources)


def preload(names):
    """Import what the tests need from elsewhere (standard library, installed packages)."""
    for name in names:
        if name not in sys.modules:
            try:
                importlib.import_module(name)
            except BaseException:  # an optional module may do anything at import
                continue


def confine(limit_bytes):
    """A changed program may try to take all memory."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass


class Server:
    """Answers requests by forked children, one at a time."""

    def __init__(self, order):
        self.order, self.out = order, order["channel"]
        os.set_inheritable(self.out, False)
        self.requests = os.dup(0)  # tests may close or read standard input
        os.set_inheritable(self.requests, False)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        self.pending = b""

    def reply(self, **data):
        line = json.dumps(data).encode() + b"\n"
        while line:
            line = line[os.write(self.out, line) :]

    def next_request(self):
        """One request; None when the caller has gone."""
        while b"\n" not in self.pending:
            piece = os.read(self.requests, 65536)
            if not piece:
                return None
            self.pending += piece
        line, _, self.pending = self.pending.partition(b"\n")
        return json.loads(line)

    def serve(self):
        """Loop in the parent, never returns there; in a child, returns (request, channel number)."""
        gc.collect()
        gc.freeze()
        while True:
            request = self.next_request()
            if request is None:
                os._exit(0)
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                os.setsid()
                os.close(reading)
                os.close(self.out)
                confine(self.order["memory"])
                return request, writing
            os.close(writing)
            self.reply(**self.watch(child, reading, request["limit"]))
            os.close(reading)

    def watch(self, child, reading, limit):
        """Read a child's events until it ends or its time is over; its whole session ends with it."""
        end, data, late = time.monotonic() + limit, b"", False
        while b'"e": "end"}' not in data:
            left = end - time.monotonic()
            if left <= 0 or not select.select([reading], [], [], left)[0]:
                late = True
                break
            piece = os.read(reading, 65536)
            if not piece:
                break
            data += piece
        try:
            os.killpg(child, signal.SIGKILL)
        except OSError:  # not yet a session of its own, or gone
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return {"late": late, "events": data.decode("utf-8", "replace")}


class Hub:
    """Stops pytest where collection begins and forks there."""

    def __init__(self, server):
        self.server = server

    @repair_plugin.pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session):
        preload(self.server.order["preload"])
        found = loaded(self.server.order)
        if found:
            self.server.reply(ready=False, loaded=found)
            os._exit(0)
        self.server.reply(ready=True)
        request, number = self.server.serve()
        session.config.args[:] = request["files"]
        channel = repair_plugin.Channel(number)
        recorder = repair_plugin.Recorder(channel, dict(self.server.order, **request))
        session.config.pluginmanager.register(recorder, "repair-recorder")


def run_early(server):
    """Fork before pytest's start-up: slower, for projects whose conftest imports the project."""
    server.reply(ready=True)
    request, number = server.serve()
    channel = repair_plugin.Channel(number)
    recorder = repair_plugin.Recorder(channel, dict(server.order, **request))
    options = server.order["options"] + request["files"]
    repair_plugin.pytest.main(options, plugins=[recorder])
    os._exit(0)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        order = json.load(file)
    repair_runner.place(order)
    server = Server(order)
    if order["early"]:
        run_early(server)
    else:
        files = order["options"] + order["files"]
        repair_plugin.pytest.main(files, plugins=[Hub(server)])
    os._exit(0)


if __name__ == "__main__":
    main()
