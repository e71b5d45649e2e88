"""First to pass: as soon as one entry's work is what the judge would let through, the others are told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from arena import control, scores
from arena.attempts import Look, nothing_more
from arena.candidates import Candidate
from arena.evaluation.bench import open_bench
from arena.evaluation.evaluate import evaluate
from arena.patterns import Entry
from arena.rubric import Rubric
from arena.session import Session
from arena.task import Task


def first_to_pass(
    session: Session, task: Task, rubric: Rubric, labels: Sequence[str], *, base: str
) -> Look:
    """Looks at what each entry made, on the judge's own gate run, until one passes all required tests and all gates.

    Unless the settings ask for it, nobody is looked at before the end.
    """
    if not session.settings.first_to_pass:
        return nothing_more
    one_at_a_time = threading.Lock()  # the base's runs are shared
    passed: list[str] = []

    def look(entry: Entry, made: Callable[[], Candidate | None]) -> str:
        with one_at_a_time:
            if passed or not (candidate := made()):
                return ""
            with open_bench(session, task, base=base, role="first-to-pass") as bench:
                measured = evaluate(bench, [candidate], base=base, target=None)
            (score,) = scores.score(measured, rubric)
            (found,) = measured.candidates
            if found.value("required.passed") == 1 and not score.failed_gates:
                passed.append(entry.label)
                session.journal.add("first-to-pass", entry.label)
                for label in labels:
                    if label != entry.label:
                        why = f"{entry.label} was the first to pass"
                        control.give(session.folder, label, "stop", why)
        return ""

    return look
