"""Safety net (row D5): the winner is blocked unless somebody who is independent of it does the same."""

import dataclasses

import pytest

TESTS = {"tests/test_old.py::test_it": "passed"}


@pytest.fixture
def judged(make):
    """The verdict on a, the best, and b, under a rubric that asks for agreement."""

    def decide(b=None, *, tests=TESTS, values=None, witness="branch b"):
        found = [
            dataclasses.replace(
                make.candidate("a", {"required.passed": 1.0}),
                tests=TESTS,
                details={"witness": "branch a", "outputs": ["x"], "probes": []},
            ),
            dataclasses.replace(
                make.candidate("b", {"required.passed": 1.0, "static.new": 3} | (values or {})),
                tests=tests,
                details={"witness": witness, "outputs": ["x"], **(b or {})},
            ),
        ]  # fmt: skip
        by = dataclasses.replace(make.shipped("default"), agreement=True)
        return make.decide(make.evaluation(found, required=make.tests), by)

    return decide


def test_d5_who_is_confirmed_may_merge(judged):
    found = judged()
    assert (found.winner, found.blocks) == ("a", ())
    assert found.reasons[0][0].startswith("b, made independently, does the same")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"tests": {}}, "1 tests come out differently"),
        ({"tests": {"tests/test_old.py::test_it": "failed"}}, "1 tests come out"),
        ({"b": {"outputs": ["y"]}}, "an example of the task comes out differently"),
        ({"b": {"cross": {"a": {"t": "failed"}}}}, "b fails a test that a brought"),
        ({"witness": "branch a"}, "not made independently"),
        ({"witness": None}, "not made independently"),
        ({"values": {"regressions": 1}}, "fails regressions"),
    ],
)
def test_d5_who_is_alone_is_blocked_and_told_why(judged, changes, why):
    found = judged(**changes)
    assert found.winner == "a"
    [block] = found.blocks
    assert block.startswith("safety-net: nobody independent does the same (b: ")
    assert why in block


def test_d5_a_call_with_another_answer_and_a_lost_test_of_the_other_count(make):
    def found(**details):
        one = make.candidate("a", {"required.passed": 1.0})
        own = {"witness": "branch a", **details}
        a = dataclasses.replace(one, tests=TESTS, details=own)
        two = make.candidate("b", {"required.passed": 1.0, "static.new": 3})
        b = dataclasses.replace(two, tests=TESTS, details={"witness": "branch b"})
        by = dataclasses.replace(make.shipped("default"), agreement=True)
        return make.decide(make.evaluation([a, b], required=make.tests), by).blocks

    row = {"input": "f(1)", "base": "1", "own": "2", "others": {"b": "3"}}
    assert "a call gives another answer" in found(probes=[row])[0]
    assert "a fails a test that b brought" in found(cross={"b": {"t": "failed"}})[0]
    assert found(cross={"b": {"t": "n/a", "u": "passed"}}) == ()


def test_d5_one_candidate_alone_is_blocked(make):
    by = dataclasses.replace(make.shipped("default"), agreement=True)
    one = make.candidate("a", {"required.passed": 1.0})
    found = make.decide(make.evaluation([one], required=make.tests), by)
    assert "safety-net: nobody independent does the same (there is no other candidate)" in found.blocks  # fmt: skip


@pytest.mark.parametrize(
    ("witness", "tests", "confidence"),
    [
        ("branch b", TESTS, "clear"),
        ("branch a", TESTS, "toss-up"),
        ("branch b", {}, "toss-up"),
    ],
)
def test_d5_which_of_those_that_agree_is_taken_is_a_matter_of_taste(judged, witness, tests, confidence):  # fmt: skip
    found = judged(witness=witness, tests=tests, values={"static.new": 0})
    assert found.confidence == confidence
    assert (found.winner is not None) == (confidence == "clear") == (not found.blocks)
