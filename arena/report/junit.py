"""The gates as JUnit XML, for CI servers: a suite per candidate, a case per gate."""

from typing import TYPE_CHECKING

from arena.report import text
from arena.report.subject import Doc, candidates, failed, prepare

if TYPE_CHECKING:
    from junitparser import TestCase, TestSuite


def junit(doc: Doc) -> str:
    """XML text: failed gates are failures, open ones are skipped, entries without candidate are errors."""
    from junitparser import JUnitXml

    cleaned = prepare(doc)
    suites = JUnitXml(f"arena {cleaned['run']}")
    for candidate in candidates(cleaned):
        suites.add_testsuite(_suite(candidate))
    for entry in failed(cleaned):
        suites.add_testsuite(_failed_suite(entry))
    suites.update_statistics()  # type: ignore[no-untyped-call]
    rendered = suites.tostring()  # type: ignore[no-untyped-call]
    return rendered.decode("utf-8") if isinstance(rendered, bytes) else str(rendered)


def _suite(candidate: Doc) -> "TestSuite":
    from junitparser import TestSuite

    suite = TestSuite(candidate["label"])
    suite.add_property("commit", candidate["commit"])
    total = candidate.get("total")
    suite.add_property(
        "points",
        text.points(total)
        if total is not None
        else f"none: {candidate.get('excluded')}",
    )
    for gate in candidate.get("gates") or []:
        suite.add_testcase(_case(candidate["label"], gate))
    return suite


def _case(label: str, gate: Doc) -> "TestCase":
    from junitparser import Failure, Skipped, TestCase

    case = TestCase(gate["name"], classname=label, time=0)
    why = gate.get("why") or "no reason was recorded"
    if gate["passed"] is None:
        case.result = [Skipped(why)]
    elif not gate["passed"]:
        case.result = [Failure(why, "gate")]
    return case


def _failed_suite(entry: Doc) -> "TestSuite":
    from junitparser import Error, TestCase, TestSuite

    suite = TestSuite(entry["label"])
    case = TestCase("gives a candidate", classname=entry["label"], time=0)
    case.result = [
        Error(
            entry.get("why") or "no reason was recorded",
            entry.get("outcome") or "failed",
        )
    ]
    suite.add_testcase(case)
    return suite
