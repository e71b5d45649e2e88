"""How many agents work at once, how long to wait after a rate limit, and when the budget is spent."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from arena.agents.reading import Report

LONGEST_WAIT = 3600.0  # seconds
LOOK_AGAIN = 0.2  # seconds between looks at whether somebody said stop


def backoff(number: int, *, first: float, rng: random.Random) -> float:
    """Seconds to wait after the rate limit number `number`: up to `first`, doubled each time; at least half of that.

    The jitter keeps entries that met the limit together from coming back together ("equal jitter" in M. Brooker,
    Exponential Backoff And Jitter, AWS Architecture Blog, 2015).
    """
    most = min(LONGEST_WAIT, first * 2.0 ** min(number - 1, 50))
    return most * (1 + rng.random()) / 2


class Places:
    """Lets at most `most` agents work at once, and of a program that met its rate limit ever fewer, but always one.

    Additive increase, multiplicative decrease: half as many after a rate limit, one more after each good end.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limits: dict[str, int] = {}
        self.working: Counter[str] = Counter()
        self._free = threading.Condition()

    @contextmanager
    def place(
        self, name: str, stopped: Callable[[], bool], queued: Callable[[], None]
    ) -> Iterator[bool]:
        """Waits for a place for an agent called `name` and holds it; False if it was stopped before.

        `queued` is called if it has to wait.
        """
        with self._free:
            if not self._is_free(name):
                queued()
            while not (off := stopped()) and not self._is_free(name):
                self._free.wait(LOOK_AGAIN)
            self.working[name] += not off
        try:
            yield not off
        finally:
            with self._free:
                self.working[name] -= not off
                self._free.notify_all()

    def _is_free(self, name: str) -> bool:
        limit = self.limits.get(name, self.most)
        return self.working.total() < self.most and self.working[name] < limit

    def learn(self, name: str, *, limited: bool) -> int:
        """Takes in how an attempt of that program ended; how many of it may work from now on."""
        with self._free:
            now = self.limits.get(name, self.most)
            if limited:
                # Those that work now met the same limit: what counts is how many there were.
                now = max(1, min(now, self.working[name] or now) // 2)
            elif name in self.limits:
                now = min(self.most, now + 1)
            if limited or name in self.limits:
                self.limits[name] = now
            self._free.notify_all()
            return now


class Budget:
    """What all entries together may spend; `max_cost` in USD, `max_tokens` sent and received. None: no limit."""

    def __init__(self, max_cost: float | None, max_tokens: int | None) -> None:
        self.max_cost, self.max_tokens = max_cost, max_tokens
        self._told: dict[tuple[str, int], Report] = {}
        self._lock = threading.Lock()

    def note(self, label: str, turn: int, told: Report) -> str:
        """Takes in what the agent of an entry told so far in this turn; why all must stop, "" if they need not."""
        with self._lock:
            self._told[label, turn] = told
            cost = sum(one.cost_usd or 0 for one in self._told.values())
            tokens = sum(one.tokens or 0 for one in self._told.values())
        if self.max_cost is not None and cost >= self.max_cost:
            return (
                f"all entries together have cost {cost:.2f} USD of {self.max_cost:.2f}"
            )
        if self.max_tokens is not None and tokens >= self.max_tokens:
            return f"all entries together have used {tokens:.0f} tokens of {self.max_tokens}"
        return ""

    @property
    def limited(self) -> bool:
        """Whether there is a limit at all."""
        return self.max_cost is not None or self.max_tokens is not None
