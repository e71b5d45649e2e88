"""One task of a plan: its tries, each a run of its own, and the merge of what passed onto the staging branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from arena import control, deliver, journal, prompts, race, runs, session
from arena import task as tasks
from arena.contracts import join
from arena.errors import ArenaError, one_line
from arena.handoffs import Handoff, collected
from arena.journal import Event
from arena.machine import process, records, store
from arena.machine.store import slug
from arena.machine.switch import HalfDone
from arena.machine.transaction import value_of
from arena.passed import Passed, accepted
from arena.patterns import Entry, compete
from arena.patterns.plan import Plan, Step
from arena.race import Race
from arena.rubric import Rubric
from arena.session import Session
from arena.task import Task
from arena.territory import Territory


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """A plan at work. `session` is the plan's own run; `given` and `config` are what its tasks' runs begin with."""

    session: Session
    plan: Plan
    rubric: Rubric
    base: str
    target: str | None
    given: Mapping[str, Any]
    config: Path | None
    agent: str

    @property
    def staging(self) -> str:
        """The branch that tasks start from and are merged into."""
        never = self.session.settings.merge == "never"
        if self.plan.land == "each" and self.target and not never:
            return self.target
        return f"refs/heads/arena/{self.session.run}/staging"

    @property
    def tip(self) -> str:
        """Where that branch is now."""
        return value_of(self.session.repo, self.staging)


class Assignment:
    """One task with its tries."""

    def __init__(self, division: Division, step: Step, *, asked: bool = False) -> None:
        self.division, self.step, self.tries, self.why = division, step, 0, ""
        self.asked = asked  # by the hand-off of another task, not by the plan
        self.before = self._before()

    def _before(self) -> Passed | None:
        """What was done before we were killed, or asked to go on: a try that was judged and not yet merged."""
        run = ""
        for event in self.division.session.journal.events():
            if event.kind == "resumed":
                self.tries = 0
            elif event.label == self.step.id and event.kind == "task-started":
                self.tries, run = event.data["tries"], event.data["run"]
            elif event.label == self.step.id and event.kind == "task-failed":
                run, self.why = "", event.data["why"]
        if not run:
            return None
        made = session.reopen(self.division.session.here, run, given={}, config=None)
        path = made.folder / "result.json"
        return accepted(made, store.read_json(path))[0] if path.exists() else None

    def until_passed(self) -> Passed | None:
        """Tries until a candidate is acceptable, or no try is left."""
        passed, self.before = self.before, None
        while not passed and self.tries <= self.step.retries:
            if self._stopped():
                return None
            self.tries += 1
            try:
                passed = self._try()
            except ArenaError as error:
                self.why, passed = str(error), None
            if not passed and not self._stopped():
                self._failed()
        return passed

    def _stopped(self) -> bool:
        """Whether the task, or all of arena, was told to stop: then there is no further try."""
        own = self.division.session
        return process.stopping() or control.given(own.folder, self.step.id, "stop")

    def merged(self, passed: Passed | None) -> bool:
        """Merges what passed, once what it needs of others is there; a merge that fails is a try that failed."""
        journal = self.division.session.journal
        while passed:
            try:
                facts = self._merge(passed)
            except HalfDone:
                raise
            except ArenaError as error:
                self.why = str(error)
                self._failed()
                passed = self.until_passed()
            else:
                facts |= {"run": passed.run.run, "files": passed.files}
                journal.add("task-merged", self.step.id, **facts)
                return True
        told = f"{self.tries} tries failed, the last: {self.why}"
        if not process.stopping():
            why = "stopped by the user" if self._stopped() else told
            journal.add("blocked", self.step.id, why=why)
        return False

    def _merge(self, passed: Passed) -> dict[str, Any]:
        """Where the staging branch was and is. Raises ArenaError if what passed can't be merged, or needs others."""
        division, tip = self.division, self.division.tip
        if division.session.repo.is_ancestor(passed.commit, tip):
            return {"old": tip, "new": tip}  # we were killed before we could say so
        self._served(passed)
        landed, _ = deliver.deliver(
            *(passed.run, passed.label, division.rubric),
            target=division.staging,
            subject=" ".join((*self._prefix()[:1], "Merge")),
            instead=self._joined(passed),
        )
        return {"old": landed.old, "new": landed.new}

    def _joined(self, passed: Passed) -> str | None:
        """A commit that joins the contracts with what others merged meanwhile, where git alone could not."""
        division, base = self.division, passed.run.settings.base or ""
        ref = f"refs/arena/run/{passed.run.run}/tip"
        division.session.quarantine.take(division.tip, ref=ref)
        return join(
            division.session.quarantine,
            division.plan.contracts,
            base=base,
            tip=division.tip,
            commit=passed.commit,
        )

    def _served(self, passed: Passed) -> None:
        """Tells of the hand-offs of a candidate, and has those done that it can't do without.

        Raises ArenaError if one of these can't be done. What an earlier try asked for is not asked again.
        """
        division, own = self.division, self.division.session
        events = list(own.journal.events())
        told = [e.data for e in events if e.kind == "handoff"]
        merged = {e.label for e in events if e.kind == "task-merged"}
        notes = collected(passed.run.folder / "notes" / passed.label)
        for number, wish in enumerate(notes, 1):
            facts, name = records.to_json(wish), f"{self.step.id}-handoff-{number}"
            again = facts in told
            if not again:
                own.journal.add("handoff", self.step.id, **facts)
            if not wish.blocking or (again and name in merged):
                continue
            if self.asked:
                raise ArenaError(f"a hand-off that needs {wish.file} asks a person.")
            step = _follow_up(division.plan, name, wish)
            follow = Assignment(division, step, asked=True)
            if not follow.merged(follow.until_passed()):
                raise ArenaError(f"it needs {name}, which is blocked: {follow.why}")

    def _failed(self) -> None:
        why, journal = one_line(self.why), self.division.session.journal
        journal.add("task-failed", self.step.id, why=why, tries=self.tries)

    def _prefix(self) -> tuple[str, ...]:
        return (
            self.step.commit_prefix
            or self.division.plan.stream(self.step).commit_prefix
        )

    def _try(self) -> Passed | None:
        division, step, own = self.division, self.step, self.division.session
        tip = division.tip
        agent = division.plan.agent(step) or division.agent
        given = {**division.given, "base": tip, "merge": "never"}
        given |= {"target": division.staging.removeprefix("refs/heads/")}
        given |= _left(own)
        made = session.begin(
            own.here, mode="task", hint=f"{division.plan.name}-{step.id}",
            given=given, config=division.config,
        )  # fmt: skip
        own.journal.add("task-started", step.id, run=made.run, tries=self.tries)

        def forward(event: Event) -> None:
            if event.kind == "signal":
                own.journal.add("signal", step.id, **event.data)

        made.journal.listeners.append(forward)
        made.journal.add("at-work", **runs.at_work())
        what = tasks.read(
            made.here, made.top, step.prompt,
            territory=division.plan.territory(step), rules=self._rules(),
            suite=step.suite, checks=step.check,
            handoff=str(own.folder / f"PARALLEL_SESSION_{own.run}.md"),
        )  # fmt: skip
        entries = prompts.render(
            self._entries(what, agent, made.settings.seed),
            what,
            template=made.settings.prompt_template,
            folder=made.here,
            run=made.run,
        )
        stake = Race(
            session=made, task=what, rubric=division.rubric,
            base=tip, target=division.staging,
        )  # fmt: skip
        document = race.run(stake, entries)
        made.journal.add("ended", code=0 if document["verdict"]["winner"] else 1)
        passed, self.why = accepted(made, document)
        return passed

    def _entries(self, what: Task, agent: str, seed: int) -> list[Entry]:
        entries = compete.entries(what, [(agent, self.step.width)], seed=seed)
        name = slug(self.step.id) or "task"
        several = len(entries) > 1
        return [
            replace(entry, label=f"{name}-{number}" if several else name)
            for number, entry in enumerate(entries, 1)
        ]

    def _rules(self) -> tuple[str, ...]:
        """What only this task's agents are told."""
        prefix = self._prefix()
        rules = []
        if prefix:
            rules.append(f"Begin the messages of commits with {' or '.join(prefix)}")
        if self.step.contracts:
            rules.append(
                f"You share {', '.join(self.step.contracts)} with others: add to it, change nothing that is there."
            )
        if self.why:
            rules.append(
                f"This was tried before, and failed: {one_line(self.why, limit=2000)}"
            )
        return tuple(rules)


def _left(own: Session) -> dict[str, str]:
    """What is left of the plan's budget, for the run of its next try. Raises ArenaError if that is nothing."""
    parent, limits = own.folder.parent, own.settings
    tries = [e.data["run"] for e in own.journal.events() if e.kind == "task-started"]
    ends = [
        event.data
        for run in tries
        for event in journal.replay(parent / run / "journal.log")
        if event.kind == "attempt"
    ]
    found = {}
    for limit, name in (("max_cost", "cost"), ("max_tokens", "tokens")):
        most = getattr(limits, limit)
        if most is None:
            continue
        left = most - sum(end[name] or 0 for end in ends)
        if left <= 0:
            raise ArenaError(f"the plan's budget is spent ({limit} {most:g}).")
        found[limit] = f"{left:f}" if limit == "max_cost" else str(int(left))
    return found


def _follow_up(plan: Plan, name: str, wish: Handoff) -> Step:
    """The task that answers a hand-off: of the stream that owns the file, or that is called so.

    Raises ArenaError if there is none: what nobody owns is no agent's to give away.
    """
    owners = [
        stream.name
        for stream in plan.streams
        if (wish.file and stream.owns and Territory(owns=stream.owns).holds(wish.file))
        or stream.name.lower() == wish.domain.lower()
    ]
    prompt = f"{wish.change}\n\nFile: {wish.file}\nReason: {wish.reason}\n"
    if not owners:
        what = one_line(wish.file or wish.domain, limit=80)
        raise ArenaError(f"it needs a change of {what}, which no stream owns.")
    return Step(id=name, prompt=prompt, stream=owners[0])
