"""What an agent's output says, by its rules.

A path is a dotted way into an event; a step is a name, several with commas between them, or `*` for all. Behind a
`|` stands another path for when the first leads nowhere: `stats.models.*.prompt,cached|usage.input`.
"""

import io
import re
import signal
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from arena.agents.agent import SESSION, Agent, Rule, Told
from arena.agents.output import events, events_of

_ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM)
# Exit codes of who was told to end: a shell, or a program that handles the signal, ends with 128 more.
KILLED = {-number for number in _ENDING} | {128 + number for number in _ENDING}
_UNITS = {"k": 1_000, "M": 1_000_000}
_MOST = 1e15  # what is more than that is no count of tokens, and no price


class Report(NamedTuple):
    """What an agent's output says; None is "not told".

    `outcome` is only set by an event or a code of the agent, never guessed from prose. `error` is the last fault
    that it named and did not recover from. Tokens in count everything sent, from the cache or not; when the agent
    died they are what it had told until then, so "at least". `spent` holds sent, received and cost of each event.
    """

    outcome: Told | None = None
    error: str | None = None
    session: str | None = None
    text: str | None = None
    spent: Mapping[object, Sequence[float | None]] = {}
    last: Rule | None = None

    @property
    def tokens_in(self) -> float | None:
        """Tokens sent."""
        return _total(told[0] for told in self.spent.values())

    @property
    def tokens_out(self) -> float | None:
        """Tokens received."""
        return _total(told[1] for told in self.spent.values())

    @property
    def tokens(self) -> float | None:
        """Tokens in and out together."""
        return _total([self.tokens_in, self.tokens_out])

    @property
    def cost_usd(self) -> float | None:
        """The price by the agent's own account."""
        return _total(told[2] for told in self.spent.values())


def read(agent: Agent, stdout: Path, stderr: Path, exit_code: int) -> Report:
    """What the output says; standard error only where standard output left the end open. Never raises."""
    seen = _begin(agent)
    for path in (stdout, stderr):
        for event in events(path, agent.line) if seen.outcome is None else ():
            seen = _with(event, seen, agent)
    # Who has a last event has not finished without it.
    ends = any(rule.outcome == "finished" for rule in agent.rules)
    outcome = seen.outcome or ("crashed" if ends or seen.error else None)
    if agent.codes and exit_code > 0 and exit_code not in KILLED:
        outcome = agent.codes.get(exit_code, "crashed")
    return seen._replace(outcome=outcome)


class Follower:
    """Reads the output of an agent at work, each time only what was added since: what it has used so far.

    Lines count once they are complete, so that an event is never read in halves.
    """

    def __init__(self, agent: Agent, path: Path) -> None:
        self._agent, self._path, self._at = agent, path, 0
        self._seen, self._begun = _begin(agent), list[str]()

    def more(self) -> Report:
        """What the output says up to now, by the same rules as `read`. Never raises."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                added = file.read()
        except OSError:
            return self._seen
        whole = added[: added.rfind(b"\n") + 1]
        self._at += len(whole)
        # Lines end here where they do in a file that is read as text.
        lines = io.StringIO(whole.decode("utf-8", "replace"), newline=None)
        for event in events_of(lines, self._agent.line, self._begun):
            self._seen = _with(event, self._seen, self._agent)
        return self._seen


def _begin(agent: Agent) -> Report:
    return Report(spent={0: (0, 0, 0)} if agent.free else {})


def _with(event: object, seen: Report, agent: Agent) -> Report:
    session = _text(event, agent.session)
    if session is None or not SESSION.fullmatch(session):
        session = seen.session
    rule = next((rule for rule in agent.rules if _fits(event, rule)), None)
    if rule is None:
        return seen._replace(session=session)
    text = _text(event, rule.text) or ""
    if rule.joins and rule is seen.last:
        text = (seen.text or "") + text
    told = [_sum(event, path) for path in (rule.sent, rule.received, rule.cost)]
    spent = {} if rule.total else seen.spent
    if any(part is not None for part in told):
        spent = {**spent, _text(event, rule.once) or len(spent): told}
    outcome, error = rule.outcome or seen.outcome, _said(event, rule.error)
    return Report(outcome, error, session, text or seen.text, spent or seen.spent, rule)


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
    return round(sum(told), 6) if told else None


def _amount(value: object) -> float | None:
    # Also as people write it: 1,500 or 2.5k.
    if isinstance(value, str) and re.fullmatch(r"[0-9,]*\.?[0-9]+[kM]?", value):
        value = float(value.rstrip("kM").replace(",", "")) * _UNITS.get(value[-1], 1)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= _MOST:
        return None
    return int(value) if value == int(value) else value
