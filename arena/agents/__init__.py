"""Coding agents: a module each describes its command line and its output; `attempt` runs one on an order."""

from collections.abc import Callable
from dataclasses import dataclass

from arena import masking
from arena.agents import output
from arena.agents.agent import Agent, Order, Outcome
from arena.agents.choice import (
    AGENTS,
    default_agent,
    given_secrets,
    parse_agents,
    survey,
)
from arena.agents.environment import agent_environment, redact
from arena.agents.login import not_logged_in
from arena.agents.outcome import classify
from arena.agents.reading import Report, read
from arena.errors import one_line
from arena.machine import process
from arena.machine.process import Finished

__all__ = ["AGENTS", "Attempt", "Order", "agent_environment", "attempt"]
__all__ += [
    "default_agent",
    "given_secrets",
    "not_logged_in",
    "parse_agents",
    "redact",
    "survey",
]

LOG_BYTES = 32 << 20  # events quote whole files; beyond this their end is kept
SHOWN_LINES = 10


@dataclass(frozen=True, slots=True)
class Attempt:
    """What happened while an agent worked. `changed` holds whatever the outcome says: the partial work of a
    rate-limited agent is a candidate too. Its `end` counts the processes that were left and were killed.

    `why` and `last_lines` are printable and free of secrets. The text in `told` is free of secrets, but the
    agent's own words: data, never markup.
    """

    outcome: Outcome
    why: str
    changed: bool
    end: Finished
    told: Report
    last_lines: tuple[str, ...]


def attempt(order: Order, agent: Agent, *, changed: Callable[[], bool]) -> Attempt:
    """Runs `agent` on `order` to its end and says how it went; none of its processes is left.

    `<label>.pause` and `<label>.stop` in the scratch folder do as `process.run` says.
    A change in the worktree is a sign of life; `changed` is asked once, after the end. The raw output stays in
    the scratch folder. Raises ArenaError if the agent can't be started.
    """
    start = agent.command(order)
    order.scratch.mkdir(parents=True, exist_ok=True)
    env = {**order.env, **start.env}
    log, errors = order.log, order.errors
    end = process.run(
        start.argv,
        cwd=order.worktree,
        env=env,
        stdin=start.stdin,
        log=log,
        errors=errors,
        timeout=None if agent.patient else order.seconds,
        silence=None if agent.patient else order.silence,
        watch=order.worktree,
        cap=LOG_BYTES,
        control=order.scratch / order.label,
    )
    for path in (log, errors):
        masking.mask_file(path, masking.secrets_in(env))
    told = read(agent, log, errors, end.exit_code)
    is_changed, stdout, stderr = changed(), output.tail(log), output.tail(errors)
    outcome, why = classify(end, told, is_changed, stdout, stderr)
    if outcome == "no-change" and (trap := agent.caution(env)):
        why = f"{why}; {trap}"
    # What it said in the end is easier to read than the event that carried it.
    lines = output.last_lines(told.text or stdout, SHOWN_LINES)
    lines += output.last_lines(stderr, SHOWN_LINES)
    why, *shown = (one_line(redact(s, env)) for s in [why, *lines[-SHOWN_LINES:]])
    told = told._replace(error=None, text=told.text and redact(told.text, env))
    return Attempt(outcome, why, is_changed, end, told, tuple(shown))
