"""What measures that compare candidates with each other get to see: all subjects of one evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from arena.evaluation.baseline import Baseline
from arena.evaluation.plan import Plan
from arena.evaluation.request import Request
from arena.evaluation.subject import Subject
from arena.evaluation.suite import Runner
from arena.machine.executor import Executor
from arena.machine.quarantine import Quarantine

R = TypeVar("R")
MOST_FILES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """All candidates beside the base. `requests` are their gate runs by label, '' for the base; `prompt` is the
    task's text; `witness` names by label who counts as one where candidates are to agree; `fast` leaves out
    everything that needs further test processes."""

    subjects: tuple[Subject, ...]
    requests: dict[str, Request]
    baseline: Baseline
    plan: Plan
    quarantine: Quarantine
    runner: Runner
    executor: Executor
    prompt: str
    witness: dict[str, str]
    fast: bool

    @property
    def working(self) -> tuple[Subject, ...]:
        """The candidates whose tests ran to their end: the others can tell nothing about behaviour."""
        return tuple(s for s in self.subjects if s.run.finished)

    def test_files(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Name, as ids begin, → content of the files that hold these tests, in the tree of the gate; at most 8."""
        tree = self.requests[""].tree
        names = sorted({i.partition("::")[0] for i in ids})[:MOST_FILES]
        paths = [self.plan.path_of(name) for name in names]
        contents = (self.quarantine.read(tree, path) or b"" for path in paths)
        return dict(zip(names, contents, strict=True))

    def each(self, labels: Sequence[str], job: Callable[[str], R]) -> dict[str, R]:
        """The results of a job for each label, side by side."""
        return dict(zip(labels, self.executor.map(job, labels), strict=True))
