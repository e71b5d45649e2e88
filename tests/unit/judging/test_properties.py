"""What must hold for any candidates: order, labels, scale of the weights, losers and copies change nothing."""

import dataclasses
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arena import scores

LABELS = ("ant", "bee", "cat", "dog", "elk", "fox")
SOFT = """
[[criterion]]
measure = "coverage.changed"
weight = 45
zero = 0.0
full = 0.8
[[criterion]]
measure = "static.new"
weight = 30
zero = 10
full = 0
[[criterion]]
measure = "complexity.worst"
weight = 25
base = "delta"
zero = 10
full = -5
"""

shares = st.sampled_from([None, 0.0, 0.25, 0.4, 0.8, 1.0])
counts = st.sampled_from([None, 0, 0, 0, 1, 2])
values = st.fixed_dictionaries(
    {
        "integrity": st.sampled_from(["clean", "clean", "clean", "void"]),
        "required.passed": st.sampled_from([None, 0.5, 1.0, 1.0]),
        "regressions": counts,
        "tests.still_failing": counts,
        "tests.fixed": st.sampled_from([0, 2]),
        "coverage.changed": shares,
        "static.new": st.sampled_from([None, 0, 1, 2, 7]),
        "reproduction": st.sampled_from([None, -1.0, 0.0, 1.0]),
        "complexity.worst": st.sampled_from([(3, 3), (9, 3), (1, 4), (None, None)]),
    }
)
doubts = st.sampled_from(["", "", "edited a test"])
fields = st.lists(st.tuples(values, doubts), min_size=1, max_size=5)
quick = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module", params=["default", "soft"])
def by(request, make):
    return make.rules(SOFT) if request.param == "soft" else make.shipped("default")


@pytest.fixture(scope="module")
def build(make):
    """Candidates with a tree of their own each, named by `labels` or the standard ones."""

    def evaluation(field, labels=LABELS):
        found = []
        for n, ((value, doubt), label) in enumerate(zip(field, labels, strict=False)):
            named = {"tree": f"t{n}", "commit": f"c{n}", "doubt": doubt}
            one = make.candidate(label, value, **named)
            points = [] if value["reproduction"] is None else [value["reproduction"]]
            found.append(dataclasses.replace(one, details={"points": points}))
        return make.evaluation(found, required=make.tests)

    return evaluation


def only(evaluation, labels):
    kept = tuple(e for e in evaluation.candidates if e.candidate.label in labels)
    return dataclasses.replace(evaluation, candidates=kept)


@quick
@given(field=fields, random=st.randoms(use_true_random=False))
def test_the_order_of_candidates_changes_nothing(make, build, by, field, random):
    found = build(field)
    shuffled = list(found.candidates)
    random.shuffle(shuffled)
    other = dataclasses.replace(found, candidates=tuple(shuffled))
    assert make.decide(other, by) == make.decide(found, by)
    assert repr(make.decide(other, by)) == repr(
        make.decide(found, by)
    )  # dicts in the same order too


@quick
@given(field=fields, factor=st.sampled_from([0.01, 1 / 3, 3.0, 7.0, 10.0]))
def test_scaling_all_weights_changes_nothing(make, build, by, field, factor):
    scaled = tuple(
        dataclasses.replace(c, weight=c.weight * factor) for c in by.criteria
    )
    other = dataclasses.replace(by, criteria=scaled)
    assert make.decide(build(field), other) == make.decide(build(field), by)


@quick
@given(field=fields, data=st.data())
def test_dropping_losers_never_changes_the_winner(make, build, by, field, data):
    found = build(field)
    winner = make.decide(found, by).winner
    if winner is None:
        return
    losers = [
        e.candidate.label for e in found.candidates if e.candidate.label != winner
    ]
    kept = data.draw(st.lists(st.sampled_from(losers))) if losers else []
    assert make.decide(only(found, {winner, *kept}), by).winner == winner


@quick
@given(field=fields)
def test_who_fails_a_gate_is_never_ranked(make, build, by, field):
    found = build(field)
    got = make.decide(found, by)
    failing = {s.label for s in scores.score(found, by) if s.failed_gates}
    assert set(got.excluded) == failing
    assert not failing & {got.winner, got.leader, *got.ranking, *got.tied}
    assert sorted([*got.ranking, *got.excluded]) == sorted(LABELS[: len(field)])


@quick
@given(field=fields, data=st.data())
def test_a_copy_of_a_candidate_changes_nothing_but_is_named(
    make, build, by, field, data
):
    found = build(field)
    before = make.decide(found, by)
    number = data.draw(st.integers(0, len(field) - 1))
    original = found.candidates[number]
    twin = dataclasses.replace(
        original,
        candidate=dataclasses.replace(original.candidate, label="zoo", commit="d"),
    )
    after = make.decide(
        dataclasses.replace(found, candidates=(*found.candidates, twin)), by
    )
    for name in (
        "winner",
        "leader",
        "ranking",
        "tied",
        "shares",
        "confidence",
        "stage",
        "why",
        "blocks",
    ):
        assert getattr(after, name) == getattr(before, name), name
    passes = original.candidate.label in before.ranking
    assert after.same == ({"zoo": original.candidate.label} if passes else {})


@quick
@given(field=fields, labels=st.permutations(LABELS))
def test_renaming_the_candidates_renames_the_verdict(make, build, by, field, labels):
    new = dict(zip(LABELS, labels, strict=True))

    def renamed(value):
        if isinstance(value, str):
            return re.sub("|".join(LABELS), lambda m: new[m[0]], value)
        if isinstance(value, dict):
            return {renamed(k): renamed(v) for k, v in value.items()}
        return tuple(renamed(v) for v in value) if isinstance(value, tuple) else value

    before, after = make.decide(build(field), by), make.decide(build(field, labels), by)
    for name in dataclasses.asdict(before):
        assert getattr(after, name) == renamed(getattr(before, name)), name


@quick
@given(field=fields)
def test_a_winner_is_first_alone_and_a_toss_up_has_a_leader(make, build, by, field):
    got = make.decide(build(field), by)
    assert got.leader == (got.ranking[0] if got.ranking else None)
    assert (got.confidence == "none") == (not got.ranking)
    unsure = got.confidence in ("none", "toss-up") or "odd: edited a test" in got.blocks
    assert got.winner == (None if unsure else got.leader)
    assert (len(got.tied) > 1) == (got.confidence == "toss-up")
    assert got.confidence in ("decisive", "clear") or got.blocks
    assert got.why
    assert len(got.reasons) <= 4
