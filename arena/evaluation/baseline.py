"""How the base behaves: what passes always, what fails always, what cannot be relied on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from arena.errors import ArenaError, one_line
from arena.evaluation.plan import Plan
from arena.evaluation.testrun import BAD, GOOD, TestRun


@dataclass(frozen=True, slots=True)
class Baseline:
    """Several runs of the base under different hash seeds and module order, taken together.

    `stable` are ids that passed in every run, `failing` those that failed in every one, `flaky` those whose
    outcome changed; `run` is the first run. `required` are the ids of the tests in suite, checks and held-out
    files, which are no part of the comparison; of those in checks, `suspected` are passed by no candidate while others
    are, and all are `dropped` if none fails on the base: neither count.
    """

    run: TestRun
    stable: frozenset[str]
    failing: frozenset[str]
    flaky: tuple[str, ...]
    required: tuple[str, ...]
    suspected: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def counted(self) -> tuple[str, ...]:
        """The required tests that say something."""
        left_out = {*self.suspected, *self.dropped}
        return tuple(name for name in self.required if name not in left_out)

    @property
    def green(self) -> bool:
        """Whether nothing fails on the base and every file could be collected."""
        return not self.failing and not self.flaky and not self.run.broken


def baseline(runs: Sequence[TestRun], required: tuple[str, ...]) -> Baseline:
    """The table of several runs of the same tree."""
    seen = {
        name: {_kind(run.outcomes.get(name)) for run in runs}
        for name in sorted({name for run in runs for name in run.outcomes})
    }
    return Baseline(
        runs[0],
        stable=frozenset(n for n, kinds in seen.items() if kinds == {"good"}),
        failing=frozenset(n for n, kinds in seen.items() if kinds == {"bad"}),
        flaky=tuple(n for n, kinds in seen.items() if len(kinds) > 1),
        required=required,
    )


def _kind(outcome: str | None) -> str:
    return "good" if outcome in GOOD else "bad" if outcome in BAD else str(outcome)


def check_runnable(run: TestRun, plan: Plan) -> None:
    """Refuses a base whose suite can't start; a red base is normal, a broken one is not.

    Raises ArenaError with the first error and what to do.
    """
    if run.ended == "timeout":
        raise ArenaError(
            f"the tests on the base did not end within {plan.settings.test_timeout:.0f} s; last output: "
            f"{run.tail[-300:].strip()!r}. Give more time with ARENA_TEST_TIMEOUT."
        )
    # 0 and 5 (nothing collected) end a session without tests; others mean that it could not begin.
    if run.outcomes or (run.finished and not run.broken and run.exit_code in (0, 5)):
        return
    first = next(iter(run.broken.values()), "") or run.tail
    env = plan.environment
    raise ArenaError(
        f"the tests can't start on the base with {env.python} ({env.found}): {one_line(_telling_line(first))}. "
        "If something is missing there, install it or name another interpreter (--python); if code must be generated "
        "or compiled first, set judge_setup or judge_copy; if the tests need variables or the network, --env NAME or "
        "--allow-network."
    )


def _telling_line(text: str) -> str:
    """The last line of pytest's output that names a fault; else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    marks = ("INTERNALERROR> ", "E   ", "ERROR: ")
    told = [line for line in lines if line.startswith(marks)] or lines or ["no output"]
    return told[-1].removeprefix("INTERNALERROR> ").removeprefix("E   ").strip()
