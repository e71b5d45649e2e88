"""Who is on the page: the cleaned document, addresses of candidates, and who is shown in detail."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from arena.report.text import clean_tree

Doc = Mapping[str, Any]

# Diffs, logs and criteria of more candidates than this make a page that nobody reads.
DETAILED = 6


def prepare(doc: Doc) -> Doc:
    """The document with every foreign string made harmless to print; every format starts with this."""
    cleaned: Doc = clean_tree(doc)
    return cleaned


def candidates(doc: Doc) -> Sequence[Doc]:
    """All candidates in the order of the document: by rank, excluded ones last."""
    found: Sequence[Doc] = doc.get("candidates") or []
    return found


def failed(doc: Doc) -> Sequence[Doc]:
    """The entries that gave nothing to judge."""
    found: Sequence[Doc] = doc.get("failed") or []
    return found


def details(doc: Doc, name: str) -> Any:
    """One part of the details, or None where the judge did not record it."""
    return (doc.get("details") or {}).get(name)


def slugs(doc: Doc) -> dict[str, str]:
    """Label to a unique word that may stand in an address (`#diff-b`)."""
    taken: dict[str, str] = {}
    for entry in (*candidates(doc), *failed(doc)):
        label = str(entry["label"])
        if label in taken:
            continue
        word = re.sub(r"[^A-Za-z0-9_.-]+", "-", label).strip("-") or "candidate"
        count = sum(
            1 for used in taken.values() if used == word or re.fullmatch(f"{re.escape(word)}~\\d+", used)
        )
        taken[label] = f"{word}~{count + 1}" if count else word
    return taken


def detailed(doc: Doc) -> list[Doc]:
    """The candidates shown in detail: winner or leader, runner-up, then by rank; at most `DETAILED`."""
    verdict = doc["verdict"]
    first = [verdict.get("winner") or verdict.get("leader"), verdict.get("runner_up")]
    chosen = sorted(candidates(doc), key=lambda c: first.index(c["label"]) if c["label"] in first else 2)
    return chosen[:DETAILED]


def is_exploration(doc: Doc) -> bool:
    """Whether nothing shall be merged: then the page says "looks best", never "wins"."""
    return bool(doc["rubric"].get("merge") == "never")


def standing(doc: Doc, candidate: Doc) -> str:
    """The word beside a candidate's name: winner, leads, looks best, passes, tied, or nothing."""
    verdict, label = doc["verdict"], candidate["label"]
    if candidate.get("excluded"):
        return ""
    if label == verdict.get("winner"):
        return _winning_word(doc)
    if verdict.get("confidence") == "toss-up" and label in (verdict.get("tied") or []):
        return "tied"
    return "looks best" if is_exploration(doc) and label == verdict.get("leader") else ""


def _winning_word(doc: Doc) -> str:
    if is_exploration(doc):
        return "looks best"
    if doc["verdict"].get("confidence") == "leaning":
        return "leads"
    return "passes" if len(candidates(doc)) == 1 else "winner"
