"""Claude Code, headless."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from arena.agents.arguments import check, fits, model_option
from arena.agents.output import (
    at,
    count_at,
    events,
    money_at,
    records_at,
    text_at,
    total,
)
from arena.agents.protocol import Command, Order, Outcome, Report

NAME = "claude"
PROGRAM = "claude"
INSTALL = "npm install -g @anthropic-ai/claude-code"
KEYS = (
    "ANTHROPIC_*", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_MAX_RETRIES",
    "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX",
)  # fmt: skip

_CAMEL = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
_SNAKE = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def command(order: Order) -> Command:
    """Streams events, so that waiting for a rate limit can be told from hanging."""
    on_argv = fits(order.prompt)
    # As root it refuses to work without asking, unless told that root is the sandbox's.
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return Command(
        argv=(
            PROGRAM, "-p", *((order.prompt,) if on_argv else ()),
            "--output-format", "stream-json", "--verbose", "--permission-mode", "bypassPermissions",
            *model_option(order.model, option="--model"),
            *check(PROGRAM, order.arguments),
        ),
        env={"IS_SANDBOX": "1"} if root else {},
        stdin=None if on_argv else order.prompt_file,
    )  # fmt: skip


def read(stdout: Path, stderr: Path, exit_code: int) -> Report:  # noqa: ARG001 - every adapter has these
    """The last `result` event decides; `subtype` is "success" even when `is_error` is true."""
    result: dict[str, Any] = {}
    session = waiting = None
    spent: dict[str | None, object] = {}
    for event in events(stdout):
        session = text_at(event, "session_id") or session
        match event.get("type"):
            case "result":
                result = event
            case "assistant":
                # A message is repeated for each of its blocks; an answer ends the wait for a retry.
                waiting = text_at(event, "error")
                spent[text_at(event, "message", "id")] = at(event, "message", "usage")
            case "system" if event.get("subtype") == "api_retry":
                waiting = f"{event.get('error')} (status {event.get('error_status')}), retrying"
    outcome, error = _ended(result) if result else ("crashed", waiting)
    tokens_in, tokens_out = _tokens(result, spent)
    return Report(
        outcome=outcome,
        session=session,
        text=text_at(result, "result"),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost_usd=money_at(result, "total_cost_usd"),
        error=error,
    )


def _ended(result: dict[str, Any]) -> tuple[Outcome, str | None]:
    subtype = text_at(result, "subtype") or ""
    if subtype in ("error_max_budget_usd", "error_max_turns"):
        return "budget", subtype
    if result.get("is_error") is not False or subtype.startswith("error"):
        status = result.get("api_error_status")
        said = text_at(result, "result") or subtype
        return "crashed", f"{said} (status {status})" if status else said
    denied = [
        text_at(denial, "tool_name") or "a tool"
        for denial in records_at(result, "permission_denials")
    ]
    return "finished", f"permission denied for {', '.join(denied)}" if denied else None


def _tokens(
    result: dict[str, Any], spent: dict[str | None, object]
) -> tuple[int | None, int | None]:
    # `modelUsage` also holds the calls of helpers, which `usage` leaves out; without a result there is only
    # what each message told.
    parts, sent, received = records_at(result, "modelUsage"), _CAMEL, "outputTokens"
    if not parts:
        parts = records_at([result.get("usage")] if result else list(spent.values()))
        sent, received = _SNAKE, "output_tokens"
    tokens_in = total(*(count_at(part, name) for part in parts for name in sent))
    return tokens_in, total(*(count_at(part, received) for part in parts))
