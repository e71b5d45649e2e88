"""How an attempt ended. The agent's own events decide, then the exit code, then text; a 0 proves nothing."""

from __future__ import annotations

import signal

from arena.agents.output import Fault, fault, last_lines
from arena.agents.protocol import Outcome, Report

# A fault of the provider has no class of its own: `why` names it.
_FAULTS: dict[Fault, Outcome] = {
    "quota": "quota",
    "auth": "auth",
    "provider": "crashed",
}
_LIMITS: dict[str, Outcome] = {"timeout": "timed-out", "silent": "silent"}
_ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM)
# A shell, or a program that handles the signal, ends with 128 more.
_KILLED = {-number for number in _ENDING} | {128 + number for number in _ENDING}


def classify(
    reason: str,
    exit_code: int,
    report: Report,
    *,
    changed: bool,
    stdout: str,
    stderr: str,
) -> tuple[Outcome, str]:
    """The outcome, and why in words. `reason` is the process door's; `stdout` and `stderr` may be cut."""
    tree = "changed" if changed else "unchanged"
    if reason == "stopped":
        return "killed", f"stopped from outside, tree {tree}"
    if report.outcome == "finished":
        # Also when it did not go away after its last event and had to be ended.
        return (
            "finished" if changed else "no-change"
        ), report.error or f"said it finished, tree {tree}"
    if reason in _LIMITS:
        return _at_limit(_LIMITS[reason], report, stderr)
    if report.outcome not in (None, "crashed"):
        return (
            report.outcome,
            report.error or f"told by the agent, exit code {exit_code}",
        )
    named = fault(report.error)
    if named:
        return _FAULTS[named], _why(named, report.error)
    if report.outcome is None and exit_code == 0 and changed:
        return "finished", "exit code 0, tree changed"
    return _by_text(exit_code, report, stdout, stderr)


def _at_limit(limit: Outcome, report: Report, stderr: str) -> tuple[Outcome, str]:
    # Most agents retry for longer than anybody waits: what they waited for is the better answer.
    if report.outcome in ("quota", "auth", "budget"):
        return report.outcome, report.error or "told by the agent"
    waiting = report.error or "\n".join(last_lines(stderr, 3))
    named = fault(waiting)
    if named in ("quota", "auth"):
        return _FAULTS[named], _why(
            named, f"still retrying when the limit came: {waiting}"
        )
    return limit, report.error or (
        "no sign of life" if limit == "silent" else "out of time"
    )


def _by_text(
    exit_code: int, report: Report, stdout: str, stderr: str
) -> tuple[Outcome, str]:
    if exit_code in _KILLED:
        return "killed", f"ended by a signal (exit code {exit_code})"
    # Only the end of what it printed, and no events: further up it may well be talking about rate limits.
    said = [line for line in last_lines(stdout, 5) if not line.lstrip().startswith("{")]
    for line in reversed(said + last_lines(stderr, 10)):
        named = fault(line)
        if named:
            return _FAULTS[named], _why(named, line)
    if exit_code == 0 and report.outcome is None:
        return "no-change", "exit code 0, tree unchanged"
    last = last_lines(stderr, 1)
    missing = (
        " without a final event"
        if report.outcome == "crashed" and not report.error
        else ""
    )
    return "crashed", report.error or ": ".join(
        [f"exit code {exit_code}{missing}", *last]
    )


def _why(named: Fault, text: str | None) -> str:
    return f"{named}: {text}"
