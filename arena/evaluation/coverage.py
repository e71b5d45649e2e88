"""Which of the changed lines the honest tests executed. Reads changed files only."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from arena.evaluation.measurement import Findings, Measurement, missing
from arena.evaluation.subject import Subject
from arena.machine.quarantine import Change

NAMES = ("coverage.changed", "coverage.files")
NEVER = r"^\b$"  # matches no line: a candidate's pragmas exclude nothing


def executable_lines(source: bytes) -> frozenset[int]:
    """Line numbers of statements, by coverage's own parser. Raises SyntaxError if the source does not parse."""
    from coverage.exceptions import NotPython
    from coverage.parser import PythonParser

    parser = PythonParser(text=source.decode("utf-8", "replace"), exclude=NEVER)
    try:
        parser.parse_source()
    except NotPython as error:
        raise SyntaxError(str(error)) from error
    return frozenset(parser.statements)


def changed_lines(before: bytes, after: bytes) -> frozenset[int]:
    """Numbers of the lines of `after` that are not in `before`."""
    old, new = before.splitlines(), after.splitlines()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return frozenset(
        line
        for tag, _, _, start, end in matcher.get_opcodes()
        if tag != "equal"
        for line in range(start + 1, end + 1)
    )


def expand(ranges: Sequence[int]) -> frozenset[int]:
    """Line numbers of [first, last, first, last, ...]."""
    pairs = zip(ranges[::2], ranges[1::2], strict=True)
    return frozenset(line for first, last in pairs for line in range(first, last + 1))


def measure(subject: Subject) -> Findings:
    """Share of changed executable lines that ran, and of all executable lines of the changed files."""
    if subject.plan.kind != "pytest":
        return _nothing("coverage needs pytest; the test command is another program")
    if not subject.plan.environment.covers:
        version = subject.plan.environment.version
        return _nothing(f"no build of coverage for Python {version} could be had")
    changes = [
        c for c in subject.source_changes if c.path.endswith(".py") and c.status != "D"
    ]
    if not changes:
        return _nothing("no Python source was changed")
    if not subject.run.finished:
        return _nothing("the test run did not come to its end")
    rows, files, base_files = [], [0, 0], [0, 0]
    for change in changes:
        try:
            rows.append(_one_file(subject, change, files, base_files))
        except SyntaxError as error:
            return _nothing(f"{change.path} does not parse: {error}")
    changed = sum(len(row["covered"]) + len(row["missed"]) for row in rows)
    covered = sum(len(row["covered"]) for row in rows)
    share = (
        Measurement(name="coverage.changed", value=covered / changed, unit="share")
        if changed
        else missing("coverage.changed", "share", "no executable line was changed")
    )
    whole = Measurement(
        name="coverage.files",
        value=files[0] / files[1] if files[1] else 0.0,
        unit="share",
        base=base_files[0] / base_files[1] if base_files[1] else None,
    )
    return Findings(measurements=(share, whole), details={"coverage": rows})


def _one_file(
    subject: Subject, change: Change, files: list[int], base_files: list[int]
) -> dict[str, Any]:
    after, before = subject.after(change) or b"", subject.before(change) or b""
    statements = executable_lines(after)
    # A file that is not in the data was never imported: nothing of it ran.
    ran = expand(subject.run.lines.get(change.path, ())) & statements
    touched = changed_lines(before, after) & statements
    files[0] += len(ran)
    files[1] += len(statements)
    if before:
        try:
            old = executable_lines(before)
        except SyntaxError:
            old = frozenset()
        base_ran = expand(
            subject.baseline.run.lines.get(change.old_path or change.path, ())
        )
        base_files[0] += len(base_ran & old)
        base_files[1] += len(old)
    return {
        "path": change.path,
        "changed": sorted(touched),
        "covered": sorted(touched & ran),
        "missed": sorted(touched - ran),
    }


def _nothing(why: str) -> Findings:
    return Findings(measurements=tuple(missing(name, "share", why) for name in NAMES))
