"""How an attempt ended. The agent's own events decide, then the exit code, then text; a 0 proves nothing."""

from arena.agents.agent import Outcome
from arena.agents.output import fault, last_lines
from arena.agents.reading import KILLED, Report
from arena.machine.process import TOO_MUCH, Finished


def classify(
    end: Finished, told: Report, changed: bool, stdout: str, stderr: str
) -> tuple[Outcome, str]:
    """The outcome, and why in words. `stdout` and `stderr` may be cut."""
    tree = "tree changed" if changed else "tree unchanged"
    done: Outcome = "finished" if changed else "no-change"
    if end.reason == "stopped":
        return "killed", f"stopped from outside, {tree}"
    if end.reason in TOO_MUCH:
        return "killed", f"stopped, too much of one thing: {end.reason}, {tree}"
    if told.outcome == "finished":
        # Also when it did not go away after its last event and had to be ended.
        return done, told.error or f"said it finished, {tree}"
    if told.outcome not in (None, "crashed"):
        return told.outcome, told.error or f"told with exit code {end.exit_code}"
    if end.reason in ("timeout", "silent"):
        return _at_limit(end.reason, told, stderr)
    if found := _fault(told.error):
        return found
    if told.outcome is None and end.exit_code == 0 and changed:
        return done, "exit code 0, tree changed"
    return _by_text(end.exit_code, told, stdout, stderr)


def _fault(text: str | None, note: str = "") -> tuple[Outcome, str] | None:
    named = fault(text)
    if named is None:
        return None
    # A fault of the provider has no class of its own: `why` names it.
    return "crashed" if named == "provider" else named, f"{named}: {note}{text}"


def _at_limit(reason: str, told: Report, stderr: str) -> tuple[Outcome, str]:
    # Most agents retry for longer than anybody waits: what they waited for is the better answer.
    waiting = told.error or "\n".join(last_lines(stderr, 3))
    found = _fault(waiting, "still retrying when the limit came: ")
    if found and found[0] != "crashed":
        return found
    if reason == "silent":
        return "silent", told.error or "no sign of life"
    return "timed-out", told.error or "out of time"


def _by_text(code: int, told: Report, stdout: str, stderr: str) -> tuple[Outcome, str]:
    if code in KILLED:
        return "killed", f"ended by a signal (exit code {code})"
    # Only the end of what it printed, and no events: further up it may well be talking about rate limits.
    said = [line for line in last_lines(stdout, 5) if not line.lstrip().startswith("{")]
    for line in reversed(said + last_lines(stderr, 10)):
        if found := _fault(line):
            return found
    if code == 0 and told.outcome is None:
        return "no-change", "exit code 0, tree unchanged"
    missing = " without a final event" if told.outcome else ""
    last = [f"exit code {code}{missing}", *last_lines(stderr, 1)]
    return "crashed", told.error or ": ".join(last)
