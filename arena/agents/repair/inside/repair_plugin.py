"""A pytest plugin that picks tests, notes outcomes, tracebacks and executed lines, and sends them off.

Runs in the project's Python (3.8 or newer, pytest 6 or newer).
"""

import json
import os
import signal
import sys
import time

import pytest

RANK = {"other": 0, "passed": 1, "failed": 2}


class TestTookTooLong(BaseException):
    """Not an Exception, so that a test's own `except Exception` does not swallow it."""


class Channel:
    """JSON lines to a file descriptor; forked copies of this process in tests have nothing to say."""

    def __init__(self, number):
        self.number, self.pid = number, os.getpid()

    def send(self, kind, **data):
        if os.getpid() != self.pid:
            return
        line = json.dumps(dict(data, e=kind)).encode() + b"\n"
        while line:
            line = line[os.write(self.number, line) :]


def outcome_of(report):
    """What one report argues for; None when it says nothing (a set-up that went well)."""
    if report.failed:
        return "failed"
    if report.skipped or hasattr(report, "wasxfail"):
        return "other"
    return "passed" if report.when == "call" else None


def frames_of(error, tree):
    """The frames of a traceback that lie in the tree, outermost first: [[file, line]]."""
    found, trace = [], error.__traceback__
    while trace is not None:
        name = os.path.abspath(trace.tb_frame.f_code.co_filename)
        if name.startswith(tree + os.sep):
            found.append([name, trace.tb_lineno])
        trace = trace.tb_next
    return found[-12:]


class Recorder:
    """Picks the wanted tests, in the wanted order, and reports on each as it ends."""

    def __init__(self, channel, order, lines=None):
        self.channel, self.lines = channel, lines
        self.tree = os.path.realpath(order["tree"])
        self.wanted = order.get("ids")
        self.deadline = order.get("deadline")
        self.limit = order.get("test_limit")
        self.quit_early = order.get("quit_early", False)
        self.seen, self.frames, self.broken = {}, {}, set()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, session, config, items):
        for name in sorted({item.nodeid.partition("::")[0] for item in items}):
            self.channel.send("file", id=name, ok=name not in self.broken)
        if self.wanted is not None:
            place = {name: number for number, name in enumerate(self.wanted)}
            chosen = [item for item in items if item.nodeid in place]
            items[:] = sorted(chosen, key=lambda item: place[item.nodeid])

    def pytest_collectreport(self, report):
        if report.failed:
            self.broken.add(report.nodeid)
            self.channel.send("file", id=report.nodeid, ok=False)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item, nextitem):
        if self.lines:
            self.lines.begin(item.nodeid)
        yield
        if self.lines:
            self.lines.end()
        if self.deadline and time.time() > self.deadline:
            item.session.shouldstop = "the time is over"

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item):
        if not self.limit or not hasattr(signal, "setitimer"):
            yield
            return
        signal.signal(signal.SIGALRM, too_long)
        signal.setitimer(signal.ITIMER_REAL, self.limit)
        yield
        signal.setitimer(signal.ITIMER_REAL, 0)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        if call.excinfo is not None and item.nodeid not in self.frames:
            self.frames[item.nodeid] = frames_of(call.excinfo.value, self.tree)
        yield

    def pytest_runtest_logreport(self, report):
        outcome = outcome_of(report)
        known, seconds = self.seen.get(report.nodeid, (None, 0.0))
        if outcome and (known is None or RANK[outcome] > RANK[known]):
            known = outcome
        seconds += getattr(report, "duration", 0.0)
        self.seen[report.nodeid] = (known, seconds)

    def pytest_runtest_logfinish(self, nodeid):
        outcome, seconds = self.seen.get(nodeid, (None, 0.0))
        frames = self.frames.get(nodeid, []) if outcome == "failed" else []
        self.channel.send(
            "ran",
            id=nodeid,
            outcome=outcome or "other",
            seconds=round(seconds, 4),
            frames=frames,
        )
        if self.quit_early and outcome == "failed":
            raise pytest.exit.Exception("one failed")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        if self.lines:
            for test, files in self.lines.take().items():
                self.channel.send("lines", id=test, files=files)
            self.lines.close()
        outside = [name for name in sys.modules if self.from_elsewhere(name)]
        self.channel.send("modules", names=outside)
        self.channel.send("end")

    def from_elsewhere(self, name):
        """Whether a module is not of the tree and may be imported ahead of the project."""
        path = getattr(sys.modules.get(name), "__file__", None)
        if not isinstance(path, str) or name.startswith(("repair_", "__", "conftest")):
            return False
        return not os.path.realpath(path).startswith(self.tree + os.sep)


def too_long(number, frame):
    raise TestTookTooLong("this test took too long")
