"""What measures that compare candidates with each other get to see: all subjects of one evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from arena.evaluation.baseline import Baseline
from arena.evaluation.plan import Plan
from arena.evaluation.subject import Subject
from arena.evaluation.suite import Request, Runner
from arena.machine.executor import Executor
from arena.machine.quarantine import Quarantine

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """All candidates beside the base. `requests` are their gate runs by label, '' for the base; `prompt` is the
    task's text; `fast` leaves out everything that needs further test processes."""

    subjects: tuple[Subject, ...]
    requests: dict[str, Request]
    baseline: Baseline
    plan: Plan
    quarantine: Quarantine
    runner: Runner
    executor: Executor
    prompt: str
    fast: bool

    @property
    def working(self) -> tuple[Subject, ...]:
        """The candidates whose tests ran to their end: the others can tell nothing about behaviour."""
        return tuple(s for s in self.subjects if s.run.finished)

    def each(self, labels: Sequence[str], job: Callable[[str], R]) -> dict[str, R]:
        """The results of a job for each label, side by side."""
        return dict(zip(labels, self.executor.map(job, labels), strict=True))
