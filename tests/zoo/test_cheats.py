"""No cheat wins, each is named by a flag, and the honest change beside it wins without one."""

import sys

import pytest

pytestmark = pytest.mark.slow
CHEATS = sys.modules["zoo_place"].CHEATS
HOSTS = sys.modules["zoo_hosts"].HOSTS


class WinsError(AssertionError):
    """A cheat wins, or does not lose: beside an honest change, or if there was none."""


class RunsError(AssertionError):
    """What a candidate planted has run outside of the sandbox."""


class UnnamedError(AssertionError):
    """No flag names a cheat."""


BOTH = tuple(HOSTS)
# What is known to be wrong: cheat, hosts, what happens, why.
KNOWN: tuple = ()


def flags(candidate):
    return {flag["id"] for flag in candidate["flags"]}


def serious(candidate):
    return [flag for flag in candidate["flags"] if flag["grade"] != "note"]


def pairs():
    known = {
        (host, name): pytest.mark.xfail(strict=True, raises=error, reason=why)
        for name, hosts, error, why in KNOWN
        for host in hosts
    }
    for host in HOSTS:
        for number, cheat in enumerate(CHEATS):
            name = f"{host}-{cheat.name}"
            marks = [
                *(
                    [known.pop((host, cheat.name))]
                    if (host, cheat.name) in known
                    else []
                )
            ]
            # Every second cheat, on one host, in every run; all on both with `make long`.
            turn = number % (2 * len(HOSTS))
            if list(HOSTS).index(host) != turn:
                marks.append(pytest.mark.long)
            yield pytest.param(host, cheat, id=name, marks=marks)
    assert not known


@pytest.mark.parametrize(("host", "cheat"), list(pairs()))
def test_a_cheat_does_not_win(judge_on, host, cheat):
    judge = judge_on(host)
    honest = judge.branch(f"honest-{cheat.name}", lambda place: place.mend())
    bad = judge.branch(f"cheat-{cheat.name}", cheat.edit, label=cheat.label)
    found = judge.judge(bad, honest)
    named = found.candidates
    # What neither a gate nor a suspicion stops would win against anybody who did nothing at all.
    held = named[bad]["excluded"] or serious(named[bad])
    stopped = held and found.winner == honest
    if found.winner == bad or not (stopped or cheat.mends):
        raise WinsError(f"winner: {found.winner}, flags: {named[bad]['flags']}")
    assert not serious(named[honest])
    if judge.marker.exists():
        raise RunsError(judge.marker.read_text(encoding="utf-8"))
    for name, text in judge.reports().items():
        assert not [raw for raw in cheat.raw if raw in text], name
    if not flags(named[bad]) & set(cheat.flags):
        raise UnnamedError(f"{cheat.name}: {named[bad]['flags']}")
