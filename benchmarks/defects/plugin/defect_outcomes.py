"""A pytest plugin that writes one outcome per test node id to the file named by DEFECT_OUTCOMES.

An outcome is ``passed``, ``failed`` or ``other`` (skipped, expected failure). A test whose set-up, call,
tear-down or any subtest failed is ``failed``. Modules that cannot be collected are listed apart.
"""

import json
import os
from pathlib import Path

_RANK = {"other": 0, "passed": 1, "failed": 2}
_tests: dict[str, str] = {}
_collection_errors: list[str] = []


def _outcome(report):
    """The outcome one report argues for, or None if it says nothing (a passed set-up or tear-down)."""
    if report.failed:
        return "failed"
    if report.skipped or hasattr(report, "wasxfail"):
        return "other"
    return "passed" if report.when == "call" else None


def pytest_runtest_logreport(report):
    """Keep the worst outcome seen for the test."""
    outcome = _outcome(report)
    known = _tests.get(report.nodeid)
    if outcome and (known is None or _RANK[outcome] > _RANK[known]):
        _tests[report.nodeid] = outcome


def pytest_collectreport(report):
    """Note what could not be collected."""
    if report.failed:
        _collection_errors.append(report.nodeid)


def pytest_sessionfinish():
    """Write the outcomes."""
    target = os.environ.get("DEFECT_OUTCOMES")
    if target:
        record = {"tests": _tests, "collection_errors": _collection_errors}
        Path(target).write_text(json.dumps(record), encoding="utf-8")
