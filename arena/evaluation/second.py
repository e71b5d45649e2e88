"""Mended tests once more, without pytest and each by itself: what is green only where a test runner looks is no fix.

A spot check, since only tests without fixtures can be called that way. A test counts where the second runner is fit
for it: another candidate passes it there, or, if nobody else mends it, all other tests of its file that are tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from arena.evaluation.controls import newly_green
from arena.evaluation.measurement import (
    SUSPICIOUS,
    Findings,
    NotMeasured,
    flag,
    missing,
    share,
)
from arena.evaluation.pool import Pool
from arena.evaluation.subject import Subject
from arena.machine import process

NAMES = {"second.passed": "share"}
PROGRAM = Path(process.__file__).parent / "inside" / "second.py"
CONTROLS = 8  # tests of a file that show whether the second runner is fit for it
MOST = 60  # mended test functions that are tried
Told = Mapping[str, str]  # test function → passed, failed or n/a


def measure(pool: Pool) -> dict[str, Findings]:
    """Share of the mended test functions that pass without pytest, of those for which that can be told."""
    if pool.plan.kind != "pytest" or pool.plan.runner_parts:
        raise NotMeasured("the tests are not run by pytest, or test the runner itself")
    mended = {s.candidate.label: _functions(s) for s in pool.working}
    labels = [label for label, names in mended.items() if names]
    by_label = {s.candidate.label: s for s in pool.working}
    told = pool.each(labels, lambda name: _run(pool, by_label[name], mended[name]))
    nothing = Findings({"second.passed": missing("no red test became green")})
    found = {s.candidate.label: nothing for s in pool.subjects}
    for label in labels:
        counted = [t for t in mended[label] if fit(t, label, mended, told)]
        failed = [t for t in counted if told[label][t] == "failed"]
        said = f"{len(failed)} mended tests fail when they are called without pytest"
        why = "no mended test can be called without fixtures"
        passed = share(len(counted) - len(failed), len(counted), why)
        flags = flag("second-runner", SUSPICIOUS, said, failed)
        found[label] = Findings({"second.passed": passed}, flags)
    return found


def _functions(subject: Subject) -> list[str]:
    """The test functions of which every case is newly green, without their parameters."""
    green = newly_green(subject)
    open_ = {i.partition("[")[0] for i in subject.run.outcomes.keys() - green}
    return sorted({i.partition("[")[0] for i in green} - open_)[:MOST]


def _run(pool: Pool, subject: Subject, mended: list[str]) -> Told:
    files: dict[str, list[str]] = {}
    for name in mended:
        path, _, function = name.partition("::")
        files.setdefault(path, []).append(function)
    stable = sorted({i.partition("[")[0] for i in subject.run.passed} - {*mended})
    for path in files:
        there = [n.partition("::")[2] for n in stable if n.startswith(f"{path}::")]
        files[path] += there[:CONTROLS]
    request = pool.requests[subject.candidate.label].plain(role="second")
    rows = pool.runner.program(PROGRAM, {"files": files}, request)
    return {row["test"]: row["outcome"] for row in rows}


def fit(
    test: str, label: str, mended: Mapping[str, list[str]], told: Mapping[str, Told]
) -> bool:
    """Whether what the second runner says about a test can be believed."""
    own = told[label]
    if own.get(test, "n/a") == "n/a":
        return False
    others = [other for other in mended if other != label and test in mended[other]]
    if others:
        return own[test] == "passed" or any(told[o].get(test) == "passed" for o in others)  # fmt: skip
    path = test.partition("::")[0]
    rest = [o for t, o in own.items() if t.startswith(f"{path}::") and t not in mended[label]]  # fmt: skip
    return own[test] == "passed" or ("passed" in rest and "failed" not in rest)
