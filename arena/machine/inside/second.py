"""A second runner: calls test functions that need no fixture, each in a process of its own, without pytest.

`python -s second.py ORDER.json`: one JSON document a line goes to the pipe named in the order. What passes only where
pytest runs, or only after other tests, fails here by its own assertion; everything else that may go wrong in this
spare surrounding says nothing.
"""

import importlib
import inspect
import itertools
import os
import signal
import sys
import unittest

from runner import begin, place_code

SECONDS = 20  # of one test
PASSED, FAILED, NOTHING = "passed", "failed", "n/a"
PREPARED = ("setup_module", "setup_function", "setup_class", "setup_method", "setup")


def module_at(path):
    """The test module, under the name that pytest would give it."""
    folder, name = os.path.split(os.path.splitext(path)[0])
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        name = package + "." + name
    sys.path.insert(0, folder)
    return importlib.import_module(name)


def calls(module, name):
    """The calls that a test function stands for; None if it needs what only pytest can give."""
    owner, _, function = name.rpartition("::")
    holder = getattr(module, owner) if owner else module
    if owner and issubclass(holder, unittest.TestCase):
        return [lambda: unit(holder(function))]
    if any(hasattr(one, hook) for one in (module, holder) for hook in PREPARED):
        return None
    target = getattr(holder() if owner else holder, function)
    marks = [*marks_of(module), *(marks_of(holder) if owner else ()), *marks_of(target)]
    if any(mark.name != "parametrize" for mark in marks):
        return None
    rows = [list(values(*mark.args[:2])) for mark in marks]
    given = {key for row in rows for one in row for key in one}
    wanted = inspect.signature(target).parameters.values()
    needs = {p.name for p in wanted if p.default is p.empty}
    if needs - given or inspect.iscoroutinefunction(target):
        return None
    choices = [{k: v for one in chosen for k, v in one.items()} for chosen in itertools.product(*rows)]  # fmt: skip
    return [lambda given=given: target(**given) for given in choices]


def marks_of(thing):
    found = getattr(thing, "pytestmark", [])
    return found if isinstance(found, list) else [found]


def values(names, rows):
    """{argument: value} for each row of a parametrisation."""
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",") if name.strip()]
    for row in rows:
        if type(row).__name__ == "ParameterSet":
            yield dict(zip(names, row.values))
        else:
            yield dict(zip(names, row if len(names) > 1 else (row,)))


def unit(case):
    result = unittest.TestResult()
    case(result)
    if result.failures:
        raise AssertionError(result.failures[0][1])
    if result.errors or result.skipped or not result.testsRun:
        raise RuntimeError


def forget_pytest():
    """Code under test that asks whether pytest runs it gets no for an answer."""
    for name in list(sys.modules):
        if name.partition(".")[0] in ("pytest", "_pytest", "pluggy"):
            del sys.modules[name]


def apart(job):
    """The exit code of a process of its own in which a job ran: 0 well, 1 a failed assertion, 2 anything else."""
    child = os.fork()
    if child == 0:
        code = 2
        try:
            os.setsid()
            quiet = os.open(os.devnull, os.O_RDWR)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            signal.alarm(SECONDS)
            job()
            code = 0
        except AssertionError:
            code = 1
        except (
            BaseException
        ) as error:  # what pytest.fail and pytest.raises end with is no Exception
            code = 1 if type(error).__name__ == "Failed" else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 2


def outcome(module, name):
    try:
        jobs = calls(module, name)
    except Exception:
        return NOTHING
    forget_pytest()
    codes = {apart(job) for job in jobs or ()}
    return FAILED if 1 in codes else PASSED if codes == {0} else NOTHING


def of_file(order, path, names):
    """(test, outcome) of one file's tests, from a process of its own, since importing it may do anything."""
    reading, writing = os.pipe()

    def told():
        os.close(order["events"])
        module = module_at(os.path.join(order["tree"], path))
        for name in names:
            os.write(writing, ("%s %s\n" % (outcome(module, name), name)).encode())

    apart(told)
    os.close(writing)
    with os.fdopen(reading, errors="replace") as pipe:
        rows = [line.rstrip("\n").partition(" ") for line in pipe]
    return [(path + "::" + name, said) for said, _, name in rows if name in names]


def main():
    order, channel = begin()
    sys.path += [order["spare"]] if order["spare"] else []
    place_code(order)
    for path, names in order["files"].items():
        for test, said in of_file(order, path, names):
            channel.send("test", test=test, outcome=said)


if __name__ == "__main__":
    main()
