"""Measurements on the scales of a rubric: gates, fractions, totals, and what a missing value means."""

import math

import pytest

from arena import scores

CRITERION = '[[criterion]]\nmeasure = "{measure}"\nweight = {weight}\nzero = {zero}\nfull = {full}\n'


@pytest.fixture
def one(make):
    """Scores one candidate."""

    def score(by, values=None, **how):
        (found,) = scores.score(
            make.evaluation([make.candidate("a", values)], **how), by
        )
        return found

    return score


def criterion(measure="static.new", weight=1, zero=10, full=0, more=""):
    return CRITERION.format(measure=measure, weight=weight, zero=zero, full=full) + more


def gate(found, name):
    return next((g.passed, g.why) for g in found.gates if g.name == name)


def test_a_good_candidate_passes_the_default_gates(one, make):
    found = one(make.shipped("default"))
    assert not found.failed_gates
    assert gate(found, "required.passed") == (None, "does not apply: no required tests")


@pytest.mark.parametrize(
    ("values", "name", "why"),
    [
        ({"integrity": "void"}, "integrity", "void, needs clean"),
        ({"compiles": False}, "compiles", "no, needs yes"),
        ({"regressions": 2}, "regressions", "2, needs at most 0"),
        ({"merges": False}, "merges", "no, needs yes"),
        ({"regressions": None}, "regressions", "not measured: no regressions here"),
    ],
)
def test_a_gate_fails_with_its_value_and_condition(one, make, values, name, why):
    found = one(make.shipped("default"), values)
    assert [(g.name, g.why) for g in found.failed_gates] == [(name, why)]


def test_a_required_share_is_a_gate_once_there_are_required_tests(one, make):
    found = one(make.shipped("default"), {"required.passed": 0.5}, required=make.tests)
    assert gate(found, "required.passed") == (False, "0.5, needs at least 1")


def test_a_gate_can_let_a_missing_value_pass_but_never_calls_it_passed(one, make):
    found = one(make.shipped("default"), {"static.undefined": None})
    assert gate(found, "static.undefined") == (
        None,
        "not measured: no static.undefined here",
    )
    assert not found.failed_gates


def test_a_measure_that_was_not_taken_fails_its_gate(one, make):
    found = one(make.rules('[[gate]]\nmeasure = "diff.files"\nat_most = 3\n'))
    assert gate(found, "diff.files") == (
        False,
        "not measured: this measure was not taken",
    )


@pytest.mark.parametrize(
    ("unless", "measure", "how"),
    [
        ("no required tests", "required.passed", {}),
        ("no tests on the base", "regressions", {"base_tests": False}),
        ("no target branch", "merges", {"target": None}),
        ("the test command is not pytest", "import.proven", {"command": "make check"}),
        ("no benchmark", "bench.seconds", {}),
    ],
)
def test_a_gate_does_not_apply_in_the_situation_that_it_names(
    one, make, unless, measure, how
):
    by = make.rules(
        f'[[gate]]\nmeasure = "{measure}"\nat_most = -1\nunless = "{unless}"\n'
    )
    assert gate(one(by, **how), measure) == (None, f"does not apply: {unless}")
    always = {"required": make.tests}
    values = {measure: 1}
    assert gate(one(by, values, **always), measure)[0] is False


def test_a_gate_on_the_ratio_to_the_base(one, make):
    by = make.rules(
        '[[gate]]\nmeasure = "bench.seconds"\nbase = "ratio"\nat_most = 0.95\n'
    )
    assert gate(one(by, {"bench.seconds": (0.9, 1.0)}), "bench.seconds")[0] is True
    assert gate(one(by, {"bench.seconds": (1.0, 1.0)}), "bench.seconds") == (
        False,
        "1, needs at most 0.95 of the base's",
    )
    for base in (None, 0):
        passed, why = gate(one(by, {"bench.seconds": (1.0, base)}), "bench.seconds")
        assert passed is False
        assert "base" in why


def test_a_text_is_no_number(one, make):
    by = make.rules('[[gate]]\nmeasure = "merges"\nat_most = 0\n')
    passed, why = gate(one(by, {"merges": "yes"}), "merges")
    assert passed is False
    assert "number" in why


@pytest.mark.parametrize(
    ("scale", "value", "fraction"),
    [
        (("absolute", 10, 0), (4, 9), 0.6),
        (("absolute", 0.0, 0.8), 0.4, 0.5),
        (("absolute", 0.0, 0.8), 0.9, 1.0),
        (("absolute", 10, 0), 12, 0.0),
        (("absolute", 0, 1), True, 1.0),
        (("delta", 10, -5), (10, 7), 7 / 15),
        (("delta", 10, -5), (1, 7), 1.0),
        (("ratio", 1.0, 0.5), (0.75, 1.0), 0.5),
        (("ratio", 1.0, 0.5), (3.0, 4.0), 0.5),
    ],
)
def test_a_straight_line_between_two_anchors_clipped(one, make, scale, value, fraction):
    base, zero, full = scale
    by = make.rules(
        criterion(zero=zero, full=full, weight=30, more=f'base = "{base}"\n')
    )
    found = one(by, {"static.new": value})
    assert found.fractions["static.new"] == pytest.approx(fraction)
    assert found.points["static.new"] == pytest.approx(30 * fraction)
    assert found.total == pytest.approx(100 * fraction)


@pytest.mark.parametrize(
    ("value", "base"),
    [
        (None, "absolute"),
        (math.nan, "absolute"),
        (math.inf, "absolute"),
        ("much", "absolute"),
        ((3, None), "delta"),
        ((3, math.nan), "delta"),
        ((3, None), "ratio"),
        ((3, 0), "ratio"),
    ],
)
def test_what_was_not_measured_is_neither_0_nor_100(one, make, value, base):
    by = make.rules(
        criterion(more=f'base = "{base}"\n') + criterion("coverage.changed", 1, 0, 0.9)
    )
    found = one(by, {"static.new": value})
    assert "static.new" not in found.fractions
    assert found.unmeasured["static.new"]
    assert found.total == 100.0


def test_no_total_where_nothing_was_measured(one, make):
    assert one(make.rules(criterion()), {"static.new": None}).total is None
    assert one(make.rules("")).total is None


@pytest.mark.parametrize(
    ("value", "more", "fraction"),
    [
        (None, 'missing = "zero"\n', 0.0),
        ((None, 5), 'missing = "base"\n', 0.5),
        ((None, 5), 'missing = "base"\nbase = "delta"\n', 1.0),
        ((None, 5), 'missing = "base"\nbase = "ratio"\n', 0.9),
    ],
)
def test_a_rubric_may_say_what_a_missing_value_is_worth(
    one, make, value, more, fraction
):
    by = make.rules(criterion(more=more))
    assert one(by, {"static.new": value}).fractions["static.new"] == pytest.approx(
        fraction
    )


def test_a_measure_that_was_not_taken_is_a_missing_value(one, make):
    by = make.rules(criterion("diff.files", more='missing = "zero"\n'))
    assert one(by).fractions == {"diff.files": 0.0}


def test_a_missing_criterion_can_exclude(one, make):
    found = one(make.rules(criterion(more='missing = "fail"\n')), {"static.new": None})
    assert [(g.name, g.why) for g in found.failed_gates] == [
        ("static.new", "not measured: no static.new here")
    ]


def test_weight_0_is_shown_and_not_counted(one, make):
    by = make.rules(criterion(weight=0) + criterion("coverage.changed", 1, 0, 1))
    assert one(by, {"static.new": 10, "coverage.changed": 1.0}).total == 100.0
    assert one(by, {"static.new": None, "coverage.changed": 1.0}).unmeasured == {}


def scored(make, by, *values):
    labelled = zip("abcdef", values, strict=False)
    return scores.score(
        make.evaluation([make.candidate(n, v) for n, v in labelled]), by
    )


TWO = criterion() + criterion("coverage.changed", 1, 0, 1)


def test_shares_of_the_weight_space(make):
    by = make.rules(TWO)
    found = scored(
        make,
        by,
        {"static.new": 0, "coverage.changed": 0.0},
        {"static.new": 10, "coverage.changed": 1.0},
    )
    shares = scores.first_shares(found, by, seed=1)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["a"] == pytest.approx(0.5, abs=0.04)
    assert shares == scores.first_shares(found[::-1], by, seed=1)
    assert shares != scores.first_shares(found, by, seed=2)


def test_the_best_in_everything_is_first_everywhere_and_equals_share(make):
    by = make.rules(TWO)
    best = {"static.new": 0, "coverage.changed": 1.0}
    worse = {"static.new": 1, "coverage.changed": 0.9}
    assert scores.first_shares(scored(make, by, best, worse), by, seed=0) == {
        "a": 1.0,
        "b": 0.0,
    }
    assert scores.first_shares(scored(make, by, best, best), by, seed=0) == {
        "a": 0.5,
        "b": 0.5,
    }


def test_no_shares_without_weights(make):
    by = make.rules("")
    assert scores.first_shares(scored(make, by, {}, {}), by, seed=0) == {
        "a": 0.0,
        "b": 0.0,
    }
    assert scores.first_shares([], by, seed=0) == {}


def test_shares_are_the_same_everywhere(make):
    """Figures of this seed, written down: another platform or version must give them too."""
    by = make.rules(TWO + criterion("complexity.worst", 1, 10, -5, 'base = "delta"\n'))
    found = scored(
        make,
        by,
        {"static.new": 2, "coverage.changed": 0.7, "complexity.worst": (4, 3)},
        {"static.new": 1, "coverage.changed": 0.9, "complexity.worst": (9, 3)},
        {"static.new": 6, "coverage.changed": None, "complexity.worst": (1, 3)},
    )
    shares = scores.first_shares(found, by, seed=7)
    assert shares == {"a": 0.237, "b": 0.49, "c": 0.273}


def test_the_scoreboard_is_a_table_of_candidates_and_measures(make):
    by = make.shipped("default")
    found = make.evaluation(
        [
            make.candidate("b", {"coverage.changed": None}),
            make.candidate("a", {"regressions": 1}),
        ]
    )
    table = scores.table(found, scores.score(found, by))
    assert list(table.index) == ["a", "b"]
    assert table.index.name == "label"
    assert math.isnan(table.loc["b", "coverage.changed"])
    assert table.loc["a", "coverage.changed"] == 0.9
    assert table.loc["a", "points:static.new"] == 30
    assert math.isnan(table.loc["b", "points:coverage.changed"])
    assert list(table["gates passed"]) == [False, True]
    assert table.loc["a", "total"] == pytest.approx(91.67, abs=0.01)


def test_the_scoreboard_of_nobody_is_empty(make):
    assert scores.table(make.evaluation([]), ()).empty


def test_bounds_hold_what_the_total_could_be_were_all_measured(make):
    by = make.rules(TWO + criterion("deps.added"))
    found = scored(
        make,
        by,
        {"static.new": 5, "coverage.changed": 1.0},
        {"static.new": 5, "coverage.changed": None},
    )
    assert scores.bounds(found, by) == {"a": (75.0, 77.0), "b": (25.0, 77.0)}
    assert scores.bounds(found[1:], by) == {"b": (50.0, 52.0)}
    assert scores.bounds((), by) == {}
