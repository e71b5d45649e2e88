"""pytest 7236: tearDown of a skipped unittest test must not run under --pdb."""

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
    (tmp_path / "test_repro.py").write_text("""
import unittest

class MyTestCase(unittest.TestCase):
    def setUp(self):
        xxx
    @unittest.skip("hello")
    def test_one(self):
        pass
    def tearDown(self):
        xxx
""")
    proc = _pytest(tmp_path, "--pdb", "test_repro.py")
    assert "1 skipped" in proc.stdout and "error" not in proc.stdout.lower(), (
        proc.stdout
    )
    assert "entering PDB" not in proc.stdout
    assert proc.returncode == 0


def test_skip_conditions_and_neighbours(tmp_path):
    (tmp_path / "test_more.py").write_text("""
import unittest

LOG = open("log.txt", "a")

class Thing(unittest.TestCase):
    def setUp(self):
        print("up", self.id().split(".")[-1], file=LOG, flush=True)
    def tearDown(self):
        print("down", self.id().split(".")[-1], file=LOG, flush=True)
    @unittest.skipIf(True, "no")
    def test_a(self):
        pass
    def test_b(self):
        pass
    @unittest.skipUnless(False, "no")
    def test_c(self):
        pass
""")
    proc = _pytest(tmp_path, "--pdb")
    assert "1 passed, 2 skipped" in proc.stdout, proc.stdout
    assert (tmp_path / "log.txt").read_text().split("\n") == [
        "up test_b",
        "down test_b",
        "",
    ]


def test_running_tests_still_torn_down(tmp_path):
    (tmp_path / "test_run.py").write_text("""
import unittest

class Thing(unittest.TestCase):
    def tearDown(self):
        print("down", self.id().split(".")[-1], file=open("log.txt", "a"))
    def test_b(self):
        pass
""")
    for options in ([], ["--pdb"]):
        proc = _pytest(tmp_path, *options)
        assert "1 passed" in proc.stdout, proc.stdout
    assert (tmp_path / "log.txt").read_text() == "down test_b\n" * 2
