"""Our own agent, without a model: `arena.agents.repair` mends small faults that a failing suite shows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import arena
from arena.agents.arguments import check
from arena.agents.output import events, text_at
from arena.agents.protocol import Command, Order, Outcome, Report

NAME = "repair"
PROGRAM = None
INSTALL = "built in; needs a failing suite (--suite)"
KEYS: tuple[str, ...] = ()

_OUTCOMES: dict[str | None, Outcome] = {
    "patched": "finished", "nothing-found": "finished", "no-failing-test": "finished", "timeout": "timed-out",
}  # fmt: skip


def command(order: Order) -> Command:
    """Our own Python runs it. `-P`: a module of the worktree must not stand in for one of ours."""
    return Command(
        argv=(
            sys.executable, "-P", "-m", "arena.agents.repair", "--worktree", str(order.worktree),
            "--python", str(order.python), "--seed", str(order.seed), "--seconds", f"{order.seconds:g}",
            *(word for file in order.suite for word in ("--suite", file)),
            "--prompt-file", str(order.prompt_file), *check(NAME, order.arguments),
        ),
        env=_import_path(Path(arena.__file__).parents[1]),
    )  # fmt: skip


def _import_path(root: Path) -> dict[str, str]:
    # Installed, arena is found by itself; run from a checkout, a fresh interpreter has to be told.
    if root.name in ("site-packages", "dist-packages"):
        return {}
    return {"PYTHONPATH": str(root)}


def read(stdout: Path, stderr: Path, exit_code: int) -> Report:  # noqa: ARG001 - every adapter has these
    """Its last object decides; whether there is a patch, the tree tells."""
    last: dict[str, Any] = {}
    for event in events(stdout):
        last = event
    said = text_at(last, "outcome")
    return Report(
        outcome=_OUTCOMES.get(said, "crashed"),
        text=said,
        error=text_at(last, "error"),
        tokens_in=0,
        tokens_out=0,
        cost_usd=0.0,
    )
