"""The tables of what running the candidates beyond the gate showed."""

from __future__ import annotations

from typing import Any

from arena.candidates import Candidate
from arena.evaluation.result import Evaluated
from arena.report import evidence


def judged(label: str, **details: Any) -> Evaluated:
    candidate = Candidate(label=label, commit=label, tree=label, source="here")
    return Evaluated(
        candidate=candidate, measurements=(), flags=(), tests={}, details=details
    )


def call(text: str, own: str, **others: str) -> dict[str, Any]:
    return {"input": text, "base": "0", "own": own, "others": others}


def test_every_candidate_has_a_cell_of_its_own_the_smallest_call_first() -> None:
    a = judged("a", probes=[call("f(10)", "1", b="2"), call("f(1)", "1", b="0")])
    b = judged("b", probes=[call("f(10)", "2", a="1"), call("f(1)", "0", a="1")])
    found = evidence.behaviour([a, b, judged("c")])
    assert found["columns"] == ["base", "a", "b", "c"]
    assert found["rows"] == [
        {"call": "f(1)", "results": ["0", "1", "0", None]},
        {"call": "f(10)", "results": ["0", "1", "2", None]},
    ]
    assert (found["examples"], found["cross"]) == ([], [])


def test_those_with_the_same_output_stand_together_the_base_first() -> None:
    row = {"job": "print(f(1))", "before": "0\n"}
    a, c = (judged(n, reproduction=[{**row, "after": "1\n"}]) for n in "ac")
    b, d = judged("b"), judged("d", reproduction=[{**row, "after": "0\n"}])
    (example,) = evidence.behaviour([b, a, c, d])["examples"]
    assert example == {
        "job": "print(f(1))",
        "groups": [
            {"with": ["base", "d"], "output": "0\n"},
            {"with": ["b"], "output": None},
            {"with": ["a", "c"], "output": "1\n"},
        ],
    }


def test_tests_of_others_leave_out_the_author() -> None:
    a = judged("a", cross={"b": {"t.py::test_b": "failed"}})
    b = judged("b", cross={"a": {"t.py::test_a": "n/a"}})
    c = judged("c", cross={"a": {"t.py::test_a": "passed"}})
    assert evidence.behaviour([a, b, c])["cross"] == [
        {"author": "a", "test": "t.py::test_a", "results": ["failed", "own", "n/a", "passed"]},
        {"author": "b", "test": "t.py::test_b", "results": ["failed", "failed", "own", None]},
    ]  # fmt: skip
