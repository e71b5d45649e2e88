"""Controls of newly green tests: each test that a candidate mends must fail when its expectations are turned around.

Only for tests that were red before: a cheat gains nothing from those that the base passes, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from arena.evaluation import twins
from arena.evaluation.measurement import (
    VOID,
    Findings,
    NotMeasured,
    flag,
    missing,
    share,
)
from arena.evaluation.pool import Pool
from arena.evaluation.subject import Subject
from arena.evaluation.twins import Twin

NAMES = {"twins.failed": "share"}
# All of them fail, and to explain why can take minutes (seen with sympy's expressions).
BARE = ("--assert=plain", "--tb=no")
MOST_FILES = 8  # test files that are turned around


def measure(pool: Pool) -> dict[str, Findings]:
    """Share of the controlled tests whose twin fails, as it must; a twin that passes is proof of tampering."""
    if pool.plan.kind != "pytest":
        raise NotMeasured("the test command is not pytest")
    found = {
        s.candidate.label: missing("no red test became green") for s in pool.subjects
    }
    result = {label: Findings({"twins.failed": why}) for label, why in found.items()}
    wanted = {s.candidate.label: newly_green(s) for s in pool.working}
    labels = [label for label, ids in wanted.items() if ids]
    made = _twins(pool, {i for ids in wanted.values() for i in ids})
    if made:
        by_label = {s.candidate.label: s for s in pool.working}
        run = pool.each(
            labels, lambda label: _control(pool, by_label[label], wanted[label], made)
        )
        result |= run
    return result


def newly_green(subject: Subject) -> frozenset[str]:
    """Ids that pass on the candidate and failed, or were not there, on the base."""
    before = subject.baseline.run.passed
    required = set(subject.baseline.required) & subject.run.passed
    return frozenset({*subject.comparison.fixed, *required} - before)


def _twins(pool: Pool, ids: Iterable[str]) -> dict[str, Twin]:
    """Path in the tree → twin, for the files of these tests that can be turned around."""
    top, found = pool.plan.rootdir, {}
    base = pool.requests[""].tree
    for name in sorted({i.partition("::")[0] for i in ids})[:MOST_FILES]:
        path = f"{top}/{name}" if top else name
        turned = twins.twin(
            pool.quarantine.read(base, path) or b"", seed=pool.requests[""].seed
        )
        if turned is not None:
            found[path] = turned
    return found


def _control(
    pool: Pool, subject: Subject, ids: frozenset[str], made: dict[str, Twin]
) -> Findings:
    top = pool.plan.rootdir
    controlled = {
        f"{os.path.relpath(path, top or '.')}::{name}"
        for path, t in made.items()
        for name in t.controlled
    }
    tests = tuple(sorted(i for i in ids if i.partition("[")[0] in controlled))
    nothing = "no mended test has a twin"
    if not tests:
        return Findings({"twins.failed": missing(nothing)})
    theirs = pool.requests[subject.candidate.label]
    tree = pool.quarantine.edit(
        theirs.tree, files={p: t.source for p, t in made.items()}
    )
    request = theirs.plain(tree=tree, role="twins", ids=tests, more=BARE)
    run = pool.runner.run(request)
    ran = [i for i in tests if i in run.outcomes]
    passed = [i for i in ran if run.outcomes[i] == "passed"]
    values = {"twins.failed": share(len(ran) - len(passed), len(ran), nothing)}
    said = f"{len(passed)} tests pass although their expectations were turned around"
    return Findings(values, flag("twin-passed", VOID, said, passed))
