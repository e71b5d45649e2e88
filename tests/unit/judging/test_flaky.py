"""The policy against flaky tests, by simulation with the judge's own functions."""

import random

from arena.evaluation import outcomes, repeats
from arena.evaluation.baseline import baseline
from arena.evaluation.evaluate import BASE_RUNS, RERUNS
from arena.evaluation.testrun import TestRun

TRIALS = 4000


def run(names, chance, draw):
    told = {n: "failed" if draw.random() < chance else "passed" for n in names}
    facts = {"exit_code": 0, "ended": "exited", "wall": 1.0, "cpu": 1.0, "tail": ""}
    return TestRun(**facts, finished=True, outcomes=told)


def test_fifteen_tests_that_fail_in_a_tenth_of_the_runs_reject_few_right_candidates():
    draw, names, rejected = random.Random(1), [f"t.py::t{n}" for n in range(15)], 0
    for _ in range(TRIALS):
        base = baseline([run(names, 0.1, draw) for _ in range(BASE_RUNS)], ())
        gate = run(names, 0.1, draw)
        again = [run(outcomes.suspects(gate, base), 0.1, draw) for _ in range(RERUNS)]
        rejected += bool(outcomes.compare(gate, base, again).broken)
    assert rejected / TRIALS < 0.02


def test_a_race_in_a_mended_test_that_fails_in_three_of_ten_runs_is_found():
    draw = random.Random(2)
    found = sum(any(draw.random() < 0.3 for _ in range(repeats.TIMES + 1)) for _ in range(TRIALS))  # fmt: skip
    assert found / TRIALS > 0.95
