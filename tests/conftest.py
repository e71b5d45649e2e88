"""In CI nothing may be skipped: a missing tool there is a fault of `.ci/run`, not a reason to pass."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

# The tests are no package: what several folders of them need is loaded here, by its name.
SHARED = Path(__file__).parent / "tiny.py"
spec = importlib.util.spec_from_file_location("tiny", SHARED)
assert spec is not None
assert spec.loader is not None
module = sys.modules["tiny"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    forbidden = os.environ.get("ARENA_FORBID_SKIPS") and not exitstatus
    if forbidden and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("ARENA_FORBID_SKIPS is set, and tests were skipped.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
