"""pytest 10356: a class inheriting from several marked classes must have the marks of all of them."""

import os
import subprocess
import sys


def _pytest(tmp_path, *args):
    env = dict(os.environ)
    env.pop("PYTEST_ADDOPTS", None)
    env["PYTHONPATH"] = os.pathsep.join(
        os.path.abspath(p) for p in env.get("PYTHONPATH", "").split(os.pathsep) if p
    )
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"] + list(args),
        cwd=str(tmp_path),
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )


INI = "[pytest]\nmarkers =\n    foo\n    bar\n    baz\n    own\n"
NAMES = "{m.name for m in request.node.iter_markers()}"


def test_reported_example(tmp_path):
    (tmp_path / "pytest.ini").write_text(INI)
    (tmp_path / "test_it.py").write_text(
        """
import pytest
class Base(object):
    pass
@pytest.mark.foo
class Foo(Base):
    pass
@pytest.mark.bar
class Bar(Base):
    pass
class TestDings(Foo, Bar):
    def test_dings(self, request):
        assert %s == {"foo", "bar"}
"""
        % NAMES
    )
    proc = _pytest(tmp_path)
    assert proc.returncode == 0 and "1 passed" in proc.stdout, proc.stdout
    proc = _pytest(tmp_path, "-m", "foo and bar")
    assert proc.returncode == 0 and "1 passed" in proc.stdout, proc.stdout


def test_three_bases_one_of_them_indirect_and_own_mark(tmp_path):
    (tmp_path / "pytest.ini").write_text(INI)
    (tmp_path / "test_it.py").write_text(
        """
import pytest
class One:
    pytestmark = pytest.mark.foo
class Two:
    pytestmark = [pytest.mark.bar]
class SubTwo(Two):
    pass
@pytest.mark.baz
class Three:
    pass
@pytest.mark.own
class TestAll(One, SubTwo, Three):
    def test_all(self, request):
        assert %s == {"foo", "bar", "baz", "own"}
"""
        % NAMES
    )
    proc = _pytest(tmp_path)
    assert proc.returncode == 0 and "1 passed" in proc.stdout, proc.stdout


def test_bases_and_single_inheritance_unchanged(tmp_path):
    (tmp_path / "pytest.ini").write_text(INI)
    (tmp_path / "test_it.py").write_text(
        """
import pytest
@pytest.mark.parametrize("arg", [1, 2])
class TestFoo:
    def test_foo(self, request, arg):
        assert "own" not in %s
@pytest.mark.own
class TestSub(TestFoo):
    def test_sub(self, request, arg):
        assert %s == {"parametrize", "own"}
class TestPlain:
    def test_plain(self, request):
        assert %s == set()
"""
        % (NAMES, NAMES, NAMES)
    )
    proc = _pytest(tmp_path, "-k", "not (TestSub and test_foo)")
    assert proc.returncode == 0 and "5 passed" in proc.stdout, proc.stdout
