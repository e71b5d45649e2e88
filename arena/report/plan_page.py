"""The page of a plan: what runs when, how each task stands, and what was said; one file without requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from arena.machine import resources
from arena.patterns.plan import Plan, before, waves
from arena.report.page import policy
from arena.report.text import clean_tree

WIDE, HIGH, GAP, LEFT = 168, 46, 18, 64  # of a box, between boxes, between waves


def drawing(plan: Plan, status: Mapping[str, str]) -> dict[str, Any]:
    """Boxes and lines of the waves, in pixels; `status` is each task's and sync point's."""
    columns = waves(plan)
    places = {
        name: (column * (WIDE + LEFT), row * (HIGH + GAP))
        for column, wave in enumerate(columns)
        for row, name in enumerate(wave)
    }
    syncs = {sync.name for sync in plan.syncs}
    boxes = [
        {"x": x, "y": y, "name": name, "status": status[name], "sync": name in syncs}
        for name, (x, y) in places.items()
    ]
    lines = [
        {"x1": places[one][0] + WIDE, "y1": places[one][1] + HIGH / 2, "x2": x, "y2": y + HIGH / 2}
        for name, (x, y) in places.items()
        for one in sorted(before(plan)[name])
    ]  # fmt: skip
    tall = max(map(len, columns))
    return {
        "boxes": boxes, "lines": lines, "width": len(columns) * (WIDE + LEFT) - LEFT,
        "height": tall * (HIGH + GAP) - GAP, "wide": WIDE, "high": HIGH,
    }  # fmt: skip


def html(plan: Plan, facts: Mapping[str, Any], tries: Sequence[Mapping[str, Any]], times: str) -> str:  # fmt: skip
    """The page as text. `facts` are `sessionfile.standing`; `tries` are `sessionfile.tries` with the reports."""
    made = clean_tree({"plan": facts, "tries": list(tries), "times": times})
    status = {task["id"]: task["status"] for task in made["plan"]["tasks"]}
    status |= {s["name"]: "COMPLETE" if s["time"] else "PENDING" for s in made["plan"]["syncs"]}  # fmt: skip
    css = resources.read_text("templates", "report.css")
    css += resources.read_text("templates", "plan.css")
    return resources.render(
        "plan.html.j2", **made, drawing=drawing(plan, status),
        css=resources.trusted(css), csp=policy(css, ""),
    )  # fmt: skip
