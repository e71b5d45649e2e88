"""Testers write tests for a task before anybody does it: each in a worktree of its own, validated on the base."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from arena import attempts, prompts
from arena.attempts import Tried
from arena.candidates import Candidate
from arena.errors import ArenaError
from arena.evaluation.plan import test_modules
from arena.evaluation.validation import Validated, open_validation
from arena.patterns import Entry
from arena.session import Session
from arena.task import Task


def write(session: Session, task: Task, entries: Sequence[Entry], *, base: str) -> Task:
    """The task with the tests of all testers among the entries, in the groups that they write.

    One whose tests can't be used gets further turns with the reasons, as many as `retries` says. Raises ArenaError if
    they can't be used even then, naming the reasons; their work is archived.
    """
    asked = [entry for entry in entries if entry.writes]
    turns: Counter[str] = Counter()
    known: dict[tuple[str, str], Validated] = {}
    one_at_a_time = threading.Lock()  # the base's runs are shared
    for entry in asked:  # whoever resumes the run must know who is no candidate
        session.journal.add("tests-asked", entry.label)
    with open_validation(session, task, base=base) as validate:

        def validated(entry: Entry, candidate: Candidate | None) -> Validated:
            key = entry.label, candidate.tree if candidate else ""
            with one_at_a_time:
                if key not in known:
                    known[key] = validate(entry, candidate)
            return known[key]

        def look(entry: Entry, made: Callable[[], Candidate | None]) -> str:
            found = validated(entry, made())
            turns[entry.label] += 1
            if not found.reasons or turns[entry.label] > session.settings.retries:
                return ""
            why = "; ".join(found.reasons)
            session.journal.add("tests-refused", entry.label, why=why)
            return prompts.again(entry.prompt, found.reasons)

        tried = attempts.run_all(session, task, asked, base=base, look=look)
        done = [(one, validated(one.entry, one.candidate)) for one in tried]
    for one, found in done:
        task = _with(session, task, one, found)
    return task


def _with(session: Session, task: Task, one: Tried, found: Validated) -> Task:
    label, group = one.entry.label, one.entry.writes or "suite"
    if found.reasons:
        why = "; ".join(found.reasons) if one.candidate else one.why
        session.journal.add("tests-refused", label, why=why)
        restored = f"arena restore {session.run} {label} --branch NAME"
        hint = f" Its work is kept: {restored}" if one.candidate else ""
        raise ArenaError(f"the tests of {label} can't be used: {why}.{hint}")
    files = _apart(found.files, getattr(task, group), label)
    total = len(found.failing) + len(found.passing)
    session.journal.add(
        "tests-validated",
        label,
        why=f"{len(found.failing)} of {total} tests fail on the base, as they should",
        group=group,
        files=sorted(files),
        failing=found.failing,
        passing=found.passing,
        left_out=found.left_out,
    )
    return task.with_files(group, files, label)


def _apart(
    files: Mapping[str, bytes], taken: Mapping[str, bytes], label: str
) -> dict[str, bytes]:
    """Files beside those of others: a module of tests whose name is taken gets another.

    Raises ArenaError for any other file."""
    found = {}
    for path, content in files.items():
        stem, dot, end = path.rpartition(".")
        free = path
        if taken.get(path, content) != content:
            free = f"{stem}_{label.replace('-', '_')}{dot}{end}"
            if path not in test_modules(files):
                raise ArenaError(
                    f"{path} is there already, and {label} wrote another one. Ask one tester only."
                )
        found[free] = content
    return found
