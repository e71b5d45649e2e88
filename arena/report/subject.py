"""The document as the formats read it: harmless to print, and every entry with its standing and address."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from arena.report.text import clean_tree

Doc = Mapping[str, Any]

# Diffs, logs and criteria of more candidates than this make a page that nobody reads.
DETAILED = 6
GRADES = ("void", "suspicious", "note")


def prepare(doc: Doc) -> Doc:
    """A copy with every foreign string made harmless to print; every format starts with this.

    It adds what formats share: `slug`, `standing`, `state` and `grade` of each entry, `shown` (the candidates
    shown in detail), `counted` (the criteria that earned points, each with its `colour`), and `exploration`.
    """
    made: dict[str, Any] = {"approaches": [], "measures": [], **clean_tree(doc)}
    # Nothing shall be merged: then the page says "looks best", never "wins".
    made["exploration"] = made["rubric"]["merge"] == "never"
    _add_slugs([*made["candidates"], *made["failed"]])
    for candidate in made["candidates"]:
        grades = {flag["grade"] for flag in candidate["flags"]}
        word = _standing(made, candidate)
        state = {"": "", "tied": "tie"}.get(word, "win")
        candidate["standing"] = word
        candidate["state"] = "out" if candidate["excluded"] else state
        candidate["grade"] = next((g for g in GRADES[:2] if g in grades), "")
    for entry in made["failed"]:
        entry |= {"standing": "", "state": "failed", "grade": ""}
        entry["source"] = entry["agent"]
        entry["excluded"] = f"{entry['outcome']}: {entry['why']}"
    verdict = made["verdict"]
    first = [verdict["winner"] or verdict["leader"], verdict["runner_up"]]
    place = {label: i for i, label in enumerate(first)}
    order = sorted(made["candidates"], key=lambda c: place.get(c["label"], 2))
    made["shown"] = order[:DETAILED]
    made["counted"] = _counted(made)
    return made


def _add_slugs(entries: list[dict[str, Any]]) -> None:
    """A unique word for each entry that may stand in an address (`#diff-b`)."""
    taken: Counter[str] = Counter()
    for entry in entries:
        word = re.sub(r"[^A-Za-z0-9_.-]+", "-", entry["label"]).strip("-") or "entry"
        taken[word] += 1
        entry["slug"] = f"{word}~{taken[word]}" if taken[word] > 1 else word


def _standing(doc: Doc, candidate: Doc) -> str:
    """The word beside a candidate's name: winner, leads, looks best, passes, tied, or nothing."""
    verdict, label = doc["verdict"], candidate["label"]
    if doc["exploration"] and label in (verdict["winner"], verdict["leader"]):
        return "looks best"
    if label == verdict["winner"]:
        alone = "passes" if len(doc["candidates"]) == 1 else "winner"
        return "leads" if verdict["confidence"] == "leaning" else alone
    return "tied" if label in verdict["tied"] else ""


def _counted(doc: Doc) -> list[Doc]:
    """The criteria that earned points for at least one candidate that was ranked, in the rubric's order."""
    ranked = [c["points"] for c in doc["candidates"] if not c["excluded"]]
    counted: list[Doc] = []
    for criterion in doc["rubric"]["criteria"]:
        criterion["colour"] = 0
        if criterion["weight"] and any(criterion["measure"] in p for p in ranked):
            criterion["colour"] = len(counted) % 5 + 1
            counted.append(criterion)
    return counted
