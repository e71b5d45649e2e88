"""Test commands that are not pytest: their exit status, or the JUnit XML that they write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

COMMAND = "test command"  # the one test id when there is nothing but an exit status
KINDS = {"Error": "error", "Failure": "failed", "Skipped": "skipped"}  # worst first


def read(
    exit_code: int, tree: Path, junit: str | None, tail: str
) -> tuple[dict[str, str], dict[str, str]]:
    """(outcomes, messages) by test id; no outcome at all if the JUnit file is missing or damaged."""
    if junit is None and exit_code == 0:
        return {COMMAND: "passed"}, {}
    if junit is None:
        return {COMMAND: "failed"}, {COMMAND: tail[-1500:]}
    outcomes: dict[str, str] = {}
    messages: dict[str, str] = {}
    try:
        for name, outcome, text in _cases(tree / junit):
            while name in outcomes:
                name += "'"  # noqa: PLW2901 - the same name again is another test
            outcomes[name] = outcome
            if outcome in ("failed", "error") and text:
                messages[name] = text[-1500:]
    except Exception:  # noqa: BLE001 - a candidate wrote it; whatever is wrong, there is no result
        return {}, {}
    return outcomes, messages


def _cases(path: Path) -> Iterator[tuple[str, str, str]]:
    import junitparser

    if b"<!DOCTYPE" in path.read_bytes():  # entity bombs
        return
    found: Any = junitparser.JUnitXml.fromfile(str(path))
    for suite in [found] if isinstance(found, junitparser.TestSuite) else found:
        for case in suite:
            kinds = {type(result).__name__ for result in case.result}
            outcome = next((o for kind, o in KINDS.items() if kind in kinds), "passed")
            text = "\n".join(str(r.text or r.message or "") for r in case.result)
            yield "::".join(filter(None, (case.classname, case.name))), outcome, text
