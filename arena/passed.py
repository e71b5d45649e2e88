"""What came of a try of a plan's task: the candidate to merge, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from arena.session import Session


class Passed(NamedTuple):
    """The run of a task that gave an acceptable candidate, its label and its commit."""

    run: Session
    label: str
    commit: str

    @property
    def files(self) -> list[str]:
        """The paths that it changed."""
        return [
            path
            for event in self.run.journal.events()
            if event.kind == "candidate" and event.label == self.label
            for path in event.data["files"]
        ]


def accepted(made: Session, document: Mapping[str, Any]) -> tuple[Passed | None, str]:
    """The candidate to merge, or why there is none."""
    verdict = document["verdict"]
    label = verdict["winner"] or (
        verdict["leader"] if verdict["confidence"] == "toss-up" else None
    )
    # Onto the staging branch goes what passes; only an open question about it needs a person first.
    open_questions = [words for words in verdict["blocks"] if ":" in words]
    if label and not open_questions:
        commits = {c["label"]: c["commit"] for c in document["candidates"]}
        return Passed(made, str(label), commits[label]), ""
    reasons = [
        f"{c['label']}: {c['excluded']}"
        for c in document["candidates"]
        if c["excluded"]
    ]
    reasons += [
        f"{one['label']}: {one['outcome']}, {one['why']}" for one in document["failed"]
    ]
    return None, "; ".join([*open_questions, *reasons] or [verdict["headline"]])
