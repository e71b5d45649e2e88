"""Which of the changed lines the honest tests executed. Reads changed files only."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from arena.evaluation.measurement import Findings, NotMeasured, share
from arena.evaluation.subject import Subject

NAMES = {"coverage.changed": "share", "coverage.files": "share"}
NEVER = r"^\b$"  # matches no line: a candidate's pragmas exclude nothing


@lru_cache(maxsize=32)  # the base's side of a change is the same for all candidates
def statements(source: bytes) -> Mapping[int, int]:
    """Number of a line → number of the line on which its statement begins, by coverage's own parser.

    Lines that belong to no statement are left out. Raises SyntaxError if the source does not parse.
    """
    from coverage.exceptions import NotPython
    from coverage.parser import PythonParser

    text = source.decode("utf-8", "replace") or "\n"  # it takes no text for no input
    parser = PythonParser(text=text, exclude=NEVER)
    try:
        parser.parse_source()
    except NotPython as error:
        raise SyntaxError(str(error)) from error
    lines = range(1, len(text.splitlines()) + 1)
    first = {line: parser.first_line(line) for line in lines}
    return {line: one for line, one in first.items() if one in parser.statements}


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


def _of(known: Mapping[int, int], lines: Iterable[int]) -> set[int]:
    """The statements to which lines belong."""
    return {known[line] for line in lines if line in known}


def measure(subject: Subject) -> Findings:
    """Share of changed statements that ran, and of all statements of the changed files."""
    if subject.plan.kind != "pytest":
        raise NotMeasured("coverage needs pytest; the test command is another program")
    if not subject.run.finished:
        raise NotMeasured("the test run did not come to its end")
    env = subject.plan.environment
    if not env.covers:
        raise NotMeasured(f"there is no coverage for Python {env.version} here")
    rows = []
    ran = lines = base_ran = base_lines = 0
    for change, old, new in subject.parsed(statements):
        # A file that is not in the data was never imported: nothing of it ran.
        here = _of(new, expand(subject.run.lines.get(change.path, ())))
        path = change.old_path or change.path
        there = _of(old, expand(subject.baseline.run.lines.get(path, ())))
        before, after = subject.before(change), subject.after(change)
        touched = _of(new, changed_lines(before, after))
        ran, lines = ran + len(here), lines + len(set(new.values()))
        base_ran, base_lines = base_ran + len(there), base_lines + len({*old.values()})
        covered, missed = sorted(touched & here), sorted(touched - here)
        row = {"path": change.path, "changed": sorted(touched)}
        rows.append(row | {"covered": covered, "missed": missed})
    if not rows:
        raise NotMeasured("no Python source was changed")
    hit, changed = (sum(len(r[k]) for r in rows) for k in ("covered", "changed"))
    earlier = base_ran / base_lines if base_lines else None
    values = {
        "coverage.changed": share(hit, changed, "no executable line was changed"),
        "coverage.files": share(ran, lines, "no changed file has a statement", earlier),
    }
    return Findings(values, details={"coverage": rows})
