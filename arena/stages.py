"""The order in which candidates that pass the gates are separated, and what the stages see of a candidate. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from arena import scores as scoring
from arena.evaluation.measurement import SUSPICIOUS, VOID, Flag
from arena.evaluation.result import Evaluated, Evaluation
from arena.rubric import Rubric
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

    @property
    def agreeing(self) -> bool:
        """Whether what was run beyond the required tests says that the job was done: an example of the task's text
        comes out differently and none crashes, or all tests of others pass."""
        points = self.evaluated.details.get("points", ())
        moved = 1.0 in points and all(one in (0.0, 1.0) for one in points)
        return moved or self.number("cross.passed", 0.0) == 1

    @property
    def proven(self) -> bool:
        """Whether anything that was run says that the job was done, so that likeness hints at nothing more."""
        required = self.number("required.passed", 0.0) == 1
        return required or self.mends_all or self.agreeing

    @property
    def mends_all(self) -> bool:
        """Whether tests fail on the base and none of them fails any more."""
        return (
            self.number("tests.fixed", 0) > 0 == self.number("tests.still_failing", 1)
        )

    @property
    def suspected(self) -> bool:
        """Whether there is a suspicion of tampering."""
        return any(flag.id not in OPEN for flag in self.doubts)


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the order: more is better, and evidence that is missing ranks behind evidence that is bad. With
    `most`, those that could reach the best are level with it: only the last stage may have one, else dropping a loser
    could change the winner."""

    name: str
    key: Callable[[Player], float]
    most: Callable[[Player], float] | None = None


# Open questions that are no suspicion of tampering.
OPEN = (
    "repository-changed",
    "secret-added",
    "stale-commit",
    "obsolete-tests",
    "intermittent-failures",
    "intermittent-mended",
    "check-suspected",
)
# What tells candidates apart by running what the base does not do.
EXECUTED = ("required", "mended", "reproduction", "cross-run")
# The order in which candidates that pass the gates are separated: this table is the judge.
STAGES = (
    Stage("required", lambda p: p.number("required.passed", -math.inf)),
    Stage("regressions", lambda p: -p.number("regressions", math.inf)),
    Stage("mended", lambda p: -p.number("tests.still_failing", math.inf)),
    Stage("suspicion", lambda p: -float(p.suspected)),
    Stage("reproduction", lambda p: p.number("reproduction", -math.inf)),
    Stage("same output", lambda p: p.number("reproduction.agreed", 0.0)),
    Stage("cross-run", lambda p: p.number("cross.rank", -math.inf)),
    Stage("touched", lambda p: p.number("where.touched", 0.0)),
    Stage("agreement", lambda p: p.number("where.agreed", 0.0)),
    Stage("likeness", lambda p: 0.0 if p.proven else p.number("where.likeness", 0.0)),
    Stage("quality", lambda p: p.quality[0], most=lambda p: p.quality[1]),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the stages sort those that pass: `level` are those that no stage separates from the first, `peers` those
    that no evidence does, `rivals` those who could be first, `shares` the part of the weight space in which each of
    those who met at quality is; `told` names the stages that separated anybody from the first."""

    ranking: list[Player]
    level: list[Player]
    peers: list[Player]
    told: tuple[str, ...]
    rivals: list[Player]
    shares: dict[str, float]
    stage: str


def players(
    evaluation: Evaluation, scores: Sequence[Score], rubric: Rubric, seed: int
) -> list[Player]:
    """Everybody, the nearest to passing first."""
    limits = scoring.bounds([s for s in scores if not s.failed_gates], rubric)
    by_label = {s.label: (s, limits.get(s.label, (0.0, 0.0))) for s in scores}
    everyone = [Player(e, *by_label[e.candidate.label]) for e in evaluation.candidates]
    return sorted(everyone, key=lambda p: (*_distance(p), _order(p), *_coin(p, seed)))


def distinct(passing: list[Player]) -> tuple[list[Player], dict[str, str]]:
    """Equal trees have one vote: (one player a tree, label → the one with its tree)."""
    first = {p.tree: p.label for p in reversed(passing)}
    same = {p.label: first[p.tree] for p in passing if first[p.tree] != p.label}
    return [p for p in passing if p.label not in same], same


def _distance(player: Player) -> tuple[float, ...]:
    """How far a candidate is from passing."""
    return (
        player.evaluated.value("integrity") == VOID,
        len(player.score.failed_gates),
    )


def _order(player: Player) -> list[float]:
    """Sorts by all stages, the best first."""
    return [-each.key(player) for each in STAGES]


def _coin(player: Player, seed: int) -> tuple[str, ...]:
    """A coin that belongs to the content: neither order nor finishing time can move it, nor the label, unless two
    candidates are the same commit."""
    toss = hashlib.sha256(f"{seed}:{player.tree}".encode()).hexdigest()
    return toss, player.evaluated.candidate.commit, player.label


def stand(field: list[Player], rubric: Rubric, seed: int) -> Standing:
    """Sorts those that pass the gates, stage by stage; what no stage separates by the coin."""
    level, stage = field, "only"
    met: dict[str, list[Player]] = {}
    told = []
    for each in STAGES:
        before, best = level, max(each.key(p) for p in level)
        met[each.name] = before
        level = [p for p in before if (each.most or each.key)(p) >= best]
        stage = each.name if len(level) == 1 < len(before) else stage
        told += [each.name] if len(level) < len(before) else []
    level.sort(key=lambda p: _coin(p, seed))
    rest = [p for p in field if p not in level]
    rest.sort(key=lambda p: (_order(p), _coin(p, seed)))
    return Standing(
        ranking=[*level, *rest],
        level=level,
        peers=met["likeness"],
        told=tuple(told),
        rivals=level if len(level) > 1 else met.get(stage, field),
        shares=scoring.first_shares(
            [p.score for p in met["quality"]], rubric, seed=seed
        ),
        stage="coin" if len(level) > 1 else stage,
    )


def differs(one: Player, other: Player, evaluation: Evaluation) -> str:
    """What that was run for both came out differently, in words; '' if nothing did."""
    mine, theirs = one.evaluated, other.evaluated
    known = {*evaluation.base_tests, *evaluation.required} - set(evaluation.flaky)
    count = sum(mine.tests.get(i) != theirs.tests.get(i) for i in known)
    rows = mine.details.get("probes", ())
    found = (
        (count > 0, f"{count} tests come out differently"),
        (
            mine.details.get("outputs") != theirs.details.get("outputs"),
            "an example of the task comes out differently",
        ),
        (
            any(other.label in row["others"] for row in rows),
            "a call gives another answer",
        ),
    )
    return next((words for holds, words in found if holds), "")


def agreement(
    top: Player, everyone: Sequence[Player], evaluation: Evaluation
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Whether a candidate of another witness passes the gates and does the same as `top` in protected tests, examples,
    calls, and the tests that both brought: (sentence, section of the report) if one does, a block if none."""
    unlike = {p.label: _unlike(top, p, evaluation) for p in everyone if p != top}
    twin = next((label for label, why in unlike.items() if not why), None)
    if twin:
        said = f"{twin}, made independently, does the same in all that was run."
        return ((said, "tests"),), ()
    whys = [f"{label}: {why}" for label, why in unlike.items()][:4]
    alone = "; ".join(whys or ["there is no other candidate"])
    return (), (f"safety-net: nobody independent does the same ({alone})",)


TASTE = "those that are level do the same in all that was run: which one is a matter of taste"


def alike(found: Standing, evaluation: Evaluation) -> bool:
    """Whether all who could be first do the same as the first, which is proven and confirmed by somebody independent:
    then it is a matter of taste which of them is taken."""
    top = found.ranking[0]
    same = not any(differs(top, p, evaluation) for p in found.rivals if p != top)
    twins = (p for p in found.ranking if p != top and not _unlike(top, p, evaluation))
    return same and top.proven and any(True for _ in twins)


def toss_up(found: Standing, rubric: Rubric) -> str:
    """Why nobody is really first, '' if somebody is."""
    level, share = len(found.level), found.shares[found.ranking[0].label]
    uneven = len({frozenset(p.score.fractions) for p in found.rivals}) > 1
    if level > 1:
        unknown = ", or could be by what was not measured" if uneven else ""
        words = f"{level} candidates are equal in every stage, within"
        return f"{words} {rubric.noise:g} points{unknown}"
    if found.stage == "likeness":
        return "told apart only by the likeness of the changes"
    if found.stage == "quality" and share < rubric.leaning:
        return f"first in only {share:.0%} of all weightings"
    return ""


def _unlike(top: Player, other: Player, evaluation: Evaluation) -> str:
    witnesses = [p.evaluated.details.get("witness") for p in (top, other)]
    if other.score.failed_gates:
        return f"fails {other.score.failed_gates[0].name}"
    if None in witnesses or len(set(witnesses)) == 1:
        return "not made independently"
    if not top.evaluated.tests:
        return "no test was run"
    for one, author in ((top, other), (other, top)):
        tests = one.evaluated.details.get("cross", {}).get(author.label, {})
        if "failed" in tests.values():
            return f"{one.label} fails a test that {author.label} brought"
    return differs(top, other, evaluation)
