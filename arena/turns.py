"""One entry's turns: the task, again after a rate limit or with what was found wanting, and what people send."""

from __future__ import annotations

import dataclasses
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext

from arena import agents, control
from arena.agents import Attempt, Order
from arena.agents.agent import Agent, Outcome
from arena.agents.reading import Follower, Report
from arena.archive import Keeper
from arena.errors import ArenaError
from arena.machine import process
from arena.machine.executor import default_jobs
from arena.machine.process import Finished
from arena.pacing import LOOK_AGAIN, Budget, Places, backoff
from arena.session import Session
from arena.signals import Ear

Spent = Mapping[object, Sequence[float | None]]
PER_CORE = 4  # an agent mostly waits for its model
GLANCE = 1.0  # seconds between looks at what an agent has spent
NEVER = Finished(exit_code=-1, reason="stopped", seconds=0, cpu_seconds=0, survivors=0)


class Crew:
    """What the entries of a run share while their agents work."""

    def __init__(self, session: Session, labels: Sequence[str]) -> None:
        settings = session.settings
        self.session, self.labels = session, labels
        self.places = Places(settings.at_once or PER_CORE * default_jobs())
        self.budget = Budget(settings.max_cost, settings.max_tokens)
        self.set_ups = threading.Semaphore(default_jobs())  # they do compute
        self.over = ""  # why the budget is spent
        places = {
            name: control.stem(session.folder, f"{name}.signals") for name in labels
        }
        self.archive = Keeper(session)
        self.ears = {name: Ear(place) for name, place in places.items()}
        for event in session.journal.events():  # what earlier waves spent counts, too
            if event.kind == "attempt":
                spent: Spent = {0: (event.data["tokens"], None, event.data["cost"])}
                self.budget.note(event.label or "", 0, Report(spent=spent))

    def stopped(self, label: str) -> bool:
        """Whether an entry, or all of arena, was told to stop."""
        return process.stopping() or control.given(self.session.folder, label, "stop")

    def spend(self, order: Order, agent: Agent, told: Report) -> None:
        """Takes in what an agent told so far in its turn; stops all when the budget is spent."""
        turn = order.turn if order.session is None or not agent.sums_session else 1
        self.over = self.over or self.budget.note(order.label, turn, told)
        for label in self.labels if self.over else ():
            control.give(self.session.folder, label, "stop", self.over)


def take(
    crew: Crew,
    order: Order,
    agent: Agent,
    *,
    changed: Callable[[], bool],
    review: Callable[[], str] = lambda: "",
) -> Attempt:
    """Lets an agent work on `order` until it needs no further turn; all its turns as one attempt.

    When it is done, `review` looks at its work; what it says is the prompt of one more turn, "" if there is none.
    Raises ArenaError if the agent can't be started.
    """
    label, rng = order.label, random.Random(f"{order.seed} {order.label}")  # noqa: S311
    done, tries, following = _turn(crew, order, agent, changed), 0, True
    while following and not crew.stopped(label):
        session = agent.resume and done.told.session
        words = control.receive(crew.session.folder, label) if session else None
        following = bool(words)
        if words:
            order = _next(order, words, done.told.session)
        elif done.outcome == "quota" and tries < crew.session.settings.retries:
            following, tries = True, tries + 1
            _wait(crew, label, tries, rng)
            order = _next(order, None, order.session)
        elif wanting := review():
            following, order = True, _next(order, wanting, None)
        if following:
            done = _again(crew, order, agent, changed, done)
    while text := control.receive(crew.session.folder, label):
        crew.session.journal.add("unheard", label, text=text)
    if done.end.reason != "stopped":
        return done
    why = crew.over or control.why_stopped(crew.session.folder, label) or done.why
    outcome: Outcome = "budget" if crew.over else "killed"
    return dataclasses.replace(done, outcome=outcome, why=why)


def _again(
    crew: Crew,
    order: Order,
    agent: Agent,
    changed: Callable[[], bool],
    before: Attempt,
) -> Attempt:
    """A further turn. One that can't begin takes nothing away from what was done before."""
    try:
        turn = _turn(crew, order, agent, changed)
    except ArenaError as error:
        crew.session.journal.add("turn-failed", order.label, why=str(error))
        return before
    known = order.session is not None and agent.sums_session and turn.told.spent
    return _joined(before, turn, earlier={} if known else before.told.spent)


def _turn(
    crew: Crew, order: Order, agent: Agent, changed: Callable[[], bool]
) -> Attempt:
    label, journal = order.label, crew.session.journal

    def queued() -> None:
        journal.add("agent-queued", label)

    def stopped() -> bool:
        return crew.stopped(label)

    place = crew.places.place(agent.name, stopped, queued)
    # A person takes nobody's place.
    with nullcontext(True) if agent.patient else place as there:
        if not there:
            return Attempt("killed", "stopped", changed(), NEVER, Report(), ())
        journal.add("agent-started", label, agent=agent.name, turn=order.turn)
        with _watched(crew, order, agent):
            done = agents.attempt(order, agent, changed=changed)
        # Before the place is free: who comes next must know.
        crew.spend(order, agent, done.told)
        crew.places.learn(agent.name, limited=done.outcome == "quota")
    return done


@contextmanager
def _watched(crew: Crew, order: Order, agent: Agent) -> Iterator[None]:
    """Hears what the agent says of itself while it works, and looks at what it spends."""
    ended, told = threading.Event(), Follower(agent, order.log)
    ear = crew.ears[order.label]

    def look() -> None:
        for said in ear.more():
            said["text"] = agents.redact(said["text"], order.env)
            crew.session.journal.add("signal", order.label, **said)
        if crew.budget.limited:
            crew.spend(order, agent, told.more())

    def watch() -> None:
        while not ended.wait(GLANCE):
            look()
        look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _wait(crew: Crew, label: str, number: int, rng: random.Random) -> None:
    seconds = backoff(number, first=crew.session.settings.backoff, rng=rng)
    crew.session.journal.add("agent-waiting", label, seconds=round(seconds, 1))
    end = time.monotonic() + seconds
    while time.monotonic() < end and not crew.stopped(label):
        time.sleep(min(LOOK_AGAIN, seconds))


def _next(order: Order, words: str | None, session: str | None) -> Order:
    turn, prompt = order.turn + 1, words or order.prompt
    file = order.prompt_file.with_name(f"{order.label}.turn{turn}.prompt.txt")
    file.write_text(prompt, encoding="utf-8", errors="surrogateescape")
    return dataclasses.replace(
        order, turn=turn, prompt=prompt, prompt_file=file, session=session
    )


def _joined(before: Attempt, turn: Attempt, *, earlier: Spent) -> Attempt:
    """The later turn, with what both needed; `earlier` is what it did not tell of itself."""
    end = dataclasses.replace(
        turn.end,
        seconds=before.end.seconds + turn.end.seconds,
        cpu_seconds=before.end.cpu_seconds + turn.end.cpu_seconds,
        survivors=before.end.survivors + turn.end.survivors,
    )
    spent: dict[object, Sequence[float | None]] = {
        ("before", key): told for key, told in earlier.items()
    }
    session = turn.told.session or before.told.session
    told = turn.told._replace(session=session, spent=spent | {**turn.told.spent})
    return dataclasses.replace(turn, end=end, told=told)
