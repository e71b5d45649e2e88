"""Per-test outcome of a candidate against the base: fixed, broken, still failing, new, missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from arena.errors import ArenaError
from arena.evaluation import measurement as told
from arena.evaluation.baseline import Baseline
from arena.evaluation.measurement import Findings, Value, flag, missing, share, value
from arena.evaluation.plan import Plan, test_modules
from arena.evaluation.subject import Subject
from arena.evaluation.testrun import BAD, GOOD, TestRun

NAMES = {
    "regressions": "tests", "required.passed": "share", "tests.fixed": "tests", "tests.broken": "tests",
    "tests.intermittent": "tests", "tests.still_failing": "tests", "tests.missing": "tests",
    "tests.own_passed": "share", "tests.passed": "tests",
}  # fmt: skip
Ids = tuple[str, ...]
INDEPENDENT = 3  # witnesses from which a test can be called obsolete


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Test ids by what became of them. `broken` holds those that still failed when run again; `intermittent`
    those that passed then; `renamed` are parametrised ids that the base has and the candidate names otherwise."""

    fixed: Ids
    broken: Ids
    intermittent: Ids
    still_failing: Ids
    missing: Ids
    renamed: Ids
    obsolete: Ids = ()

    def without_flaky(self, flaky: Set[str]) -> Comparison:
        """The same without intermittent failures of tests that are flaky on the base, too."""
        left = tuple(i for i in self.intermittent if i not in flaky)
        return replace(self, intermittent=left)

    def without(self, obsolete: Set[str]) -> Comparison:
        """The same with broken tests set apart that contradict the task."""
        return replace(
            self,
            broken=tuple(i for i in self.broken if i not in obsolete),
            obsolete=tuple(i for i in self.broken if i in obsolete),
        )


def required_ids(plan: Plan, runs: Sequence[TestRun]) -> Ids:
    """Ids of all tests in the suite, the checks and the held-out files, as any of the runs collected them.

    A file that no run could collect stands for itself, so that it counts as one test that does not pass.
    """
    files = {path.removeprefix(plan.rootdir + "/") for path in test_modules(plan.required)}  # fmt: skip
    known = {i for run in runs for i in (*run.outcomes, *run.collected)}
    ids = {i for i in known if _file(i) in files}
    broken = {name for run in runs for name in run.broken}
    if files and not ids and not files & broken:
        names = ", ".join(sorted(files))
        raise ArenaError(f"pytest finds no test in {names}. Look at their names.")
    return tuple(sorted(ids | (files & broken) - set(map(_file, ids))))


def _file(name: str) -> str:
    return name.partition("::")[0]


def doubted(plan: Plan, base: Baseline, runs: Sequence[TestRun]) -> tuple[Ids, Ids]:
    """(suspected, dropped) among the assertions of the checks, by the gate runs of all candidates.

    A check that passes on the base says nothing. An assertion that no candidate passes, while others are passed, is
    more often wrong itself than right about all (3 of 19 first versions were, in checks written for real issues).
    """
    files = {path.removeprefix(plan.rootdir + "/") for path in plan.checks}
    ids = [i for i in base.required if _file(i) in files]
    failing = [i for i in ids if i not in base.run.passed]
    if not failing:
        return (), tuple(ids)
    unmet = tuple(i for i in failing if not any(i in run.passed for run in runs))
    alone = len(runs) < 2 or len(unmet) == len(failing)
    return () if alone else unmet, ()


def suspects(run: TestRun, base: Baseline) -> Ids:
    """Ids that passed on the base in every run and did not pass here: to be run again before they count."""
    wanted = base.stable.difference(base.required, run.passed, _renamed(run, base))
    return tuple(sorted(wanted))


def _renamed(run: TestRun, base: Baseline) -> set[str]:
    """Parametrised ids that are gone while their function still runs under other parameters."""
    wanted = base.stable.difference(base.required)
    others = {i.partition("[")[0] for i in run.outcomes if i not in wanted}
    gone = (i for i in wanted if i not in run.outcomes and "[" in i)
    return {i for i in gone if i.partition("[")[0] in others}


def compare(run: TestRun, base: Baseline, reruns: Sequence[TestRun]) -> Comparison:
    """Sorts every id. `reruns` are further runs of the suspects alone, equal in number for every candidate."""
    doubtful = suspects(run, base)
    later = {i for rerun in reruns for i in rerun.passed}
    broken = tuple(i for i in doubtful if i not in later)
    failing = sorted(base.failing)
    return Comparison(
        fixed=tuple(i for i in failing if run.outcomes.get(i) in GOOD),
        broken=broken,
        intermittent=tuple(i for i in doubtful if i in later),
        still_failing=tuple(i for i in failing if run.outcomes.get(i, "failed") in BAD),
        missing=tuple(i for i in broken if i not in run.outcomes),
        renamed=tuple(sorted(_renamed(run, base))),
    )


def contradicting(broken: Mapping[str, Ids], witness: Mapping[str, str]) -> Set[str]:
    """Tests that more than two thirds of at least three independent witnesses break: the task may contradict them.

    `broken` are the broken tests of each working candidate. A limit of one half was wrong on real patches.
    """
    groups: dict[str, set[str]] = {}
    for label, ids in broken.items():
        groups.setdefault(witness[label], set(ids)).intersection_update(ids)
    count = Counter(i for ids in groups.values() for i in ids)
    if len(groups) < INDEPENDENT:
        return frozenset()
    return frozenset(i for i, times in count.items() if 3 * times > 2 * len(groups))


def measure(subject: Subject) -> Findings:
    """Counts of the comparison; intermittent failures as a suspicious flag."""
    run, found, base = subject.run, subject.comparison, subject.baseline
    if not run.outcomes and not run.finished:
        raise told.NotMeasured(run.why_nothing)
    broken = value(len(found.broken), 0)
    values = {
        "regressions": broken
        if base.run.outcomes
        else missing("the base has no tests"),
        "required.passed": _required(subject),
        "tests.fixed": value(len(found.fixed), 0),
        "tests.broken": broken,
        "tests.intermittent": value(len(found.intermittent), 0),
        "tests.still_failing": value(len(found.still_failing), len(base.failing)),
        "tests.missing": value(len(found.missing), 0),
        "tests.own_passed": _own(subject.own_run),
        "tests.passed": value(len(run.passed), len(base.run.passed)),
    }
    once = f"{len(found.intermittent)} tests that are stable on the base failed once here"  # fmt: skip
    renamed = f"{len(found.renamed)} parametrised test ids changed their names"
    obsolete = f"{len(found.obsolete)} tests fail for most candidates: do they contradict the task?"  # fmt: skip
    wrong = f"no candidate passes {len(base.suspected)} assertions of the check: are they right?"  # fmt: skip
    idle = "the check passes on the base, so it is left out"
    flags = (
        *flag("check-suspected", told.SUSPICIOUS, wrong, base.suspected),
        *flag("check-dropped", told.NOTE, idle, base.dropped),
        *flag("obsolete-tests", told.SUSPICIOUS, obsolete, found.obsolete),
        *flag("intermittent-failures", told.SUSPICIOUS, once, found.intermittent),
        *flag("parameters-changed", told.NOTE, renamed, found.renamed),
    )
    return Findings(values, flags, _details(subject))


def _passing(run: TestRun, ids: Iterable[str]) -> list[str]:
    return [i for i in ids if run.outcomes.get(i) == "passed"]


def _required(subject: Subject) -> Value:
    ids = subject.baseline.counted
    here, base = (len(_passing(r, ids)) for r in (subject.run, subject.baseline.run))
    before = base / len(ids) if ids else None
    nothing = (
        "the check passes on the base"
        if subject.baseline.dropped
        else "no required tests were given"
    )
    return share(here, len(ids), nothing, before)


def _own(run: TestRun | None) -> Value:
    if run is None:
        return missing("the candidate brings no tests of its own")
    return share(len(run.passed), len(run.outcomes), run.why_nothing)


def _details(subject: Subject) -> dict[str, Any]:
    found, run, own = subject.comparison, subject.run, subject.own_run
    required = subject.baseline.counted
    unmet = set(required).difference(_passing(run, required))
    failures = [
        {"id": i, "message": run.messages.get(i) or run.broken.get(_file(i)) or "it was not run"}
        for i in [*found.broken, *sorted(unmet)][:30]
    ]  # fmt: skip
    new = sorted(own.outcomes)[:200] if own else []
    return {"failures": failures, "new_tests": new, "broken_files": run.broken}
