"""The winner, or a candidate that was named, lands: tested with the gates of its own run, then merged."""

from __future__ import annotations

import textwrap
from typing import Any, NamedTuple

from arena import land, publish, scores
from arena.candidates import Candidate
from arena.errors import ArenaError
from arena.evaluation.bench import open_bench
from arena.evaluation.evaluate import evaluate
from arena.land import Landed
from arena.machine import store
from arena.machine.transaction import Move
from arena.rubric import Rubric
from arena.session import Session
from arena.task import Task


class Delivered(NamedTuple):
    """What landed, and how many tests passed on the merged tree."""

    landed: Landed
    passed: int


def deliver(
    session: Session,
    label: str,
    rubric: Rubric,
    *,
    target: str,
    subject: str = "Merge",
    instead: str | None = None,
    style: str = "merge",
) -> Delivered:
    """Tests candidate `label` merged into `target` (a full ref name) by `rubric`, and moves `target` to it.

    `subject` begins the message of a merge; `instead` is a commit on top of the candidate's that is merged.
    Raises ArenaError (nothing has changed then) if the candidate is unknown or void, the merged tree does not pass,
    or something stands in the way.
    """
    what, measured = publish.load(session)
    found = next((e for e in measured.candidates if e.candidate.label == label), None)
    if found is None:
        known = ", ".join(e.candidate.label for e in measured.candidates)
        why = f'run {session.run} has no candidate "{label}".'
        raise ArenaError(f"{why} It has: {known}")
    if found.value("integrity") == "void":
        raise ArenaError(f"{label} is void: its result can't be believed. Not merged.")
    tested: list[int] = []

    def judge(move: Move) -> tuple[str, ...]:
        tree = session.quarantine.tree_of(move.new)
        one = Candidate(label=label, commit=move.new, tree=tree, source="merged tree")
        reasons, passed = failed_gates(session, what, one, rubric, base=move.old)
        tested.append(passed)
        return reasons

    message = message_of(session, label, what, subject=subject, style=style)
    commit = instead or found.candidate.commit
    landed = land.land(
        session, label, commit, target=target, message=message, judge=judge, style=style
    )
    return Delivered(landed, tested[-1])


def result(session: Session) -> dict[str, Any]:
    """What the run's report tells. Raises ArenaError if the run was never judged to its end."""
    path = session.folder / "result.json"
    if not path.exists():
        raise ArenaError(f"run {session.run} was not judged to its end. Judge again.")
    return dict(store.read_json(path))


def failed_gates(
    session: Session, what: Task, merged: Candidate, rubric: Rubric, *, base: str
) -> tuple[tuple[str, ...], int]:
    """The gates that a merged tree fails against `base`, which is in the quarantine, and how many tests it passes."""
    with open_bench(session, what, base=base, role="merged-tree") as bench:
        again = evaluate(bench, [merged], base=base, target=None)
    passed = sum(o == "passed" for o in again.candidates[0].tests.values())
    (score,) = scores.score(again, rubric)
    return tuple(f"{gate.name}: {gate.why}" for gate in score.failed_gates), passed


def message_of(
    session: Session, label: str, what: Task, *, subject: str = "Merge", style: str
) -> str:
    """The message of the commit with which a candidate lands."""
    first = (what.prompt or "").strip().partition("\n")[0]
    about = textwrap.shorten(first, 60, placeholder="…")
    run = f"(arena {session.run})"
    title = f"{subject} {label} {run}{': ' if about else ''}{about}"
    if style == "squash":
        title = f"{about or label} {run}"
    trailers = {
        "Arena-Run": session.run,
        "Arena-Candidate": label,
        "Arena-Verdict": result(session)["verdict"]["confidence"],
    }
    body = "".join(f"{name}: {value}\n" for name, value in trailers.items())
    return f"{title}\n\n{body}"
