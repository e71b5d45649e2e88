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
import sysconfig

MESSAGE = 1500  # characters kept of a failure


class Channel:
    """The judge's end of a pipe; not inherited by processes that the tests start."""

    def __init__(self, number):
        os.set_inheritable(number, False)
        self.number, self.pid = number, os.getpid()

    def send(self, kind, **data):
        if (
            os.getpid() != self.pid
        ):  # a test has forked; its copy of us has nothing to say
            return
        line = json.dumps(dict(data, e=kind)).encode() + b"\n"
        while line:
            line = line[os.write(self.number, line) :]


class Recorder:
    """Tells the judge of every collected id, every outcome and every failed report.

    pytest-json-report alone is not enough: a failing unittest subTest shows there as "subtests passed" (pytest 9),
    and a module that can't be imported only in a list that is too large to keep.
    """

    def __init__(self, channel, order):
        self.channel, self.seed, self.ids = (
            channel,
            order.get("order_seed"),
            order.get("ids"),
        )
        self.seen, self.report = {}, None

    def pytest_collection_modifyitems(self, items):
        if self.seed is not None:
            modules = {}
            for item in items:
                modules.setdefault(item.nodeid.partition("::")[0], []).append(item)
            names = sorted(modules)
            random.Random(self.seed).shuffle(names)
            items[:] = [item for name in names for item in modules[name]]
        if self.ids is not None:
            place = {name: number for number, name in enumerate(self.ids)}
            items[:] = sorted(
                (i for i in items if i.nodeid in place), key=lambda i: place[i.nodeid]
            )

    def pytest_collection_finish(self, session):
        self.channel.send("collected", ids=[item.nodeid for item in session.items])

    def pytest_collectreport(self, report):
        if report.failed:
            self.channel.send("broken", id=report.nodeid, message=text_of(report))

    def pytest_runtest_logreport(self, report):
        outcome, seconds, message = self.seen.get(report.nodeid, (None, 0.0, ""))
        self.seen[report.nodeid] = (
            worse(outcome, outcome_of(report)),
            seconds + getattr(report, "duration", 0.0),
            message or (text_of(report) if report.failed else ""),
        )

    def pytest_runtest_logfinish(self, nodeid):
        # At once, so that a run that dies has still told what it knew.
        outcome, seconds, message = self.seen.get(nodeid, (None, 0.0, ""))
        row = (nodeid, outcome or "passed", round(seconds, 4), message)
        self.channel.send("ran", row=row)


class ReportTaker:
    """Hands the report of pytest-json-report to the recorder; a pytest without that plugin refuses its hook."""

    def __init__(self, recorder):
        self.recorder = recorder

    def pytest_json_modifyreport(self, json_report):
        self.recorder.report = json_report


ORDER = (None, "passed", "xpassed", "xfailed", "skipped", "failed", "error")


def outcome_of(report):
    """The outcome that one report of a test speaks for; None when it says nothing beyond "went well"."""
    expected = hasattr(report, "wasxfail")
    if report.failed:
        return "failed" if report.when == "call" else "error"
    if report.skipped:
        return "xfailed" if expected else "skipped"
    if report.when == "call":
        return "xpassed" if expected else "passed"
    return None


def worse(one, other):
    return max(one, other, key=ORDER.index)


def text_of(report):
    text = str(report.longrepr) if report.longrepr is not None else ""
    return text if len(text) <= MESSAGE else "[...]\n" + text[-MESSAGE:]


def disagreements(recorder):
    """Ids for which pytest-json-report and the reports that we saw say different things."""
    if recorder.report is None:
        return []
    told = {t["nodeid"]: t["outcome"] for t in (recorder.report or {}).get("tests", [])}
    seen = {name: row[0] for name, row in recorder.seen.items()}
    ok = ("passed", "subtests passed")
    return sorted(
        name
        for name in set(told) | set(seen)
        if told.get(name) != seen.get(name)
        and not (told.get(name) in ok and seen.get(name) in ("passed", "failed"))
    )


def place_code(order):
    """Puts the candidate's code behind the standard library and before everything installed."""
    roots = list(order["roots"])
    installed = [p for p in sys.path if "site-packages" in p or "dist-packages" in p]
    first = min([sys.path.index(p) for p in installed] or [len(sys.path)])
    sys.path[first:first] = roots + order["extra_path"]
    # Processes that tests start must import the candidate's code too.
    os.environ["PYTHONPATH"] = os.pathsep.join(roots + order["extra_path"])


def imported(order):
    """Where the project's packages were imported from: ([inside the tree], [elsewhere])."""
    tree = os.path.realpath(order["tree"]) + os.sep
    forbidden = tuple(os.path.realpath(p) + os.sep for p in order["forbidden"])
    site = tuple(os.path.realpath(p) + os.sep for p in (sys.prefix, sys.base_prefix))
    inside, outside = set(), set()
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if not isinstance(path, str):
            continue
        real, top = os.path.realpath(path), name.partition(".")[0]
        if real.startswith(tree):
            if top in order["packages"]:
                inside.add(
                    os.path.dirname(os.path.relpath(real, tree)).partition(
                        os.sep + top
                    )[0]
                )
        elif top in order["packages"] or (
            real.startswith(forbidden) and not real.startswith(site)
        ):
            outside.add("%s from %s" % (top, os.path.dirname(real)))
    return sorted(inside), sorted(outside)


def start_coverage(order):
    if not order["coverage"]:
        return None
    import coverage

    wanted = order["coverage"]
    measure = coverage.Coverage(
        data_file=None,
        config_file=False,
        branch=False,
        include=wanted.get("include"),
        source=wanted.get("source"),
        messages=False,
    )
    measure._warn_no_data = False
    measure._warn_unimported_source = False
    return measure


def executed(measure, tree):
    """{path relative to the tree: executed lines as [first, last, first, last, ...]}."""
    if measure is None:
        return {}
    measure.stop()
    data = measure.get_data()
    found = {}
    for name in data.measured_files():
        ranges = []
        for line in sorted(data.lines(name) or ()):
            if ranges and line == ranges[-1] + 1:
                ranges[-1] = line
            else:
                ranges += [line, line]
        found[os.path.relpath(name, tree)] = ranges
    return found


def has_stash(version):
    """Whether pytest-json-report and pytest-metadata can work with this pytest; older ones have our reports only."""
    return int(version.partition(".")[0]) >= 7


def pytest_arguments(order, pytest_version):
    words = [
        "-c",
        order["ini"],
        "--rootdir",
        order["tree"],
        "--confcutdir",
        order["tree"],
    ]
    for plugin in order["plugins"]:
        words += ["-p", plugin]
    if has_stash(pytest_version):
        words += ["-p", "pytest_metadata.plugin", "-p", "pytest_jsonreport.plugin"]
        words += ["--json-report", "--json-report-file=none", "--json-report-omit"]
        words += ["collectors", "log", "streams", "keywords", "traceback", "warnings"]
    return words + order["options"] + order["targets"]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        order = json.load(file)
    channel = Channel(order["events"])
    here = os.path.realpath(os.path.dirname(__file__))
    sys.path[:] = [p for p in sys.path if p and os.path.realpath(p) != here]
    if order["self_hosted"]:  # the project is part of the test runner itself
        place_code(order)
    sys.path.insert(0, order["lent"])
    import pytest

    if not order["self_hosted"]:
        place_code(order)
    measure = start_coverage(order)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    plugins = [Recorder(channel, order)]
    recorder = plugins[0]
    if has_stash(pytest.__version__):
        plugins.append(ReportTaker(recorder))
    sys.argv = ["pytest"] + order["options"] + order["targets"]
    if measure is not None:
        measure.start()
    code = int(
        pytest.main(pytest_arguments(order, pytest.__version__), plugins=plugins)
    )
    lines = executed(measure, order["tree"])
    inside, outside = imported(order)
    channel.send("lines", lines=lines)
    channel.send(
        "finish",
        code=code,
        inside=inside,
        outside=outside,
        total=len(recorder.seen),
        disagree=disagreements(recorder),
        pytest=pytest.__version__,
        purelib=sysconfig.get_path("purelib"),
    )
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads and exit handlers of the code under test have no say


if __name__ == "__main__":
    main()
