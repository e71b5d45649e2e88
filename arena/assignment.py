"""One task of a plan: its tries, each a run of its own, and the merge of what passed onto the staging branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from arena import deliver, prompts, race, session
from arena import task as tasks
from arena.errors import ArenaError, one_line
from arena.machine import store
from arena.machine.store import slug
from arena.machine.transaction import value_of
from arena.patterns import Entry, compete
from arena.patterns.plan import Plan, Step
from arena.race import Race
from arena.rubric import Rubric
from arena.session import Session
from arena.task import Task


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
        if self.plan.land == "each" and self.target:
            return self.target
        return f"refs/heads/arena/{self.session.run}/staging"

    @property
    def tip(self) -> str:
        """Where that branch is now."""
        return value_of(self.session.repo, self.staging)


class Passed(NamedTuple):
    """The run of a task that gave an acceptable candidate, and its label."""

    run: Session
    label: str


class Assignment:
    """One task with its tries."""

    def __init__(self, division: Division, step: Step) -> None:
        self.division, self.step, self.tries, self.why = division, step, 0, ""
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
        label = _accepted(store.read_json(path))[0] if path.exists() else None
        return Passed(made, label) if label else None

    def until_passed(self) -> Passed | None:
        """Tries until a candidate is acceptable, or no try is left."""
        passed, self.before = self.before, None
        while not passed and self.tries <= self.step.retries:
            self.tries += 1
            try:
                passed = self._try()
            except ArenaError as error:
                self.why, passed = str(error), None
            if not passed:
                self._failed()
        return passed

    def merged(self, passed: Passed | None) -> bool:
        """Merges what passed; a merge that fails is a try that failed."""
        journal, staging = self.division.session.journal, self.division.staging
        while passed:
            try:
                landed, _ = deliver.deliver(
                    *(passed.run, passed.label, self.division.rubric),
                    target=staging,
                    subject=" ".join((*self._prefix()[:1], "Merge")),
                )
            except ArenaError as error:
                self.why = str(error)
                self._failed()
                passed = self.until_passed()
            else:
                facts = {"old": landed.old, "new": landed.new, "run": passed.run.run}
                journal.add("task-merged", self.step.id, **facts)
                return True
        told = f"{self.tries} tries failed, the last: {self.why}"
        journal.add("blocked", self.step.id, why=told)
        return False

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
        made = session.begin(
            own.here, mode="task", hint=f"{division.plan.name}-{step.id}",
            given=given, config=division.config,
        )  # fmt: skip
        own.journal.add("task-started", step.id, run=made.run, tries=self.tries)
        what = tasks.read(
            made.here, made.top, step.prompt,
            territory=division.plan.territory(step), rules=self._rules(),
            suite=step.suite, checks=step.check,
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
        label, self.why = _accepted(document)
        return Passed(made, label) if label else None

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
        rules = (
            [f"Begin the messages of commits with {' or '.join(prefix)}"]
            if prefix
            else []
        )
        if self.step.contracts:
            rules.append(
                f"You share {', '.join(self.step.contracts)} with others: add to it, change nothing that is there."
            )
        if self.why:
            rules.append(
                f"This was tried before, and failed: {one_line(self.why, limit=2000)}"
            )
        return tuple(rules)


def _accepted(document: Mapping[str, Any]) -> tuple[str | None, str]:
    """The label of the candidate to merge, or why there is none."""
    verdict = document["verdict"]
    label = verdict["winner"] or (
        verdict["leader"] if verdict["confidence"] == "toss-up" else None
    )
    # Onto the staging branch goes what passes; only an open question about it needs a person first.
    open_questions = [words for words in verdict["blocks"] if ":" in words]
    if label and not open_questions:
        return str(label), ""
    reasons = [
        f"{c['label']}: {c['excluded']}"
        for c in document["candidates"]
        if c["excluded"]
    ]
    reasons += [
        f"{one['label']}: {one['outcome']}, {one['why']}" for one in document["failed"]
    ]
    return None, "; ".join([*open_questions, *reasons] or [verdict["headline"]])
