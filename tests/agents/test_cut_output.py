"""Output that was cut or spoilt: nothing raises, and nothing counts as an end that is not all there."""

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.agents import AGENTS
from arena.agents.outcome import classify
from arena.agents.output import tail
from arena.agents.reading import read
from arena.machine.process import Finished

sys.path.insert(0, str(Path(__file__).parent))
from recordings import OUTPUTS


def end(exit_code: int, reason: str = "exited") -> Finished:
    return Finished(
        exit_code=exit_code, reason=reason, seconds=1, cpu_seconds=1, survivors=0
    )


@pytest.mark.parametrize("case", OUTPUTS)
def test_cut_at_any_byte_it_has_not_finished(tmp_path, printed, case):
    agent, whole = AGENTS[OUTPUTS[case][0]], printed(*OUTPUTS[case])
    out, none = tmp_path / "cut", tmp_path / "none"
    ends = any(rule.outcome == "finished" for rule in agent.rules)
    out.write_bytes(whole)
    assert read(agent, out, none, 0).outcome == ("finished" if ends else None)
    for size in range(len(whole.rstrip()) - 1, -1, -1):
        with out.open("r+b") as file:
            file.truncate(size)
        told = read(agent, out, none, 0)
        assert told.outcome != "finished", whole[:size]
        for changed in (False, True):
            outcome, _ = classify(end(0), told, changed, tail(out), "")
            # Who prints no end can only be taken at the word of the exit code.
            assert outcome != "finished" or (changed and not ends), whole[:size]


@pytest.mark.parametrize("case", OUTPUTS)
def test_no_bytes_make_reading_raise(tmp_path, printed, case):
    agent, whole = AGENTS[OUTPUTS[case][0]], printed(*OUTPUTS[case])
    out, errors = tmp_path / "out", tmp_path / "errors"

    @settings(max_examples=40, deadline=None)
    @given(
        at=st.integers(0, len(whole)),
        size=st.integers(0, 40),
        noise=st.binary(max_size=40),
        code=st.integers(-15, 255),
        reason=st.sampled_from(["exited", "timeout", "silent", "stopped"]),
    )
    def spoilt(at, size, noise, code, reason):
        out.write_bytes(whole[:at] + noise + whole[at + size :])
        errors.write_bytes(noise)
        told = read(agent, out, errors, code)
        for changed in (False, True):
            outcome, why = classify(
                end(code, reason), told, changed, tail(out), tail(errors)
            )
            assert why
            assert changed or outcome != "finished"

    spoilt()
