"""A plan: a task divided over entries, with what each owns, what it waits for, and where all meet. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import TopologicalSorter

from arena.territory import Territory

POLICIES = ("additive", "manual", "critical")
Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A named group of tasks: `lead` is its agent, the rest holds for each of its tasks that says nothing else."""

    name: str
    lead: str | None = None
    owns: Texts = ()
    off_limits: Texts = ()
    excepted: Texts = ()
    commit_prefix: Texts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One task. `width` entries of `agent` compete for it; after a failure it is tried again `retries` times.

    `minutes` is an estimate for `arena plan show`; `contracts` are the shared files that it may change.
    """

    id: str
    prompt: str
    stream: str | None = None
    agent: str | None = None
    width: int = 1
    depends_on: Texts = ()
    phase: int | None = None
    parallel_ok: bool = True
    owns: Texts = ()
    off_limits: Texts = ()
    excepted: Texts = ()
    commit_prefix: Texts = ()
    contracts: Texts = ()
    suite: Texts = ()
    check: Texts = ()
    retries: int = 3
    minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """A point where all that it waits for is merged and verified before anything behind it begins."""

    name: str
    after: Texts
    verify: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A file that several tasks may change, and what happens if they do."""

    path: str
    policy: str = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole plan, checked. `shared` are files of which at most one of several parallel tasks may own any."""

    name: str
    about: str = ""
    verify: str | None = None
    land: str = "end"
    shared: Texts = ()
    streams: tuple[Stream, ...] = ()
    steps: tuple[Step, ...] = ()
    syncs: tuple[Sync, ...] = ()
    contracts: tuple[Contract, ...] = ()

    def stream(self, step: Step) -> Stream:
        """The stream of a task, an empty one if it has none."""
        found = (one for one in self.streams if one.name == step.stream)
        return next(found, Stream(name=step.stream or ""))

    def agent(self, step: Step) -> str | None:
        """The agent that works on a task: its own, or the lead of its stream."""
        return step.agent or self.stream(step).lead

    def territory(self, step: Step) -> Territory:
        """What a task may change. Contracts that it does not declare, and shared files that it does not own by name,
        are off limits."""
        stream = self.stream(step)
        owns = step.owns or stream.owns
        others = [c.path for c in self.contracts if c.path not in step.contracts]
        named = Territory(owns=owns or ("/",))
        others += [path for path in self.shared if not named.holds(path)]
        return Territory(
            owns=owns,
            off_limits=(*stream.off_limits, *step.off_limits, *others),
            excepted=(*stream.excepted, *step.excepted, *step.contracts),
        )


def before(plan: Plan) -> dict[str, set[str]]:
    """What each task and sync point waits for directly; a phase waits for all tasks of the phases before."""
    found: dict[str, set[str]] = {s.name: set(s.after) for s in plan.syncs}
    for step in plan.steps:
        earlier = {
            other.id
            for other in plan.steps
            if step.phase is not None
            and other.phase is not None
            and other.phase < step.phase
        }
        found[step.id] = {*step.depends_on, *earlier}
    return found


def waves(plan: Plan) -> list[list[str]]:
    """The names of tasks and sync points in the order in which they can be done; a wave's are done at once.

    A task that is not `parallel_ok` has a wave of its own.
    """
    alone = {s.id for s in plan.steps if not s.parallel_ok}
    order = [*(s.id for s in plan.steps), *(s.name for s in plan.syncs)]
    sorter, found = TopologicalSorter(before(plan)), list[list[str]]()
    sorter.prepare()
    waiting: list[str] = []
    while sorter.is_active():
        waiting = sorted([*waiting, *sorter.get_ready()], key=order.index)
        wave = [name for name in waiting if name not in alone] or waiting[:1]
        found.append(wave)
        waiting = [name for name in waiting if name not in wave]
        sorter.done(*wave)
    return found
