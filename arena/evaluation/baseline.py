"""How the base behaves: what passes always, what fails always, what cannot be relied on."""

from __future__ import annotations

from dataclasses import dataclass

from arena.evaluation.suite import BAD, GOOD, TestRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Several runs of the base under different hash seeds and module order, taken together.

    `stable` are ids that passed in every run, `failing` those that failed in every one, `flaky` those whose
    outcome changed; `run` is the first run.
    """

    run: TestRun
    stable: frozenset[str]
    failing: frozenset[str]
    flaky: tuple[str, ...]

    @property
    def green(self) -> bool:
        """Whether nothing fails on the base and every file could be collected."""
        return not self.failing and not self.flaky and not self.run.broken


def baseline(runs: list[TestRun]) -> Baseline:
    """The table of several runs of the same tree."""
    ids = sorted({name for run in runs for name in run.outcomes})
    stable, failing, flaky = [], [], []
    for name in ids:
        outcomes = {_kind(run.outcomes.get(name)) for run in runs}
        if outcomes == {"good"}:
            stable.append(name)
        elif outcomes == {"bad"}:
            failing.append(name)
        elif len(outcomes) > 1:
            flaky.append(name)
    return Baseline(
        run=runs[0],
        stable=frozenset(stable),
        failing=frozenset(failing),
        flaky=tuple(flaky),
    )


def _kind(outcome: str | None) -> str:
    if outcome in GOOD:
        return "good"
    return "bad" if outcome in BAD else str(outcome)
