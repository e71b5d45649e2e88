"""pytest 5692: the testsuite element of the JUnit XML report must have hostname and timestamp."""

import datetime
import os
import platform
import re
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest


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


def _suite(tmp_path, family):
    (tmp_path / "pytest.ini").write_text("[pytest]\njunit_family=%s\n" % family)
    (tmp_path / "test_sample.py").write_text(
        "def test_ok():\n    pass\ndef test_bad():\n    assert 0\n"
    )
    proc = _pytest(tmp_path, "--junitxml=report.xml")
    root = ET.parse(str(tmp_path / "report.xml")).getroot()
    suite = root if root.tag == "testsuite" else root.find("testsuite")
    assert suite is not None, proc.stdout
    return suite


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_hostname(tmp_path, family):
    suite = _suite(tmp_path, family)
    assert suite.get("hostname") in (
        platform.node(),
        socket.gethostname(),
        socket.getfqdn(),
    )


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_timestamp_is_the_time_of_the_run(tmp_path, family):
    suite = _suite(tmp_path, family)
    stamp = suite.get("timestamp")
    assert stamp and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", stamp), stamp
    time = datetime.datetime.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")
    offsets = [
        abs((now - time).total_seconds())
        for now in (datetime.datetime.now(), datetime.datetime.utcnow())
    ]
    assert min(offsets) < 60, stamp


def test_other_attributes_unchanged(tmp_path):
    suite = _suite(tmp_path, "xunit1")
    assert [suite.get(k) for k in ("name", "tests", "failures", "errors")] == [
        "pytest",
        "2",
        "1",
        "0",
    ]
    assert float(suite.get("time")) >= 0
    assert len(suite.findall("testcase")) == 2
