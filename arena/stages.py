"""The order in which candidates that pass the gates are separated, and what the stages see of a candidate. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from arena import scores as scoring
from arena.evaluation.measurement import SUSPICIOUS, Flag
from arena.evaluation.result import Evaluated
from arena.scores import Score


@dataclass(frozen=True, slots=True)
class Player:
    """A candidate as the stages see it. `quality` holds the least and the most that it could be."""

    evaluated: Evaluated
    score: Score
    quality: tuple[float, float]

    @property
    def label(self) -> str:
        """The candidate's label."""
        return self.score.label

    @property
    def tree(self) -> str:
        """What is judged; equal trees are one change."""
        return self.evaluated.candidate.tree

    def number(self, name: str, default: float) -> float:
        """A measurement as a number, `default` where it was not measured."""
        value = self.evaluated.value(name)
        return float(value) if scoring.is_number(value) else default

    @property
    def doubts(self) -> list[Flag]:
        """What a person should look at before this is merged."""
        return [f for f in self.evaluated.flags if f.grade == SUSPICIOUS]


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the order: more is better, and evidence that is missing ranks behind evidence that is bad. With
    `most`, those that could reach the best are level with it: only the last stage may have one, else dropping a loser
    could change the winner."""

    name: str
    key: Callable[[Player], float]
    most: Callable[[Player], float] | None = None


# The order in which candidates that pass the gates are separated: this table is the judge.
STAGES = (
    Stage("required", lambda p: p.number("required.passed", -math.inf)),
    Stage("regressions", lambda p: -p.number("regressions", math.inf)),
    Stage("mended", lambda p: -p.number("tests.still_failing", math.inf)),
    Stage("reproduction", lambda p: p.number("reproduction", -math.inf)),
    Stage("cross-run", lambda p: p.number("cross.rank", -math.inf)),
    Stage("touched", lambda p: p.number("where.touched", 0.0)),
    Stage("agreement", lambda p: p.number("where.agreed", 0.0)),
    Stage("quality", lambda p: p.quality[0], most=lambda p: p.quality[1]),
)
