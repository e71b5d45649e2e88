"""Measures every candidate beside the base. One module per measure; what a measure can't do becomes a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from arena.candidates import Candidate
from arena.evaluation import benchmark, measures, outcomes, own_environment
from arena.evaluation.baseline import Baseline, baseline
from arena.evaluation.measurement import Flag
from arena.evaluation.plan import Plan, gate_tree, test_files
from arena.evaluation.result import Evaluated, Evaluation
from arena.evaluation.subject import Subject
from arena.evaluation.suite import Request, Runner, TestRun, check_runnable
from arena.journal import Journal
from arena.machine.executor import Executor
from arena.machine.quarantine import Quarantine
from arena.settings import Settings

BASE_RUNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What an evaluation works with."""

    plan: Plan
    quarantine: Quarantine
    journal: Journal
    settings: Settings
    required: Mapping[str, bytes]
    runner: Runner
    executor: Executor
    role: str = "suite"


def evaluate(
    bench: Bench, candidates: Sequence[Candidate], *, base: str, target: str | None
) -> Evaluation:
    """Runs and measures the base and all candidates, side by side, base first.

    Raises ArenaError if the suite can't start on the base.
    """
    measures.load_libraries()
    ordered = sorted(candidates, key=lambda c: c.label)
    first = bench.executor.submit(_base_run, bench, 0)
    later = [bench.executor.submit(_base_run, bench, 1)]
    jobs = [bench.executor.submit(_run_candidate, bench, c, first) for c in ordered]
    later += [bench.executor.submit(_base_run, bench, n) for n in range(2, BASE_RUNS)]
    check_runnable(first.result(), bench.plan)
    runs = [job.result() for job in jobs]
    base_table = baseline([first.result(), *(f.result() for f in later)])
    required = outcomes.required_ids(
        bench.plan, [base_table.run, *(r.gate for r in runs)]
    )
    pairs = list(zip(ordered, runs, strict=True))
    measured = bench.executor.map(
        lambda pair: _measure(bench, *pair, base_table, required, target), pairs
    )
    if bench.settings.benchmark:
        measured = _with_benchmark(bench, measured)
    return Evaluation(
        base=base,
        base_tree=bench.plan.base_tree,
        target=target,
        base_tests=base_table.run.outcomes,
        flaky=base_table.flaky,
        green=base_table.green,
        required=required,
        facts=_facts(bench),
        candidates=tuple(measured),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runs:
    gate: TestRun
    own: TestRun | None
    no_environment: str | None


def _gate(bench: Bench, tree: str) -> str:
    return gate_tree(bench.plan, bench.quarantine, tree, required=bench.required)


def _base_run(bench: Bench, number: int) -> TestRun:
    """The base's n-th run: the first with coverage, the others with another hash seed, the last shuffled."""
    plan = bench.plan
    source = [f"{root}/{name}" for root in plan.roots for name in plan.packages]
    request = Request(
        tree=_gate(bench, plan.base_tree),
        role=bench.role,
        label="base",
        coverage={"source": source or list(plan.roots)} if number == 0 else None,
        seed=bench.settings.seed + number,
        shuffle=bench.settings.seed if number == BASE_RUNS - 1 else None,
    )
    return bench.runner.run(request)


def _run_candidate(bench: Bench, candidate: Candidate, first: Future[TestRun]) -> _Runs:
    # Never waits for the base: a place in the pool is worth more than a tighter limit.
    limit = max(60.0, 5 * first.result().wall) if first.done() else bench.plan.timeout
    changes = bench.quarantine.changes(bench.plan.base_tree, candidate.tree)
    files = test_files(bench.plan, bench.quarantine)
    env, why = own_environment.for_tree(
        bench.plan,
        bench.quarantine,
        bench.journal,
        tree=candidate.tree,
        label=candidate.label,
    )
    there = [c for c in changes if c.status != "D" and c.path.endswith(".py")]
    sources = [c.path for c in there if not files.is_test(c.path)]
    request = Request(
        tree=_gate(bench, candidate.tree),
        role=bench.role,
        label=candidate.label,
        coverage={"include": sources} if sources else None,
        seed=bench.settings.seed,
        timeout=limit,
        environment=env,
    )
    gate = bench.runner.run(request)
    if (
        gate.ended == "timeout"
    ):  # once more on a doubled limit: a busy machine is nobody's fault
        again = Request(tree=request.tree, role="re-run", label=candidate.label, coverage=request.coverage,
                        seed=request.seed, timeout=2 * limit, environment=env)  # fmt: skip
        gate = bench.runner.run(again)
    tests = [c.path for c in there if files.is_test_module(c.path)]
    own = None
    if tests and bench.plan.kind == "pytest" and not bench.settings.fast:
        own = bench.runner.run(
            Request(
                tree=candidate.tree,
                role="own-tests",
                label=candidate.label,
                targets=tuple(_relative(path, bench.plan.folder) for path in tests),
                seed=bench.settings.seed,
                timeout=limit,
                environment=env,
            )
        )
    bench.journal.add(
        "judged", candidate.label, passed=len(gate.passed), total=len(gate.outcomes)
    )
    return _Runs(gate=gate, own=own, no_environment=why)


def _relative(path: str, folder: str) -> str:
    import os.path

    return os.path.relpath(path, folder or ".")


def _measure(
    bench: Bench,
    candidate: Candidate,
    runs: _Runs,
    base: Baseline,
    required: tuple[str, ...],
    target: str | None,
) -> Evaluated:
    reruns = _confirm(bench, candidate, runs.gate, base, required)
    subject = Subject(
        candidate=candidate,
        changes=tuple(bench.quarantine.changes(bench.plan.base_tree, candidate.tree)),
        run=runs.gate,
        own_run=runs.own,
        comparison=outcomes.compare(runs.gate, base, required, reruns),
        baseline=base,
        plan=bench.plan,
        files=test_files(bench.plan, bench.quarantine),
        quarantine=bench.quarantine,
        target=target,
    )
    findings = [measures.take(name, subject) for name in measures.MEASURES]
    flags = [flag for found in findings for flag in found.flags]
    if runs.no_environment:
        flags.append(
            Flag(id="no-environment", grade="note", summary=runs.no_environment)
        )
    return Evaluated(
        candidate=candidate,
        measurements=tuple(m for found in findings for m in found.measurements),
        flags=tuple(flags),
        tests=runs.gate.outcomes,
        details={k: v for found in findings for k, v in found.details.items()},
    )


RERUNS = 2
MOST_SUSPECTS = 200  # beyond that the candidate is plainly broken, and flakiness is not the question


def _confirm(
    bench: Bench,
    candidate: Candidate,
    run: TestRun,
    base: Baseline,
    required: tuple[str, ...],
) -> list[TestRun]:
    """Further runs of the tests that seem broken, alone and without coverage."""
    doubtful = tuple(
        i for i in outcomes.suspects(run, base, required) if i in run.outcomes
    )
    if not doubtful or len(doubtful) > MOST_SUSPECTS or bench.plan.kind != "pytest":
        return []
    env, _ = own_environment.for_tree(
        bench.plan,
        bench.quarantine,
        bench.journal,
        tree=candidate.tree,
        label=candidate.label,
    )
    tree = _gate(bench, candidate.tree)
    return [
        bench.runner.run(
            Request(
                tree=tree,
                role="re-run",
                label=candidate.label,
                ids=doubtful,
                seed=bench.settings.seed + number,
                timeout=max(60.0, 5 * base.run.wall),
                environment=env,
            )
        )
        for number in range(RERUNS)
    ]


def _with_benchmark(bench: Bench, measured: list[Evaluated]) -> list[Evaluated]:
    trees = {e.candidate.label: e.candidate.tree for e in measured}
    found = benchmark.measure_all(
        bench.runner,
        trees,
        base_tree=bench.plan.base_tree,
        command=bench.settings.benchmark or "",
        runs=bench.settings.benchmark_runs,
    )
    return [
        Evaluated(
            candidate=e.candidate,
            measurements=(*e.measurements, found[e.candidate.label]),
            flags=e.flags,
            tests=e.tests,
            details=e.details,
        )
        for e in measured
    ]


def _facts(bench: Bench) -> dict[str, str]:
    """What the report says about how it was measured."""
    plan = bench.plan
    env = plan.environment
    return {
        "test command": plan.command,
        "interpreter": f"Python {env.version}, {env.found}",
        "plugins": ", ".join(p.name for p in env.plugins) or "none installed",
        "isolation": plan.isolation.words,
        "configuration": plan.config.source or "none",
        "base runs": str(BASE_RUNS),
    }
