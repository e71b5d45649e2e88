"""pylint 8898: a regular expression with a comma must be usable in bad-names-rgxs."""

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


def _bad_names(tmp_path, regex, config):
    names = ["fo", "foo", "foooo", "bar", "baaar", "xyz"]
    (tmp_path / "mod.py").write_text(
        "".join("def %s():\n    pass\n" % n for n in names)
    )
    if config:
        (tmp_path / "my.toml").write_text(
            "[tool.pylint.basic]\nbad-names = []\nbad-names-rgxs = '%s'\n" % regex
        )
        args = ["--rcfile=my.toml"]
    else:
        args = ["--bad-names=", "--bad-names-rgxs=" + regex]
    proc = _pylint(
        tmp_path,
        "mod.py",
        "--disable=all",
        "--enable=disallowed-name",
        "--score=n",
        *args,
    )
    return proc.stdout, sorted(re.findall(r'Disallowed name "(\w+)"', proc.stdout))


def _check(tmp_path, regex, expected, config=False):
    """Commas written as they are or, if the implementation wants it, escaped by a backslash."""
    results = [
        _bad_names(tmp_path, r, config) for r in (regex, regex.replace(",", "\\,"))
    ]
    assert any(
        "Traceback" not in out and found == expected for out, found in results
    ), results


def test_reported_regex_in_toml(tmp_path):
    _check(tmp_path, "(foo{1,3})", ["foo", "foooo"], config=True)


def test_other_regex_on_command_line(tmp_path):
    _check(tmp_path, "(x|ba{2,}r)", ["baaar", "xyz"])


def test_regex_that_was_split_silently(tmp_path):
    _check(tmp_path, "fo{3,5}$", ["foooo"])


def test_comma_still_separates_expressions(tmp_path):
    assert _bad_names(tmp_path, "foo.*,bar", False)[1] == ["bar", "foo", "foooo"]
    assert _bad_names(tmp_path, "xyz, bar", True)[1] == ["bar", "xyz"]
