"""Runs a project's own test suite and says what each test did."""

import json
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from _store import HERE, load_json


@dataclass
class Outcome:
    """What one run of a suite showed."""

    tests: dict = field(default_factory=dict)
    collection_errors: list = field(default_factory=list)
    seconds: float = 0.0
    timed_out: bool = False

    def ids(self, outcome):
        """The sorted node ids with that outcome."""
        return sorted(test for test, seen in self.tests.items() if seen == outcome)


def _environment(record):
    """The environment of a suite: fixed locale and zone, no bytecode, the recorder on the path."""
    drop = ("PYTEST_", "COVERAGE_", "PYTHON")
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(drop)
    }
    return kept | {
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(HERE / "plugin"),
        "DEFECT_OUTCOMES": str(record),
    }


def run_suite(python, tree, timeout):
    """Run the suite of `tree` with a time limit in seconds; the whole process group ends with it."""
    command = [
        str(python),
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "defect_outcomes",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        record = Path(scratch) / "outcomes.json"
        start = time.monotonic()
        quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        process = subprocess.Popen(
            command, cwd=tree, env=_environment(record), start_new_session=True, **quiet
        )
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return Outcome(seconds=time.monotonic() - start, timed_out=True)
        seconds = time.monotonic() - start
        try:
            found = load_json(record)
        except (FileNotFoundError, json.JSONDecodeError):
            return Outcome(
                collection_errors=["no outcome was recorded"], seconds=seconds
            )
        return Outcome(found["tests"], found["collection_errors"], seconds)
