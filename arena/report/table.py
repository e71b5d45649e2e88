"""The scoreboard as CSV: a line per candidate, a column per gate, measure and criterion."""

import csv as writer
import io
from typing import Any

from arena.report import text
from arena.report.subject import Doc, prepare

# A spreadsheet takes a cell that starts like this for a formula and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\u2212")
_STANDINGS = {"win": "winner", "tie": "tied", "out": "excluded", "": "ranked"}
_GATE = {None: "open", True: "passed", False: "failed"}


def csv(doc: Doc) -> str:
    """Raw values, unrounded; a missing value is a text with its reason. Lines end in CR LF (RFC 4180)."""
    made = prepare(doc)
    counted = [c["measure"] for c in made["rubric"]["criteria"]]
    rows = [_row(c, counted, made["exploration"]) for c in made["candidates"]]
    gates = dict.fromkeys(h for row in rows for h in row if h.startswith("gate "))
    measures = sorted({name for c in made["candidates"] for name in c["measurements"]})
    heads = ["rank", "candidate", "standing", "commit", "total", "excluded"]
    heads += [*gates, *measures, *(f"points {name}" for name in counted)]
    for entry in made["failed"]:
        row = dict.fromkeys(heads, f"no result: {entry['excluded']}")
        rows.append({**row, "candidate": entry["label"], "standing": "failed"})
    empty = dict.fromkeys(gates, "not judged")
    empty |= {
        name: f"{text.NOT_MEASURED}: {text.why_missing(None)}" for name in measures
    }
    lines = [heads, *([{**empty, **row}[head] for head in heads] for row in rows)]
    out = io.StringIO()
    writer.writer(out).writerows([inert(value) for value in line] for line in lines)
    return out.getvalue()


def inert(value: Any) -> Any:
    """The value, with a quote before it when a spreadsheet would take its text for a formula."""
    formula = isinstance(value, str) and value.startswith(_FORMULA)
    return f"'{value}" if formula else value


def _row(c: Doc, counted: list[str], exploration: bool) -> dict[str, Any]:
    """The columns that this candidate fills."""
    excluded, won = c["excluded"], c["state"] == "win"
    out = f"excluded: {excluded}" if excluded else "not scored: nothing was counted"
    row = {
        "rank": out if c["rank"] is None else c["rank"],
        "candidate": c["label"],
        "standing": "looks best" if exploration and won else _STANDINGS[c["state"]],
        "commit": c["commit"],
        "total": out if c["total"] is None else c["total"],
        "excluded": excluded or "no",
    }
    for gate in c["gates"]:
        why = "" if gate["passed"] else f": {gate['why']}"
        row[f"gate {gate['name']}"] = f"{_GATE[gate['passed']]}{why}"
    for name, m in c["measurements"].items():
        missing = f"{text.NOT_MEASURED}: {text.why_missing(m)}"
        row[name] = missing if m["value"] is None else m["value"]
    return row | {f"points {n}": c["points"].get(n, "not counted") for n in counted}
