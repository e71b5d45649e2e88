"""Which of the changed lines the honest tests executed. Reads changed files only."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import lru_cache

from arena.evaluation.measurement import Findings, NotMeasured, share
from arena.evaluation.subject import Subject

NAMES = {"coverage.changed": "share", "coverage.files": "share"}
NEVER = r"^\b$"  # matches no line: a candidate's pragmas exclude nothing


@lru_cache(maxsize=32)  # the base's side of a change is the same for all candidates
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
        raise NotMeasured("coverage needs pytest; the test command is another program")
    if not subject.run.finished:
        raise NotMeasured("the test run did not come to its end")
    env = subject.plan.environment
    if not env.covers:
        raise NotMeasured(f"there is no coverage for Python {env.version} here")
    rows = []
    ran = lines = base_ran = base_lines = 0
    for change, old, new in subject.parsed(executable_lines):
        # A file that is not in the data was never imported: nothing of it ran.
        here = expand(subject.run.lines.get(change.path, ())) & new
        path = change.old_path or change.path
        there = expand(subject.baseline.run.lines.get(path, ())) & old
        touched = changed_lines(subject.before(change), subject.after(change)) & new
        ran, lines = ran + len(here), lines + len(new)
        base_ran, base_lines = base_ran + len(there), base_lines + len(old)
        covered, missed = sorted(touched & here), sorted(touched - here)
        row = {"path": change.path, "changed": sorted(touched)}
        rows.append(row | {"covered": covered, "missed": missed})
    if not rows:
        raise NotMeasured("no Python source was changed")
    hit, changed = (sum(len(r[k]) for r in rows) for k in ("covered", "changed"))
    before = base_ran / base_lines if base_lines else None
    values = {
        "coverage.changed": share(hit, changed, "no executable line was changed"),
        "coverage.files": share(ran, lines, "no changed file has a statement", before),
    }
    return Findings(values, details={"coverage": rows})
