"""The story, in order. Everything else is a stage that this file calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from arena import attempts, candidates, publish, scores, testers, verdict
from arena.attempts import Tried
from arena.candidates import Candidate, Named
from arena.early import first_to_pass
from arena.evaluation.bench import open_bench
from arena.evaluation.evaluate import evaluate
from arena.evaluation.plan import ask_interpreter
from arena.machine.executor import Executor
from arena.patterns import Entry
from arena.rubric import Rubric
from arena.session import Session
from arena.task import Task
from arena.worktrees import Worktree


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """What is at stake: `base` is the commit that all start from, `target` the full name of the branch to merge
    into, None if there is none."""

    session: Session
    task: Task
    rubric: Rubric
    base: str
    target: str | None


def test(race: Race, entries: Sequence[Entry]) -> Race:
    """Testers (of all `entries`) → agents → tests, validated on the base; returns the race with them in its task."""
    session, base, labels = race.session, race.base, [e.label for e in entries]
    session.freeze(base=base, target=race.target, labels=labels)
    return replace(race, task=testers.write(session, race.task, entries, base=base))


def run(race: Race, entries: Sequence[Entry]) -> dict[str, Any]:
    """Entries → worktrees → agents → candidates → verdict → report; returns the report's document."""
    session, task, base = race.session, race.task, race.base
    labels = [e.label for e in entries]
    session.freeze(base=base, target=race.target, labels=labels)
    look = first_to_pass(session, task, race.rubric, labels, base=base)
    tried = attempts.run_all(session, task, entries, base=base, look=look)
    return conclude(race, [t.candidate for t in tried if t.candidate], tried=tried)


def judge(
    race: Race, named: Sequence[Named], trees: Sequence[Worktree] = ()
) -> dict[str, Any]:
    """Existing branches, commits, patches, worktrees → candidates → verdict → report; returns the report's document."""
    session = race.session
    labels = [*(one.label for one in named), *(tree.label for tree in trees)]
    session.freeze(base=race.base, target=race.target, labels=labels)
    with Executor(1) as beside:  # a third of a second, which git does not need
        asked = beside.submit(ask_interpreter, session)
        found = candidates.take(session, named, base=race.base)
        publish.begin(session, race.task, found)
        found += attempts.collect(session, race.task, trees)
        asked.result()
    return conclude(race, found)


def conclude(
    race: Race, found: Sequence[Candidate], *, tried: Sequence[Tried] = ()
) -> dict[str, Any]:
    """Candidates → measurements → scores → verdict → report."""
    session, tip = race.session, race.session.tip(race.target)
    with open_bench(session, race.task, base=race.base) as bench:
        measured = evaluate(bench, found, base=race.base, target=tip)
    scored = scores.score(measured, race.rubric)
    decided = verdict.decide(measured, scored, race.rubric, seed=session.settings.seed)
    session.journal.add("verdict", winner=decided.winner, confidence=decided.confidence)
    publish.save(session, race.task, measured, tried)
    return publish.write(session, race.task, measured, scored, decided, race.rubric)
