"""pytest 9359: the traceback of a failing assert must not show the decorator line of the next statement."""

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


def test_reported_example(tmp_path):
    (tmp_path / "test_statement.py").write_text("""
from pytest import fixture


def t(foo):
    return foo


@fixture
def foo():
    return 1


def test_right_statement(foo):
    assert foo == (3 + 2) * (6 + 9)

    @t
    def inner():
        return 2

    assert 2 == inner


@t
def outer():
    return 2
""")
    out = _pytest(tmp_path).stdout
    assert ">       assert foo == (3 + 2) * (6 + 9)\nE       assert 1 == " in out, out
    assert "@t" not in out, out


def test_decorated_class_and_several_decorators(tmp_path):
    (tmp_path / "test_second.py").write_text("""
def deco(*args):
    return lambda obj: obj


def test_with_class():
    value = "left"
    assert value == 'right'
    @deco(1)
    class Local:
        pass


def test_with_async():
    value = 5
    assert value == 6

    @deco("first")
    @deco("second")
    async def local():
        pass
""")
    out = _pytest(tmp_path).stdout
    assert (
        ">       assert value == 'right'\nE " in out
        and ">       assert value == 6\nE " in out
    ), out
    assert "@deco" not in out, out


def test_whole_multi_line_statement_still_shown(tmp_path):
    (tmp_path / "test_third.py").write_text("""
def test_lines():
    value = 5
    assert value == max(
        1,
        2,
    )
    after = 1
""")
    out = _pytest(tmp_path).stdout
    assert (
        ">       assert value == max(\n            1,\n            2,\n        )\nE "
        in out
    ), out
    assert "after = 1" not in out
