"""What an agent's output says, by its rules.

A path is a dotted way into an event; a step is a name, several with commas between them, or `*` for all. Behind a
`|` stands another path for when the first leads nowhere: `stats.models.*.prompt,cached|usage.input`.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from arena.agents.agent import Agent, Rule, Told
from arena.agents.output import events

_Spent = tuple[float | None, float | None, float | None]  # sent, received, cost
_UNITS = {"k": 1_000, "M": 1_000_000}
_MOST = 1e15  # what is more than that is no count of tokens, and no price


class Report(NamedTuple):
    """What an agent's output says; None is "not told".

    `outcome` is only set by an event or a code of the agent, never guessed from prose. `error` is the last fault
    that it named and did not recover from. Tokens in count everything sent, from the cache or not; when the agent
    died they are what it had told until then, so "at least".
    """

    outcome: Told | None
    error: str | None
    session: str | None
    text: str | None
    tokens_in: int | None
    tokens_out: int | None
    cost_usd: float | None


def read(agent: Agent, stdout: Path, stderr: Path, exit_code: int) -> Report:
    """What the output says; standard error only where standard output left the end open. Never raises."""
    seen = _Seen(agent)
    for path in (stdout, stderr):
        for event in events(path, agent.line) if seen.outcome is None else ():
            seen.take(event)
    # Who has a last event has not finished without it.
    ends = any(rule.outcome == "finished" for rule in agent.rules)
    outcome = seen.outcome or ("crashed" if ends or seen.error else None)
    if agent.codes and exit_code > 0:
        outcome = agent.codes.get(exit_code, "crashed")
    spent = seen.spent.values()
    sent, received, cost = (_total(told[n] for told in spent) for n in range(3))
    return Report(
        outcome,
        seen.error,
        seen.session,
        seen.text,
        tokens_in=None if sent is None else round(sent),
        tokens_out=None if received is None else round(received),
        cost_usd=None if cost is None else round(cost, 6),
    )


class _Seen:
    """What the events up to now say together."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.outcome: Told | None = None
        self.error: str | None = None
        self.session: str | None = None
        self.text: str | None = None
        self.spent: dict[object, _Spent] = {0: (0, 0, 0)} if agent.free else {}
        self.last: Rule | None = None

    def take(self, event: object) -> None:
        """Adds one event."""
        self.session = _text(event, self.agent.session) or self.session
        rule = next((rule for rule in self.agent.rules if _fits(event, rule)), None)
        if rule is None:
            return
        self.outcome = rule.outcome or self.outcome
        self.error = _said(event, rule.error)
        if text := _text(event, rule.text):
            joined = rule.joins and rule is self.last
            self.text = (self.text or "") + text if joined else text
        spent = (
            _sum(event, rule.sent),
            _sum(event, rule.received),
            _sum(event, rule.cost),
        )
        if spent != (None, None, None):
            if rule.total:
                self.spent.clear()
            self.spent[_text(event, rule.once) or len(self.spent)] = spent
        self.last = rule


def _fits(event: object, rule: Rule) -> bool:
    for test in rule.when.split():
        path, pattern = test.split("=", 1)
        words = map(_word, _at(event, path))
        if not any(re.fullmatch(pattern, word, re.DOTALL) for word in words):
            return False
    return True


def _at(event: object, path: str) -> list[Any]:
    for way in path.split("|") if path else ():
        found = [event]
        for step in way.split("."):
            found = [value for one in found for value in _below(one, step)]
        if found:
            return found
    return []


def _below(one: object, step: str) -> list[Any]:
    if isinstance(one, dict):
        names = one if step == "*" else step.split(",")
        return [one[name] for name in names if one.get(name) is not None]
    return one if isinstance(one, list) and step == "*" else []


def _text(event: object, path: str) -> str | None:
    texts = (value for value in _at(event, path) if isinstance(value, str) and value)
    return next(texts, None)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def _said(event: object, template: str) -> str | None:
    paths = re.findall(r"\{(.+?)\}", template)
    for path in paths:
        words = ", ".join(filter(None, map(_word, _at(event, path))))
        if not words:
            return None
        template = template.replace(f"{{{path}}}", words)
    return template or None


def _sum(event: object, path: str) -> float | None:
    return _total(map(_amount, _at(event, path)))


def _total(parts: Iterable[float | None]) -> float | None:
    told = [part for part in parts if part is not None]
    return sum(told) if told else None


def _amount(value: object) -> float | None:
    # Also as people write it: 1,500 or 2.5k.
    if isinstance(value, str) and re.fullmatch(r"[0-9,]*\.?[0-9]+[kM]?", value):
        value = float(value.rstrip("kM").replace(",", "")) * _UNITS.get(value[-1], 1)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value <= _MOST else None
