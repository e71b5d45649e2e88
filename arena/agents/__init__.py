"""Coding agents: a module each describes its command line and its output; `attempt` runs one on an order."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from arena.agents import output
from arena.agents.agent import Agent, Order, Outcome
from arena.agents.choice import AGENTS, default_agent, parse_agents, survey
from arena.agents.environment import agent_environment, redact
from arena.agents.outcome import classify
from arena.agents.reading import read
from arena.errors import one_line
from arena.machine import process

__all__ = ["AGENTS", "Attempt", "Order", "agent_environment", "attempt"]
__all__ += ["default_agent", "parse_agents", "survey"]

LOG_BYTES = 32 << 20  # events quote whole files; beyond this their end is kept
SHOWN_LINES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What happened while an agent worked. `changed` holds whatever the outcome says: the partial work of a
    rate-limited agent is a candidate too. `left_processes` were alive after the agent's end and were killed.

    `why` and `last_lines` are printable and free of secrets. `text` is free of secrets, but the agent's own
    words: data, never markup. The files `log` and `errors` are raw.
    """

    label: str
    agent: str
    outcome: Outcome
    why: str
    changed: bool
    exit_code: int
    seconds: float
    tokens_in: int | None
    tokens_out: int | None
    cost_usd: float | None
    session: str | None
    text: str | None
    log: Path
    errors: Path
    last_lines: tuple[str, ...]
    left_processes: int

    @property
    def tokens(self) -> int | None:
        """Tokens in and out together; None if neither was told."""
        if self.tokens_in is None and self.tokens_out is None:
            return None
        return (self.tokens_in or 0) + (self.tokens_out or 0)


def attempt(order: Order, agent: Agent, *, changed: Callable[[], bool]) -> Attempt:
    """Runs `agent` on `order` to its end and says how it went; none of its processes is left.

    A change in the worktree is a sign of life; `changed` is asked once, after the end. Raises ArenaError if the
    agent can't be started.
    """
    start = agent.command(order)
    order.scratch.mkdir(parents=True, exist_ok=True)
    env = {**order.env, **start.env}
    log = order.scratch / f"{order.label}.stdout.log"
    errors = order.scratch / f"{order.label}.stderr.log"
    done = process.run(
        start.argv,
        cwd=order.worktree,
        env=env,
        stdin=start.stdin,
        log=log,
        errors=errors,
        timeout=order.seconds,
        silence=order.silence,
        watch=order.worktree,
        cap=LOG_BYTES,
    )
    told = read(agent, log, errors, done.exit_code)
    is_changed, stdout, stderr = changed(), output.tail(log), output.tail(errors)
    outcome, why = classify(done, told, is_changed, stdout, stderr)
    if outcome == "no-change" and (trap := agent.caution(env)):
        why = f"{why}; {trap}"
    # What it said in the end is easier to read than the event that carried it.
    lines = output.last_lines(told.text or stdout, SHOWN_LINES)
    lines += output.last_lines(stderr, SHOWN_LINES)
    return Attempt(
        label=order.label,
        agent=agent.name,
        outcome=outcome,
        why=one_line(redact(why, env)),
        changed=is_changed,
        exit_code=done.exit_code,
        seconds=done.seconds,
        tokens_in=told.tokens_in,
        tokens_out=told.tokens_out,
        cost_usd=told.cost_usd,
        session=told.session,
        text=told.text and redact(told.text, env),
        log=log,
        errors=errors,
        last_lines=tuple(one_line(redact(one, env)) for one in lines[-SHOWN_LINES:]),
        left_processes=done.survivors,
    )
