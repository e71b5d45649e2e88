"""The scoreboard as CSV: a line per candidate, a column per gate, measure and criterion."""

import csv as writer
import io
from collections.abc import Sequence
from typing import Any

from arena.report import text
from arena.report.subject import Doc, candidates, failed, prepare

# A spreadsheet takes a cell that starts like this for a formula and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\u2212")


def csv(doc: Doc) -> str:
    """Raw values, unrounded; a missing value is a text with its reason. Lines end in CR LF (RFC 4180)."""
    cleaned = prepare(doc)
    gates, measures = _names(cleaned)
    counted = [c["measure"] for c in cleaned["rubric"]["criteria"]]
    out = io.StringIO()
    lines = writer.writer(out)
    heads = ["rank", "candidate", "standing", "commit", "total", "excluded"]
    heads += (
        [f"gate {name}" for name in gates]
        + list(measures)
        + [f"points {name}" for name in counted]
    )
    lines.writerow([inert(head) for head in heads])
    for candidate in candidates(cleaned):
        lines.writerow(
            [
                inert(value)
                for value in _values(cleaned, candidate, gates, measures, counted)
            ]
        )
    for entry in failed(cleaned):
        why = f"no result: {entry.get('outcome') or 'failed'}: {entry.get('why') or 'no reason was recorded'}"
        blank = [why] * (len(heads) - 6)
        lines.writerow(
            [inert(v) for v in (why, entry["label"], "failed", why, why, why, *blank)]
        )
    return out.getvalue()


def inert(value: Any) -> Any:
    """The value, with a quote before it when a spreadsheet would take its text for a formula."""
    return (
        f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
    )


def _names(doc: Doc) -> tuple[list[str], list[str]]:
    """Names of all gates and all measures, in the order in which candidates first bring them."""
    gates = dict.fromkeys(
        g["name"] for c in candidates(doc) for g in c.get("gates") or []
    )
    measures = dict.fromkeys(
        name for c in candidates(doc) for name in sorted(c["measurements"])
    )
    return list(gates), sorted(measures)


def _values(
    doc: Doc,
    candidate: Doc,
    gates: Sequence[str],
    measures: Sequence[str],
    counted: Sequence[str],
) -> list[Any]:
    verdict, results = (
        doc["verdict"],
        {g["name"]: g for g in candidate.get("gates") or []},
    )
    excluded, earned = candidate.get("excluded"), candidate.get("points") or {}
    if candidate["label"] == verdict.get("winner"):
        word = "winner" if doc["rubric"].get("merge") != "never" else "looks best"
    else:
        word = (
            "excluded"
            if excluded
            else "tied"
            if candidate["label"] in (verdict.get("tied") or ())
            else "ranked"
        )
    no_total = (
        f"excluded: {excluded}"
        if excluded
        else "not scored: no criterion could be counted"
    )
    return [
        candidate["rank"] if candidate.get("rank") is not None else no_total,
        candidate["label"],
        word,
        candidate["commit"],
        candidate["total"] if candidate.get("total") is not None else no_total,
        excluded or "no",
        *(_gate(results.get(name)) for name in gates),
        *(_measured(candidate["measurements"].get(name)) for name in measures),
        *(earned.get(name, "not counted") for name in counted),
    ]


def _gate(result: Doc | None) -> str:
    if result is None:
        return "not judged"
    word = (
        "open"
        if result["passed"] is None
        else "passed"
        if result["passed"]
        else "failed"
    )
    return (
        f"{word}: {result['why']}"
        if result.get("why") and not result["passed"]
        else word
    )


def _measured(measurement: Doc | None) -> Any:
    value = measurement.get("value") if measurement else None
    return (
        f"{text.NOT_MEASURED}: {text.why_missing(measurement)}"
        if value is None
        else value
    )
