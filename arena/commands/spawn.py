"""`arena spawn`: worktrees without agents, for people and programs that arena does not start."""

from __future__ import annotations

from arena import agents, attempts, session, worktrees
from arena.agents import AGENTS
from arena.commands import show
from arena.commands.call import Call
from arena.commands.judge import choose_target
from arena.commands.run import base_of
from arena.machine import records, store
from arena.task import Task


def spawn(call: Call, name: str | None) -> int:
    """Makes the worktrees, and says where they are and how to go on."""
    stem = store.slug(name or "", limit=24) or "work"
    opened = session.begin(call.here, mode="spawn", hint=stem, **call.place)
    with show.progress(opened, call):
        base = base_of(opened)
        settings, target = opened.settings, opened.settings.target
        count = sum(number for _, number in agents.parse_agents(settings.agents))
        labels = [f"{stem}-{number}" for number in range(1, count + 1)]
        target = choose_target(opened.repo, target)
        opened.freeze(base=base, target=target, labels=labels)
        env = agents.agent_environment(settings.env, agent=AGENTS["command"])
        made = worktrees.add_all(opened, labels, base=base)
        for tree in made:
            own = {**env, "ARENA_RUN": opened.run, "ARENA_LABEL": tree.label}
            attempts.prepare(opened, Task(prompt=None), tree, own)
            opened.journal.add("spawned", tree.label)
    opened.journal.add("ended", code=0)
    lines = [
        f"{tree.path}  ({tree.branch.removeprefix('refs/heads/')})" for tree in made
    ]
    lines += [f"judge:   arena judge --worktrees {opened.run}"]
    lines += [f"remove:  arena clean {opened.run}"]
    facts = [records.to_json(tree) for tree in made]
    call.tell(lines, {"run": opened.run, "worktrees": facts})
    return 0
