"""Which pattern fits which job, and which does not. Pure data, printed by `arena patterns`."""

from __future__ import annotations

from typing import NamedTuple


class Advice(NamedTuple):
    """One pattern: when to use it, when rather not, and the command."""

    pattern: str
    when: str
    when_not: str
    command: str


ADVICE = (
    Advice(
        "compete",
        "one job that has several good solutions: a component, an algorithm, a hard defect",
        "a small change of one file: one agent, and arena judge on its branch, costs less",
        'arena run --agents 3 "Make parse() accept empty input"',
    ),
    Advice(
        "test-first",
        "you can say in tests what is right before anybody writes the code",
        "nobody knows yet what is right: explore first",
        'arena run --test-first --tester claude --agents 3 "Make parse() accept empty input"',
    ),
    Advice(
        "explore",
        "a decision between ways to go, where what is learned counts more than the code",
        "the way is decided: then compete, so that something can be merged",
        "arena explore --sprint sprint.toml",
    ),
    Advice(
        "divide",
        "a large job with parts that change different files",
        "parts in the same files, or a change that must be consistent everywhere: let one do it",
        "arena run --plan plan.toml",
    ),
    Advice(
        "safety-net",
        "a change that must not be wrong: money, data, security",
        "entries of one agent only, since they make the same mistakes and nobody can confirm another",
        'arena run --pattern safety-net --agents claude,codex "Round prices half to even"',
    ),
)
