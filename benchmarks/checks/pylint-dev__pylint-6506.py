"""pylint 6506: an unrecognized option must give the message and a usage tip, not a traceback."""

import os
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


def _check(proc, *options):
    assert (
        "Traceback" not in proc.stdout and "_UnrecognizedOptionError" not in proc.stdout
    ), proc.stdout
    assert "E0015" in proc.stdout and "unrecognized-option" in proc.stdout, proc.stdout
    for option in options:
        assert option in proc.stdout
    assert "usage" in proc.stdout.lower() or "--help" in proc.stdout, proc.stdout
    assert proc.returncode != 0


def test_reported_short_option(tmp_path):
    _check(_pylint(tmp_path, "-Q"), "Unrecognized option found: Q")


def test_long_options_with_a_module(tmp_path):
    (tmp_path / "good.py").write_text('"""Doc."""\nVALUE = 1\n')
    _check(
        _pylint(tmp_path, "good.py", "--no-such-thing=yes", "--other-thing"),
        "no-such-thing",
        "other-thing",
    )


def test_known_options_still_lint(tmp_path):
    (tmp_path / "good.py").write_text('"""Doc."""\nVALUE = 1\n')
    proc = _pylint(tmp_path, "good.py", "--score=n")
    assert proc.returncode == 0 and proc.stdout.strip() == "", proc.stdout
