"""The tests: which results differ, the rows that stand in the page, and the packed table of all."""

import base64
import gzip
from collections.abc import Sequence
from dataclasses import dataclass

from arena.report.subject import Doc, candidates, details

# Above this the page would be built of tens of thousands of cells before anything is seen.
ROWS_IN_PAGE = 200
# From so many columns on, a cell shows a letter instead of a word.
DENSE = 9
FAILURES_SHOWN = 8
CANDIDATES_SHOWN = 12
MESSAGE_LIMIT = 4_000

WORDS = {
    "P": "pass",
    "F": "FAIL",
    "E": "error",
    "S": "skip",
    "N": "not run",
    "K": "flaky",
    "X": "xfail",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRow:
    """One test: its number (address `#t7`), and per column letter, word, and whether it differs from base."""

    __test__ = False
    index: int
    id: str
    required: bool
    results: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The end of what a failing test said."""

    id: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Counts over all tests, the rows in the page, and `packed`: all tests as base64 of gzip."""

    columns: tuple[str, ...]
    dense: bool
    total: int
    differing: int
    required: int
    rows: tuple[TestRow, ...]
    packed: str
    failures: tuple[tuple[str, tuple[Failure, ...], int], ...]
    why_empty: str


def matrix(doc: Doc) -> Matrix:
    """The section of a prepared document."""
    tests = details(doc, "tests") or {}
    ids, results = tests.get("ids") or [], tests.get("rows") or []
    columns, required = (
        tuple(tests.get("columns") or ()),
        frozenset(tests.get("required") or ()),
    )
    differing = [i for i, row in enumerate(results) if len(set(row)) > 1]
    first = sorted(differing, key=lambda i: (i not in required, i))[:ROWS_IN_PAGE]
    dense = len(columns) > DENSE
    return Matrix(
        columns=columns,
        dense=dense,
        total=len(ids),
        differing=len(differing),
        required=len(required),
        rows=tuple(_row(i, ids[i], results[i], i in required, dense) for i in first),
        packed=pack(ids, results, required) if ids else "",
        failures=_failures(
            details(doc, "failures") or {}, [c["label"] for c in candidates(doc)]
        ),
        why_empty=str(tests.get("why_none") or "no test was collected"),
    )


def result_word(letter: str, dense: bool) -> str:
    """What a cell says: a word, or in a dense table the letter itself."""
    return letter if dense else WORDS.get(letter, letter)


def _row(
    index: int, test_id: str, letters: str, required: bool, dense: bool
) -> TestRow:
    return TestRow(
        index=index,
        id=test_id,
        required=required,
        results=tuple((x, result_word(x, dense), x != letters[0]) for x in letters),
    )


def pack(ids: Sequence[str], rows: Sequence[str], required: frozenset[int]) -> str:
    """All tests as gzip in base64, a line each: `r` or `-`, id, letters, with tabs between.

    The same input gives the same bytes.
    """
    lines = (
        f"{'r' if i in required else '-'}\t{name}\t{rows[i]}"
        for i, name in enumerate(ids)
    )
    return base64.b64encode(
        gzip.compress("\n".join(lines).encode(), 9, mtime=0)
    ).decode()


def _failures(
    by_label: Doc, labels: Sequence[str]
) -> tuple[tuple[str, tuple[Failure, ...], int], ...]:
    """Per candidate, in their order, the first failures and the number of those left out."""
    failing = [label for label in labels if by_label.get(label)][:CANDIDATES_SHOWN]
    return tuple(
        (
            label,
            tuple(
                Failure(id=f["id"], message=_end(f.get("message") or ""))
                for f in by_label[label][:FAILURES_SHOWN]
            ),
            max(0, len(by_label[label]) - FAILURES_SHOWN),
        )
        for label in failing
    )


def _end(message: str) -> str:
    """The last part of a message: that is where the assertion stands."""
    if not message.strip():
        return "The test gave no message."
    return message if len(message) <= MESSAGE_LIMIT else f"…{message[-MESSAGE_LIMIT:]}"
