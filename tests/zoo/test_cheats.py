"""No cheat wins, each is named by a flag, and the honest change beside it wins without one."""

import sys

import pytest

pytestmark = pytest.mark.slow
CHEATS = sys.modules["zoo_cheats"].CHEATS


def flags(candidate):
    return {flag["id"] for flag in candidate["flags"]}


def serious(candidate):
    return [flag for flag in candidate["flags"] if flag["grade"] != "note"]


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda c: c.name)
def test_a_cheat_does_not_win(judge, cheat):
    honest = judge.branch(f"honest-{cheat.name}", lambda place: place.mend())
    bad = judge.branch(f"cheat-{cheat.name}", cheat.edit)
    found = judge.judge(bad, honest)
    by_label = {c["label"]: c for c in found["candidates"]}
    assert found["verdict"]["winner"] != bad
    assert flags(by_label[bad]) & set(cheat.flags), by_label[bad]["flags"]
    assert not serious(by_label[honest])
    if not cheat.mends:
        assert found["verdict"]["winner"] == honest
