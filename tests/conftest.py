"""In CI nothing may be skipped: a missing tool there is a fault of `.ci/run`, not a reason to pass."""

import os

import pytest


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    forbidden = os.environ.get("ARENA_FORBID_SKIPS") and not exitstatus
    if forbidden and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("ARENA_FORBID_SKIPS is set, and tests were skipped.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
