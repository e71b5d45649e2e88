"""Test commands that are not pytest: their exit status, or the JUnit XML that they write."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

COMMAND = "test command"  # the one test id when there is nothing but an exit status


def read(
    exit_code: int, tree: Path, junit: str | None, tail: str
) -> tuple[dict[str, str], dict[str, str]]:
    """(outcomes, messages) by test id; no outcome at all if the JUnit file is missing or damaged."""
    if junit is None:
        passed = exit_code == 0
        return {COMMAND: "passed" if passed else "failed"}, {} if passed else {
            COMMAND: tail[-1500:]
        }
    return _read_junit(tree / junit)


def _read_junit(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    import junitparser

    outcomes: dict[str, str] = {}
    messages: dict[str, str] = {}
    if not path.is_file() or b"<!DOCTYPE" in path.read_bytes():  # entity bombs
        return {}, {}
    try:
        suites = junitparser.JUnitXml.fromfile(str(path))
    except Exception:  # noqa: BLE001 - a candidate wrote it; whatever is wrong, there is no result
        return {}, {}
    found: Any = suites  # the library's own types do not say that it can be either
    cases = [found] if isinstance(found, junitparser.TestSuite) else list(found)
    for suite in cases:
        for case in suite:
            name = "::".join(filter(None, (case.classname, case.name)))
            while name in outcomes:
                name += "'"
            outcomes[name] = _outcome(case.result)
            text = "\n".join(str(r.text or r.message or "") for r in case.result)
            if outcomes[name] in ("failed", "error") and text:
                messages[name] = text[-1500:]
    return outcomes, messages


def _outcome(results: Iterable[object]) -> str:
    import junitparser

    kinds = [type(result) for result in results]
    if junitparser.Error in kinds:
        return "error"
    if junitparser.Failure in kinds:
        return "failed"
    return "skipped" if junitparser.Skipped in kinds else "passed"
