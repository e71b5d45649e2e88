"""`arena run`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from arena import agents, prompts, race, session, task
from arena.commands import detach as background
from arena.commands import show
from arena.commands.call import Call
from arena.commands.judge import choose_target, load_rubric
from arena.commands.tmux import windows
from arena.errors import ArenaError
from arena.machine import environment, sandbox, store
from arena.patterns import Entry, compete
from arena.race import Race
from arena.session import Session
from arena.task import Task

OUTPUT_ALLOWANCE = 64 << 20  # bytes per entry for logs


def run(
    call: Call,
    prompt: str | None,
    *,
    dry_run: bool = False,
    detach: bool = False,
    tmux: bool = False,
    **asked: Any,
) -> int:
    """Runs agents on a task and judges what they made; the exit code says whether there is a winner."""
    if prompt == "-":
        prompt = sys.stdin.read()
    words = [*asked.get("approaches", ()), *asked.get("suite", ())]
    hint = (prompt or " ".join(words) or "run").strip()
    opened = session.begin(call.here, mode="run", hint=hint, **call.place)
    if detach and not dry_run:
        code = background.detach(opened, call)
        if code is not None:
            return code
        call = replace(call, background=True)
    with show.progress(opened, call):
        rules = load_rubric(opened)
        what = task.read(opened.here, opened.top, prompt, **asked)
        if what.prompt is None and not what.suite and not what.approaches:
            raise ArenaError(
                "there is no task. Give a prompt, --prompt-file or --suite."
            )
        base = _base(opened)
        target = choose_target(opened.repo, opened.settings.target)
        entries, why = _entries(opened, what)
        call.say(_announcement(opened, entries, why))
        if dry_run:
            return 0
        stake = Race(session=opened, task=what, rubric=rules, base=base, target=target)
        with windows(opened, entries, call) if tmux else nullcontext():
            document = race.run(stake, entries)
    return show.finish(opened, document, call)


def _base(opened: Session) -> str:
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


def _entries(opened: Session, what: Task) -> tuple[tuple[Entry, ...], str]:
    """Who tries what, and in words why this agent. Raises ArenaError for unknown agents, or none at all."""
    settings, why = opened.settings, "as asked"
    names: list[tuple[str, int]] = []
    for name, count in agents.parse_agents(settings.agents):
        choice = agents.default_agent(
            configured=name or settings.agent,
            failing_suite=bool(what.suite) and not name,
        )
        names.append((choice.name, count))
        why = why if name else choice.why
    if "command" in dict(names) and not settings.command:
        hint = 'Set it in arena.toml: command = ["prog", "{prompt}"]'
        raise ArenaError(f'the agent "command" has no command. {hint}')
    found = prompts.render(
        compete.entries(what, names, seed=settings.seed),
        what,
        template=settings.prompt_template,
        folder=opened.here,
        run=opened.run,
    )
    return found, why


def _announcement(opened: Session, entries: Sequence[Entry], why: str) -> list[str]:
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
    rights = f"with your rights, at most {settings.timeout:.0f} s each"
    command = f"{settings.test or 'pytest'} with {python} ({found})"
    return [
        f"run {opened.run}: {names}; {why}",
        f"agents work in {folder / 'worktrees'} {rights}",
        f"tests: {command}; isolation: {isolation}",
        f"disk: about {needed} MB of {free} MB free",
    ]
