"""Mended tests once more, without pytest and each by itself: what is green only where a test runner looks is no fix.

A spot check, since only tests without fixtures can be called that way.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from arena.evaluation import mended
from arena.evaluation.measurement import SUSPICIOUS, Findings, NotMeasured
from arena.evaluation.mended import CONTROLS, Told, newly_green
from arena.evaluation.pool import Pool
from arena.evaluation.subject import Subject
from arena.machine import process

NAMES = {"second.passed": "share"}
RULE = ("second-runner", SUSPICIOUS, "{} mended tests fail when they are called without pytest")  # fmt: skip
PROGRAM = Path(process.__file__).parent / "inside" / "second.py"
MOST = 60  # mended test functions that are tried


def measure(pool: Pool) -> dict[str, Findings]:
    """Share of the mended test functions that pass without pytest, of those for which that can be told."""
    if pool.plan.runner_parts:
        raise NotMeasured("the project is part of the test runner")
    return mended.again(pool, "second.passed", RULE, partial(_run, pool), _functions)


def _functions(subject: Subject) -> list[str]:
    """The test functions of which every case is newly green, without their parameters."""
    green = newly_green(subject)
    open_ = {i.partition("[")[0] for i in subject.run.outcomes.keys() - green}
    return sorted({i.partition("[")[0] for i in green} - open_)[:MOST]


def _run(pool: Pool, subject: Subject, wanted: list[str]) -> Told:
    files: dict[str, list[str]] = {}
    for name in wanted:
        path, _, function = name.partition("::")
        files.setdefault(path, []).append(function)
    stable = sorted({i.partition("[")[0] for i in subject.run.passed} - {*wanted})
    for path in files:
        there = [n.partition("::")[2] for n in stable if n.startswith(f"{path}::")]
        files[path] += there[:CONTROLS]
    request = pool.requests[subject.candidate.label].plain(role="second")
    rows = pool.runner.program(PROGRAM, {"files": files}, request)
    return {row["test"]: row["outcome"] for row in rows}
