"""Who wins, how sure that is, and why: each rule of the order and each class of confidence."""

import dataclasses
import json
import subprocess
import sys

import pytest

from arena import stages
from arena.machine import records

QUALITY = {"static.new": 3}  # 9 points less than none under the default rubric


@pytest.fixture
def judged(make):
    """The verdict on candidates a, b, c... with these values; all required tests pass unless said."""

    def decide(*values, by=None, required=make.tests, seed=0, doubt="", **how):
        given = {"required.passed": 1.0} if required else {}
        found = [
            make.candidate(name, given | value, doubt=doubt if name == "a" else "")
            for name, value in zip("abcdefgh", values, strict=False)
        ]
        whole = make.evaluation(found, required=required, **how)
        return make.decide(whole, by, seed=seed)

    return decide


@pytest.fixture
def soft(make):
    """A rubric that excludes nobody for tests, so that the stages must tell."""
    return make.rules(
        '[[criterion]]\nmeasure = "static.new"\nweight = 1\nzero = 10\nfull = 0\n'
    )


def test_the_order_of_the_stages_is_one_table():
    assert [stage.name for stage in stages.STAGES] == [
        "required", "regressions", "mended", "suspicion", "reproduction", "same output", "cross-run", "touched",
        "agreement", "likeness", "quality",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("better", "worse", "stage"),
    [
        (
            {"required.passed": 1.0, "regressions": 9},
            {"required.passed": 0.9},
            "required",
        ),
        (
            {"regressions": 0, "tests.still_failing": 9},
            {"regressions": 1},
            "regressions",
        ),
        (
            {"tests.still_failing": 0, "static.new": 9},
            {"tests.still_failing": 1},
            "mended",
        ),
        ({"static.new": 0}, {"static.new": 3}, "quality"),
    ],
)
def test_no_later_stage_buys_off_an_earlier_one(judged, soft, better, worse, stage):
    for pair, best in (((better, worse), "a"), ((worse, better), "b")):
        found = judged(*pair, by=soft)
        assert (found.winner, found.leader, found.stage) == (best, best, stage)
        assert found.ranking[0] == best


@pytest.mark.parametrize(
    "name", ["required.passed", "regressions", "tests.still_failing"]
)
def test_evidence_that_is_missing_ranks_behind_evidence_that_is_bad(judged, soft, name):
    bad = {"required.passed": 0.0, "regressions": 7, "tests.still_failing": 7}[name]
    found = judged({name: None}, {name: bad}, by=soft)
    assert found.ranking == ("b", "a")


def test_evidence_that_nobody_has_separates_nobody(judged, soft):
    found = judged(
        {"regressions": None}, {"regressions": None, "static.new": 5}, by=soft
    )
    assert (found.leader, found.stage) == ("a", "quality")


def test_decisive_needs_five_required_tests_and_a_change_that_ran(judged, make):
    found = judged({}, {"required.passed": 0.8})
    assert (found.winner, found.confidence, found.stage) == (
        "a",
        "decisive",
        "required",
    )
    assert (
        found.why
        == "passes all 5 required tests, which the others do not; 90% of its change ran"
    )
    assert found.blocks == ()
    few = judged({}, {"required.passed": 0.5}, required=make.tests[:4])
    assert (few.confidence, few.stage) == ("clear", "required")
    for covered in (0.7, None):
        found = judged({"coverage.changed": covered}, {"required.passed": 0.8})
        assert found.confidence == "clear"


def test_clear_where_a_rival_breaks_what_worked(judged):
    found = judged({}, {"regressions": 1})
    assert (found.winner, found.confidence, found.stage) == (
        "a",
        "clear",
        "regressions",
    )
    assert found.why == "passes all 5 required tests and breaks nothing"


def test_a_suspicious_flag_leaves_a_leader_but_no_winner_and_blocks(judged):
    for rival in ({"required.passed": 0.0}, {"regressions": 1}):
        found = judged({}, rival, doubt="wrote into conftest.py")
        assert (found.winner, found.leader) == (None, "a")
        assert found.confidence == "leaning"
        assert "wrote into conftest.py" in found.why
        assert "odd: wrote into conftest.py" in found.blocks
    mended = {"tests.fixed": 2}
    found = judged(
        mended, {"tests.still_failing": 2}, required=(), doubt="wrote into conftest.py"
    )
    assert (found.winner, found.leader, found.confidence) == (None, "a", "leaning")


def test_who_is_not_suspected_comes_first(judged, make):
    one = make.candidate("a", {"static.new": 0}, doubt="looked at its callers")
    other = make.candidate("b", {"static.new": 9})
    found = make.decide(make.evaluation([one, other]))
    assert (found.winner, found.stage) == ("b", "suspicion")


def test_an_open_question_about_all_is_no_suspicion_against_one(judged, make):
    for name in ("obsolete-tests", "intermittent-failures", "check-suspected"):
        one = make.candidate("a", {}, doubt="a question", flag=name)
        other = make.candidate("b", {"static.new": 9})
        found = make.decide(make.evaluation([one, other]))
        assert (found.winner, found.confidence) == ("a", "leaning")
        assert f"{name}: a question" in found.blocks


def test_a_change_that_no_test_ran_is_at_most_leaning(judged):
    found = judged({"coverage.changed": 0.4}, {"required.passed": 0.0})
    assert (found.winner, found.confidence) == ("a", "leaning")
    assert "40%" in found.why


def test_a_winner_that_breaks_tests_is_at_most_leaning_whatever_the_rubric(
    judged, soft
):
    found = judged({"regressions": 1}, {"regressions": 2}, by=soft)
    assert (found.winner, found.confidence) == ("a", "leaning")
    assert "breaks 1" in found.why
    assert found.blocks


def test_mending_all_failing_tests_of_the_base_is_clear_where_others_do_not(judged):
    found = judged(
        {"tests.fixed": 3}, {"tests.fixed": 2, "tests.still_failing": 1}, required=()
    )
    assert (found.winner, found.confidence, found.stage) == ("a", "clear", "mended")
    assert found.why == "mends all 3 tests that fail on the base, the others do not"
    half = judged(
        {"tests.fixed": 2, "tests.still_failing": 1},
        {"tests.fixed": 1, "tests.still_failing": 2},
        required=(),
    )
    assert (half.winner, half.confidence) == ("a", "leaning")


def test_leaning_where_nothing_says_that_the_job_was_done(judged):
    found = judged({}, {"static.new": 9}, required=())
    assert (found.winner, found.confidence) == ("a", "leaning")
    assert found.why == "no required test or check says that the job was done"
    assert "the verdict is leaning" in found.blocks


def test_no_tests_at_all_is_at_most_leaning_and_never_merged_by_itself(judged):
    for given in (
        [{}],
        [{}, {"static.new": 9, "coverage.changed": 0.0}],
        [{}, {"compiles": False}],
    ):
        values = [{"regressions": None, **v} for v in given]
        found = judged(*values, required=(), base_tests=False)
        assert (found.winner, found.confidence) == ("a", "leaning")
        assert "there was no test" in found.blocks
        assert found.why == "there was no test to judge by"


def test_quality_alone_is_clear_where_nearly_all_weightings_agree(judged):
    found = judged({}, {"static.new": 5, "coverage.changed": 0.1})
    assert (found.winner, found.confidence, found.stage) == ("a", "clear", "quality")
    assert found.why == "equal in every test; first in 100% of all weightings"


def test_quality_is_leaning_where_some_weightings_disagree(judged):
    found = judged({"static.new": 1}, {"coverage.changed": 0.3})
    assert (found.winner, found.confidence, found.stage) == ("a", "leaning", "quality")
    assert 0.6 <= found.shares["a"] < 0.9


def test_quality_is_a_toss_up_where_the_weights_decide(judged):
    found = judged({"static.new": 5}, {"coverage.changed": 0.4})
    assert found.winner is None
    assert found.leader == "a"
    assert (found.confidence, found.stage) == ("toss-up", "quality")
    assert found.tied == ("a", "b")
    assert "of all weightings" in found.why


def test_a_tie_is_a_toss_up_with_a_leader_that_the_seed_draws(judged):
    leaders = set()
    for seed in range(12):
        found = judged({}, {"static.new": 0}, {"regressions": 1}, seed=seed)
        assert (found.winner, found.confidence, found.stage) == (
            None,
            "toss-up",
            "coin",
        )
        assert sorted(found.tied) == ["a", "b"]
        assert found.leader == found.ranking[0] in ("a", "b")
        assert "the verdict is toss-up" in found.blocks
        leaders.add(found.leader)
    assert leaders == {"a", "b"}


def test_less_than_the_noise_is_a_tie_and_the_noise_is_not_more(judged, make):
    text = (
        '[[criterion]]\nmeasure = "coverage.changed"\nweight = 1\nzero = 0\nfull = 1\n'
    )
    by = make.rules(text + "[confidence]\nnoise = 2\n")
    level = judged({"coverage.changed": 0.9}, {"coverage.changed": 0.88}, by=by)
    assert level.confidence == "toss-up"
    apart = judged({"coverage.changed": 0.9}, {"coverage.changed": 0.8799}, by=by)
    assert apart.winner == "a"


def test_an_unknown_that_could_turn_the_order_makes_a_toss_up(judged):
    """Neither 0, with which a would win, nor left out of the sum, with which b would."""
    found = judged({"coverage.changed": 0.3}, {"coverage.changed": None})
    assert (found.winner, found.confidence) == (None, "toss-up")
    assert sorted(found.tied) == ["a", "b"]
    assert "coverage.changed: no coverage.changed here (b)" in found.not_measured
    assert "not measured" in found.why


def test_an_unknown_that_can_not_turn_the_order_leaves_a_winner_but_no_certainty(
    judged,
):
    found = judged(
        {"coverage.changed": 0.8}, {"coverage.changed": None, "static.new": 9}
    )
    assert (found.winner, found.confidence, found.stage) == ("a", "leaning", "quality")


def test_what_was_measured_for_nobody_counts_for_nobody(judged):
    found = judged(
        {"coverage.changed": None}, {"coverage.changed": None, "static.new": 9}
    )
    assert (found.winner, found.stage) == ("a", "quality")
    assert found.not_measured == ("coverage.changed: no coverage.changed here",)


def test_one_candidate_alone_that_is_proven_is_clear(judged):
    found = judged({})
    assert (found.winner, found.confidence, found.stage) == ("a", "clear", "only")
    assert (found.runner_up, found.ranking, found.blocks) == (None, ("a",), ())
    assert found.shares == {"a": 1.0}


def test_one_candidate_alone_that_is_not_proven_is_leaning(judged):
    found = judged({}, required=())
    assert (found.winner, found.confidence, found.stage) == ("a", "leaning", "only")


def test_a_lone_survivor_is_told_by_what_the_nearest_of_the_others_failed(judged):
    found = judged({}, {"compiles": False, "regressions": 4}, {"merges": False})
    assert (found.winner, found.stage, found.runner_up) == ("a", "merges", "c")
    assert found.excluded == {
        "b": "compiles: no, needs yes",
        "c": "merges: no, needs yes",
    }
    assert "c is out: merges: no, needs yes." in [text for text, _ in found.reasons]


def test_likeness_is_a_hint_only_where_no_test_says_that_the_job_was_done(judged, make):
    like, better = {"where.likeness": 0.5, "static.new": 9}, {"where.likeness": 0.1}
    found = judged(like, better, required=())
    assert (found.winner, found.leader, found.stage) == (None, "a", "likeness")
    assert found.confidence == "toss-up"
    assert found.tied == ("a", "b")
    done = {"required.passed": 1.0}
    found = judged({**like, **done}, {**better, **done})
    assert (found.winner, found.stage) == ("b", "quality")


def test_a_winner_by_what_others_say_must_stay_it_without_each_of_them(make):
    def one(label, told, rank):
        made = make.candidate(label, {"cross.passed": rank, "cross.rank": rank, "reproduction": 1.0})  # fmt: skip
        return dataclasses.replace(made, details={"cross": told, "witness": label})

    a = one("a", {"c": {"t": "passed"}, "d": {"t": "passed"}}, 1.0)
    b = one("b", {"c": {"t": "failed"}, "d": {"t": "passed"}}, 0.5)
    c = one("c", {"d": {"t": "failed"}}, 0.0)
    d = one("d", {"c": {"t": "failed"}}, 0.0)
    found = make.decide(make.evaluation([a, b, c, d]))
    assert (found.winner, found.stage) == ("a", "cross-run")
    assert found.confidence == "leaning"
    assert found.why.endswith("but not without c")
    b = one("b", {"c": {"t": "failed"}, "d": {"t": "failed"}}, 0.0)
    found = make.decide(make.evaluation([a, b, c, d]))
    assert (found.winner, found.stage, found.confidence) == ("a", "cross-run", "clear")


def test_the_smallest_input_on_which_the_first_two_differ_is_a_reason(make):
    rows = [{"input": "f(2)", "base": "0", "own": "4", "others": {"c": "1"}}]
    rows += [{"input": "f(3, 4)", "base": "0", "own": "7", "others": {"b": "-1"}}]
    one = dataclasses.replace(make.candidate("a", {}), details={"probes": rows})
    other = make.candidate("b", {"static.new": 9})
    found = make.decide(make.evaluation([one, other]))
    assert ("At f(3, 4) it gives 7; b gives -1.", "tests") in found.reasons


def ran(make, label, values, *, points=(), tests=None, probes=()):
    """A candidate whose examples had these points, with outcomes of tests and differences in probes."""
    score = {"reproduction": sum(points)} if points else {}
    made = make.candidate(label, {**score, **values})
    details = {
        "points": list(points),
        "outputs": ["x" if p == 1 else "" for p in points],
        "probes": list(probes),
        "witness": label,
    }
    return dataclasses.replace(made, details=details, tests=tests or {})


def test_the_best_of_those_that_behave_alike_is_clear_where_running_told_others_from_it(
    make,
):
    same, worse = {"where.likeness": 0.1}, {"where.likeness": 0.4, "static.new": 9}
    a, b = (ran(make, n, v, points=(1.0, 0.0)) for n, v in (("a", same), ("b", worse)))
    c = ran(make, "c", {}, points=(0.0, 0.0))
    found = make.decide(make.evaluation([a, b, c]))
    assert (found.winner, found.confidence, found.stage) == ("a", "clear", "quality")
    assert found.why == (
        "the examples in the task's text come out differently, and cleanly, "
        "and is the best of those that do the same in everything that was run"
    )
    left = make.decide(make.evaluation([a, b]))
    assert (left.winner, left.confidence) == ("a", "leaning")


@pytest.mark.parametrize("what", ["points", "tests", "probes", "outputs"])
def test_who_behaves_otherwise_than_a_peer_or_crashes_is_not_clear(make, what):
    points = (1.0, -1.0, 1.0) if what == "points" else (1.0, 1.0)
    tests = {"tests/test_old.py::test_it": "skipped"} if what == "tests" else {}
    rows = [{"input": "f(1)", "base": "0", "own": "1", "others": {"b": "2"}}]
    a = ran(make, "a", {}, points=points, tests=tests, probes=rows if what == "probes" else ())  # fmt: skip
    b = ran(make, "b", {"static.new": 9}, points=points)
    if what == "outputs":
        b.details["outputs"][0] = "y"
    c = ran(make, "c", {}, points=(0.0, 0.0))
    found = make.decide(make.evaluation([a, b, c]))
    assert found.leader == "a"
    assert found.confidence in ("leaning", "toss-up")


def test_a_tie_among_those_that_behave_alike_stays_a_toss_up(make):
    a, b = (ran(make, n, {}, points=(1.0,)) for n in "ab")
    c = ran(make, "c", {}, points=(0.0,))
    found = make.decide(make.evaluation([a, b, c]))
    assert (found.winner, found.confidence) == (None, "toss-up")


def test_a_check_that_others_fail_makes_the_better_of_those_that_pass_clear(judged):
    values = ({"static.new": 1}, {"coverage.changed": 0.3}, {"required.passed": 0.0})
    found = judged(*values)
    assert (found.winner, found.confidence, found.stage) == ("a", "clear", "quality")
    assert found.why.startswith("passes 5 of 5 required tests, and is the best")
    assert judged(*values[:2]).confidence == "leaning"


def test_a_winner_by_quality_whom_agreement_let_through_must_stay_without_each(make):
    """Agreed is what half of the others change: without b, half no longer change `two`, which c to f leave alone."""

    def one(label, where, agreed, **more):
        made = ran(make, label, {"where.agreed": agreed, **more}, points=(1.0,))
        made.details["where"] = where
        return made

    both = ["one", "two"]
    a = one("a", both, 1.0, **{"static.new": 1})
    b = one("b", both, 1.0, **{"static.new": 9})
    rest = [one(label, ["one"], 0.5) for label in "cdef"]
    off = ran(make, "g", {}, points=(0.0,))
    off.details["where"] = ["two"]
    found = make.decide(make.evaluation([a, b, *rest, off]))
    assert (found.winner, found.stage, found.confidence) == ("a", "quality", "leaning")
    assert "but not without" in found.why


def test_nobody_passes(judged):
    found = judged({"regressions": 2}, {"regressions": 1}, {"integrity": "void"})
    assert (found.winner, found.leader, found.confidence, found.stage) == (
        None,
        None,
        "none",
        "gates",
    )
    assert (found.ranking, found.tied, found.shares) == ((), (), {})
    assert found.runner_up == "b"
    assert list(found.excluded) == ["b", "a", "c"]
    assert found.blocks == ("no candidate passes the gates",)
    assert found.reasons[0] == (
        "b is out: regressions: 1, needs at most 0.",
        "scoreboard",
    )


def test_no_candidate_at_all(make):
    found = make.decide(make.evaluation([]))
    assert (found.winner, found.confidence, found.excluded) == (None, "none", {})


def test_void_never_wins_whatever_the_rubric(judged, make):
    by = make.rules("")
    found = judged({"integrity": "void"}, {"required.passed": 0.0}, by=by)
    assert found.ranking == ("b",)


def test_a_rubric_can_forbid_merging_by_itself(judged, make):
    for merge, words in (("never", "never merges"), ("ask", "asks before it merges")):
        by = make.rules(f'[rubric]\nname = "mine"\nmerge = "{merge}"\n')
        found = judged({}, {"required.passed": 0.0}, by=by)
        assert found.winner == "a"
        assert any(words in block for block in found.blocks)
    assert not judged({}, {"required.passed": 0.0}, by=make.rules("")).blocks


def test_the_reasons_are_at_most_four_sentences_each_with_a_number(judged):
    found = judged(
        {"tests.fixed": 3, "coverage.changed": 0.9},
        {"coverage.changed": 0.1},
        {"required.passed": 0.4},
        {"regressions": 1},
        {"regressions": 2},
    )
    texts = [text for text, _ in found.reasons]
    assert texts[0] == "Passes 5 of 5 required tests; c 2."
    assert texts[1] == "Mends 3 failing tests of the base and breaks 0."
    assert texts[2].startswith(
        "91.7 points against 52.3 of b; most of it from coverage.changed (100% of its points against 12%"
    )
    assert len(texts) == 4
    assert {anchor for _, anchor in found.reasons} == {"tests", "reasons", "scoreboard"}


def test_the_same_tree_has_one_vote(make):
    found = make.evaluation(
        [
            make.candidate("a", tree="x"),
            make.candidate("b", tree="y"),
            make.candidate("c", tree="x"),
        ]
    )
    got = make.decide(found)
    assert got.same == {"c": "a"}
    assert sorted(got.ranking) == ["a", "b"]
    assert got.shares == {"a": 0.5, "b": 0.5}


PROGRAM = """
import json, sys
from arena import rubric, scores, verdict
from arena.evaluation import measures
from arena.evaluation.result import Evaluation
from arena.machine import records
data = json.load(sys.stdin)
found = records.from_json(Evaluation, data["evaluation"])
by = rubric.load(data["rubric"], name="default.toml", known=measures.KNOWN)
decided = verdict.decide(found, scores.score(found, by), by, seed=3)
print(json.dumps(records.to_json(decided)))
"""


def test_the_json_of_a_verdict_is_the_same_in_every_process(make):
    from arena.commands.judge import shipped_rubrics

    values = [
        {"static.new": n, "coverage.changed": (7 * n % 10) / 9, "required.passed": 1.0}
        for n in range(6)
    ]
    found = make.evaluation(
        [make.candidate(name, v) for name, v in zip("abcdef", values, strict=True)],
        required=make.tests,
    )
    given = json.dumps(
        {"evaluation": records.to_json(found), "rubric": shipped_rubrics()["default"]}
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-P", "-c", PROGRAM], input=given, text=True, check=True,
            capture_output=True, env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1")
    }  # fmt: skip
    assert len(outputs) == 1
    shares = json.loads(outputs.pop())["shares"]
    assert sum(0 < share < 1 for share in shares.values()) >= 2
    assert all(share == round(share, 4) for share in shares.values())
