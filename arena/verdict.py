"""Scoreboard → verdict. Lexicographic: no later stage can buy off an earlier one. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from arena import stages
from arena.errors import one_line
from arena.evaluation import compared
from arena.evaluation.result import Evaluation
from arena.rubric import Rubric
from arena.scores import Score
from arena.stages import EXECUTED, Player, Standing, distinct, players, stand

DECISIVE_TESTS = 5  # required tests from which a separation by them is decisive
DECISIVE_COVERAGE = 0.8
EVIDENCE = {  # what ranks, without saying that anybody is right
    "reproduction": "the examples in the task's text come out differently, and cleanly",
    "same output": "comes out in the task's examples as most others do",
    "cross-run": "passes more of the tests that other candidates brought",
    "touched": "changes a function that the task's examples run",
    "agreement": "changes the functions that independent candidates agree on",
}
# What rests on the other candidates.
COMPARING = ("same output", "cross-run", "agreement")
LEAST_COVERAGE = 0.5  # a change of which less ran is not proven by what passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Who should be merged and how sure that is.

    `winner` is None for none, for toss-up and where the first is suspected of tampering; `leader` is the first of
    the ranking, None if nobody passes the gates. `ranking` holds those that pass, best first; `excluded` the others
    with their reason; `stage` is what decided; `blocks` are reasons against merging without asking a person; `same`
    maps a label to the one with its tree.
    """

    winner: str | None = None
    leader: str | None = None
    runner_up: str | None
    confidence: str
    stage: str
    why: str
    ranking: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()
    excluded: dict[str, str]
    shares: dict[str, float] = dataclasses.field(default_factory=dict)
    reasons: tuple[tuple[str, str], ...]
    not_measured: tuple[str, ...] = ()
    blocks: tuple[str, ...]
    same: dict[str, str] = dataclasses.field(default_factory=dict)


def decide(
    evaluation: Evaluation, scores: Sequence[Score], rubric: Rubric, *, seed: int
) -> Verdict:
    """Applies gates, stages and ties. Equal inputs give equal verdicts, in whatever order they come."""
    everyone = players(evaluation, scores, rubric, seed)
    out = [(p.label, p.score.failed_gates[0]) for p in everyone if p.score.failed_gates]
    excluded = {label: f"{gate.name}: {gate.why}" for label, gate in out}
    passing = [p for p in everyone if not p.score.failed_gates]
    field, same = distinct(passing)
    if not field:
        return Verdict(
            runner_up=out[0][0] if out else None,
            confidence="none",
            stage="gates",
            why="no candidate passes all gates",
            excluded=excluded,
            reasons=_out(excluded)[:3],
            blocks=("no candidate passes the gates",),
        )
    found = stand(field, rubric, seed)
    if len(field) == 1 and out:  # decided by what removed the best of the others
        gate = out[0][1].name.removesuffix(".passed")
        found = dataclasses.replace(found, stage=gate)
    told = {gate.name.removesuffix(".passed") for _, gate in out} | set(found.told)
    confidence, why = _confidence(found, told, evaluation, rubric)
    if not told.isdisjoint(COMPARING) and confidence in ("decisive", "clear"):
        rival = _turned(found.ranking[0].label, evaluation, scores, rubric, seed)
        if rival:
            confidence, why = "leaning", f"{why}, but not without {rival}"
    toss_up, top = confidence == "toss-up", found.ranking[0]
    sure = not toss_up and not top.suspected
    others = [*(p.label for p in found.ranking[1:]), *excluded, None]
    blocks = _blocks(top, confidence, evaluation, rubric)
    reasons = _reasons(found.ranking, everyone, len(evaluation.required), excluded)
    if rubric.agreement:
        agreed, alone = stages.agreement(top, everyone, evaluation)
        blocks, reasons = (*blocks, *alone), (*agreed, *reasons)[:4]
    return Verdict(
        winner=top.label if sure else None,
        leader=top.label,
        runner_up=others[0],
        confidence=confidence,
        stage=found.stage,
        why=why,
        ranking=tuple(p.label for p in found.ranking),
        tied=tuple(p.label for p in found.ranking if toss_up and p in found.rivals),
        excluded=excluded,
        shares=found.shares,
        reasons=reasons,
        not_measured=_not_measured(found.ranking),
        blocks=blocks,
        same=same,
    )


def _turned(
    label: str,
    evaluation: Evaluation,
    scores: Sequence[Score],
    rubric: Rubric,
    seed: int,
) -> str | None:
    """The first candidate without whom another one would win, where others were asked."""
    for other in sorted(s.label for s in scores if s.label != label):
        rest = compared.without(evaluation, other)
        left = [s for s in scores if s.label != other]
        passing = [
            p for p in players(rest, left, rubric, seed) if not p.score.failed_gates
        ]
        field, _ = distinct(passing)
        if stand(field, rubric, seed).ranking[0].label != label:
            return other
    return None


def _confidence(
    found: Standing, told: set[str], evaluation: Evaluation, rubric: Rubric
) -> tuple[str, str]:
    """The class, and what it rests on. `told` names the stages and gates that separated anybody from the first."""
    top, stage = found.ranking[0], found.stage
    uneven = len({frozenset(p.score.fractions) for p in found.rivals}) > 1
    share, toss_up = found.shares[top.label], stages.toss_up(found, rubric)
    if toss_up and not (rubric.agreement and stages.alike(found, evaluation)):
        return "toss-up", toss_up
    settled = ("clear", stages.TASTE) if toss_up else _settled(found, told, evaluation)
    confidence, words = settled or _evidence(top, stage, share, evaluation, rubric)
    broken = top.number("regressions", -1.0)
    covered = top.number("coverage.changed", 1.0)
    open_questions = (
        (broken > 0, f"it breaks {broken:.0f} tests"),
        (broken < 0 and evaluation.base_tests, "what it breaks was not measured"),
        (covered < LEAST_COVERAGE, f"only {covered:.0%} of its change ran"),
        (
            stage == "quality" and uneven and not settled,
            "not everything was measured for all",
        ),
    )
    doubts = [flag.summary for flag in top.doubts]
    doubts += [text for is_open, text in open_questions if is_open]
    if doubts and confidence != "leaning":
        return "leaning", f"{words}, but: {doubts[0]}"
    return confidence, words


def _settled(
    found: Standing, told: set[str], evaluation: Evaluation
) -> tuple[str, str] | None:
    """Clear where what was run told others from the first and says that the job was done, and those whom only quality
    tells from it do the same in everything that was run: which of these is taken is a matter of taste."""
    top, others = found.ranking[0], [p for p in found.peers if p != found.ranking[0]]
    by = [name for name in EXECUTED if name in told]
    if found.stage != "quality" or not by or not top.proven:
        return None
    if any(stages.differs(top, other, evaluation) for other in others):
        return None
    count = len(evaluation.required)
    passed = count * top.number("required.passed", 0.0)
    words = {
        **EVIDENCE,
        "required": f"passes {passed:.0f} of {count} required tests",
        "mended": f"mends {top.number('tests.fixed', 0.0):.0f} failing tests",
    }
    same = "the best of those that do the same in everything that was run"
    return "clear", f"{words[by[0]]}, and is {same}"


def _evidence(
    top: Player, stage: str, share: float, evaluation: Evaluation, rubric: Rubric
) -> tuple[str, str]:
    """How sure the first place is by what was executed, all doubts apart."""
    count, fixed = len(evaluation.required), top.number("tests.fixed", 0.0)
    if not count or top.number("required.passed", 0.0) < 1:
        if not evaluation.base_tests:
            return "leaning", "there was no test to judge by"
        if stage == "mended" and top.mends_all:
            words = f"mends all {fixed:.0f} tests that fail on the base"
            return "clear", f"{words}, the others do not"
        if stage in EVIDENCE and top.agreeing:
            return "clear", f"{EVIDENCE[stage]}, and what was run agrees"
        nothing = "no required test or check says that the job was done"
        return "leaning", EVIDENCE.get(stage, nothing)
    if stage == "quality":
        words = f"equal in every test; first in {share:.0%} of all weightings"
        return ("clear" if share >= rubric.clear else "leaning"), words
    words = f"passes all {count} required tests"
    covered = top.number("coverage.changed", 0.0)
    if stage == "required" and count >= DECISIVE_TESTS and covered >= DECISIVE_COVERAGE:
        ran = f"{covered:.0%} of its change ran"
        return "decisive", f"{words}, which the others do not; {ran}"
    nothing = " and breaks nothing" if top.number("regressions", 1.0) == 0 else ""
    return "clear", words + nothing


def _reasons(
    ranking: list[Player], everyone: list[Player], count: int, excluded: dict[str, str]
) -> tuple[tuple[str, str], ...]:
    """At most four (sentence, section of the report), each with a number in it."""
    top, found = ranking[0], []
    if count:
        passed = [
            (p.label, round(count * p.number("required.passed", 0.0))) for p in everyone
        ]
        most = dict(passed)[top.label]
        less = ", ".join(
            f"{label} {number}" for label, number in passed if number < most
        )
        rest = f"; {less}" if less else ""
        found.append((f"Passes {most} of {count} required tests{rest}.", "tests"))
    fixed, broken = top.number("tests.fixed", 0.0), top.number("regressions", -1.0)
    if broken >= 0:
        words = f"Mends {fixed:.0f} failing tests of the base and breaks {broken:.0f}."
        found.append((words, "tests"))
    for other in ranking[1:2]:
        text = _smallest_input(top, other.label)
        found += [(text, "tests")] if text else []
        text = _largest_difference(top.score, other.score)
        found += [(text, "reasons")] if text else []
    return (*found, *_out(excluded)[:2])[:4]


def _smallest_input(top: Player, other: str) -> str | None:
    """Where the two behave differently: what a person can decide by in a minute."""
    for row in top.evaluated.details.get("probes", ()):
        if other in row["others"]:
            theirs = one_line(row["others"][other], limit=60)
            own, asked = one_line(row["own"], limit=60), one_line(row["input"], limit=60)  # fmt: skip
            return f"At {asked} it gives {own}; {other} gives {theirs}."
    return None


def _largest_difference(top: Score, other: Score) -> str | None:
    shared = sorted(top.points.keys() & other.points.keys())
    gains = {name: top.points[name] - other.points[name] for name in shared}
    most = max(gains.values(), default=0.0)
    if most <= 0:
        return None
    # Compared relative to the largest, so that the unit of the weights can't turn a tie.
    name = max(shared, key=lambda n: round(gains[n] / most, 9))
    earned = (
        f"{top.fractions[name]:.0%} of its points against {other.fractions[name]:.0%}"
    )
    totals = f"{top.total:.1f} points against {other.total:.1f} of {other.label}"
    return f"{totals}; most of it from {name} ({earned})."


def _not_measured(field: list[Player]) -> tuple[str, ...]:
    """What no number could be found for, with the labels where it was not so for all."""
    found: dict[str, list[str]] = {}
    for player in field:
        for name, why in player.score.unmeasured.items():
            found.setdefault(f"{name}: {why}", []).append(player.label)
    return tuple(
        text if len(labels) == len(field) else f"{text} ({', '.join(labels)})"
        for text, labels in sorted(found.items())
    )


def _out(excluded: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Why each of those is out that fail a gate, as (sentence, section of the report)."""
    return tuple((f"{n} is out: {why}.", "scoreboard") for n, why in excluded.items())


def _blocks(
    top: Player, confidence: str, evaluation: Evaluation, rubric: Rubric
) -> tuple[str, ...]:
    no_test = not evaluation.base_tests and not evaluation.required
    reasons = (
        (confidence not in ("decisive", "clear"), f"the verdict is {confidence}"),
        (rubric.merge == "never", f"the rubric {rubric.name} never merges"),
        (rubric.merge == "ask", f"the rubric {rubric.name} asks before it merges"),
        (no_test, "there was no test"),
    )
    doubts = [f"{flag.id}: {flag.summary}" for flag in top.doubts]
    return (*(text for holds, text in reasons if holds), *doubts)
