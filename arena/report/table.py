"""The scoreboard as CSV: a line per candidate, a column per gate, measure and criterion."""

import csv as writer
import io
from typing import Any

from arena.report import text
from arena.report.subject import Doc, prepare

# A spreadsheet takes a cell that starts like this for a formula and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\u2212")
_GATE = {None: "open", True: "passed", False: "failed"}


def csv(doc: Doc) -> str:
    """Raw values, unrounded; a missing value is a text with its reason. Lines end in CR LF (RFC 4180)."""
    made = prepare(doc)
    everyone = made["candidates"]
    gates = list(dict.fromkeys(g["name"] for c in everyone for g in c["gates"]))
    measures = sorted({name for c in everyone for name in c["measurements"]})
    counted = [c["measure"] for c in made["rubric"]["criteria"]]
    heads = ["rank", "candidate", "standing", "commit", "total", "excluded"]
    heads += [f"gate {name}" for name in gates] + measures
    heads += [f"points {name}" for name in counted]
    rows = [heads]
    rows += [_values(made, c, gates, measures, counted) for c in everyone]
    for entry in made["failed"]:
        why = f"no result: {entry['excluded']}"
        rows.append([why, entry["label"], "failed", *[why] * (len(heads) - 3)])
    out = io.StringIO()
    writer.writer(out).writerows([inert(value) for value in row] for row in rows)
    return out.getvalue()


def inert(value: Any) -> Any:
    """The value, with a quote before it when a spreadsheet would take its text for a formula."""
    formula = isinstance(value, str) and value.startswith(_FORMULA)
    return f"'{value}" if formula else value


def _values(
    doc: Doc, c: Doc, gates: list[str], measures: list[str], counted: list[str]
) -> list[Any]:
    results, excluded = {g["name"]: g for g in c["gates"]}, c["excluded"]
    out = (
        f"excluded: {excluded}" if excluded else "not scored: nothing could be counted"
    )
    winner = "looks best" if doc["exploration"] else "winner"
    standings = {"win": winner, "tie": "tied", "out": "excluded", "": "ranked"}
    return [
        out if c["rank"] is None else c["rank"],
        c["label"],
        standings[c["state"]],
        c["commit"],
        out if c["total"] is None else c["total"],
        excluded or "no",
        *(_gate(results.get(name)) for name in gates),
        *(_measured(c["measurements"].get(name)) for name in measures),
        *(c["points"].get(name, "not counted") for name in counted),
    ]


def _gate(result: Doc | None) -> str:
    if result is None:
        return "not judged"
    word = _GATE[result["passed"]]
    return word if result["passed"] else f"{word}: {result['why']}"


def _measured(measurement: Doc | None) -> Any:
    if measurement is None or measurement["value"] is None:
        return f"{text.NOT_MEASURED}: {text.why_missing(measurement)}"
    return measurement["value"]
