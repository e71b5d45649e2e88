"""Evaluations as they come out of the measuring, built directly: rubric, scores and verdict need no git."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from arena import rubric, scores, verdict
from arena.candidates import Candidate
from arena.evaluation import measures
from arena.evaluation.measurement import Flag, Measurement
from arena.evaluation.result import Evaluated, Evaluation
from arena.machine import resources
from arena.rubric import Rubric
from arena.verdict import Verdict

# A candidate that passes every gate; complexity.worst has a base to be compared with.
GOOD: dict[str, Any] = {
    "integrity": "clean",
    "effective": True,
    "compiles": True,
    "merges": True,
    "import.proven": True,
    "static.undefined": 0,
    "static.new": 0,
    "regressions": 0,
    "required.passed": None,
    "tests.fixed": 0,
    "tests.still_failing": 0,
    "tests.intermittent": 0,
    "coverage.changed": 0.9,
    "complexity.worst": (3, 3),
}
TESTS = tuple(f"tests/test_a.py::test_{n}" for n in range(5))


def measurement(name: str, value: Any, base: Any = None) -> Measurement:
    if isinstance(value, tuple):
        value, base = value
    why = f"no {name} here" if value is None else None
    return Measurement(name=name, value=value, unit="", base=base, why_none=why)


def candidate(
    label: str,
    values: dict[str, Any] | None = None,
    *,
    tree: str = "",
    doubt: str = "",
    flag: str = "odd",
    commit: str = "",
) -> Evaluated:
    """A good candidate but for `values`; its tree is its label unless given."""
    doubts = (Flag(id=flag, grade="suspicious", summary=doubt),) if doubt else ()
    return Evaluated(
        candidate=Candidate(
            label=label,
            commit=commit or f"c-{label}",
            tree=tree or label,
            source="here",
        ),
        measurements=tuple(
            measurement(n, v) for n, v in {**GOOD, **(values or {})}.items()
        ),
        flags=doubts,
        tests={},
    )


def evaluation(
    candidates: Iterable[Evaluated],
    *,
    required: tuple[str, ...] = (),
    base_tests: bool = True,
    target: str | None = "refs/heads/main",
    command: str = "pytest",
) -> Evaluation:
    return Evaluation(
        base="b" * 40,
        base_tree="t" * 40,
        target=target,
        base_tests={"tests/test_old.py::test_it": "passed"} if base_tests else {},
        flaky=(),
        green=True,
        required=required,
        facts={"test command": command},
        candidates=tuple(candidates),
    )


def shipped(name: str) -> Rubric:
    text = resources.folder("rubrics").joinpath(f"{name}.toml").read_text("utf-8")
    return rubric.load(text, name=f"{name}.toml", known=measures.KNOWN)


def rules(text: str) -> Rubric:
    """A rubric from text; the gate that each needs is put before it."""
    gate = '[[gate]]\nmeasure = "integrity"\nis = "clean"\n'
    return rubric.load(gate + text, name="r.toml", known=measures.KNOWN)


def decide(found: Evaluation, by: Rubric | None = None, *, seed: int = 0) -> Verdict:
    by = by or shipped("default")
    return verdict.decide(found, scores.score(found, by), by, seed=seed)


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    return SimpleNamespace(
        candidate=candidate,
        evaluation=evaluation,
        shipped=shipped,
        rules=rules,
        decide=decide,
        tests=TESTS,
    )
