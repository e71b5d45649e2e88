"""`arena run`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from arena import agents, prompts, race, session, task
from arena.agents import AGENTS
from arena.agents.command import refuse_useless
from arena.commands import detach as background
from arena.commands import show
from arena.commands.announce import announcement
from arena.commands.call import Call
from arena.commands.judge import choose_target, load_rubric, within
from arena.commands.tmux import windows
from arena.errors import ArenaError
from arena.patterns import Entry, compete
from arena.race import Race
from arena.session import Session
from arena.task import Task


def run(
    call: Call,
    prompt: str | None,
    *,
    dry_run: bool = False,
    detach: bool = False,
    tmux: bool = False,
    plan: str | None = None,
    mode: str = "run",
    who: Sequence[str | None] = (),
    **asked: Any,
) -> int:
    """Runs agents on a task and judges what they made; the exit code says whether there is a winner.

    `who` are the agents of the approaches, where each has its own (None: the default one)."""
    if plan is not None:
        return divided(call, plan, prompt, dry_run=dry_run, detach=detach)
    if prompt == "-":
        prompt = sys.stdin.read()
    words = [*asked.get("approaches", ()), *asked.get("suite", ())]
    hint = (prompt or " ".join(words) or "run").strip()
    opened = session.begin(call.here, mode=mode, hint=hint, **call.place)
    if detach and not dry_run:
        code = background.detach(opened, call)
        if code is not None:
            return code
        call = replace(call, background=True)
    with show.progress(opened, call):
        rules = load_rubric(opened)
        what = task.read(opened.here, opened.top, prompt, **within(asked))
        if what.prompt is None and not what.suite and not what.approaches:
            raise ArenaError(
                "there is no task. Give a prompt, --prompt-file or --suite."
            )
        base = base_of(opened)
        target = choose_target(opened.repo, opened.settings.target)
        entries, why = _entries(opened, what, who)
        call.say(announcement(opened, entries, why))
        if dry_run:
            return 0
        stake = Race(session=opened, task=what, rubric=rules, base=base, target=target)
        with windows(opened, entries, call) if tmux else nullcontext():
            document = race.run(stake, entries)
    return show.finish(opened, document, call)


def divided(call: Call, plan: str, prompt: str | None, **how: bool) -> int:
    """Works through a plan instead. Raises ArenaError if there is a prompt as well."""
    from arena.commands import plan as command

    if prompt is not None:
        raise ArenaError("a prompt and --plan are both given. Give one of them.")
    return command.run(call, plan, **how)


def base_of(opened: Session) -> str:
    """The commit that agents start from. Raises ArenaError if it would leave out uncommitted work silently."""
    given = opened.settings.base
    commit = opened.repo.resolve(given or "HEAD")
    if commit is None:
        why = f"--base {given}: no such commit."
        raise ArenaError(f"{why} See them with: git log --oneline")
    dirty = [] if given else opened.repo.changed_files()
    if dirty:
        some = ", ".join(dirty[:5]) + (" …" if len(dirty) > 5 else "")
        raise ArenaError(
            f"{len(dirty)} files have uncommitted changes ({some}); agents would not see them. "
            "Commit or stash them, or start without them: --base HEAD"
        )
    return commit


def _entries(
    opened: Session, what: Task, who: Sequence[str | None]
) -> tuple[tuple[Entry, ...], str]:
    """Who tries what, and in words why this agent. Raises ArenaError for unknown agents, or none at all."""
    settings, why = opened.settings, "as asked"
    names: list[tuple[str, int]] = []
    wanted = [(name, 1) for name in who]
    for name, count in wanted or agents.parse_agents(settings.agents):
        choice = agents.default_agent(
            configured=name or settings.agent,
            failing_suite=bool(what.suite) and not name,
        )
        names.append((choice.name, count))
        why = why if name else choice.why
    if "command" in dict(names):
        on_stdin = settings.command_prompt == "stdin"
        refuse_useless(
            settings.command,
            prompt_comes=on_stdin or bool(what.suite),
            program_comes=bool(settings.setup),
        )
    for name in dict(names) if not settings.env else ():  # a variable may be the login
        agent = AGENTS[name]
        env = agents.agent_environment((), agent=agent)
        if trouble := agents.not_logged_in(agent, env, opened.top):
            raise ArenaError(f"{trouble}. Or take another agent: arena agents")
    found = prompts.render(
        compete.entries(what, names, seed=settings.seed),
        what,
        template=settings.prompt_template,
        folder=opened.here,
        run=opened.run,
    )
    return found, why
