"""What every measure gets to see: one candidate with its run, beside the base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from arena.candidates import Candidate
from arena.evaluation.baseline import Baseline
from arena.evaluation.plan import Plan
from arena.evaluation.pytest_config import TestFiles
from arena.evaluation.suite import TestRun
from arena.machine.quarantine import Change, Quarantine

if TYPE_CHECKING:
    from arena.evaluation.outcomes import Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One candidate under measurement. `changes` are against the base's tree; `own_run` is the non-gating run of
    the tests that the candidate added or changed, with its own configuration (None: it has none)."""

    candidate: Candidate
    changes: tuple[Change, ...]
    run: TestRun
    own_run: TestRun | None
    comparison: Comparison
    baseline: Baseline
    plan: Plan
    files: TestFiles
    quarantine: Quarantine
    target: str | None

    @property
    def source_changes(self) -> tuple[Change, ...]:
        """Changes outside of the tests."""
        return tuple(c for c in self.changes if not self.files.is_test(c.path))

    def before(self, change: Change) -> bytes | None:
        """The content of a changed file on the base."""
        path = change.old_path or change.path
        return (
            None
            if change.status == "A"
            else self.quarantine.read(self.plan.base_tree, path)
        )

    def after(self, change: Change) -> bytes | None:
        """The content of a changed file in the candidate."""
        if change.status == "D":
            return None
        return self.quarantine.read(self.candidate.tree, change.path)
