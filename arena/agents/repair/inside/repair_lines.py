"""Which lines of a project's code each test executes: three recorders with one shape.

Runs in the project's Python (3.8 or newer). A recorder is asked to `begin(test)` and `end()`; what it saw comes
from `take()` as `{test: {file: [lines]}}`, emptied each time. coverage.py is the quickest, `sys.monitoring`
(3.12) nearly as quick, `sys.settrace` works everywhere.
"""

import os
import sys


class Inside:
    """Says whether a code object's file belongs to the tree; the answer is kept."""

    def __init__(self, tree):
        self.top, self.known = os.path.realpath(tree) + os.sep, {}

    def __call__(self, name):
        try:
            return self.known[name]
        except KeyError:
            inside = os.path.abspath(name).startswith(self.top) and (
                "site-packages" not in name
            )
            return self.known.setdefault(name, inside)


class Coverage:
    """coverage.py with one context per test."""

    def __init__(self, tree):
        import coverage

        top = os.path.realpath(tree)
        self.cov = coverage.Coverage(
            data_file=None, config_file=False, include=[os.path.join(top, "*")]
        )
        self.cov.start()

    def begin(self, test):
        self.cov.switch_context(test)

    def end(self):
        self.cov.switch_context("")

    def take(self):
        data, found = self.cov.get_data(), {}
        for name in data.measured_files():
            for line, tests in data.contexts_by_lineno(name).items():
                for test in tests:
                    found.setdefault(test, {}).setdefault(name, []).append(line)
        self.cov.erase()
        return found

    def close(self):
        self.cov.stop()


class Trace:
    """sys.settrace, following only frames of the tree."""

    def __init__(self, tree):
        self.inside, self.test, self.seen = Inside(tree), "", set()
        self.found = {}
        sys.settrace(self.call)

    def call(self, frame, event, arg):
        if not self.inside(frame.f_code.co_filename):
            return None
        self.seen.add((frame.f_code.co_filename, frame.f_lineno))
        return self.line

    def line(self, frame, event, arg):
        if event == "line":
            self.seen.add((frame.f_code.co_filename, frame.f_lineno))
        return self.line

    def begin(self, test):
        self.end()
        self.test = test
        sys.settrace(self.call)

    def end(self):
        files = self.found.setdefault(self.test, {})
        for name, line in self.seen:
            files.setdefault(os.path.abspath(name), []).append(line)
        self.seen, self.test = set(), ""

    def take(self):
        self.end()
        found, self.found = self.found, {}
        return found

    def close(self):
        sys.settrace(None)


class Monitor(Trace):
    """sys.monitoring: each line reports once per test, then is quiet until the next test."""

    def __init__(self, tree):
        self.tool = sys.monitoring
        self.inside, self.test, self.seen, self.found = Inside(tree), "", set(), {}
        self.id = 4  # free for all; 0 to 3 and 5 have customary owners
        self.tool.use_tool_id(self.id, "repair")
        self.tool.register_callback(self.id, self.tool.events.LINE, self.on_line)
        self.tool.set_events(self.id, self.tool.events.LINE)

    def on_line(self, code, line):
        if self.inside(code.co_filename):
            self.seen.add((code.co_filename, line))
        return self.tool.DISABLE

    def begin(self, test):
        self.end()
        self.test = test
        self.tool.restart_events()

    def close(self):
        self.tool.set_events(self.id, 0)
        self.tool.free_tool_id(self.id)


def choose(tree, wanted):
    """The wanted kind of recorder, or the best that works here: coverage, monitoring, trace."""
    if wanted == "coverage":
        try:
            return Coverage(tree)
        except Exception:  # absent, or made for another Python
            pass
    if wanted != "trace" and hasattr(sys, "monitoring"):
        try:
            return Monitor(tree)
        except ValueError:  # the tool id is taken
            pass
    return Trace(tree)
