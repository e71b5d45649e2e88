"""Tests that a candidate has turned green, and the frame of the controls that look at them once more.

Only these: a cheat gains nothing from tests that the base passes, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from arena.evaluation.measurement import Findings, NotMeasured, flag, missing, share
from arena.evaluation.pool import Pool
from arena.evaluation.subject import Subject

CONTROLS = 8  # tests of a file that show whether another way to run it is fit for it
Told = Mapping[str, str]  # test → passed, failed or n/a


def newly_green(subject: Subject) -> frozenset[str]:
    """Ids that pass on the candidate and failed, or were not there, on the base."""
    before = subject.baseline.run.passed
    required = set(subject.baseline.required) & subject.run.passed
    return frozenset({*subject.comparison.fixed, *required} - before)


def each(
    pool: Pool, name: str, job: Callable[[Subject, list[str]], Findings]
) -> dict[str, Findings]:
    """Findings by label: what a job says of the candidates that mend tests; `name` is missing for the others.

    Raises NotMeasured where pytest does not run the tests.
    """
    if pool.plan.kind != "pytest":
        raise NotMeasured("the test command is not pytest")
    nothing = Findings({name: missing("no red test became green")})
    mending = {s.candidate.label: s for s in pool.working if newly_green(s)}
    found = pool.each(
        list(mending), lambda label: job(mending[label], sorted(newly_green(mending[label])))
    )  # fmt: skip
    return {s.candidate.label: nothing for s in pool.subjects} | found


def again(
    pool: Pool,
    name: str,
    rule: tuple[str, str, str],
    run: Callable[[Subject, list[str]], Told],
    wanted: Callable[[Subject], list[str]] = lambda s: sorted(newly_green(s)),
) -> dict[str, Findings]:
    """Findings by label: the share of the wanted tests that pass when they are run in another way.

    `rule` is the flag for those that fail: id, grade, summary with their number. A test counts where that way is fit
    for it: another candidate passes it, or, if nobody else mends it, all other tests of its file that were tried.
    """
    ids = {s.candidate.label: wanted(s) for s in pool.working}
    told: dict[str, Told] = {}

    def tried(subject: Subject, _: list[str]) -> Findings:
        label = subject.candidate.label
        told[label] = run(subject, ids[label]) if ids[label] else {}
        return Findings()

    found = each(pool, name, tried)
    for label in told:
        counted = [i for i in ids[label] if _fit(i, label, ids, told)]
        failed = [i for i in counted if told[label][i] == "failed"]
        why = "it could be told for no mended test"
        passed = share(len(counted) - len(failed), len(counted), why)
        flags = flag(rule[0], rule[1], rule[2].format(len(failed)), failed)
        found[label] = Findings({name: passed}, flags)
    return found


def _fit(
    test: str, label: str, ids: Mapping[str, list[str]], told: Mapping[str, Told]
) -> bool:
    own = told[label].get(test)
    if own != "failed":
        return own == "passed"
    others = [o for o in told if o != label and test in ids[o]]
    if others:
        return any(told[o].get(test) == "passed" for o in others)
    start, mine = test.partition("::")[0] + "::", ids[label]
    rest = [o for t, o in told[label].items() if t.startswith(start) and t not in mine]
    return "passed" in rest and "failed" not in rest
