"""pylint 6386: the short option -v must work like --verbose, without an argument."""

import os
import re
import subprocess
import sys


def _pylint(cwd, *args):
    env = dict(os.environ, PYLINTHOME=str(cwd / "pylint-data"))
    env["PYTHONPATH"] = os.pathsep.join(
        [os.getcwd()]
        + [os.path.abspath(p) for p in env.get("PYTHONPATH", "").split(os.pathsep) if p]
    )
    return subprocess.run(
        [sys.executable, "-m", "pylint"] + list(args),
        cwd=str(cwd),
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _module(tmp_path):
    (tmp_path / "mytest.py").write_text("import os\n")


def test_short_option_after_the_file(tmp_path):
    _module(tmp_path)
    short, long = (
        _pylint(tmp_path, "mytest.py", "-v", "--score=n"),
        _pylint(tmp_path, "mytest.py", "--verbose", "--score=n"),
    )
    assert "expected one argument" not in short.stdout
    assert "unused-import" in short.stdout
    assert "config file" in long.stdout
    assert (short.returncode, short.stdout) == (long.returncode, long.stdout)


def test_short_option_does_not_take_the_file(tmp_path):
    _module(tmp_path)
    short, long = (
        _pylint(tmp_path, "-v", "mytest.py", "--score=n"),
        _pylint(tmp_path, "--verbose", "mytest.py", "--score=n"),
    )
    assert "unused-import" in short.stdout
    assert (short.returncode, short.stdout) == (long.returncode, long.stdout)


def test_help_shows_no_value_for_verbose(tmp_path):
    out = _pylint(tmp_path, "--help").stdout
    assert re.search(r"--verbose\b", out)
    assert not re.search(r"--verbose[ =]+\[?<?VERBOSE", out, re.I)
    assert not re.search(r"-v[ =]+\[?<?VERBOSE", out, re.I)


def test_without_option_not_verbose(tmp_path):
    _module(tmp_path)
    proc = _pylint(tmp_path, "mytest.py", "--score=n")
    assert "unused-import" in proc.stdout and "config file" not in proc.stdout
