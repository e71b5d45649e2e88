"""pytest 7490: an xfail mark added to request.node while the test runs must count like a static one."""

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
    (tmp_path / "test_foo.py").write_text("""
import pytest


def test_xfail_test(request):
    mark = pytest.mark.xfail(reason="xfail")
    request.node.add_marker(mark)
    assert 0
""")
    proc = _pytest(tmp_path, "-rsx", "test_foo.py")
    assert "1 xfailed" in proc.stdout and "failed," not in proc.stdout, proc.stdout
    assert "XFAIL test_foo.py::test_xfail_test" in proc.stdout
    assert proc.returncode == 0


def test_mark_with_expected_exception(tmp_path):
    (tmp_path / "test_more.py").write_text("""
import pytest


@pytest.mark.parametrize("value", ["1", "x"])
def test_number(request, value):
    if value == "x":
        request.node.add_marker(pytest.mark.xfail(raises=ValueError, strict=True))
    assert int(value) == 1


class TestGroup:
    def test_method(self, request):
        request.applymarker(pytest.mark.xfail)
        raise RuntimeError("known")
""")
    proc = _pytest(tmp_path)
    assert "1 passed, 2 xfailed" in proc.stdout, proc.stdout
    assert proc.returncode == 0


def test_other_failures_still_fail(tmp_path):
    (tmp_path / "test_bad.py").write_text("""
import pytest


def test_wrong_exception(request):
    request.node.add_marker(pytest.mark.xfail(raises=ValueError))
    raise KeyError("x")


def test_no_mark():
    assert 0


@pytest.mark.xfail
def test_static():
    assert 0


def test_mark_added_by_fixture(marked):
    assert 0


@pytest.fixture
def marked(request):
    request.node.add_marker(pytest.mark.xfail)
""")
    proc = _pytest(tmp_path)
    assert "2 failed, 2 xfailed" in proc.stdout, proc.stdout
    assert "4 failed" in _pytest(tmp_path, "--runxfail").stdout
