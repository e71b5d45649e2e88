"""The document as the formats read it: clean, complete, and every entry with its standing and address."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from arena.report.text import clean_tree, title

Doc = Mapping[str, Any]

# Diffs, logs and criteria of more candidates than this make a page that nobody reads.
DETAILED = 6
GRADES = ("void", "suspicious", "note")
_TABLES = ("failures", "files", "diffs", "coverage", "complexity", "logs")
_TESTS = {"columns": (), "ids": (), "rows": (), "required": (), "why_none": None}
_BEHAVIOUR = {"columns": (), "rows": ()}
_NO_TIMING: dict[str, Any] = {"seconds": {}, "total": None, "judged_at": None}
_NO_DETAILS = {"tests": _TESTS, "behaviour": _BEHAVIOUR, "pairs": (), "events": ()}


def prepare(doc: Doc) -> Doc:
    """A copy with every foreign string made harmless to print; every format starts with this.

    It adds what formats share: `slug`, `standing`, `state` and `grade` of each entry, `shown` (the candidates
    shown in detail), `counted` (the criteria that earned points, each with its `colour`), and `exploration`.
    """
    made: dict[str, Any] = clean_tree(doc)
    rubric, details = made["rubric"], {**_NO_DETAILS, **made["details"]}
    made["details"] = {**{name: {} for name in _TABLES}, **details}
    made["details"]["tests"] = {**_TESTS, **details["tests"]}
    made["timing"] = {**_NO_TIMING, **made["timing"]}
    # Nothing shall be merged: then the page says "looks best", never "wins".
    made["exploration"] = rubric["merge"] == "never"
    for rule in (*rubric["gates"], *rubric["criteria"]):
        rule.setdefault("title", title(rule["measure"]))
    _add_slugs([*made["candidates"], *made["failed"]])
    for candidate in made["candidates"]:
        grades = {flag["grade"] for flag in candidate["flags"]}
        word = _standing(made, candidate)
        state = {"": "", "tied": "tie"}.get(word, "win")
        candidate["standing"] = word
        candidate["state"] = "out" if candidate["excluded"] else state
        candidate["grade"] = next((g for g in GRADES[:2] if g in grades), "")
    for entry in made["failed"]:
        outcome = entry.get("outcome") or "failed"
        entry["why"] = entry.get("why") or "no reason was recorded"
        entry |= {"standing": "", "state": "failed", "grade": "", "outcome": outcome}
        entry["source"] = entry.get("agent")
        entry["excluded"] = f"{outcome}: {entry['why']}"
    made["shown"] = _shown(made)
    made["counted"] = _counted(made)
    return made


def _add_slugs(entries: list[dict[str, Any]]) -> None:
    """A unique word for each entry that may stand in an address (`#diff-b`)."""
    taken: Counter[str] = Counter()
    for entry in entries:
        word = re.sub(r"[^A-Za-z0-9_.-]+", "-", entry["label"]).strip("-")
        word = word or "candidate"
        taken[word] += 1
        entry["slug"] = f"{word}~{taken[word]}" if taken[word] > 1 else word


def _standing(doc: Doc, candidate: Doc) -> str:
    """The word beside a candidate's name: winner, leads, looks best, passes, tied, or nothing."""
    verdict, label = doc["verdict"], candidate["label"]
    if label == verdict["winner"]:
        if doc["exploration"]:
            return "looks best"
        if verdict["confidence"] == "leaning":
            return "leads"
        return "passes" if len(doc["candidates"]) == 1 else "winner"
    if verdict["confidence"] == "toss-up" and label in verdict["tied"]:
        return "tied"
    return "looks best" if doc["exploration"] and label == verdict["leader"] else ""


def _shown(doc: Doc) -> list[Doc]:
    """Winner or leader, runner-up, then by rank."""
    verdict = doc["verdict"]
    first = [verdict["winner"] or verdict["leader"], verdict["runner_up"]]
    rank = {label: place for place, label in enumerate(first)}
    order = sorted(doc["candidates"], key=lambda c: rank.get(c["label"], 2))
    return order[:DETAILED]


def _counted(doc: Doc) -> list[Doc]:
    """The criteria that earned points for at least one candidate that was ranked, in the rubric's order."""
    ranked = [c for c in doc["candidates"] if not c["excluded"]]
    used = {name for candidate in ranked for name in candidate["points"]}
    for criterion in doc["rubric"]["criteria"]:
        criterion["colour"] = 0
    criteria = [c for c in doc["rubric"]["criteria"] if c["weight"] > 0]
    counted = [c for c in criteria if c["measure"] in used]
    for place, criterion in enumerate(counted):
        criterion["colour"] = place % 5 + 1
    return counted


def flag_counts(doc: Doc) -> str:
    """`1 void, 2 suspicious`: the grades that need a look; empty when there are none."""
    counts = Counter(flag["grade"] for c in doc["candidates"] for flag in c["flags"])
    return ", ".join(
        f"{counts[grade]} {grade}" for grade in GRADES[:2] if counts[grade]
    )


def incomplete(doc: Doc) -> str:
    """Who gave nothing to judge: the sentence carries the count, nobody is hidden."""
    if not doc["failed"]:
        return ""
    names = ", ".join(f"{e['label']} ({e['outcome']})" for e in doc["failed"])
    judged = len(doc["candidates"])
    whole = judged + len(doc["failed"])
    return f"{judged} of {whole} could be judged; no result from {names}."


def landed(doc: Doc) -> str:
    """What was merged, if anything was."""
    done = doc["landed"]
    if not done:
        return ""
    return (
        f"Merged: {done['target']} moved from {done['old'][:10]} to {done['new'][:10]}."
    )
