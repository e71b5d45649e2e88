"""aider, headless. It prints text only, and ends with exit code 0 whatever happened."""

from __future__ import annotations

import re
from pathlib import Path

from arena.agents.arguments import check, fits, model_option
from arena.agents.output import tail, total
from arena.agents.protocol import Command, Order, Report

NAME = "aider"
PROGRAM = "aider"
INSTALL = "python -m pip install aider-install && aider-install"
KEYS = (
    "AIDER_*", "OPENAI_API_KEY", "OPENAI_API_BASE", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL", "GEMINI_API_KEY", "DEEPSEEK_API_KEY", "OPENROUTER_API_KEY", "OLLAMA_API_BASE",
)  # fmt: skip

_TOKENS = re.compile(r"^Tokens: (.+?)(?:\. Cost: .*\$([\d.]+) session\.?)?\.?\s*$")
_AMOUNT = re.compile(r"([\d.,]+)([kM]?) (sent|cache write|cache hit|received)")
_FAULT = re.compile(r"litellm\.\w*(?:Error|Exception)|The API provider")


def command(order: Order) -> Command:
    """No commits, no files of its own in the worktree, no look-ups on the network but the model's."""
    on_argv = fits(order.prompt)
    prompt = (
        ("--message", order.prompt)
        if on_argv
        else ("--message-file", str(order.prompt_file))
    )
    return Command(
        argv=(
            PROGRAM, *prompt,
            "--yes-always", "--no-auto-commits", "--no-gitignore", "--no-check-update", "--analytics-disable",
            "--no-show-model-warnings", "--map-tokens", "0",
            "--chat-history-file", "/dev/null", "--input-history-file", "/dev/null",
            *model_option(order.model, option="--model"),
            *check(PROGRAM, order.arguments),
        ),
        env={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    )  # fmt: skip


def read(stdout: Path, stderr: Path, exit_code: int) -> Report:  # noqa: ARG001 - every adapter has these
    """A fault that no answer of the model follows is final; there is no event that says "finished"."""
    error = None
    cost = None
    sent: list[int | None] = []
    received: list[int | None] = []
    for line in tail(stdout, limit=8 << 20).splitlines():
        usage = _TOKENS.match(line)
        if usage:
            error = None
            cost = usage[2] or cost
            amounts = {
                what: _amount(number, unit)
                for number, unit, what in _AMOUNT.findall(usage[1])
            }
            sent += [
                amounts.get("sent"),
                amounts.get("cache write"),
                amounts.get("cache hit"),
            ]
            received.append(amounts.get("received"))
        elif _FAULT.search(line):
            error = line.strip()
    return Report(
        outcome="crashed" if error else None,
        tokens_in=total(*sent),
        tokens_out=total(*received),
        cost_usd=_number(cost),
        error=error,
    )


def _amount(number: str, unit: str) -> int | None:
    value = _number(number)
    return (
        None
        if value is None
        else round(value * {"": 1, "k": 1_000, "M": 1_000_000}[unit])
    )


def _number(text: str | None) -> float | None:
    try:
        return float(text.replace(",", "")) if text else None
    except ValueError:
        return None
