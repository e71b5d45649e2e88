"""What an exploration found out: figures of the user's own measures, and what authors wrote about their approaches."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from arena.evaluation.benchmark import SPRINT
from arena.evaluation.result import Evaluated
from arena.machine import records
from arena.patterns.explore import Measure
from arena.report import text

PARTS = ("evidence", "effort", "risk")
OTHERS = "everything else"
HEADING = re.compile(r"(#{1,6})\s+(.*?)[\s#]*")


def parts(words: str) -> list[dict[str, str]]:
    """RESULTS.md by its headings: evidence, effort, risks, then all else; each a `title` and a `message`."""
    found: dict[str, list[str]] = {name: [] for name in (*PARTS, OTHERS)}
    part, depth, fenced = OTHERS, 7, False
    for line in words.splitlines():
        fenced ^= line.lstrip().startswith("```")
        head = None if fenced else HEADING.fullmatch(line)
        if head and len(head[1]) <= depth:
            said = head[2].lower()
            part = next((name for name in PARTS if said.startswith(name)), OTHERS)
            depth = 7 if part == OTHERS else len(head[1])
        if not (head and part != OTHERS and len(head[1]) == depth):
            found[part].append(line)
    texts = {name: "\n".join(lines).strip() for name, lines in found.items()}
    titles = {"risk": "risks"}
    return [
        {"title": titles.get(name, name).capitalize(), "message": said}
        for name, said in texts.items()
        if said
    ]


def measures(
    asked: Sequence[Measure], ordered: Sequence[Evaluated]
) -> list[dict[str, Any]]:
    """Each measure with its value on the base, or why there is none, and with the labels that are `best` by it."""
    found = []
    for one in asked:
        name = f"{SPRINT}{one.name}"
        values = {e.candidate.label: e.value(name) for e in ordered}
        known = [v for v in values.values() if isinstance(v, int | float)]
        best = (min if one.better == "lower" else max)(known, default=None)
        mine = [m for e in ordered for m in e.measurements if m.name == name]
        told = [e.details["benchmarks"][name]["base_why"] for e in ordered]
        found.append({
            **records.to_json(one),
            "measure": name,
            "title": text.title(name),
            "base": mine[0].base if mine else None,
            "base_why": told[0] if told else "there was no candidate",
            "best": [label for label, v in values.items() if len({*known}) > 1 and v == best],
        })  # fmt: skip
    return found
