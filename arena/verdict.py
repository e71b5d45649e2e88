"""Scoreboard → verdict. Lexicographic: no later stage can buy off an earlier one. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from arena import scores as scoring
from arena.evaluation.result import Evaluated, Evaluation
from arena.rubric import Rubric
from arena.scores import Score

DECISIVE_TESTS = 5  # required tests from which a separation by them is decisive
DECISIVE_COVERAGE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Who should be merged and how sure that is.

    `winner` is None for none and toss-up; `leader` is the first of the ranking, None if nobody passes the gates.
    `ranking` holds those that pass, best first; `excluded` the others with their reason; `stage` is what decided;
    `blocks` are reasons against merging without asking a person; `same` maps a label to the one with its tree.
    """

    winner: str | None
    leader: str | None
    runner_up: str | None
    confidence: str
    stage: str
    why: str
    ranking: tuple[str, ...]
    tied: tuple[str, ...]
    excluded: dict[str, str]
    shares: dict[str, float]
    reasons: tuple[tuple[str, str], ...]
    not_measured: tuple[str, ...]
    blocks: tuple[str, ...]
    same: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """A candidate as the stages see it."""

    evaluated: Evaluated
    score: Score

    @property
    def label(self) -> str:
        """The candidate's label."""
        return self.score.label

    def number(self, name: str, default: float) -> float:
        """A measurement as a number, `default` where it was not measured."""
        value = self.evaluated.value(name)
        return float(value) if isinstance(value, bool | int | float) else default


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of the order: higher keys are better; keys closer than `noise` are equal."""

    name: str
    key: Callable[[Player], float]
    noise: float = 0.0


def stages(rubric: Rubric) -> tuple[Stage, ...]:
    """The order in which candidates that pass the gates are separated: this table is the judge."""
    return (
        Stage(name="required", key=lambda p: p.number("required.passed", 0.0)),
        Stage(name="regressions", key=lambda p: -p.number("regressions", 0.0)),
        Stage(name="mended", key=lambda p: -p.number("tests.still_failing", 0.0)),
        Stage(name="quality", key=lambda p: p.score.total or 0.0, noise=rubric.noise),
    )


def decide(
    evaluation: Evaluation, scores: Sequence[Score], rubric: Rubric, *, seed: int
) -> Verdict:
    """Applies gates, stages and ties. Equal inputs give equal verdicts, in whatever order they come."""
    by_label = {s.label: s for s in scores}
    everyone = [
        Player(evaluated=e, score=by_label[e.candidate.label])
        for e in sorted(evaluation.candidates, key=lambda e: e.candidate.label)
    ]
    excluded = {p.label: _why_out(p) for p in everyone if p.score.failed_gates}
    same = _same_trees([p for p in everyone if p.label not in excluded])
    field = [p for p in everyone if p.label not in excluded and p.label not in same]
    if not field:
        return _nobody(everyone, excluded)
    ranking, tied, stage = _rank(field, rubric, seed=seed)
    finalists = [p.score for p in _finalists(field, rubric)]
    shares = scoring.first_shares(finalists, rubric, seed=seed)
    top = ranking[0]
    runner_up = ranking[1] if len(ranking) > 1 else None
    stage = stage if runner_up else _stage_of_exclusion(everyone, excluded)
    confidence, why = _confidence(
        top, runner_up, tied, stage, shares=shares, evaluation=evaluation, rubric=rubric
    )
    winner = top.label if confidence in ("decisive", "clear", "leaning") else None
    return Verdict(
        winner=winner,
        leader=top.label,
        runner_up=runner_up.label if runner_up else _nearest(everyone, excluded),
        confidence=confidence,
        stage=stage,
        why=why,
        ranking=tuple(p.label for p in ranking),
        tied=tuple(sorted(p.label for p in tied)) if winner is None else (),
        excluded=excluded,
        shares=shares,
        reasons=_reasons(top, runner_up, everyone, excluded, len(evaluation.required)),
        not_measured=_not_measured(field, rubric),
        blocks=_blocks(top, confidence, evaluation, rubric),
        same=same,
    )


def _why_out(player: Player) -> str:
    gate = player.score.failed_gates[0]
    return f"{gate.name}: {gate.why}"


def _same_trees(players: list[Player]) -> dict[str, str]:
    """Label → label of the first candidate with the very same tree: one change, one vote."""
    first: dict[str, str] = {}
    same = {}
    for player in players:
        tree = player.evaluated.candidate.tree
        if tree in first:
            same[player.label] = first[tree]
        first.setdefault(tree, player.label)
    return same


def _coin(player: Player, seed: int) -> str:
    """A coin that belongs to the content: neither label, order nor finishing time can move it."""
    text = f"{seed}:{player.evaluated.candidate.tree}"
    return hashlib.sha256(text.encode()).hexdigest()


def _finalists(field: list[Player], rubric: Rubric) -> list[Player]:
    """Those that are still equal when quality is looked at."""
    left = field
    for stage in stages(rubric)[:-1]:
        best = max(stage.key(p) for p in left)
        left = [p for p in left if stage.key(p) >= best - stage.noise]
    return left


def _rank(
    field: list[Player], rubric: Rubric, *, seed: int
) -> tuple[list[Player], list[Player], str]:
    """(ranking, those tied for the first place, the stage that put the first before the second)."""
    table = stages(rubric)
    ranking = sorted(
        field, key=lambda p: (*(-stage.key(p) for stage in table), _coin(p, seed))
    )
    top = ranking[0]
    for stage in table:
        others = [
            p
            for p in ranking[1:]
            if all(
                s.key(top) - s.key(p) <= s.noise for s in table[: table.index(stage)]
            )
        ]
        if others and all(stage.key(top) - stage.key(p) > stage.noise for p in others):
            return ranking, [top], stage.name
    tied = [p for p in ranking if all(s.key(top) - s.key(p) <= s.noise for s in table)]
    tied.sort(key=lambda p: _coin(p, seed))
    rest = [p for p in ranking if p not in tied]
    return [*tied, *rest], tied, "coin" if len(tied) > 1 else "only"


def _stage_of_exclusion(everyone: list[Player], excluded: dict[str, str]) -> str:
    """What removed the best of the excluded: the gate that a lone survivor was separated by."""
    if not excluded:
        return "only"
    label = _nearest(everyone, excluded)
    player = next(p for p in everyone if p.label == label)
    name = player.score.failed_gates[0].name
    return {"required.passed": "required", "regressions": "regressions"}.get(name, name)


def _nearest(everyone: list[Player], excluded: dict[str, str]) -> str | None:
    out = [p for p in everyone if p.label in excluded]
    if not out:
        return None
    return min(out, key=_distance).label


def _distance(player: Player) -> tuple[float, ...]:
    return (
        player.evaluated.value("integrity") == "void",
        len(player.score.failed_gates),
        -player.number("required.passed", 0.0),
        player.number("regressions", 1e9),
    )


def _confidence(
    top: Player,
    runner_up: Player | None,
    tied: list[Player],
    stage: str,
    *,
    shares: dict[str, float],
    evaluation: Evaluation,
    rubric: Rubric,
) -> tuple[str, str]:
    if len(tied) > 1:
        return (
            "toss-up",
            f"{len(tied)} candidates are equal in every stage, within {rubric.noise:g} points",
        )
    proven = bool(evaluation.required) and top.number("required.passed", 0.0) == 1.0
    mended = (
        top.number("tests.fixed", 0.0) > 0
        and top.number("tests.still_failing", 1.0) == 0
    )
    share = shares.get(top.label, 1.0)
    if stage == "quality" and share < rubric.leaning:
        return "toss-up", f"first in only {share:.0%} of all weightings"
    if not evaluation.base_tests and not proven:
        return "leaning", "there was no test to judge by"
    if not proven and stage == "mended" and mended:
        return (
            "clear",
            f"mends all {top.number('tests.fixed', 0):.0f} tests that fail on the base, the others do not",
        )
    if not proven:
        return "leaning", "no required test or check says that the job was done"
    if stage == "quality":
        words = f"equal in every test; first in {share:.0%} of all weightings"
        if len(top.score.fractions) != len(
            runner_up.score.fractions if runner_up else top.score.fractions
        ):
            return "leaning", f"{words}, but not everything was measured for both"
        return ("clear" if share >= rubric.clear else "leaning"), words
    return _proven_confidence(top, stage, evaluation)


def _proven_confidence(
    top: Player, stage: str, evaluation: Evaluation
) -> tuple[str, str]:
    """Confidence where required tests passed and execution, not quality, decided."""
    count = len(evaluation.required)
    words = f"passes all {count} required tests"
    doubts = [
        flag.summary for flag in top.evaluated.flags if flag.grade == "suspicious"
    ]
    covered = top.number("coverage.changed", 0.0)
    if doubts:
        return "leaning", f"{words}, but: {doubts[0]}"
    if stage == "required" and count >= DECISIVE_TESTS and covered >= DECISIVE_COVERAGE:
        return (
            "decisive",
            f"{words}, which the others do not; {covered:.0%} of its change ran",
        )
    return "clear", f"{words} and breaks nothing"


def _reasons(
    top: Player,
    runner_up: Player | None,
    everyone: list[Player],
    excluded: dict[str, str],
    count: int,
) -> tuple[tuple[str, str], ...]:
    """At most four (sentence, section of the report), each with a number in it."""
    found: list[tuple[str, str]] = []
    if count:
        passed = _required_passed(top, count)
        beaten = ((p.label, _required_passed(p, count)) for p in everyone)
        less = ", ".join(f"{label} {n}" for label, n in beaten if n < passed)
        rest = f"; {less}" if less else ""
        found.append((f"Passes {passed} of {count} required tests{rest}.", "tests"))
    fixed, broken = top.number("tests.fixed", 0), top.number("regressions", -1)
    if broken >= 0:
        found.append(
            (
                f"Mends {fixed:.0f} failing tests of the base and breaks {broken:.0f}.",
                "tests",
            )
        )
    if runner_up is not None:
        found += _largest_difference(top, runner_up)
    for label, why in list(excluded.items())[:2]:
        found.append((f"{label} is out: {why}.", "scoreboard"))
    return tuple(found[:4])


def _required_passed(player: Player, count: int) -> int:
    return round(count * player.number("required.passed", 0.0))


def _largest_difference(top: Player, other: Player) -> list[tuple[str, str]]:
    shared = set(top.score.points) & set(other.score.points)
    if not shared or top.score.total is None or other.score.total is None:
        return []
    name = max(
        sorted(shared), key=lambda n: top.score.points[n] - other.score.points[n]
    )
    gain = top.score.points[name] - other.score.points[name]
    if gain <= 0:
        return []
    text = (
        f"{top.score.total:.1f} points against {other.score.total:.1f} of {other.label}; most of it from {name} "
        f"({top.score.points[name]:.1f} against {other.score.points[name]:.1f})."
    )
    return [(text, "reasons")]


def _not_measured(field: list[Player], rubric: Rubric) -> tuple[str, ...]:
    weights = {c.measure: c.weight for c in rubric.criteria}
    found: dict[str, list[str]] = {}
    for player in field:
        for name, why in player.score.unmeasured.items():
            if weights.get(name):
                found.setdefault(f"{name}: {why}", []).append(player.label)
    everyone = len(field)
    return tuple(
        text if len(labels) == everyone else f"{text} ({', '.join(labels)})"
        for text, labels in sorted(found.items())
    )


def _blocks(
    top: Player, confidence: str, evaluation: Evaluation, rubric: Rubric
) -> tuple[str, ...]:
    found = []
    if confidence not in ("decisive", "clear"):
        found.append(f"the verdict is {confidence}")
    if rubric.merge == "never":
        found.append(f"the rubric {rubric.name} never merges")
    found += [
        f"{f.id}: {f.summary}" for f in top.evaluated.flags if f.grade == "suspicious"
    ]
    if not evaluation.base_tests and not evaluation.required:
        found.append("there was no test")
    return tuple(found)


def _nobody(everyone: list[Player], excluded: dict[str, str]) -> Verdict:
    nearest = _nearest(everyone, excluded)
    order = sorted((p for p in everyone), key=lambda p: (_distance(p), p.label))
    return Verdict(
        winner=None,
        leader=None,
        runner_up=nearest,
        confidence="none",
        stage="gates",
        why="no candidate passes all gates",
        ranking=(),
        tied=(),
        excluded={p.label: excluded[p.label] for p in order if p.label in excluded},
        shares={},
        reasons=tuple(
            (f"{p.label} is out: {excluded[p.label]}.", "scoreboard") for p in order[:3]
        ),
        not_measured=(),
        blocks=("no candidate passes the gates",),
        same={},
    )
