"""Per-test outcome of a candidate against the base: fixed, broken, still failing, new, missing."""

from __future__ import annotations

from dataclasses import dataclass

from arena.evaluation.baseline import Baseline
from arena.evaluation.measurement import Findings, Flag, Measurement, missing
from arena.evaluation.plan import Plan, config_folder
from arena.evaluation.subject import Subject
from arena.evaluation.suite import BAD, GOOD, TestRun

NAMES = (
    "regressions", "required.passed", "tests.fixed", "tests.broken", "tests.intermittent",
    "tests.still_failing", "tests.missing", "tests.own_passed", "tests.passed",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Test ids by what became of them. `broken` holds those that still failed when run again; `intermittent`
    those that passed then; `renamed` are parametrised ids that the base has and the candidate names otherwise."""

    fixed: tuple[str, ...]
    broken: tuple[str, ...]
    intermittent: tuple[str, ...]
    still_failing: tuple[str, ...]
    missing: tuple[str, ...]
    renamed: tuple[str, ...]
    required: tuple[str, ...]
    required_passed: tuple[str, ...]


def required_ids(plan: Plan, runs: list[TestRun]) -> tuple[str, ...]:
    """Ids of all tests in the suite, the checks and the held-out files, as any of the runs collected them.

    A file that no run could collect stands for itself, so that it counts as one test that does not pass.
    """
    folder = config_folder(plan.config, plan.folder)
    found: set[str] = set()
    for path in plan.required:
        if not path.endswith(".py") or path.endswith("conftest.py"):
            continue
        name = path.removeprefix(folder + "/") if folder else path
        ids = {
            i
            for run in runs
            for i in (*run.outcomes, *run.collected)
            if i.partition("::")[0] == name
        }
        broken = any(name in run.broken for run in runs)
        found |= ids or ({name} if broken else set())
    return tuple(sorted(found))


def suspects(
    run: TestRun, base: Baseline, required: tuple[str, ...]
) -> tuple[str, ...]:
    """Ids that passed on the base in every run and did not pass here: to be run again before they count."""
    wanted = base.stable - set(required)
    renamed = _renamed(run, wanted)
    return tuple(sorted(i for i in wanted - renamed if run.outcomes.get(i) not in GOOD))


def _renamed(run: TestRun, wanted: frozenset[str]) -> set[str]:
    """Parametrised ids that are gone while their function still runs under other parameters."""
    functions = {i.partition("[")[0] for i in run.outcomes}
    known = {i.partition("[")[0] for i in run.outcomes if i not in wanted}
    return {
        i
        for i in wanted
        if i not in run.outcomes
        and "[" in i
        and i.partition("[")[0] in functions & known
    }


def compare(
    run: TestRun, base: Baseline, required: tuple[str, ...], reruns: list[TestRun]
) -> Comparison:
    """Sorts every id. `reruns` are further runs of the suspects alone, equal in number for every candidate."""
    doubtful = suspects(run, base, required)
    passed_later = {
        i for i in doubtful if any(r.outcomes.get(i) in GOOD for r in reruns)
    }
    gone = tuple(i for i in doubtful if i not in run.outcomes and i not in passed_later)
    return Comparison(
        fixed=tuple(sorted(i for i in base.failing if run.outcomes.get(i) in GOOD)),
        broken=tuple(i for i in doubtful if i not in passed_later),
        intermittent=tuple(sorted(passed_later)),
        still_failing=tuple(
            sorted(i for i in base.failing if run.outcomes.get(i, "failed") in BAD)
        ),
        missing=gone,
        renamed=tuple(sorted(_renamed(run, base.stable - set(required)))),
        required=required,
        required_passed=tuple(i for i in required if run.outcomes.get(i) == "passed"),
    )


def measure(subject: Subject) -> Findings:
    """Counts of the comparison, as measurements; intermittent failures as a suspicious flag."""
    run, found = subject.run, subject.comparison
    if not run.outcomes and not run.finished:
        why = why_no_result(run)
        return Findings(
            measurements=tuple(missing(name, "tests", why) for name in NAMES)
        )
    flags = []
    if found.intermittent:
        flags.append(
            Flag(
                id="intermittent-failures",
                grade="suspicious",
                summary=f"{len(found.intermittent)} tests that are stable on the base failed once here",
                evidence=found.intermittent[:20],
            )
        )
    if found.renamed:
        flags.append(
            Flag(
                id="parameters-changed",
                grade="note",
                summary=f"{len(found.renamed)} parametrised test ids changed their names",
                evidence=found.renamed[:20],
            )
        )
    return Findings(
        measurements=_measurements(subject),
        flags=tuple(flags),
        details=_details(subject),
    )


def _measurements(subject: Subject) -> tuple[Measurement, ...]:
    found, base = subject.comparison, subject.baseline

    def count(name: str, ids: tuple[str, ...]) -> Measurement:
        return Measurement(name=name, value=len(ids), unit="tests", base=0)

    no_tests = not base.run.outcomes
    regressions = (
        missing("regressions", "tests", "the base has no tests")
        if no_tests
        else count("regressions", found.broken)
    )
    return (
        regressions,
        _required(subject),
        count("tests.fixed", found.fixed),
        count("tests.broken", found.broken),
        count("tests.intermittent", found.intermittent),
        Measurement(
            name="tests.still_failing",
            value=len(found.still_failing),
            unit="tests",
            base=len(base.failing),
        ),
        count("tests.missing", found.missing),
        _own(subject),
        Measurement(
            name="tests.passed",
            value=len(subject.run.passed),
            unit="tests",
            base=len(base.run.passed),
        ),
    )


def _required(subject: Subject) -> Measurement:
    found = subject.comparison
    if not found.required:
        return missing("required.passed", "share", "no required tests were given")
    on_base = sum(
        subject.baseline.run.outcomes.get(i) == "passed" for i in found.required
    )
    total = len(found.required)
    return Measurement(
        name="required.passed",
        value=len(found.required_passed) / total,
        unit="share",
        base=on_base / total,
    )


def _own(subject: Subject) -> Measurement:
    if subject.own_run is None:
        return missing(
            "tests.own_passed", "share", "the candidate brings no tests of its own"
        )
    run = subject.own_run
    if not run.outcomes:
        return missing("tests.own_passed", "share", why_no_result(run))
    return Measurement(
        name="tests.own_passed",
        value=len(run.passed) / len(run.outcomes),
        unit="share",
        base=None,
    )


def _details(subject: Subject) -> dict[str, object]:
    found, run = subject.comparison, subject.run
    shown = [
        *found.broken,
        *(i for i in found.required if i not in found.required_passed),
    ]
    messages = []
    for name in shown[:30]:
        text = (
            run.messages.get(name)
            or run.broken.get(name.partition("::")[0])
            or "it was not run"
        )
        messages.append({"id": name, "message": text})
    new = sorted(subject.own_run.outcomes) if subject.own_run else []
    return {
        "failures": messages,
        "new_tests": new[:200],
        "broken_files": dict(run.broken),
    }


def why_no_result(run: TestRun) -> str:
    """In words, why a run told nothing."""
    if run.ended == "timeout":
        return "the tests did not end within the time limit"
    if run.ended == "stopped":
        return "the test run was killed"
    last = next(
        (line for line in reversed(run.tail.strip().splitlines()) if line.strip()), ""
    )
    return f"the tests could not start (exit code {run.exit_code}): {last[:200]}"
