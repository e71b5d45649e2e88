"""Runs all entries side by side: worktree, set-up, agent, snapshot. What goes wrong with one stops no other."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

from arena import agents, archive, control, snapshot, turns, worktrees
from arena.agents import AGENTS, Attempt, Order
from arena.candidates import Candidate
from arena.errors import ArenaError, GitError
from arena.machine import environment, fingerprint
from arena.patterns import Entry
from arena.session import Session
from arena.task import Task, save
from arena.turns import Crew
from arena.worktrees import Worktree

# Looks at what an entry has made when its agent is done: the second collects it, which costs. What it says is the
# prompt of another turn, "" if none.
Look = Callable[[Entry, Callable[[], Candidate | None]], str]
MOST_TOLD = 50  # changes of the repository that are told one by one


def nothing_more(_entry: Entry, _made: Callable[[], Candidate | None]) -> str:
    """Asks nobody for another turn."""
    return ""


class Tried(NamedTuple):
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
    session: Session,
    task: Task,
    entries: Sequence[Entry],
    *,
    base: str,
    look: Look = nothing_more,
) -> list[Tried]:
    """Tries every entry at once; results in the order of entries. Every candidate is archived when it appears.

    What changed in the repository since the run began is told with each candidate: whose deed it was can't be proven.
    """
    save(task, session.folder)  # whoever resumes a run that was killed needs it
    (session.folder / "logs").mkdir(exist_ok=True)
    # What an earlier wave's changes can be taken back to must stay.
    repo, saved = session.repo, session.folder / "before" / entries[0].label
    earlier = [
        (event.data["what"], event.data["restore"])
        for event in session.journal.events()
        if event.kind == "repository-changed"
    ]
    before = fingerprint.take(repo, saved=saved)
    fingerprint.hold(repo, session.held, base=base)
    trees = worktrees.add_all(session, [entry.label for entry in entries], base=base)
    crew = Crew(session, [entry.label for entry in entries])
    one_each = partial(_try, crew, task, look)
    try:
        with ThreadPoolExecutor(max_workers=len(trees)) as pool:
            tried = list(pool.map(one_each, entries, trees, count()))
    finally:  # what stopped us may be what an agent did to the repository
        found = fingerprint.changes(repo, before, saved=saved)
        for what, restore in found[:MOST_TOLD]:
            session.journal.add("repository-changed", what=what, restore=restore)
        if not (found or earlier):  # else what takes it back needs it
            with suppress(GitError):  # a lock of somebody's: the clean-up does it
                fingerprint.let_go(repo, session.held)
    told = tuple(f"{w}; to take it back: {how}" for w, how in (*earlier, *found))
    return [
        one._replace(candidate=one.candidate and replace(one.candidate, changed=told))
        for one in tried
    ]


def _try(
    crew: Crew, task: Task, look: Look, entry: Entry, tree: Worktree, number: int
) -> Tried:
    session, label, attempt = crew.session, entry.label, None
    journal = session.journal
    env = dict[str, str]()

    def collect() -> Candidate | None:
        hide = partial(agents.redact, env=env)
        return snapshot.collect(session, tree, entry, task.suite, hide=hide)

    def review() -> str:
        try:
            return look(entry, collect)
        except ArenaError:  # told below, where the work is collected for good
            return ""

    try:
        env |= {
            **agents.agent_environment(session.settings.env, agent=AGENTS[entry.agent]),
            "ARENA_RUN": session.run,
            "ARENA_LABEL": label,
            "ARENA_SEED": str(entry.seed),
            "ARENA_SIGNALS": str(control.stem(session.folder, f"{label}.signals")),
            **({"ARENA_HANDOFF": task.handoff} if task.handoff else {}),
            "ARENA_PORT": str(worktrees.port_range(number).start),
        }
        with crew.set_ups:
            prepare(session, task, tree, env)
        attempt = _attempt(crew, task, entry, tree, env, review)
        found = collect()
    except (ArenaError, OSError) as error:
        journal.add("attempt-failed", label, why=str(error))
        return Tried(entry, attempt, None, str(error))
    if found:
        found = replace(found, message=found.message or attempt.told.text or "")
        crew.archive.keep(label, found.commit)
        _note(session, tree, found)
    return Tried(entry, attempt, found, attempt.why)


def collect(session: Session, task: Task, trees: Sequence[Worktree]) -> list[Candidate]:
    """What somebody whom arena did not start left in these worktrees, archived; nothing of one without a change."""
    found = []
    for tree in trees:
        entry = Entry(label=tree.label, agent="somebody", prompt="", seed=0)
        one = snapshot.collect(session, tree, entry, task.suite)
        if one:
            found.append(replace(one, agent=None, source="spawned worktree"))
            archive.keep(session, tree.label, one.commit)
            _note(session, tree, one)
    return found


def left(session: Session, task: Task, trees: Sequence[Worktree]) -> list[Candidate]:
    """What the agents of a run that was killed left: candidates that were collected, and the work of the others.

    What testers made is no candidate.
    """
    done, agent = dict[str, Candidate](), dict[str, str]()
    testers = {e.label for e in session.journal.events() if e.kind == "tests-asked"}
    for event in session.journal.events():
        label, data = event.label or "", event.data
        if event.kind == "agent-started":
            agent[label] = data["agent"]
        elif event.kind == "candidate" and label not in testers:
            done[label] = Candidate(
                label=label, commit=data["commit"], tree=data["tree"],
                source=f"worktree of {agent.get(label)}", agent=agent.get(label),
            )  # fmt: skip
    trees = [tree for tree in trees if tree.label not in {*done, *testers}]
    for tree in trees:  # a kill may have come between archive and journal
        if commit := archive.archived(session.repo, session.run).get(tree.label):
            found = _archived(session, tree.label, commit)
            _note(session, tree, found)
            done[tree.label] = found
    rest = [tree for tree in trees if tree.label not in done and tree.path.is_dir()]
    found_all = [*done.values(), *collect(session, task, rest)]
    return [replace(one, agent=agent.get(one.label)) for one in found_all]


def _archived(session: Session, label: str, commit: str) -> Candidate:
    if not session.quarantine.holds(commit):
        session.quarantine.take(commit, ref=f"refs/arena/run/{session.run}/{label}")
    tree = session.quarantine.tree_of(commit)
    return Candidate(label=label, commit=commit, tree=tree, source="archive")


def _note(session: Session, tree: Worktree, found: Candidate) -> None:
    base_tree = session.quarantine.tree_of(tree.base)
    changes = session.quarantine.changes(base_tree, found.tree)
    files = [change.path for change in changes]
    facts = {"commit": found.commit, "tree": found.tree, "files": files}
    session.journal.add("candidate", tree.label, **facts)


def prepare(
    session: Session, task: Task, tree: Worktree, env: Mapping[str, str]
) -> None:
    """Puts the suite and copied files into a worktree and runs the set-up command. Raises ArenaError if that fails."""
    settings = session.settings
    session.journal.add("setting-up", tree.label)
    for path, content in task.suite.items():
        place = tree.path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    if settings.copy_files and session.repo.top:
        worktrees.copy_files(session.repo, tree, settings.copy_files)
    if settings.setup:
        worktrees.set_up(session, tree, settings.setup, env)


def _attempt(
    crew: Crew,
    task: Task,
    entry: Entry,
    tree: Worktree,
    env: Mapping[str, str],
    review: Callable[[], str],
) -> Attempt:
    session = crew.session
    settings, logs = session.settings, session.folder / "logs"
    prompt_file = logs / f"{entry.label}.prompt.txt"
    prompt_file.write_text(entry.prompt, encoding="utf-8", errors="surrogateescape")
    python, _ = environment.choose_python(session.top, configured=settings.python)
    order = Order(
        label=entry.label,
        prompt=entry.prompt,
        prompt_file=prompt_file,
        worktree=tree.path,
        scratch=logs,
        env=env,
        seed=entry.seed,
        python=Path(python),
        seconds=settings.timeout,
        silence=settings.silence,
        model=settings.model,
        suite=tuple(path for path in sorted(task.suite) if path.endswith(".py")),
        arguments=settings.command if entry.agent == "command" else (),
        prompt_on_stdin=settings.command_prompt == "stdin",
    )
    changed = partial(snapshot.is_changed, session, tree, task.suite)
    agent = AGENTS[entry.agent]
    done = turns.take(crew, order, agent, changed=changed, review=review)
    session.journal.add(
        "attempt",
        entry.label,
        agent=entry.agent,
        outcome=done.outcome,
        why=done.why,
        exit_code=done.end.exit_code,
        seconds=round(done.end.seconds, 1),
        tokens=done.told.tokens,
        cost=done.told.cost_usd,
        left_processes=done.end.survivors,
    )
    return done
