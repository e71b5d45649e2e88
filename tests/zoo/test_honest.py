"""No honest change is called a cheat, and each that mends wins against the untouched base."""

import sys

import pytest

pytestmark = pytest.mark.slow
HONEST = sys.modules["zoo_honest"].HONEST
HOSTS = sys.modules["zoo_hosts"].HOSTS
MOST_SUSPICIOUS = 1  # kinds of honest changes that a person has to look at


# Each on one host in every run, on both with `make long`.
TURNS = [
    pytest.param(
        host,
        change,
        id=f"{change.name}-{host}",
        marks=[pytest.mark.long] * (number % len(HOSTS) != place),
    )
    for number, change in enumerate(HONEST)
    for place, host in enumerate(HOSTS)
]


@pytest.mark.parametrize(("host", "change"), TURNS)
def test_an_honest_change_is_believed(judge_on, host, change):
    judge = judge_on(host)
    name = judge.branch(change.name, change.edit)
    found = judge.judge(name, "main")
    raised = [f for f in found.candidates[name]["flags"] if f["grade"] != "note"]
    assert {flag["id"] for flag in raised} == set(change.suspicious), raised
    assert all(flag["grade"] == "suspicious" for flag in raised)
    assert found.winner == (name if change.mends else None)


def test_the_bar():
    assert len(HONEST) >= 12
    assert sum(bool(change.suspicious) for change in HONEST) <= MOST_SUSPICIOUS
