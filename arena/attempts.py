"""Runs all entries side by side: worktree, set-up, agent, snapshot. What goes wrong with one stops no other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from arena import agents, archive, snapshot, worktrees
from arena.agents import Attempt, Order
from arena.candidates import Candidate
from arena.errors import ArenaError
from arena.machine import environment
from arena.patterns import Entry
from arena.session import Session
from arena.task import Task
from arena.worktrees import Worktree


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One entry with what came of it. `candidate` is None if there is nothing to judge; then `why` says so."""

    entry: Entry
    attempt: Attempt | None
    candidate: Candidate | None
    why: str

    @property
    def outcome(self) -> str:
        """The attempt's outcome in one word."""
        return self.attempt.outcome if self.attempt else "set-up failed"


def run_all(
    session: Session, task: Task, entries: Sequence[Entry], *, base: str
) -> list[Tried]:
    """Tries every entry at once; results in the order of entries. Every candidate is archived when it appears."""
    # One after the other: git's own locks are in the way of more.
    trees = [worktrees.add(session, entry.label, base=base) for entry in entries]
    with ThreadPoolExecutor(max_workers=len(entries)) as pool:
        jobs = [
            pool.submit(_try, session, task, entry, tree, number)
            for number, (entry, tree) in enumerate(zip(entries, trees, strict=True))
        ]
        return [job.result() for job in jobs]


def _try(
    session: Session, task: Task, entry: Entry, tree: Worktree, number: int
) -> Tried:
    label, journal = entry.label, session.journal
    try:
        _prepare(session, task, entry, tree, number)
        attempt = _attempt(session, task, entry, tree, number)
        journal.add(
            "attempt",
            label,
            agent=entry.agent,
            outcome=attempt.outcome,
            why=attempt.why,
            exit_code=attempt.exit_code,
            seconds=round(attempt.seconds, 1),
            tokens=attempt.tokens,
            cost=attempt.cost_usd,
            left_processes=attempt.left_processes,
        )
        found = snapshot.collect(session, tree, entry, task.suite)
    except ArenaError as error:
        journal.add("attempt-failed", label, why=str(error))
        return Tried(entry=entry, attempt=None, candidate=None, why=str(error))
    if found is None:
        return Tried(entry=entry, attempt=attempt, candidate=None, why=attempt.why)
    archive.keep(session, label, found.commit)
    changes = session.quarantine.changes(
        session.quarantine.git.tree_of(tree.base), found.tree
    )
    journal.add(
        "candidate",
        label,
        commit=found.commit,
        tree=found.tree,
        files=[c.path for c in changes],
    )
    return Tried(entry=entry, attempt=attempt, candidate=found, why=attempt.why)


def _prepare(
    session: Session, task: Task, entry: Entry, tree: Worktree, number: int
) -> None:
    journal, settings = session.journal, session.settings
    journal.add("setting-up", entry.label)
    for path, content in task.suite.items():
        place = tree.path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    if settings.copy_files and session.repo.top:
        worktrees.copy_files(session.repo, tree, settings.copy_files)
    if settings.setup:
        env = agents.agent_environment(settings.env, agent=agents.AGENTS[entry.agent])
        env |= _variables(session, entry, number)
        worktrees.set_up(session, tree, settings.setup, env)


def _variables(session: Session, entry: Entry, number: int) -> dict[str, str]:
    ports = worktrees.port_range(number)
    return {
        "ARENA_RUN": session.run,
        "ARENA_LABEL": entry.label,
        "ARENA_SEED": str(entry.seed),
        "ARENA_PORT": str(ports.start),
    }


def _attempt(
    session: Session, task: Task, entry: Entry, tree: Worktree, number: int
) -> Attempt:
    settings = session.settings
    agent = agents.AGENTS[entry.agent]
    scratch = session.folder / "logs"
    scratch.mkdir(exist_ok=True)
    prompt_file = scratch / f"{entry.label}.prompt.txt"
    prompt_file.write_text(entry.prompt, encoding="utf-8")
    python, _ = environment.choose_python(session.top, configured=settings.python)
    order = Order(
        label=entry.label,
        prompt=entry.prompt,
        prompt_file=prompt_file,
        worktree=tree.path,
        seed=entry.seed,
        scratch=scratch,
        model=settings.model,
        suite=tuple(p for p in sorted(task.suite) if p.endswith(".py")),
        python=Path(python),
        test_command=settings.test or "pytest",
        seconds=settings.timeout,
        arguments=tuple(settings.command) if entry.agent == "command" else (),
        prompt_on_stdin=settings.command_prompt == "stdin",
    )
    session.journal.add("agent-started", entry.label, agent=entry.agent)
    env = agents.agent_environment(settings.env, agent=agent)
    return agents.attempt(
        order,
        agent,
        env={**env, **_variables(session, entry, number)},
        timeout=settings.timeout,
        silence=settings.silence,
        changed=lambda: snapshot.is_changed(session, tree, task.suite),
    )
