"""One run of tests as it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from arena.evaluation.plan import Plan
from arena.machine import cache
from arena.machine.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One run: of which tree, in which role, and what differs from the plan's full run.

    `coverage` are patterns of the files in the tree whose lines are wanted; `ids` are the only tests to run, in this
    order; `targets` stand in for the plan's; `shuffle` seeds the order of modules; `confirmed` adds canaries and
    pytest-json-report's outcomes; all run `repeat` times, and the worst counts; `more` are options of pytest.
    """

    tree: str
    role: str
    label: str
    coverage: tuple[str, ...] = ()
    ids: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None
    seed: int = 0
    shuffle: int | None = None
    timeout: float | None = None
    environment: Environment | None = None
    confirmed: bool = False
    repeat: int = 1
    more: tuple[str, ...] = ()

    def plain(self, **changes: Any) -> Request:
        """The same without coverage and confirmation, and with these changes: for everything but a gate run."""
        return replace(self, coverage=(), confirmed=False, **changes)

    def key(self, plan: Plan) -> str:
        """What the result depends on."""
        env = (self.environment or plan.environment).fingerprint
        return cache.key(
            plan.key, env, self.tree, self.coverage, self.ids, self.targets, self.seed, self.shuffle,
            self.confirmed, *([self.repeat] if self.repeat > 1 else []), *([self.more] if self.more else []),
        )  # fmt: skip
