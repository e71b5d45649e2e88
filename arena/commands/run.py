"""`arena run`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from arena import agents, prompts, race, session, task
from arena.agents import AGENTS
from arena.agents.command import refuse_useless
from arena.commands import detach as background
from arena.commands import show
from arena.commands.announce import announcement
from arena.commands.call import Call
from arena.commands.judge import load_rubric, target_of, within
from arena.commands.tmux import windows
from arena.errors import ArenaError
from arena.patterns import Entry
from arena.patterns.test_first import Group, waves
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
    test_first: bool = False,
    tester: str | None = None,
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
    call, code = background.split(opened, call, wanted=detach and not dry_run)
    if code is not None:
        return code
    with show.progress(opened, call):
        rules = load_rubric(opened)
        what = task.read(opened.here, opened.top, prompt, **within(asked))
        if what.prompt is None and not what.suite and not what.approaches:
            raise ArenaError(
                "there is no task. Give a prompt, --prompt-file or --suite."
            )
        base = base_of(opened)
        target = target_of(opened)
        names, why = _agents(opened, what, who, test_first=test_first)
        writers = _testers(opened, what, names, test_first=test_first, tester=tester)
        needs: Group = "suite" if test_first else "checks"
        seed = opened.settings.seed
        first, entries = waves(what, names, writers, writes=needs, seed=seed)
        everyone = _with_words(opened, what, [*first, *entries])
        call.say(announcement(opened, everyone, why))
        if dry_run:
            return 0
        stake = Race(session=opened, task=what, rubric=rules, base=base, target=target)
        with windows(opened, everyone, call) if tmux else nullcontext():
            if first:
                stake = race.test(stake, everyone)
            document = race.run(stake, _with_words(opened, stake.task, entries))
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


def _agents(
    opened: Session, what: Task, who: Sequence[str | None], *, test_first: bool
) -> tuple[list[tuple[str, int]], str]:
    """Agents with their numbers, and in words why these. Raises ArenaError for unknown agents, or none at all."""
    settings, why = opened.settings, "as asked"
    names: list[tuple[str, int]] = []
    wanted = [(name, 1) for name in who]
    for name, count in wanted or agents.parse_agents(settings.agents):
        choice = agents.default_agent(
            configured=name or settings.agent,
            failing_suite=bool(what.suite or test_first) and not name,
        )
        names.append((choice.name, count))
        why = why if name else choice.why
    check_agents(opened, what, names, test_first=test_first)
    return names, why


def _testers(
    opened: Session,
    what: Task,
    names: Sequence[tuple[str, int]],
    *,
    test_first: bool,
    tester: str | None,
) -> list[tuple[str, int]]:
    """Who writes tests before the others begin; by default the first of their agents. Raises ArenaError if it can't."""
    if not (test_first or tester):
        if opened.settings.first_to_pass and not what.required:
            raise ArenaError(
                "--first-to-pass needs tests that say when the task is done. Give --suite, --check or --test-first."
            )
        return []
    if what.prompt is None:
        raise ArenaError("a tester needs a prompt, or --prompt-file, to write tests.")
    named = agents.parse_agents(tester) if tester else [(names[0][0], 1)]
    found = [(name or names[0][0], number) for name, number in named]
    for name, _ in found:
        if AGENTS[name].free and not AGENTS[name].patient:
            raise ArenaError(f"{name} writes no tests. Name who does: --tester AGENT")
    check_agents(opened, what, found, test_first=test_first)
    return found


def check_agents(
    opened: Session, what: Task, names: Sequence[tuple[str, int]], *, test_first: bool
) -> None:
    """Raises ArenaError for agents that can't begin."""
    settings = opened.settings
    if "command" in dict(names):
        on_stdin = settings.command_prompt == "stdin"
        refuse_useless(
            settings.command,
            prompt_comes=on_stdin or bool(what.suite) or test_first,
            program_comes=bool(settings.setup),
        )
    for name in dict(names) if not settings.env else ():  # a variable may be the login
        agent = AGENTS[name]
        env = agents.agent_environment((), agent=agent)
        if trouble := agents.not_logged_in(agent, env, opened.top):
            raise ArenaError(f"{trouble}. Or take another agent: arena agents")


def _with_words(
    opened: Session, what: Task, entries: Sequence[Entry]
) -> tuple[Entry, ...]:
    """The entries with what their agents are told."""
    template = opened.settings.prompt_template
    return prompts.render(
        entries, what, template=template, folder=opened.here, run=opened.run
    )
