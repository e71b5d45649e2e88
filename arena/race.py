"""The story, in order. Everything else is a stage that this file calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from arena import archive, attempts, candidates, evaluation, publish, scores, verdict
from arena.attempts import Tried
from arena.candidates import Candidate, Named
from arena.evaluation import Evaluation
from arena.evaluation.bench import open_bench
from arena.patterns import Entry
from arena.rubric import Rubric
from arena.session import Session
from arena.task import Task
from arena.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a run ends with: the verdict, and the document that tells it."""

    evaluation: Evaluation
    verdict: Verdict
    document: dict[str, Any]


def run(
    session: Session,
    task: Task,
    entries: Sequence[Entry],
    rubric: Rubric,
    *,
    base: str,
    target: str | None,
) -> Judgement:
    """Entries → worktrees → agents → candidates → verdict → report."""
    session.journal.add(
        "planned", entries=[e.label for e in entries], base=base, target=target
    )
    session.quarantine.take(base, ref=f"refs/arena/run/{session.run}/base", depth=1)
    tried = attempts.run_all(session, task, entries, base=base)
    found = [t.candidate for t in tried if t.candidate is not None]
    return conclude(session, task, found, rubric, base=base, target=target, tried=tried)


def judge(
    session: Session,
    task: Task,
    named: Sequence[Named],
    rubric: Rubric,
    *,
    base: str,
    target: str | None,
) -> Judgement:
    """Existing branches, commits, patches → candidates → verdict → report."""
    session.freeze(base=base, target=target, labels=[n.label for n in named])
    found = [
        candidates.take(session.repo, session.quarantine, n, base=base, run=session.run)
        for n in named
    ]
    for candidate in found:
        archive.keep(
            session.repo,
            session.quarantine,
            run=session.run,
            label=candidate.label,
            commit=candidate.commit,
        )
    return conclude(session, task, found, rubric, base=base, target=target)


def conclude(
    session: Session,
    task: Task,
    found: Sequence[Candidate],
    rubric: Rubric,
    *,
    base: str,
    target: str | None,
    tried: Sequence[Tried] = (),
) -> Judgement:
    """Candidates → measurements → scores → verdict → report."""
    with open_bench(session, task, base=base) as bench:
        measured = evaluation.evaluate(
            bench, found, base=base, target=session.tip(target)
        )
    scored = scores.score(measured, rubric)
    decided = verdict.decide(measured, scored, rubric, seed=session.settings.seed)
    document = publish.publish(
        session, task, measured, scored, decided, rubric, tried=tried
    )
    session.journal.add("verdict", winner=decided.winner, confidence=decided.confidence)
    return Judgement(evaluation=measured, verdict=decided, document=document)
