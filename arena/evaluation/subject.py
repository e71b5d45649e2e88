"""What every measure gets to see: one candidate with its run, beside the base."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from arena.candidates import Candidate
from arena.evaluation.baseline import Baseline
from arena.evaluation.measurement import NotMeasured
from arena.evaluation.plan import Plan
from arena.evaluation.testrun import TestRun
from arena.machine.changes import Change
from arena.machine.quarantine import Quarantine

if TYPE_CHECKING:
    from arena.evaluation.outcomes import Comparison

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One candidate under measurement. `changes` are against the base's tree; `own_run` is the non-gating run of
    the tests that the candidate added or changed, with its own configuration (None: it has none);
    `no_environment` is the reason why its new dependencies could not be installed."""

    candidate: Candidate
    changes: tuple[Change, ...]
    run: TestRun
    own_run: TestRun | None
    comparison: Comparison
    baseline: Baseline
    plan: Plan
    quarantine: Quarantine
    target: str | None
    no_environment: str | None

    def before(self, change: Change) -> bytes:
        """The content of a changed file on the base, empty if it was not there."""
        path = change.old_path or change.path
        return self.quarantine.read(self.plan.base_tree, path) or b""

    def after(self, change: Change) -> bytes:
        """The content of a changed file in the candidate, empty if it is not there."""
        return self.quarantine.after(change)

    def parsed(self, parse: Callable[[bytes], T]) -> Iterator[tuple[Change, T, T]]:
        """(change, parsed before, parsed after) of every Python file outside of the tests that is still there.

        Raises NotMeasured for a file that does not parse; one that did not on the base counts as empty there.
        """
        for change in self.changes:
            path = change.path
            if change.status == "D" or not path.endswith(".py"):
                continue
            if self.plan.files.is_test(path):
                continue
            try:
                after = parse(self.after(change))
            except (SyntaxError, ValueError, RecursionError) as error:
                raise NotMeasured(f"{path} does not parse: {error}") from error
            try:
                before = parse(self.before(change))
            except (SyntaxError, ValueError, RecursionError):
                before = parse(b"")
            yield change, before, after
