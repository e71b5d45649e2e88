"""Coding agents: a module each knows its command line and its output; `attempt` runs one on an order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from arena.agents import (
    aider,
    choice,
    claude,
    codex,
    command,
    gemini,
    output,
    repair_agent,
)
from arena.agents.choice import Choice, Surveyed
from arena.agents.environment import agent_environment, caution, redact
from arena.agents.outcome import classify
from arena.agents.protocol import Agent, Attempt, Command, Order, Outcome, Report
from arena.errors import one_line
from arena.machine import process

__all__ = [
    "AGENTS", "Agent", "Attempt", "Choice", "Command", "Order", "Outcome", "Report", "Surveyed",
    "agent_environment", "attempt", "default_agent", "parse_agents", "survey",
]  # fmt: skip

AGENTS: dict[str, Agent] = {
    "repair": repair_agent,
    "claude": claude,
    "codex": codex,
    "gemini": gemini,
    "aider": aider,
    "command": command,
}

LOG_BYTES = (
    32 << 20
)  # streams of events quote whole files; beyond this their end is kept
SHOWN_LINES = 10


def attempt(
    order: Order,
    agent: Agent,
    *,
    env: Mapping[str, str],
    timeout: float | None,
    silence: float | None,
    changed: Callable[[], bool],
) -> Attempt:
    """Runs `agent` on `order` to its end and says how it went; none of its processes is left.

    `env` is all that it sees of ours; `timeout` and `silence` are seconds (None: no limit; a change in the
    worktree is a sign of life); `changed` is asked once, after the end. Raises ArenaError if the agent can't
    be started.
    """
    start = agent.command(order)
    order.scratch.mkdir(parents=True, exist_ok=True)
    for path, content in start.files.items():
        path.write_text(content, encoding="utf-8")
    sees = {
        name: value
        for name, value in {**env, **start.env}.items()
        if name not in start.without
    }
    log, errors = (
        order.scratch / f"{order.label}.stdout.log",
        order.scratch / f"{order.label}.stderr.log",
    )
    done = process.run(
        start.argv, cwd=order.worktree, env=sees, stdin=start.stdin, log=log, errors=errors,
        timeout=timeout, silence=silence, watch=order.worktree, cap=LOG_BYTES,
    )  # fmt: skip
    report = agent.read(log, errors, done.exit_code)
    is_changed = changed()
    stdout, stderr = output.tail(log), output.tail(errors)
    outcome, why = classify(
        done.reason,
        done.exit_code,
        report,
        changed=is_changed,
        stdout=stdout,
        stderr=stderr,
    )
    trap = caution(agent, sees) if outcome == "no-change" else None
    return Attempt(
        label=order.label,
        agent=agent.NAME,
        outcome=outcome,
        why=_printable(f"{why}; {trap}" if trap else why, sees),
        changed=is_changed,
        exit_code=done.exit_code,
        seconds=done.seconds,
        tokens_in=report.tokens_in,
        tokens_out=report.tokens_out,
        cost_usd=report.cost_usd,
        session=report.session,
        text=None if report.text is None else redact(report.text, sees),
        log=log,
        errors=errors,
        last_lines=_last_lines(report, sees, stdout=stdout, stderr=stderr),
        left_processes=done.survivors,
    )


def _last_lines(
    report: Report, env: Mapping[str, str], *, stdout: str, stderr: str
) -> tuple[str, ...]:
    # What it said in the end is easier to read than the event that carried it.
    lines = output.last_lines(report.text or stdout, SHOWN_LINES) + output.last_lines(
        stderr, SHOWN_LINES
    )
    return tuple(_printable(line, env) for line in lines[-SHOWN_LINES:])


def _printable(text: str, env: Mapping[str, str]) -> str:
    return one_line(redact(text, env))


def parse_agents(text: str) -> list[tuple[str | None, int]]:
    """`3`, `claude`, `claude:2,codex` as pairs of agent and count; None is "the default agent".

    Raises ArenaError for an unknown name or a count that is not from 1 to 100.
    """
    return choice.parse_agents(text, known=AGENTS)


def default_agent(
    *, configured: str | None, failing_suite: bool, path: str | None = None
) -> Choice:
    """The agent to take when none was named, and why. `path` replaces PATH for the search.

    Raises ArenaError if there is none, or if the configured one is unknown or not installed.
    """
    return choice.default_agent(
        configured=configured, failing_suite=failing_suite, known=AGENTS, path=path
    )


def survey(environ: Mapping[str, str] | None = None) -> Sequence[Surveyed]:
    """Every agent, with where it is, its version and how to get it. Takes up to 10 s; never raises."""
    return choice.survey(known=AGENTS, environ=environ)
