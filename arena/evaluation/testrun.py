"""What one run of tests told, and how it is read from the runner's events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from arena.machine.process import TOO_MUCH, Finished

ABORTED = (2, 3, 4)  # pytest's exit codes: interrupted, internal error, wrong usage
GOOD, BAD = ("passed", "xpassed"), ("failed", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """What one run of tests told. `outcomes` maps ids to passed, failed, error, skipped, xfailed or xpassed.

    `ended` is exited, timeout or stopped; `finished` says whether the session came to its own end. `broken` are
    files that could not be collected; `inside` and `outside` say where the project's code was imported from,
    relative to the tree and absolute; `lines` are executed line ranges by file; `seconds` are those of tests that
    take more than a tenth of one; `canaries` are the judge's own tests that did not end as they must;
    `rewritten` are test files that had another content after the run; `forged` says that somebody else wrote into
    the channel of its events.
    """

    __test__ = False  # the name is not pytest's business

    exit_code: int
    ended: str
    wall: float
    cpu: float
    tail: str
    finished: bool = False
    outcomes: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    collected: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    disagree: tuple[str, ...] = ()
    canaries: tuple[str, ...] = ()
    rewritten: tuple[str, ...] = ()
    forged: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, done: Finished, tail: str, **told: Any) -> Self:
        """The run of a process that has ended, with what it told beside its exit code."""
        return cls(
            exit_code=done.exit_code, ended=done.reason, wall=done.seconds, cpu=done.cpu_seconds, tail=tail, **told
        )  # fmt: skip

    @classmethod
    def none(cls, why: str) -> Self:
        """A run that could not be."""
        return cls(exit_code=1, ended="exited", wall=0.0, cpu=0.0, tail=why)

    @property
    def passed(self) -> frozenset[str]:
        """Ids that passed."""
        return frozenset(i for i, o in self.outcomes.items() if o in GOOD)

    @property
    def last_words(self) -> str:
        """The last line of the output."""
        return next(iter(reversed(self.tail.strip().splitlines())), "")[:200]

    @property
    def why_nothing(self) -> str:
        """In words, why this run told nothing."""
        if self.ended == "timeout":
            return "the tests did not end within the time limit"
        if self.ended in TOO_MUCH:
            return f"the test run had too much of one thing: {self.ended}"
        if self.ended == "stopped":
            return "the test run was killed"
        did = "ended before their first result" if self.collected else "could not start"
        return f"the tests {did} (exit code {self.exit_code}): {self.last_words}"


def read_events(data: bytes, done: Finished, tail: str, *, secret: str) -> TestRun:
    """The run that a stream of events tells; one that breaks off, or was forged, gives a run that is not finished."""
    events = honest_events(data, secret=secret)
    if events is None:
        return TestRun.of(done, tail, forged=True)
    return _told(events, done, tail)


def honest_events(data: bytes, *, secret: str) -> list[dict[str, Any]] | None:
    """The events of a stream up to where it breaks off; None if one of them is not from us."""
    found = []
    for line in data.splitlines(keepends=True):
        try:
            event = json.loads(line)
            known = event["s"] == secret
        except (ValueError, TypeError, KeyError):
            if not line.endswith(b"\n"):
                break  # we were ended in the middle of it
            known = False
        if not known:
            return None
        found.append(event)
    return found


def _told(events: Sequence[dict[str, Any]], done: Finished, tail: str) -> TestRun:
    rows = [event["row"] for event in events if event["e"] == "ran"]
    last = {event["e"]: event for event in events}
    end = last.get("finish", {})
    total = len({row[0] for row in rows})
    consistent = (end.get("code"), end.get("total")) == (done.exit_code, total)
    lines = last.get("lines", {}).get("lines", {})
    return TestRun.of(
        done,
        tail,
        finished=done.reason == "exited"
        and consistent
        and done.exit_code not in ABORTED,
        outcomes={name: outcome for name, outcome, _, _ in rows},
        messages={name: message for name, _, _, message in rows if message},
        seconds={name: round(took, 1) for name, _, took, _ in rows if took > 0.1},
        broken={e["id"]: e["message"] for e in events if e["e"] == "broken"},
        collected=tuple(last.get("collected", {}).get("ids", ())),
        lines={path: tuple(numbers) for path, numbers in lines.items()},
        **{
            k: tuple(end.get(k, ()))
            for k in ("inside", "outside", "disagree", "canaries")
        },
    )
