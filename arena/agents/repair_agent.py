"""Our own agent, without a model: `arena.agents.repair` mends small faults that a failing suite shows."""

import sys
from functools import partial
from pathlib import Path

import arena
from arena.agents.agent import Agent, Command, Order, Rule


def command(order: Order) -> Command:
    """Our own Python runs it. `-P`: a module of the worktree must not stand in for one of ours."""
    argv = [sys.executable, "-P", "-m", "arena.agents.repair"]
    argv += ["--worktree", str(order.worktree), "--python", str(order.python)]
    argv += ["--seed", str(order.seed), "--seconds", f"{order.seconds:g}"]
    argv += [word for file in order.suite for word in ("--suite", file)]
    argv += ["--prompt-file", str(order.prompt_file), *order.arguments]
    root = Path(arena.__file__).parents[1]
    # Installed, arena is found by itself; run from a checkout, a fresh interpreter has to be told.
    installed = root.name in ("site-packages", "dist-packages")
    return Command(tuple(argv), {} if installed else {"PYTHONPATH": str(root)})


_end = partial(Rule, error="{why}", text="outcome")
REPAIR = Agent(
    name="repair",
    install="built in; needs a failing suite (--suite)",
    build=command,
    rules=(
        # Whether there is a patch, the tree tells.
        _end("outcome=patched|nothing-found|no-failing-test", "finished"),
        _end("outcome=timeout", "timed-out"),
        _end("outcome=.*", "crashed"),
    ),
    free=True,
)
