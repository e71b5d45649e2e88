"""What running the candidates beyond the gate showed, as tables: the task's examples, calls, tests of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arena.evaluation.result import Evaluated


def behaviour(ordered: Sequence[Evaluated]) -> dict[str, Any]:
    """`columns` (the base, then the candidates), and rows with a cell each, None where nothing was told: `rows` of
    calls with differing answers, `cross` of tests that candidates brought. `examples` of the task's text hold
    `groups` of those that have the same output, the base's first."""
    return {
        "columns": ["base", *(e.candidate.label for e in ordered)],
        "rows": _calls(ordered),
        "examples": _examples(ordered),
        "cross": _cross(ordered),
    }


def _calls(ordered: Sequence[Evaluated]) -> list[dict[str, Any]]:
    base: dict[str, str] = {}
    told: dict[str, dict[str, str]] = {}
    for one in ordered:
        for row in one.details.get("probes", ()):
            base[row["input"]] = row["base"]
            answers = told.setdefault(row["input"], {})
            answers |= {**row["others"], one.candidate.label: row["own"]}
    labels = [e.candidate.label for e in ordered]
    return [
        {"call": call, "results": [base[call], *map(told[call].get, labels)]}
        for call in sorted(told, key=lambda call: (len(call), call))
    ]


def _examples(ordered: Sequence[Evaluated]) -> list[dict[str, Any]]:
    found = {e.candidate.label: e.details.get("reproduction", ()) for e in ordered}
    whole = max(found.values(), key=len, default=())
    examples = []
    for n, row in enumerate(whole):
        alike: dict[str | None, list[str]] = {row["before"]: ["base"]}
        for label, rows in found.items():
            output = rows[n]["after"] if n < len(rows) else None
            alike.setdefault(output, []).append(label)
        groups = [{"with": names, "output": output} for output, names in alike.items()]
        examples.append({"job": row["job"], "groups": groups})
    return examples


def _cross(ordered: Sequence[Evaluated]) -> list[dict[str, Any]]:
    told = {e.candidate.label: e.details.get("cross", {}) for e in ordered}
    tests = {
        (author, test)
        for by_author in told.values()
        for author, outcomes in by_author.items()
        for test in outcomes
    }
    return [
        {
            "author": author,
            "test": test,
            "results": [
                "failed",  # on the base, else it would not count
                *(
                    "own" if label == author else rows.get(author, {}).get(test)
                    for label, rows in told.items()
                ),
            ],
        }
        for author, test in sorted(tests)
    ]
