"""Tests of the judge's own, which the runner mixes with the project's: some must fail, some must pass.

A runner that was patched by the code under test shows by their outcome, in the style of pytest and of unittest,
before, between and after the other tests. Their names and numbers are random, and they are written when the last
module of the tree has been imported, so that nothing can be prepared for them.
"""

import os
import pathlib
import random
import tempfile

SOURCE = """
import unittest

def test_{fail}(): assert {one} + {other} == {sum} + 1
def test_{good}(): assert {one} + {other} == {sum}

class Test{file}(unittest.TestCase):
    def test_{fail}(self): self.assertEqual({one} + {other}, {sum} + 1)
    def test_{good}(self): self.assertEqual({one} + {other}, {sum})
"""


class Canaries:
    """A plugin of pytest. `told` says by id what each is, `wanted` the outcome that it must have, `lost` what could
    not be made."""

    def __init__(self):
        self.draw = random.SystemRandom()
        self.told, self.wanted, self.lost = {}, {}, []

    def pytest_collection_modifyitems(self, session, items):
        files = [item.nodeid.partition("::")[0] for item in items]
        # Only between two modules: else fixtures of a module would be made twice.
        breaks = [n for n in range(1, len(files)) if files[n] != files[n - 1]]
        middle = sorted(breaks, key=lambda n: abs(2 * n - len(files)))[:1]
        places = [("last", len(files)), *(("middle", n) for n in middle), ("first", 0)]
        for name, place in places if items else ():
            items[place:place] = self.made(session, name)

    def made(self, session, place):
        one, other = (self.draw.randrange(10, 99) for _ in range(2))
        fail, good, file = ("w%08x" % self.draw.getrandbits(32) for _ in range(3))
        name = session.config.getini("python_files")[0].replace("*", file)
        if not name.endswith(".py") or "/" in name:
            return []
        path = os.path.join(tempfile.mkdtemp(), name)
        values = {"fail": fail, "good": good, "file": file, "one": one, "other": other}
        with open(path, "w", encoding="utf-8") as target:
            target.write(SOURCE.format(sum=one + other, **values))
        try:
            found = list(session.genitems(module_of(session, path)))
        except (
            Exception
        ) as error:  # a pytest that is too old (on the base, too), or was patched
            self.lost.append("%s: %s" % (place, type(error).__name__))
            return []
        for item in found:
            must_fail = fail in item.name
            style = "unittest" if "Test" + file in item.nodeid else "pytest"
            kind = "must fail" if must_fail else "must pass"
            self.told[item.nodeid] = "%s, %s, %s" % (place, style, kind)
            self.wanted[item.nodeid] = "failed" if must_fail else "passed"
        return found

    def wrong(self, seen):
        """Those that did not end as they must, and how they ended."""
        ended = {name: seen.get(name, ["not run"])[0] for name in self.told}
        wrong = [name for name in ended if ended[name] != self.wanted[name]]
        told = ["%s: %s" % (self.told[name], ended[name]) for name in wrong]
        return sorted(told + self.lost)


def module_of(session, path):
    """The collector of one file, whichever pytest it is."""
    import pytest

    try:
        return pytest.Module.from_parent(session, path=pathlib.Path(path))
    except TypeError:  # before pytest 7
        import py

        return pytest.Module.from_parent(session, fspath=py.path.local(path))
