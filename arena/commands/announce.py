"""What a run says before it begins: who works where, with which rights and limits, and what may go wrong."""

from __future__ import annotations

from collections.abc import Sequence

from arena import agents
from arena.errors import ArenaError
from arena.machine import environment, sandbox, store
from arena.machine.executor import default_jobs
from arena.patterns import Entry
from arena.session import Session
from arena.settings import Settings
from arena.turns import PER_CORE

OUTPUT_ALLOWANCE = 64 << 20  # bytes per entry for logs


def announcement(opened: Session, entries: Sequence[Entry], why: str) -> list[str]:
    """What will run where, with which rights, how long at most and on how much disk.

    Raises ArenaError if there is too little room.
    """
    settings, folder = opened.settings, opened.folder
    tracked = opened.repo.call("ls-tree", "-r", "-l", "HEAD").text.splitlines()
    size = sum(int(n) for line in tracked if (n := line.split()[3]).isdigit())
    needed = (len(entries) + 4) * (size * 2 + OUTPUT_ALLOWANCE // 8) >> 20
    free = store.free_bytes(folder) >> 20
    if free < needed:
        raise ArenaError(
            f"too little disk: about {needed} MB are needed in {folder}, {free} MB are free. "
            "Free some: arena clean. Nothing was started."
        )
    python, found = environment.choose_python(opened.top, configured=settings.python)
    wanted, network = settings.isolation != "none", settings.allow_network
    isolation = sandbox.isolation(allow_network=network, wanted=wanted).words
    names = ", ".join(f"{e.label} ({e.agent}, seed {e.seed})" for e in entries)
    command = f"{settings.test or 'pytest'} with {python} ({found})"
    return [
        f"run {opened.run}: {names}; {why}",
        f"agents work in {folder / 'worktrees'} with your rights, {_limits(settings, entries)}",
        f"tests: {command}; isolation: {isolation}",
        f"disk: about {needed} MB of {free} MB free",
        *(
            f"{e.label}: you work in {folder / 'worktrees' / e.label}, and end it with: arena done {e.label}"
            for e in entries
            if agents.AGENTS[e.agent].patient
        ),
        *_cautions(settings, entries),
    ]


def _limits(settings: Settings, entries: Sequence[Entry]) -> str:
    most = settings.at_once or PER_CORE * default_jobs()
    words = [f"at most {settings.timeout:.0f} s each"]
    if most < len(entries):
        words.append(f"{most} at a time")
    if settings.max_cost is not None:
        words.append(f"{settings.max_cost:.2f} USD together")
    if settings.max_tokens is not None:
        words.append(f"{settings.max_tokens} tokens together")
    return ", ".join(words)


def _unsuitable(settings: Settings, entries: Sequence[Entry]) -> list[str]:
    """Why this way of working can't give what it is for; only what is certain."""
    makers = {entry.agent for entry in entries}
    ways = [entry for entry in entries if entry.approach]
    facts = (
        (
            settings.pattern == "safety-net" and len(makers) == 1,
            f"all entries are made by {entries[0].agent}, so nobody independent can agree",
        ),
        (len(ways) == 1, "there is one approach only, and nothing to compare it with"),
        (
            "repair" in {entry.agent for entry in ways},
            "repair reads no words, so it takes no approach",
        ),
    )
    return [f"{words}; see: arena patterns" for holds, words in facts if holds]


def _cautions(settings: Settings, entries: Sequence[Entry]) -> list[str]:
    """What will keep agents from working without a word, and limits that can't hold for them."""
    found = [f"caution: {words}" for words in _unsuitable(settings, entries)]
    for name in sorted({entry.agent for entry in entries}):
        agent = agents.AGENTS[name]
        env = agents.agent_environment(settings.env, agent=agent)
        if trap := agent.caution(env):
            found.append(f"caution: {trap}")
        told = any(rule.cost for rule in agent.rules) or agent.free
        if settings.max_cost is not None and not told:
            found.append(
                f"caution: {name} tells no cost, so --max-cost does not hold it"
            )
        told = any(rule.sent for rule in agent.rules) or agent.free
        if settings.max_tokens is not None and not told:
            found.append(
                f"caution: {name} tells no tokens, so --max-tokens does not hold it"
            )
    return found
