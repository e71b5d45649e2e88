"""Mended tests several times over: a race that fails in three of ten runs hides from one run, and from nine no more."""

from __future__ import annotations

from functools import partial

from arena.evaluation import mended
from arena.evaluation.measurement import SUSPICIOUS, Findings, flag, missing, share
from arena.evaluation.pool import Pool
from arena.evaluation.subject import Subject

NAMES = {"repeats.passed": "share"}
TIMES = 8  # beside the gate run: a test that fails with chance .3 is found with chance 1 - .7^9 = .96
LEAST_SECONDS = 10.0  # that repeats may take, else as long as the gate run
MOST = 200  # tests that are repeated


def measure(pool: Pool) -> dict[str, Findings]:
    """Share of the mended tests that pass every time."""
    return mended.each(pool, "repeats.passed", partial(_repeated, pool))


def _repeated(pool: Pool, subject: Subject, mending: list[str]) -> Findings:
    ids = tuple(mending[:MOST])
    once = sum(subject.run.seconds.get(name, 0.01) for name in ids)
    times = int(min(TIMES, max(LEAST_SECONDS, subject.run.wall) / once))
    if times < 2:
        why = f"the mended tests take {once:.0f} s: too long to be repeated"
        return Findings({"repeats.passed": missing(why)})
    request = pool.requests[subject.candidate.label]
    run = pool.runner.run(request.plain(role="repeats", ids=ids, repeat=times))
    ran = [name for name in ids if name in run.outcomes]
    lost = [name for name in ran if name not in run.passed]
    said = f"{len(lost)} mended tests fail in some of {times + 1} runs"
    passed = share(len(ran) - len(lost), len(ran), run.why_nothing)
    flags = flag("intermittent-mended", SUSPICIOUS, said, lost)
    return Findings({"repeats.passed": passed}, flags)
