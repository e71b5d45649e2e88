"""Runs all entries side by side: worktree, set-up, agent, snapshot. What goes wrong with one stops no other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from arena import agents, archive, snapshot, worktrees
from arena.agents import Attempt, Order
from arena.agents.output import tail
from arena.candidates import Candidate
from arena.errors import ArenaError
from arena.machine import environment
from arena.patterns import Entry
from arena.session import Session
from arena.task import Task
from arena.worktrees import Worktree


@dataclass(frozen=True, slots=True)
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
    run, folder = session.run, session.folder / "worktrees"
    jobs: list[_Job] = []
    for entry in entries:  # one after the other: git's own locks are in the way of more
        label = entry.label
        tree = worktrees.add(
            session.repo, run=run, label=label, base=base, folder=folder
        )
        worktrees.note(session.journal, tree)
        jobs.append(_Job(session, task, entry, tree, len(jobs)))
    with ThreadPoolExecutor(max_workers=len(jobs)) as pool:
        return list(pool.map(_Job.run, jobs))


@dataclass(frozen=True, slots=True)
class _Job:
    """One entry in its place."""

    session: Session
    task: Task
    entry: Entry
    tree: Worktree
    number: int

    def run(self) -> Tried:
        """Everything, from the set-up to the archive."""
        session, entry, tree = self.session, self.entry, self.tree
        label, journal, attempt = entry.label, session.journal, None
        try:
            self._prepare()
            attempt = self._attempt()
            journal.add(
                "attempt",
                label,
                agent=attempt.agent,
                outcome=attempt.outcome,
                why=attempt.why,
                exit_code=attempt.exit_code,
                seconds=round(attempt.seconds, 1),
                tokens=attempt.tokens,
                cost=attempt.cost_usd,
                left_processes=attempt.left_processes,
            )
            store, suite = session.quarantine, self.task.suite
            found = snapshot.collect(store, tree, entry, run=session.run, suite=suite)
        except (ArenaError, OSError) as error:
            journal.add("attempt-failed", label, why=str(error))
            return Tried(entry, attempt, None, str(error))
        if found:
            commit = found.commit
            archive.keep(
                session.repo, store, run=session.run, label=label, commit=commit
            )
            changes = store.changes(store.git.tree_of(tree.base), found.tree)
            paths = [change.path for change in changes]
            journal.add("candidate", label, commit=commit, tree=found.tree, files=paths)
        return Tried(entry, attempt, found, attempt.why)

    def _prepare(self) -> None:
        session, settings, tree = self.session, self.session.settings, self.tree
        label = self.entry.label
        session.journal.add("setting-up", label)
        for path, content in self.task.suite.items():
            place = tree.path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        if settings.copy_files and session.repo.top:
            worktrees.copy_files(session.repo, tree, settings.copy_files)
        if not settings.setup:
            return
        command, log = ["/bin/sh", "-c", settings.setup], f"{label}.setup.log"
        done = worktrees.set_up(
            tree,
            command,
            env=self._env(),
            log=self._logs() / log,
            timeout=settings.timeout,
        )
        if not done.ok:
            raise ArenaError(
                f"the set-up command failed ({done.reason}, exit code {done.exit_code}): "
                f"{tail(done.log, limit=300).strip()}"
            )

    def _logs(self) -> Path:
        folder = self.session.folder / "logs"
        folder.mkdir(exist_ok=True)
        return folder

    def _env(self) -> dict[str, str]:
        session, entry = self.session, self.entry
        agent = agents.AGENTS[entry.agent]
        return agents.agent_environment(session.settings.env, agent=agent) | {
            "ARENA_RUN": session.run,
            "ARENA_LABEL": entry.label,
            "ARENA_SEED": str(entry.seed),
            "ARENA_PORT": str(worktrees.port_range(self.number).start),
        }

    def _attempt(self) -> Attempt:
        session, task, entry, tree = self.session, self.task, self.entry, self.tree
        settings, logs = session.settings, self._logs()
        prompt_file = logs / f"{entry.label}.prompt.txt"
        prompt_file.write_text(entry.prompt, encoding="utf-8", errors="surrogateescape")
        python, _ = environment.choose_python(session.top, configured=settings.python)
        order = Order(
            label=entry.label,
            prompt=entry.prompt,
            prompt_file=prompt_file,
            worktree=tree.path,
            scratch=logs,
            env=self._env(),
            seed=entry.seed,
            python=Path(python),
            seconds=settings.timeout,
            silence=settings.silence,
            model=settings.model,
            suite=tuple(path for path in sorted(task.suite) if path.endswith(".py")),
            arguments=settings.command if entry.agent == "command" else (),
            prompt_on_stdin=settings.command_prompt == "stdin",
        )
        session.journal.add("agent-started", entry.label, agent=entry.agent)
        store, agent = session.quarantine, agents.AGENTS[entry.agent]
        return agents.attempt(
            order,
            agent,
            changed=lambda: snapshot.is_changed(store, tree, suite=task.suite),
        )
