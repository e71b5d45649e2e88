"""What agents are told: the task in the words of a template from `templates/prompts/`, or of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from arena.agents import AGENTS
from arena.errors import ArenaError
from arena.machine import resources
from arena.patterns import Entry
from arena.task import Task

PLAIN = "none"  # the task's own words, and the approach
TESTER = "tester"


def render(
    entries: Sequence[Entry], task: Task, *, template: str, folder: Path, run: str
) -> tuple[Entry, ...]:
    """The entries with the prompts that their agents get.

    `template` is a shipped name, a file relative to `folder`, or "none"; it knows prompt, approach, suite (paths),
    territory, rules, handoff, label, agent, run. Raises ArenaError if there is no such template, or it has a fault.
    """
    suite = sorted(path for path in task.suite if path.endswith(".py"))
    given, plain, tester = (_read(n, folder) for n in (template, PLAIN, TESTER))
    found = []
    for entry in entries:
        facts = {
            name: getattr(entry, name)
            for name in ("prompt", "approach", "label", "agent")
        }
        # What has no model reads the task and needs no rules.
        text = plain if AGENTS[entry.agent].free else given
        text = tester if entry.writes else text
        prompt = resources.fill(
            text,
            suite=suite,
            run=run,
            territory=task.territory,
            rules=task.rules,
            handoff=task.handoff,
            **facts,
        )
        found.append(replace(entry, prompt=prompt))
    return tuple(found)


def again(prompt: str, reasons: Sequence[str]) -> str:
    """The prompt of another turn, with the reasons why the last one's work does not do."""
    text = resources.read_text("templates", "prompts/again.md.j2")
    return resources.fill(text, prompt=prompt, reasons=reasons)


def _read(name: str, folder: Path) -> str:
    shipped = resources.folder("templates") / "prompts" / f"{name}.md.j2"
    own = folder / name
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    if not own.is_file():
        why = f"prompt template {name}: no such file."
        raise ArenaError(f"{why} Give task, none, or a file of your own.")
    return own.read_text(encoding="utf-8", errors="replace")
