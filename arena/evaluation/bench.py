"""Sets up an evaluation for a session: the plan from the base, the runner, the pool."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from arena.evaluation.evaluate import Bench
from arena.evaluation.plan import make_plan
from arena.evaluation.suite import Runner
from arena.machine import preload
from arena.machine.executor import Executor, default_jobs
from arena.session import Session
from arena.task import Task


@contextmanager
def open_bench(
    session: Session, task: Task, *, base: str, role: str = "suite"
) -> Iterator[Bench]:
    """A bench for judging against `base`, whose objects are in the quarantine; closes its pool at the end.

    `role` is what the journal calls its test processes. Raises ArenaError for settings that can't work.
    """
    preload.start()
    plan = make_plan(session, session.quarantine.git.tree_of(base), task)
    session.journal.add(
        "plan",
        role=role,
        command=plan.command,
        python=str(plan.environment.python),
        found=plan.environment.found,
        isolation=plan.isolation.words,
        roots=list(plan.roots),
    )
    runner = Runner(session, plan)
    jobs = session.settings.jobs or default_jobs()
    with Executor(jobs) as pool:
        yield Bench(
            session=session,
            plan=plan,
            runner=runner,
            executor=pool,
            prompt=task.prompt or "",
            territory=task.territory,
            measures=task.measures,
            role=role,
        )
    session.journal.add("exports", peak=runner.peak, jobs=jobs)
