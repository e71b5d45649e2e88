"""Measures every candidate beside the base. One module per measure; what a measure can't do becomes a reason."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

from arena.candidates import Candidate
from arena.evaluation import (
    benchmark,
    measures,
    outcomes,
    own_environment,
    territory,
    where,
)
from arena.evaluation.baseline import Baseline, baseline, check_runnable
from arena.evaluation.plan import Plan, gate_tree
from arena.evaluation.pool import Pool
from arena.evaluation.request import Request
from arena.evaluation.result import Evaluation
from arena.evaluation.subject import Subject
from arena.evaluation.suite import Runner
from arena.evaluation.testrun import TestRun
from arena.machine import preload
from arena.machine.changes import Change
from arena.machine.executor import Executor
from arena.patterns.explore import Measure
from arena.session import Session
from arena.territory import EVERYWHERE, Territory

_Job = Future[TestRun]
BASE_RUNS = 3
RERUNS = 2
BASE_AGAIN = 5  # times that the base runs what is intermittent on a candidate
MOST_SUSPECTS = 200  # beyond that the candidate is plainly broken, and flakiness is not the question


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What an evaluation works with; `role` is what the journal calls its test processes."""

    session: Session
    plan: Plan
    runner: Runner
    executor: Executor
    prompt: str = ""
    territory: Territory = EVERYWHERE
    measures: tuple[Measure, ...] = ()
    role: str = "suite"


@dataclass(frozen=True, slots=True)
class _Tried:
    """A candidate after its runs: `gate` of the judged tree, as asked for in `request`; `own` of its own tests."""

    candidate: Candidate
    changes: tuple[Change, ...]
    request: Request
    gate: TestRun
    own: TestRun | None
    no_environment: str | None


def evaluate(
    bench: Bench, candidates: Sequence[Candidate], *, base: str, target: str | None
) -> Evaluation:
    """Runs and measures the base and all candidates, side by side, base first.

    Raises ArenaError if the suite can't start on the base.
    """
    plan, submit = bench.plan, bench.executor.submit
    first = submit(run_base, bench, 0)
    later = [submit(run_base, bench, 1)]
    ordered = sorted(candidates, key=lambda c: c.label)
    jobs = [submit(_run_candidate, bench, c, first) for c in ordered]
    later += [submit(run_base, bench, number) for number in range(2, BASE_RUNS)]
    check_runnable(first.result(), plan)
    tried = [job.result() for job in jobs]
    runs = [first.result(), *(run.result() for run in later)]
    required = outcomes.required_ids(plan, [runs[0], *(one.gate for one in tried)])
    table = baseline(runs, required)
    working = [one.gate for one in tried if one.gate.finished]
    suspected, dropped = outcomes.doubted(plan, table, working)
    table = replace(table, suspected=suspected, dropped=dropped)
    preload.load()
    finish = partial(_subject, bench, base=table, target=target)
    subjects = bench.executor.map(finish, tried)
    witness = where.witnesses_of(subjects)
    subjects = _without_obsolete(subjects, witness)
    measured = bench.executor.map(measures.take_all, subjects)
    measured = measures.add_pool(
        _pool(bench, tried, subjects, table, witness), measured
    )
    if bench.territory:
        measured = territory.add(bench.territory, subjects, measured)
    measured = benchmark.add(
        bench.runner, bench.session.settings, bench.measures, measured
    )
    return Evaluation(
        base=base,
        base_tree=plan.base_tree,
        target=target,
        base_tests=table.run.outcomes,
        flaky=table.flaky,
        green=table.green,
        required=table.counted,
        facts=_facts(plan),
        candidates=tuple(measured),
    )


def run_base(bench: Bench, number: int) -> TestRun:
    """The base's n-th run: the first with coverage, the others with another hash seed, the last shuffled."""
    plan, seed = bench.plan, bench.session.settings.seed
    names = [f"{root}/{name}" for root in plan.roots for name in plan.packages]
    files = [f"{name}{end}" for name in names for end in ("/*", ".py")]
    request = replace(
        _request(bench, plan.base_tree, "base"),
        coverage=() if number else tuple(files or [f"{r}/*" for r in plan.roots]),
        confirmed=not number,
        seed=seed + number,
        shuffle=seed if number == BASE_RUNS - 1 else None,
    )
    return bench.runner.run(request)


def _request(bench: Bench, tree: str, label: str) -> Request:
    gate = gate_tree(bench.plan, bench.session.quarantine, tree)
    seed = bench.session.settings.seed
    return Request(tree=gate, role=bench.role, label=label, seed=seed)


def _run_candidate(bench: Bench, candidate: Candidate, first: _Job) -> _Tried:
    plan, session, limit = (
        bench.plan,
        bench.session,
        bench.session.settings.test_timeout,
    )
    # Never waits for the base: a place in the pool is worth more than a tighter limit.
    if first.done():
        check_runnable(first.result(), plan)
        limit = min(limit, max(60.0, 5 * first.result().wall))
    changes = tuple(session.quarantine.changes(plan.base_tree, candidate.tree))
    there = [c.path for c in changes if c.status != "D" and c.path.endswith(".py")]
    tree, label = candidate.tree, candidate.label
    env, why = own_environment.for_tree(session, plan, tree=tree, label=label)
    request = replace(
        _request(bench, tree, label),
        coverage=tuple(path for path in there if not plan.files.is_test(path)),
        timeout=limit,
        environment=env,
        confirmed=True,
    )
    gate = bench.runner.run(request)
    if gate.ended == "timeout":
        # Once more on a doubled limit: a busy machine is nobody's fault.
        gate = bench.runner.run(replace(request, role="re-run", timeout=2 * limit))
    tests = [path for path in there if plan.files.is_test_module(path)]
    own = None
    if tests and plan.kind == "pytest" and not session.settings.fast:
        places = tuple(os.path.relpath(path, plan.folder or ".") for path in tests)
        theirs = request.plain(tree=tree, role="own-tests", targets=places)
        own = bench.runner.run(theirs)
    counts = {"passed": len(gate.passed), "total": len(gate.outcomes)}
    session.journal.add("judged", label, **counts)
    return _Tried(candidate, changes, request, gate, own, why)


def _without_obsolete(
    subjects: Sequence[Subject], witness: dict[str, str]
) -> list[Subject]:
    """Sets apart the tests that most candidates break, whatever else they do."""
    broken = {
        s.candidate.label: s.comparison.broken for s in subjects if s.run.finished
    }
    obsolete = outcomes.contradicting(broken, witness)
    return [replace(s, comparison=s.comparison.without(obsolete)) for s in subjects]


def _pool(
    bench: Bench,
    tried: Sequence[_Tried],
    subjects: Sequence[Subject],
    base: Baseline,
    witness: dict[str, str],
) -> Pool:
    requests = {one.candidate.label: one.request for one in tried}
    return Pool(
        subjects=tuple(subjects),
        requests=requests | {"": _request(bench, bench.plan.base_tree, "base")},
        baseline=base,
        plan=bench.plan,
        quarantine=bench.session.quarantine,
        runner=bench.runner,
        executor=bench.executor,
        prompt=bench.prompt,
        witness=witness,
        fast=bench.session.settings.fast or bench.role != "suite",
    )


def _subject(
    bench: Bench, tried: _Tried, *, base: Baseline, target: str | None
) -> Subject:
    reruns = _confirm(bench, tried, base)
    found = outcomes.compare(tried.gate, base, reruns)
    found = found.without_flaky(_flaky(bench, found.intermittent))
    return Subject(
        candidate=tried.candidate,
        changes=tried.changes,
        run=tried.gate,
        own_run=tried.own,
        comparison=found,
        baseline=base,
        plan=bench.plan,
        quarantine=bench.session.quarantine,
        target=target,
        no_environment=tried.no_environment,
    )


def _confirm(bench: Bench, tried: _Tried, base: Baseline) -> list[TestRun]:
    """Further runs of the tests that seem broken, alone and without coverage."""
    run = tried.gate
    ids = [i for i in outcomes.suspects(run, base) if i in run.outcomes]
    if not ids or len(ids) > MOST_SUSPECTS or bench.plan.kind != "pytest":
        return []
    request = tried.request.plain(role="re-run", ids=tuple(ids))
    seeds = range(request.seed, request.seed + RERUNS)
    return [bench.runner.run(replace(request, seed=seed)) for seed in seeds]


def _flaky(bench: Bench, ids: tuple[str, ...]) -> frozenset[str]:
    """Those of a candidate's intermittent tests that fail on the base as well when they run often enough."""
    if not ids:
        return frozenset()
    request = _request(bench, bench.plan.base_tree, "base")
    run = bench.runner.run(request.plain(role="re-run", ids=ids, repeat=BASE_AGAIN))
    return frozenset(name for name in ids if name not in run.passed)


def _facts(plan: Plan) -> dict[str, str]:
    """What the report says about how it was measured."""
    env = plan.environment
    return {
        "test command": plan.command,
        "interpreter": f"Python {env.version}, {env.found}",
        "plugins": ", ".join(p.name for p in env.plugins) or "none installed",
        "isolation": plan.isolation.words,
        "configuration": plan.config.source or "none",
        "base runs": str(BASE_RUNS),
    }
