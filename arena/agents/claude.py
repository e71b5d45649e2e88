"""Claude Code, headless. It streams events, so that waiting for a rate limit can be told from hanging."""

import os
from functools import partial

from arena.agents.agent import Agent, Rule

_SENT = "input_tokens,cache_read_input_tokens,cache_creation_input_tokens"
_ALL_SENT = "inputTokens,cacheReadInputTokens,cacheCreationInputTokens"
_DENIED = "permission denied for {permission_denials.*.tool_name}"
_FAULT = "{result|subtype} (status {api_error_status})"
_RETRY = "{error} (status {error_status}), retrying"
# `modelUsage` also holds the calls of helpers, which `usage` leaves out.
_result = partial(
    Rule,
    text="result",
    sent=f"modelUsage.*.{_ALL_SENT}|usage.{_SENT}",
    received="modelUsage.*.outputTokens|usage.output_tokens",
    cost="total_cost_usd",
    total=True,
)

CLAUDE = Agent(
    name="claude",
    install="npm install -g @anthropic-ai/claude-code",
    argv="claude -p {task} --output-format stream-json --verbose"
    " --permission-mode bypassPermissions {resume} {more}",
    resume="--resume {session}",
    # As root it refuses to work without asking, unless told that root is the sandbox's.
    env={"IS_SANDBOX": "1"} if hasattr(os, "geteuid") and os.geteuid() == 0 else {},
    keys="ANTHROPIC_* CLAUDE_CODE_OAUTH_TOKEN CLAUDE_CONFIG_DIR CLAUDE_CODE_MAX_RETRIES"
    " CLAUDE_CODE_USE_BEDROCK CLAUDE_CODE_USE_VERTEX",
    login="claude, then /login",
    # Settings may name a program that gives a key, or variables.
    logins="ANTHROPIC_API_KEY $HOME/.claude/.credentials.json ANTHROPIC_* CLAUDE_CODE_* CLAUDE_CONFIG_DIR AWS_* "
    "$HOME/.claude.json:primaryApiKey|oauthAccount $HOME/.claude/settings.json:Helper|env|aws|gcp "
    "/etc/claude-code .claude/settings.json:Helper|env|aws|gcp .claude/settings.local.json:Helper|env|aws|gcp",
    session="session_id",
    rules=(
        _result(
            "type=result subtype=error_max_(budget.*|turns)", "budget", "{subtype}"
        ),
        # `subtype` is "success" even when `is_error` is true.
        _result("type=result subtype=success is_error=false", "finished", _DENIED),
        _result("type=result api_error_status=[1-9].*", "crashed", _FAULT),
        _result("type=result", "crashed", "{result|subtype}"),
        # A message is repeated for each of its blocks; an answer ends the wait.
        Rule(
            "type=assistant",
            error="{error}",
            sent=f"message.usage.{_SENT}",
            received="message.usage.output_tokens",
            once="message.id",
        ),
        Rule("type=system subtype=api_retry", error=_RETRY),
    ),
)
