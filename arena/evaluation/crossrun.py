"""Each author's new tests, run against every other candidate: the one signal that says whether anybody is right.

Rules (judging on evidence from CodeMonkeys and CodeT, measured here on real patches: 36 of 36 separated pairs): a
test counts if it fails on the base and passes on its author; an author has one vote, the mean over their tests, and
none on their own candidate; a test that needs a name which only its author's change has is not applicable.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from arena.evaluation import compared, syntax
from arena.evaluation.measurement import (
    NOTE,
    Findings,
    Flag,
    NotMeasured,
    flag,
)
from arena.evaluation.pool import Pool
from arena.evaluation.request import Request
from arena.evaluation.subject import Subject
from arena.evaluation.testrun import TestRun
from arena.machine.quarantine import TreeEntry

NAMES = {"cross.passed": "share", "cross.rank": "share", "cross.authors": "authors"}
# How a test fails that asks for something which only its author's change offers; the name stands in quotes.
FOREIGN = re.compile(
    r"(?:NameError|AttributeError|ImportError|ModuleNotFoundError|TypeError|fixture) ?:?.*?'(\w+)'"
)
MOST = 40  # tests of one author that are looked at
Matrix = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody who brought tests: the files that hold them, the functions that are new or changed, and the names that
    only their change has."""

    label: str
    files: tuple[TreeEntry, ...]
    functions: frozenset[str]
    names: frozenset[str]


def measure(pool: Pool) -> dict[str, Findings]:
    """Mean over the other authors of the share of their applicable tests that a candidate passes."""
    if pool.plan.kind != "pytest":
        raise NotMeasured("the test command is not pytest")
    authors = [a for s in pool.working if (a := author(pool, s)) is not None]
    if not authors or len(pool.working) < 2:
        raise NotMeasured("no candidate brings tests that others could be held against")
    labels = [s.candidate.label for s in pool.working]
    pairs = [(a, label) for a in authors for label in ("", *labels)]
    runs = dict(zip(
        [(a.label, label) for a, label in pairs],
        pool.executor.map(lambda pair: pool.runner.run(request(pool, *pair)), pairs), strict=True,
    ))  # fmt: skip
    matrix = {a: _valid(a, runs) for a in authors}
    rows = {s.candidate.label: {"cross": _rows(s, matrix, runs)} for s in pool.subjects}
    values = compared.cross(rows)
    if all(told["cross.passed"].value is None for told in values.values()):
        raise NotMeasured("no test of a candidate applies to another one")
    return {
        label: Findings(values[label], _flags(told["cross"]), told)
        for label, told in rows.items()
    }


def author(pool: Pool, subject: Subject) -> Author | None:
    """The author behind a candidate, None if it changes no test function."""
    files, functions = [], set()
    names: set[str] = set()
    for change in subject.changes:
        words = (
            re.findall(rb"\w+", side(change))
            for side in (subject.after, subject.before)
        )
        new, old = (set(found) for found in words)
        names |= {word.decode("utf-8", "replace") for word in new - old}
        if change.status == "D" or not pool.plan.files.is_test(change.path):
            continue
        files.append(TreeEntry(mode=change.mode, oid=change.oid, path=change.path))
        if pool.plan.files.is_test_module(change.path):
            before, after = (
                texts(subject.before(change)),
                texts(subject.after(change)),
            )
            own = {n for n, text in after.items() if before.get(n) != text}
            place = os.path.relpath(change.path, pool.plan.rootdir or ".")
            functions |= {f"{place}::{name}" for name in own}
    ran = subject.own_run.passed if subject.own_run else frozenset()
    passing = {i.partition("[")[0] for i in ran}
    wanted = frozenset(sorted(functions & passing)[:MOST])
    label = subject.candidate.label
    return Author(label, tuple(files), wanted, frozenset(names)) if wanted else None


def texts(source: bytes) -> dict[str, str]:
    """`test_a` or `TestB::test_c` → syntax tree as text; empty if the file does not parse."""
    tree = syntax.parse(source)
    return {name: ast.dump(f) for name, f in syntax.functions(tree)} if tree else {}


def request(pool: Pool, who: Author, label: str) -> Request:
    """The run of an author's tests on the source of another candidate ('' is the base)."""
    theirs = pool.requests[label]
    tree = pool.quarantine.edit(theirs.tree, put=who.files)
    targets = sorted({name.partition("::")[0] for name in who.functions})
    here, path_of = pool.plan.folder or ".", pool.plan.path_of
    places = tuple(os.path.relpath(path_of(target), here) for target in targets)
    return theirs.plain(tree=tree, role="cross-run", targets=places)


def _valid(who: Author, runs: Mapping[tuple[str, str], TestRun]) -> list[str]:
    """Ids of the author's tests that pass on their own candidate and fail on the base."""
    own, base = runs[who.label, who.label], runs[who.label, ""]
    return sorted(
        i for i in own.passed - base.passed if i.partition("[")[0] in who.functions
    )


def outcome(run: TestRun, test: str, names: frozenset[str]) -> str:
    """passed, failed, or n/a where the test needs what only its author's change has."""
    if run.outcomes.get(test) == "passed":
        return "passed"
    message = run.messages.get(test) or run.broken.get(test.partition("::")[0]) or ""
    wanted = FOREIGN.findall("\n".join(message.strip().splitlines()[-6:]))
    return "n/a" if test not in run.outcomes or names & set(wanted) else "failed"


def _rows(
    subject: Subject,
    matrix: Mapping[Author, list[str]],
    runs: Mapping[tuple[str, str], TestRun],
) -> Matrix:
    label = subject.candidate.label
    return {
        who.label: {t: outcome(runs[who.label, label], t, who.names) for t in tests}
        for who, tests in matrix.items()
        if who.label != label and (who.label, label) in runs
    }


def _flags(rows: Matrix) -> tuple[Flag, ...]:
    lost = [
        f"{who}: {test}"
        for who, told in rows.items()
        for test, said in told.items()
        if said == "failed"
    ]
    said = f"fails {len(lost)} tests that other candidates brought"
    return flag("fails-others-tests", NOTE, said, lost)
