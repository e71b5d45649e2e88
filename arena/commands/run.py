"""`arena run`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from arena import agents, race, session, task
from arena.commands import show
from arena.commands.judge import choose_target, load_rubric
from arena.commands.output import Output
from arena.errors import ArenaError
from arena.machine import environment, sandbox, store
from arena.patterns import Entry, compete
from arena.race import Race
from arena.session import Session
from arena.task import Task

OUTPUT_ALLOWANCE = 64 << 20  # bytes per entry for logs


def run(
    here: Path,
    *,
    prompt: str | None,
    prompt_file: str | None,
    suite: Sequence[str],
    checks: Sequence[str],
    holdouts: Sequence[str],
    approaches: Sequence[str],
    dry_run: bool,
    given: Mapping[str, Any],
    config: Path | None,
    output: Output,
) -> int:
    """Runs agents on a task and judges what they made; the exit code says whether there is a winner."""
    if prompt == "-":
        prompt = sys.stdin.read()
    hint = (prompt or " ".join(approaches) or " ".join(suite) or "run").strip()
    opened = session.begin(here, mode="run", hint=hint, given=given, config=config)
    with show.progress(opened, output):
        rules = load_rubric(opened)
        what = task.read(
            folder=here,
            top=opened.top,
            prompt=prompt,
            prompt_file=prompt_file,
            suite=suite,
            checks=checks,
            holdouts=holdouts,
            approaches=approaches,
        )
        if what.prompt is None and not what.suite and not what.approaches:
            raise ArenaError(
                "there is no task. Give a prompt, --prompt-file or --suite."
            )
        base = _base(opened)
        target = choose_target(opened.repo, opened.settings.target)
        entries, why = _entries(opened, what)
        output.say(_announcement(opened, entries, why))
        if dry_run:
            return 0
        stake = Race(session=opened, task=what, rubric=rules, base=base, target=target)
        document = race.run(stake, entries)
    return show.finish(opened, document, output)


def _base(opened: Session) -> str:
    """The commit that agents start from. Raises ArenaError if it would leave out uncommitted work silently."""
    given = opened.settings.base
    if given:
        commit = opened.repo.resolve(given)
        if commit is None:
            raise ArenaError(
                f"--base {given}: no such commit. See them with: git log --oneline"
            )
        return commit
    dirty = opened.repo.changed_files()
    if dirty:
        some = ", ".join(dirty[:5]) + (" …" if len(dirty) > 5 else "")
        raise ArenaError(
            f"{len(dirty)} files have uncommitted changes ({some}); agents would not see them. "
            "Commit or stash them, or start without them: --base HEAD"
        )
    commit = opened.repo.resolve("HEAD")
    assert commit is not None  # looked at when the session began
    return commit


def _entries(opened: Session, what: Task) -> tuple[tuple[Entry, ...], str]:
    """Who tries what, and in words why this agent. Raises ArenaError for unknown agents, or none at all."""
    wanted = agents.parse_agents(opened.settings.agents)
    why = "as asked"
    names: list[tuple[str, int]] = []
    for name, count in wanted:
        if name is None:
            choice = agents.default_agent(
                configured=opened.settings.agent, failing_suite=bool(what.suite)
            )
            why = choice.why
            names.append((choice.name, count))
        else:
            choice = agents.default_agent(configured=name, failing_suite=False)
            names.append((choice.name, count))
    if any(name == "command" for name, _ in names) and not opened.settings.command:
        raise ArenaError(
            'the agent "command" has no command. Set it in arena.toml: command = ["prog", "{prompt}"]'
        )
    return compete.entries(what, names, seed=opened.settings.seed), why


def _announcement(opened: Session, entries: Sequence[Entry], why: str) -> list[str]:
    """What will run where, with which rights, how long at most and on how much disk.

    Raises ArenaError if there is too little room.
    """
    settings = opened.settings
    tracked = opened.repo.call("ls-tree", "-r", "-l", "HEAD").text.splitlines()
    size = sum(int(n) for line in tracked if (n := line.split()[3]).isdigit())
    needed = (len(entries) + 4) * (size * 2 + OUTPUT_ALLOWANCE // 8)
    free = store.free_bytes(opened.folder)
    if free < needed:
        raise ArenaError(
            f"too little disk: about {needed >> 20} MB are needed in {opened.folder}, {free >> 20} MB are free. "
            "Free some: arena clean. Nothing was started."
        )
    python, found = environment.choose_python(opened.top, configured=settings.python)
    isolation = sandbox.isolation(
        allow_network=settings.allow_network, wanted=settings.isolation != "none"
    )
    names = ", ".join(f"{e.label} ({e.agent}, seed {e.seed})" for e in entries)
    return [
        f"run {opened.run}: {names}; {why}",
        f"agents work in {opened.folder / 'worktrees'} with your rights, at most {settings.timeout:.0f} s each",
        f"tests: {settings.test or 'pytest'} with {python} ({found}); isolation: {isolation.words}",
        f"disk: about {needed >> 20} MB of {free >> 20} MB free",
    ]
