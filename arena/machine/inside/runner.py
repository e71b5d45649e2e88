"""Runs a pytest session for the judge, inside the project's Python.

`python -s runner.py ORDER.json`: the order says which tree, options and plugins; events go, one JSON document a
line, to a pipe whose number is in the order. The candidate's code goes on sys.path behind the standard library and
before site-packages, after everything of ours has been imported: an installed copy of the project is shadowed, but
a `json.py` in the candidate's tree shadows nothing.
"""

import json
import os
import random
import sys

from canaries import Canaries

MESSAGE = 1500  # characters kept of a failure
ORDER = (None, "passed", "xpassed", "xfailed", "skipped", "failed", "error")
JSON_REPORT = (
    "-p pytest_metadata.plugin -p pytest_jsonreport.plugin --json-report --json-report-file=none "
    "--json-report-omit collectors log streams keywords traceback warnings"
)


class Channel:
    """The judge's end of a pipe; not inherited by processes that the tests start.

    Each line carries a secret, so that whoever finds the pipe can't speak for us. The order that held it is gone
    when the candidate's code begins.
    """

    def __init__(self, order):
        self.number, self.secret = order["events"], order.pop("secret")
        self.pid = os.getpid()
        os.set_inheritable(self.number, False)

    def send(self, kind, **data):
        line = json.dumps(dict(data, e=kind, s=self.secret)).encode() + b"\n"
        # A test that has forked has a copy of us, which has nothing to say.
        while line and os.getpid() == self.pid:
            line = line[os.write(self.number, line) :]


class Recorder:
    """Tells the judge of every collected id, every outcome and every failed report.

    pytest-json-report alone is not enough: a failing unittest subTest shows there as "subtests passed" (pytest 9),
    and a module that can't be imported only in a list that is too large to keep.
    """

    def __init__(self, channel, order):
        self.channel, self.seed, self.ids = channel, order["order_seed"], order["ids"]
        self.repeat = order["repeat"]
        self.seen, self.report, self.canaries = {}, None, Canaries()

    def pytest_collection_modifyitems(self, items):
        if self.seed is not None:
            names = sorted({item.nodeid.partition("::")[0] for item in items})
            random.Random(self.seed).shuffle(names)
            items.sort(key=lambda item: names.index(item.nodeid.partition("::")[0]))
        if self.ids is not None:
            place = {name: number for number, name in enumerate(self.ids)}
            items[:] = [item for item in items if item.nodeid in place]
            items.sort(key=lambda item: place[item.nodeid])
        items[:] = items * self.repeat

    def pytest_collection_finish(self, session):
        ids = [item.nodeid for item in session.items]
        ids = [name for name in ids if name not in self.canaries.told]
        self.channel.send("collected", ids=ids)

    def pytest_collectreport(self, report):
        if report.failed:
            self.channel.send("broken", id=report.nodeid, message=text_of(report))

    def pytest_runtest_logreport(self, report):
        outcome, seconds, message = self.seen.get(report.nodeid, (None, 0.0, ""))
        outcome = max(outcome, outcome_of(report), key=ORDER.index)
        seconds += getattr(report, "duration", 0.0)
        message = message or (text_of(report) if report.failed else "")
        self.seen[report.nodeid] = outcome, seconds, message

    def pytest_runtest_logfinish(self, nodeid):
        if nodeid in self.canaries.told:
            return
        # At once, so that a run that dies has still told what it knew.
        outcome, seconds, message = self.seen.get(nodeid, (None, 0.0, ""))
        row = (nodeid, outcome or "passed", round(seconds, 4), message)
        self.channel.send("ran", row=row)

    def pytest_json_modifyreport(self, json_report):
        self.report = json_report

    @property
    def tests(self):
        """What was seen of the project's own tests."""
        canaries = self.canaries.told
        return {i: row for i, row in self.seen.items() if i not in canaries}

    def disagreements(self):
        """Ids for which pytest-json-report and the reports that we saw say different things."""
        if self.report is None:
            return []
        told = {t["nodeid"]: t["outcome"] for t in self.report.get("tests", [])}
        for name in self.canaries.told:
            told.pop(name, None)
        seen = {name: row[0] for name, row in self.tests.items()}
        same = [("passed", "failed"), ("subtests passed", "failed")]
        same += [("subtests passed", "passed")]
        pairs = {name: (told.get(name), seen.get(name)) for name in {*told, *seen}}
        return sorted(n for n, (a, b) in pairs.items() if a != b and (a, b) not in same)


class Tracing:
    """Lets coverage trace imports, tests, fixtures and their clean-up, but not what pytest does around them.

    Tracing every line of that costs more than the tests themselves where tests are small (measured: a third).
    """

    def __init__(self, measure):
        self.collector = measure._collector

    def pytest_collection_finish(self):
        self.collector.pause()

    def pytest_sessionfinish(self):
        self.collector.resume()

    def pytest_runtest_setup(self):
        self.collector.resume()
        yield
        self.collector.pause()

    pytest_runtest_call = pytest_runtest_teardown = pytest_runtest_setup


def outcome_of(report):
    """The outcome that one report of a test speaks for; None when it says nothing beyond "went well"."""
    expected, call = hasattr(report, "wasxfail"), report.when == "call"
    if report.failed:
        return "failed" if call else "error"
    if report.skipped:
        return "xfailed" if expected else "skipped"
    return ("xpassed" if expected else "passed") if call else None


def text_of(report):
    text = str(report.longrepr) if report.longrepr is not None else ""
    return text if len(text) <= MESSAGE else "[...]\n" + text[-MESSAGE:]


def begin():
    """(order, channel): what each of these programs starts with; nothing of ours is importable afterwards."""
    with open(sys.argv[1], encoding="utf-8") as file:
        order = json.load(file)
    os.unlink(sys.argv[1])
    here = os.path.realpath(os.path.dirname(__file__))
    sys.path[:] = [p for p in sys.path if p and os.path.realpath(p) != here]
    return order, Channel(order)


def place_code(order):
    """Puts the candidate's code behind the standard library and before everything installed."""
    ours = order["roots"] + order["extra_path"]
    marks = ("site-packages", "dist-packages")
    installed = [any(mark in path for mark in marks) for path in sys.path]
    first = installed.index(True) if True in installed else len(sys.path)
    sys.path[first:first] = ours
    # Processes that tests start must import the candidate's code too.
    os.environ["PYTHONPATH"] = os.pathsep.join(ours)


def folders(paths):
    return tuple(os.path.realpath(path) + os.sep for path in paths)


def imported(order):
    """Where the project's packages were imported from: ([inside the tree], [elsewhere])."""
    (tree,), forbidden = folders([order["tree"]]), folders(order["forbidden"])
    site = folders([sys.prefix, sys.base_prefix])
    inside, outside = set(), set()
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if not isinstance(path, str):
            continue
        real, top = os.path.realpath(path), name.partition(".")[0]
        foreign = real.startswith(forbidden) and not real.startswith(site)
        if real.startswith(tree):
            if top in order["packages"]:
                place = os.sep + os.path.relpath(os.path.dirname(real), tree)
                inside.add(place.partition(os.sep + top)[0].strip(os.sep) or ".")
        elif top in order["packages"] or foreign:
            outside.add("%s from %s" % (top, os.path.dirname(real)))
    return sorted(inside), sorted(outside)


def start_coverage(wanted):
    """The running measurement; None where it is not wanted, or nothing was lent for this version."""
    if not wanted:
        return None
    try:
        import coverage
    except ImportError:
        return None
    options = {
        "data_file": None,
        "config_file": False,
        "branch": False,
        "messages": False,
    }
    measure = coverage.Coverage(**dict(options, **wanted))
    measure._warn_no_data = measure._warn_unimported_source = False
    return measure


def executed(measure, tree):
    """{path relative to the tree: executed lines as [first, last, first, last, ...]}."""
    if measure is None:
        return {}
    measure.stop()
    data, found = measure.get_data(), {}
    for name in data.measured_files():
        ranges = found[os.path.relpath(name, tree)] = []
        for line in sorted(data.lines(name) or ()):
            if ranges and line == ranges[-1] + 1:
                ranges[-1] = line
            else:
                ranges += [line, line]
    return found


def arguments(order, pytest_version):
    words = ["-c", order["ini"]]
    words += ["--rootdir", order["tree"], "--confcutdir", order["tree"]]
    for plugin in order["plugins"]:
        words += ["-p", plugin]
    # Our plugins need a stash, which pytest has since version 7; with an older one our own reports must do.
    if order["confirmed"] and int(pytest_version.partition(".")[0]) >= 7:
        words += JSON_REPORT.split()
    return words + order["options"] + order["targets"]


def main():
    order, channel = begin()
    if order["self_hosted"]:  # the project is part of the test runner itself
        place_code(order)
    sys.path.insert(0, order["lent"])
    sys.path += [order["spare"]] if order["spare"] else []
    import pytest

    measure = start_coverage(order["coverage"])
    if not order["self_hosted"]:
        place_code(order)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # An older pytest runs without pytest-json-report, and would refuse a hook that it does not know.
    pytest.hookimpl(optionalhook=True)(Recorder.pytest_json_modifyreport)
    recorder = Recorder(channel, order)
    sys.argv = ["pytest"] + order["options"] + order["targets"]
    plugins = [recorder]
    if order["confirmed"]:
        pytest.hookimpl(trylast=True)(Canaries.pytest_collection_modifyitems)
        plugins.append(recorder.canaries)
    if measure is not None:
        measure.start()
        inner = pytest.hookimpl(hookwrapper=True, trylast=True)
        inner(Tracing.pytest_runtest_setup)
        plugins.append(Tracing(measure))
    code = int(pytest.main(arguments(order, pytest.__version__), plugins=plugins))
    channel.send("lines", lines=executed(measure, order["tree"]))
    inside, outside = imported(order)
    channel.send(
        "finish",
        code=code,
        inside=inside,
        outside=outside,
        total=len(recorder.tests),
        canaries=recorder.canaries.wrong(recorder.seen),
        disagree=recorder.disagreements(),
    )
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads and exit handlers of the code under test have no say


if __name__ == "__main__":
    main()
