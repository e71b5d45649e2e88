"""Twins of mended tests: each must fail when its expectations are turned around."""

from __future__ import annotations

from functools import partial

from arena.evaluation import mended, twins
from arena.evaluation.measurement import VOID, Findings, flag, missing, share
from arena.evaluation.pool import Pool
from arena.evaluation.subject import Subject

NAMES = {"twins.failed": "share"}
# All of them fail, and to explain why can take minutes (seen with sympy's expressions).
BARE = ("--assert=plain", "--tb=no")


def measure(pool: Pool) -> dict[str, Findings]:
    """Share of the controlled tests whose twin fails, as it must; a twin that passes is proof of tampering."""
    return mended.each(pool, "twins.failed", partial(_control, pool))


def _control(pool: Pool, subject: Subject, ids: list[str]) -> Findings:
    request = pool.requests[subject.candidate.label]
    files, controlled = {}, set()
    for name, source in pool.test_files(ids).items():
        turned = twins.twin(source, seed=request.seed)
        if turned is not None:
            files[pool.plan.path_of(name)] = turned.source
            controlled |= {f"{name}::{function}" for function in turned.controlled}
    tests = tuple(i for i in ids if i.partition("[")[0] in controlled)
    nothing = "no mended test has a twin"
    if not tests:
        return Findings({"twins.failed": missing(nothing)})
    tree = pool.quarantine.edit(request.tree, files=files)
    run = pool.runner.run(request.plain(tree=tree, role="twins", ids=tests, more=BARE))
    ran = [i for i in tests if i in run.outcomes]
    passed = [i for i in ran if run.outcomes[i] == "passed"]
    values = {"twins.failed": share(len(ran) - len(passed), len(ran), nothing)}
    said = f"{len(passed)} tests pass although their expectations were turned around"
    return Findings(values, flag("twin-passed", VOID, said, passed))
