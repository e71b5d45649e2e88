"""OpenAI Codex, headless."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arena.agents.arguments import check, fits, model_option
from arena.agents.output import at, count_at, events, text_at, total
from arena.agents.protocol import Command, Order, Outcome, Report

NAME = "codex"
PROGRAM = "codex"
INSTALL = "npm install -g @openai/codex"
KEYS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "CODEX_API_KEY", "CODEX_HOME")


def command(order: Order) -> Command:
    """Its own sandbox confines it to the worktree; the last message goes to the scratch folder as well."""
    on_argv = fits(order.prompt)
    return Command(
        argv=(
            PROGRAM, "exec", "--json", "--skip-git-repo-check", "-s", "workspace-write",
            "-o", str(order.scratch / f"{order.label}.last.txt"),
            *model_option(order.model, option="-m"), *check(PROGRAM, order.arguments),
            order.prompt if on_argv else "-",
        ),
        stdin=None if on_argv else order.prompt_file,
    )  # fmt: skip


def caution(env: Mapping[str, str], *, temporary: Path) -> str | None:
    """Why its sandbox can't start here: it ends well then, having edited nothing. None if it can."""
    home = env.get("CODEX_HOME") or env.get("HOME")
    if home and Path(home).resolve().is_relative_to(temporary.resolve()):
        return (
            f"codex can't start its sandbox while its home ({home}) lies below {temporary}: "
            "set CODEX_HOME elsewhere"
        )
    return None


def read(stdout: Path, stderr: Path, exit_code: int) -> Report:  # noqa: ARG001 - every adapter has these
    """The last turn decides. An `error` event may be a mere retry, an item of type error a mere warning."""
    session = text = error = None
    outcome: Outcome = "crashed"
    turns: list[dict[str, Any]] = []
    for event in events(stdout):
        match event.get("type"):
            case "thread.started":
                session = text_at(event, "thread_id") or session
            case "item.completed":
                kind = at(event, "item", "type")
                error = error if kind == "error" else None
                text = (
                    text_at(event, "item", "text") if kind == "agent_message" else None
                ) or text
            case "error":
                error = text_at(event, "message") or error
            case "turn.started":
                outcome = "crashed"
            case "turn.completed":
                outcome, error = "finished", None
                turns.append(event)
            case "turn.failed":
                outcome, error = "crashed", text_at(event, "error", "message") or error
    return Report(
        outcome=outcome,
        session=session,
        text=text,
        tokens_in=total(*(count_at(turn, "usage", "input_tokens") for turn in turns)),
        tokens_out=total(*(count_at(turn, "usage", "output_tokens") for turn in turns)),
        error=error,
    )
