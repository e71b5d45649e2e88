"""The gates as JUnit XML, for CI servers: a suite per candidate, a case per gate."""

from collections.abc import Iterator
from typing import Any

from arena.report import text
from arena.report.subject import Doc, prepare


def junit(doc: Doc) -> str:
    """XML text: failed gates are failures, open ones are skipped, entries without candidate are errors."""
    from junitparser import JUnitXml, TestCase, TestSuite

    made = prepare(doc)
    suites = JUnitXml(f"arena {made['run']}")
    for entry in (*made["candidates"], *made["failed"]):
        suite = TestSuite(entry["label"])
        if entry["state"] != "failed":
            total, excluded = entry["total"], entry["excluded"]
            said = f"none: {excluded}" if total is None else text.points(total)
            suite.add_property("commit", entry["commit"])
            suite.add_property("points", said)
        for name, result in _results(entry):
            case = TestCase(name, classname=entry["label"], time=0)
            case.result = [result] if result else []
            suite.add_testcase(case)
        suites.add_testsuite(suite)
    suites.update_statistics()  # type: ignore[no-untyped-call]
    return str(suites.tostring().decode())  # type: ignore[no-untyped-call]


def _results(entry: Doc) -> Iterator[tuple[str, Any]]:
    from junitparser import Error, Failure, Skipped

    if entry["state"] == "failed":
        yield "gives a candidate", Error(entry["why"], entry["outcome"])
        return
    for gate in entry["gates"]:
        why = gate["why"] or "no reason was recorded"
        bad = Skipped(why) if gate["passed"] is None else Failure(why, "gate")
        yield gate["name"], None if gate["passed"] else bad
