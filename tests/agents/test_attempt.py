"""Whole attempts: real processes that print what the real agents print, good and bad."""

import json
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from arena.agents import AGENTS, Attempt, attempt
from arena.errors import ArenaError
from arena.machine import process

CLAUDE_INIT = 'event(type="system", subtype="init", session_id="s-1")\n'
CLAUDE_WORKS = """\
for _ in range(2):  # one message, repeated for each of its blocks
    event(type="assistant", session_id="s-1",
          message={"id": "m1", "usage": {"input_tokens": 900, "output_tokens": 40}})
"""
CLAUDE_DONE = """\
event(type="result", subtype="success", is_error=False, session_id="s-1", result="Fixed: add() now adds.",
      total_cost_usd=0.0125, permission_denials=[], usage={"input_tokens": 2000, "output_tokens": 100},
      modelUsage={"big": {"inputTokens": 1900, "outputTokens": 90, "cacheReadInputTokens": 100},
                  "small": {"inputTokens": 1000, "outputTokens": 50}})
"""
CLAUDE_RETRIES = """\
event(type="system", subtype="api_retry", attempt=1, max_retries=10, retry_delay_ms=1000,
      error_status={status}, error="{error}", session_id="s-1")
"""


def claude_error(text: str, status: int) -> str:
    return (
        f'event(type="result", subtype="success", is_error=True, session_id="s-1", result="{text}", '
        f"api_error_status={status}, permission_denials=[])\nsys.exit(1)"
    )


CODEX_START = (
    'event(type="thread.started", thread_id="t-1")\nevent(type="turn.started")\n'
)
CODEX_DONE = """\
event(type="item.completed", item={"type": "error", "message": "a mere warning about 401"})
event(type="item.completed", item={"type": "agent_message", "text": "Fixed: add() now adds."})
event(type="turn.completed", usage={"input_tokens": 2000, "cached_input_tokens": 500, "output_tokens": 100})
"""
CODEX_RETRY = 'event(type="error", message="Reconnecting... 1/5 ({0})")\n'
CODEX_FAILED = 'event(type="turn.failed", error={{"message": "{0}"}})\nsys.exit(1)'

GEMINI_DONE = """\
event(type="init", session_id="g-1", model="m")
event(type="message", role="user", content="Fix add.")
event(type="message", role="assistant", content="Let me look.", delta=True)
event(type="tool_use", tool_name="run_shell_command", tool_id="1")
event(type="tool_result", tool_id="1", status="success")
event(type="message", role="assistant", content="Fixed: ", delta=True)
event(type="message", role="assistant", content="add() now adds.", delta=True)
event(type="result", status="success",
      stats={"total_tokens": 2100, "input_tokens": 2000, "output_tokens": 100, "duration_ms": 5})
"""
GEMINI_JSON = """\
tokens = {"input": 1500, "prompt": 2000, "candidates": 100, "total": 2100, "cached": 500}
print(json.dumps({"session_id": "g-1", "response": "Fixed: add() now adds.",
                  "stats": {"models": {"m": {"tokens": tokens}}}}, indent=2))
"""
GEMINI_FAILED = """\
print("Attempt 1 failed with status {0}. Retrying with backoff...", file=sys.stderr)
error = {{"type": "Error", "message": "{1}", "code": {0}}}
print(json.dumps({{"session_id": "g-1", "error": error}}, indent=2), file=sys.stderr)
sys.exit({0} % 256)
"""
GEMINI_STREAM_FAILED = """\
event(type="init", session_id="g-1", model="m")
event(type="result", status="error", error={{"type": "Error", "message": "{0}"}}, stats={{"input_tokens": 0}})
sys.exit({1})
"""
AIDER_DONE = """\
print("Aider v0.86.2\\nApplied edit to calc.py")
print("Tokens: 2.5k sent, 1k cache hit, 32 received. Cost: $0.0010 message, $0.0010 session.")
print("Tokens: 1,500 sent, 8 received. Cost: $0.0020 message, $0.0030 session.")
"""
QWEN_DONE = """\
event(type="system", subtype="init", session_id="q-1")
for _ in range(2):
    event(type="assistant", session_id="q-1", message={"id": "m1", "usage": {"input_tokens": 900, "output_tokens": 40}})
event(type="result", subtype="success", is_error=False, session_id="q-1", result="Fixed: add() now adds.",
      usage={"input_tokens": 2000, "output_tokens": 100})
"""
QWEN_SAYS = """\
event(type="result", subtype="success", is_error=False, session_id="q-1", result="{0}",
      usage={{"input_tokens": 0, "output_tokens": 0}})
"""
OPENCODE_STEP = """\
event(type="step_finish", sessionID="o-1", part={{"id": "{0}", "type": "step-finish", "reason": "{1}", "cost": 0.01,
      "tokens": {{"input": 1000, "output": 50, "reasoning": 0, "cache": {{"read": 0, "write": 0}}}}}})
"""
OPENCODE_DONE = (
    'event(type="step_start", sessionID="o-1", part={"type": "step-start"})\n'
    + OPENCODE_STEP.format("p1", "tool-calls")
    + 'event(type="text", sessionID="o-1", part={"type": "text", "text": "Fixed: add() now adds."})\n'
    + OPENCODE_STEP.format("p2", "stop")
)
OPENCODE_ERROR = """\
event(type="error", sessionID="o-1", error={{"name": "APIError",
      "data": {{"message": "{0}", "statusCode": {1}, "isRetryable": False}}}})
sys.exit(1)
"""
COPILOT_DONE = """\
event(type="assistant.message", data={"content": "Fixed: add() now adds."})
event(type="result", sessionId="c-1", exitCode=0, usage={"premiumRequests": 1})
"""
COPILOT_ERROR = """\
event(type="session.error", data={{"errorType": "{0}", "message": "{1}", "statusCode": {2}}})
event(type="result", sessionId="c-1", exitCode=1, usage={{"premiumRequests": 0}})
sys.exit(1)
"""
GOOSE_DONE = """\
print(json.dumps({"messages": [{"role": "assistant", "content": [{"type": "text", "text": "Fixed."}]}],
                  "metadata": {"total_tokens": 2100, "status": "completed"}}, indent=2))
"""
CURSOR_DONE = """\
event(type="system", subtype="init", session_id="x-1")
event(type="assistant", session_id="x-1", message={"role": "assistant", "content": [{"type": "text", "text": "Hm."}]})
event(type="result", subtype="success", is_error=False, result="Fixed: add() now adds.", session_id="x-1")
"""
AMP_DONE = """\
event(type="assistant", session_id="a-1", message={"usage": {"input_tokens": 1900, "cache_read_input_tokens": 100,
      "output_tokens": 100}})
event(type="result", subtype="success", is_error=False, result="Fixed: add() now adds.", session_id="a-1")
"""
AMP_ERROR = """\
event(type="result", subtype="error_during_execution", is_error=True, error="{0}", session_id="a-1")
sys.exit(1)
"""
DROID_DONE = """\
event(type="result", subtype="success", is_error=False, num_turns=2, result="Fixed: add() now adds.", session_id="d-1",
      usage={"input_tokens": 2000, "output_tokens": 100})
"""
DROID_ERROR = """\
event(type="result", subtype="failure", is_error=True, num_turns=1, result="{0}", session_id="d-1")
sys.exit(1)
"""
SAYS = "print('{0}', file=sys.stderr)\nsys.exit({1})\n"
LIMIT, KEY = "429 Too Many Requests", "401 Unauthorized: invalid api key"
SLEEP = "\ntime.sleep(60)"
EDIT = "edit()\n"

CASES = {
    # success with an edit
    "claude edits": (
        "claude",
        CLAUDE_INIT + EDIT + CLAUDE_WORKS + CLAUDE_DONE,
        "finished",
    ),
    "codex edits": ("codex", CODEX_START + EDIT + CODEX_DONE, "finished"),
    "gemini edits": ("gemini", EDIT + GEMINI_DONE, "finished"),
    "gemini edits, json": ("gemini", EDIT + GEMINI_JSON, "finished"),
    "aider edits": ("aider", EDIT + AIDER_DONE, "finished"),
    "command edits": ("command", EDIT, "finished"),
    "qwen edits": ("qwen", EDIT + QWEN_DONE, "finished"),
    "opencode edits": ("opencode", EDIT + OPENCODE_DONE, "finished"),
    "copilot edits": ("copilot", EDIT + COPILOT_DONE, "finished"),
    "goose edits": ("goose", EDIT + GOOSE_DONE, "finished"),
    "cursor-agent edits": ("cursor-agent", EDIT + CURSOR_DONE, "finished"),
    "amp edits": ("amp", EDIT + AMP_DONE, "finished"),
    "droid edits": ("droid", EDIT + DROID_DONE, "finished"),
    "crush edits": ("crush", EDIT + "print('Fixed.')", "finished"),
    "mini edits": ("mini-swe-agent", EDIT + "print('Submitted')", "finished"),
    # all well, they say, and nothing done
    "qwen idle": ("qwen", QWEN_DONE, "no-change"),
    "opencode whose question was answered no": ("opencode", OPENCODE_DONE, "no-change"),
    "opencode, zero bytes, exit 0": ("opencode", "", "crashed"),
    "copilot idle": ("copilot", COPILOT_DONE, "no-change"),
    "goose idle": ("goose", GOOSE_DONE, "no-change"),
    "cursor-agent that only proposes": ("cursor-agent", CURSOR_DONE, "no-change"),
    "amp idle": ("amp", AMP_DONE, "no-change"),
    "droid that may only read": ("droid", DROID_DONE, "no-change"),
    "crush idle": ("crush", "print('Nothing to do.')", "no-change"),
    "mini without a tool call": (
        "mini-swe-agent",
        "print('RepeatedFormatError')",
        "no-change",
    ),
    "claude without permission": (
        "claude",
        CLAUDE_INIT
        + CLAUDE_DONE.replace(
            "denials=[]", 'denials=[{"tool_name": "Bash", "tool_input": {}}]'
        ),
        "no-change",
    ),
    "codex whose sandbox did not start": (
        "codex",
        CODEX_START + CODEX_DONE,
        "no-change",
    ),
    "gemini idle": ("gemini", GEMINI_DONE, "no-change"),
    "aider idle": ("aider", AIDER_DONE, "no-change"),
    "command idle": ("command", "print('nothing to do')", "no-change"),
    # rate limits
    "claude 429": (
        "claude",
        CLAUDE_INIT + claude_error("API Error: slow down", 429),
        "quota",
    ),
    "claude over its limit": (
        "claude",
        CLAUDE_INIT + claude_error("You've hit your limit", 0),
        "quota",
    ),
    "codex 429": (
        "codex",
        CODEX_START
        + CODEX_FAILED.format(
            "exceeded retry limit, last status: 429 Too Many Requests"
        ),
        "quota",
    ),
    "gemini 429": ("gemini", GEMINI_FAILED.format(429, "RESOURCE_EXHAUSTED"), "quota"),
    "gemini 429, stream": (
        "gemini",
        GEMINI_STREAM_FAILED.format("[API Error: You exceeded your quota]", 1),
        "quota",
    ),
    "gemini 500, stream": (
        "gemini",
        GEMINI_STREAM_FAILED.format("[API Error: oops]", 0),
        "crashed",
    ),
    "aider 429": (
        "aider",
        'print("litellm.RateLimitError: OpenAIException - slow\\nThe API provider has rate limited you.")',
        "quota",
    ),
    "command 429": (
        "command",
        "print('HTTP 429: slow down', file=sys.stderr); sys.exit(1)",
        "quota",
    ),
    "partial work before a limit": (
        "claude",
        CLAUDE_INIT + EDIT + claude_error("slow", 429),
        "quota",
    ),
    "qwen 429": ("qwen", QWEN_SAYS.format("[API Error: 429 slow down]"), "quota"),
    "opencode 429": (
        "opencode",
        OPENCODE_ERROR.format("Rate limit exceeded", 429),
        "quota",
    ),
    "copilot 429": ("copilot", COPILOT_ERROR.format("query", "slow", 429), "quota"),
    "goose 429": ("goose", SAYS.format("Rate limit exceeded", 1), "quota"),
    "cursor-agent 429": ("cursor-agent", SAYS.format(LIMIT, 1), "quota"),
    "amp 429": ("amp", AMP_ERROR.format(LIMIT), "quota"),
    "droid 429": ("droid", DROID_ERROR.format(LIMIT), "quota"),
    "crush 429": ("crush", SAYS.format(f"agent run failed: {LIMIT}", 1), "quota"),
    "mini 429": ("mini-swe-agent", SAYS.format("litellm.RateLimitError", 1), "quota"),
    # no key
    "qwen 401, exit 0": (
        "qwen",
        QWEN_SAYS.format("[API Error: 401 invalid x-api-key]"),
        "auth",
    ),
    "opencode 401": ("opencode", OPENCODE_ERROR.format("no key", 401), "auth"),
    "copilot 401": (
        "copilot",
        COPILOT_ERROR.format("authentication", "no", 401),
        "auth",
    ),
    "goose 401": ("goose", SAYS.format(KEY, 1), "auth"),
    "cursor-agent logged out": (
        "cursor-agent",
        SAYS.format("Error: Not logged in. Run agent login", 1),
        "auth",
    ),
    "amp 401": ("amp", AMP_ERROR.format(KEY), "auth"),
    "droid 401": ("droid", DROID_ERROR.format(KEY), "auth"),
    "crush 401": ("crush", SAYS.format(f"agent run failed: {KEY}", 1), "auth"),
    "mini 401": ("mini-swe-agent", SAYS.format("AuthenticationError", 1), "auth"),
    "claude 401": (
        "claude",
        CLAUDE_INIT + claude_error("Invalid API key", 401),
        "auth",
    ),
    "claude logged out": (
        "claude",
        'print("Invalid API key · Please run /login"); sys.exit(1)',
        "auth",
    ),
    "codex 401": (
        "codex",
        CODEX_START
        + CODEX_FAILED.format("unexpected status 401 Unauthorized: Missing bearer"),
        "auth",
    ),
    "gemini 401": ("gemini", GEMINI_FAILED.format(401, "API key not valid"), "auth"),
    "gemini not set up": (
        "gemini",
        "print('Please set an Auth method', file=sys.stderr); sys.exit(41)",
        "auth",
    ),
    "aider 401, exit 0": (
        "aider",
        'print("litellm.AuthenticationError: x\\nThe API provider is not able to authenticate you.")',
        "auth",
    ),
    "command 401, exit 0": (
        "command",
        "print('[API Error: 401 invalid x-api-key]')",
        "auth",
    ),
    # other faults
    "qwen, result cut": (
        "qwen",
        EDIT + 'print(\'{"type": "result", "is_err\'); sys.exit(1)',
        "crashed",
    ),
    "opencode, last step cut": (
        "opencode",
        EDIT + OPENCODE_STEP.format("p1", "tool-calls"),
        "crashed",
    ),
    "copilot 500": ("copilot", COPILOT_ERROR.format("query", "oops", 500), "crashed"),
    "goose, cut": (
        "goose",
        EDIT + "print('{\"messages\": ['); sys.exit(1)",
        "crashed",
    ),
    "amp in error": ("amp", EDIT + AMP_ERROR.format("oops"), "crashed"),
    "amp turns": (
        "amp",
        AMP_ERROR.format("")
        .replace("during_execution", "max_turns")
        .replace(', error=""', ""),
        "budget",
    ),
    "droid denied": ("droid", DROID_ERROR.format("insufficient permission"), "crashed"),
    "crush without a provider": (
        "crush",
        SAYS.format("no providers configured", 1),
        "crashed",
    ),
    "cursor-agent dies": ("cursor-agent", EDIT + "sys.exit(2)", "crashed"),
    "mini dies": ("mini-swe-agent", EDIT + "sys.exit(1)", "crashed"),
    "claude as root": (
        "claude",
        "print('cannot be used with root', file=sys.stderr); sys.exit(1)",
        "crashed",
    ),
    "claude 500": (
        "claude",
        CLAUDE_INIT + claude_error("API Error: oops", 500),
        "crashed",
    ),
    "claude over its budget": (
        "claude",
        CLAUDE_INIT
        + 'event(type="result", subtype="error_max_budget_usd", is_error=False)',
        "budget",
    ),
    "codex 500": (
        "codex",
        CODEX_START + CODEX_FAILED.format("experiencing high demand"),
        "crashed",
    ),
    "gemini turns": ("gemini", "sys.exit(53)", "budget"),
    "aider dropped, exit 0": (
        "aider",
        'print("litellm.APIConnectionError: dropped")',
        "crashed",
    ),
    "aider recovers": (
        "aider",
        EDIT + 'print("litellm.RateLimitError: x")\n' + AIDER_DONE,
        "finished",
    ),
    "codex recovers": (
        "codex",
        CODEX_START + CODEX_RETRY.format("429") + EDIT + CODEX_DONE,
        "finished",
    ),
    "claude, exit 0 without a result": ("claude", CLAUDE_INIT + EDIT, "crashed"),
    "claude, result cut": (
        "claude",
        CLAUDE_INIT + EDIT + 'print(\'{"type": "result", "is_err\')',
        "crashed",
    ),
    "codex, zero bytes, exit 0": ("codex", "", "crashed"),
    "gemini, cut": (
        "gemini",
        EDIT + 'print(\'{"type": "result", "status": "succ\')',
        "crashed",
    ),
    "command fails": ("command", EDIT + "sys.exit(3)", "crashed"),
    "command killed": ("command", "os.kill(os.getpid(), 9)", "killed"),
    "talk of limits is no limit": (
        "claude",
        CLAUDE_INIT
        + 'event(type="user", message="def rate_limit(): return 429  # quota")\nsys.exit(1)',
        "crashed",
    ),
    "a result is believed over prose": (
        "claude",
        CLAUDE_INIT
        + CLAUDE_DONE.replace(
            "Fixed: add() now adds.", "401 and the rate limit are handled"
        ),
        "no-change",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_outcomes(arena, case):
    name, body, expected = CASES[case]
    got = arena.attempt(
        name, body, arguments=("my-agent",) if name == "command" else ()
    )
    assert got.outcome == expected, got
    assert got.changed == ("edit()" in body)
    assert got.why
    assert got.end.survivors == 0


LIMITS = {
    "claude hangs": ("claude", CLAUDE_INIT + SLEEP, "silent"),
    "claude still retrying a rate limit": (
        "claude", CLAUDE_INIT + CLAUDE_RETRIES.format(status=429, error="rate_limit") + SLEEP, "quota",
    ),
    "claude still retrying a key": (
        "claude", CLAUDE_RETRIES.format(status=401, error="authentication_failed") + SLEEP, "auth",
    ),
    "claude retried, worked, then hung": (
        "claude", CLAUDE_RETRIES.format(status=429, error="rate_limit") + CLAUDE_WORKS + SLEEP, "silent",
    ),
    "claude does not go after its result": ("claude", CLAUDE_INIT + EDIT + CLAUDE_DONE + SLEEP, "finished"),
    "gemini does not go after its result": ("gemini", EDIT + GEMINI_DONE + SLEEP, "finished"),
    "codex loses its connection": ("codex", CODEX_START + CODEX_RETRY.format("dropped") + SLEEP, "silent"),
    "codex retried, worked, then hung": (
        "codex", CODEX_START + CODEX_RETRY.format("429 Too Many Requests")
        + 'event(type="item.completed", item={"type": "command_execution"})' + SLEEP, "silent",
    ),
    "codex still retrying": (
        "codex", CODEX_START + CODEX_RETRY.format("429 Too Many Requests") + SLEEP, "quota",
    ),
    "gemini retries in silence": (
        "gemini",
        "print('Attempt 1 failed with status 429. Retrying', file=sys.stderr, flush=True)" + SLEEP,
        "quota",
    ),
    "qwen hangs": ("qwen", SLEEP, "silent"),
    "opencode waits in silence": ("opencode", SLEEP, "silent"),
    "mini still retrying": (
        "mini-swe-agent", "print('Retrying in 4 s: litellm.RateLimitError', file=sys.stderr, flush=True)" + SLEEP,
        "quota",
    ),
    "stdin is at its end": ("codex", CODEX_START + "sys.stdin.read()\n" + EDIT + CODEX_DONE, "finished"),
}  # fmt: skip


@pytest.mark.parametrize("case", LIMITS)
def test_outcomes_of_agents_that_fall_silent(arena, case):
    name, body, expected = LIMITS[case]
    began = time.monotonic()
    got = arena.attempt(name, body, silence=0.5)
    assert got.outcome == expected, got
    assert time.monotonic() - began < 10


def test_time_is_up_while_it_still_talks(arena):
    got = arena.attempt(
        "claude",
        f"while True:\n    {CLAUDE_INIT}    time.sleep(0.05)",
        timeout=0.5,
        silence=5,
    )
    assert got.outcome == "timed-out"


def test_a_change_in_the_worktree_is_a_sign_of_life(arena):
    body = (
        "for n in range(6):\n    time.sleep(0.15); pathlib.Path('work.txt').write_text(str(n))\n"
        + GEMINI_DONE
    )
    assert arena.attempt("gemini", body, silence=0.5).outcome == "finished"


def test_stopped_from_outside(arena):
    got: list[Attempt] = []
    runner = threading.Thread(
        target=lambda: got.append(arena.attempt("claude", CLAUDE_INIT + SLEEP))
    )
    runner.start()
    deadline = time.monotonic() + 10
    while not arena.seen.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.stop_all()
    runner.join(10)
    assert [one.outcome for one in got] == ["killed"]


USAGE = {
    "claude": (CLAUDE_INIT + CLAUDE_DONE, (3000, 140, 0.0125, "s-1")),
    "claude dies": (CLAUDE_INIT + CLAUDE_WORKS + "sys.exit(1)", (900, 40, None, "s-1")),
    "codex": (CODEX_START + CODEX_DONE, (2000, 100, None, "t-1")),
    "gemini": (GEMINI_DONE, (2000, 100, None, "g-1")),
    "gemini json": (GEMINI_JSON, (2000, 100, None, "g-1")),
    "aider": (AIDER_DONE, (5000, 40, 0.003, None)),
    "qwen": (QWEN_DONE, (2000, 100, None, "q-1")),
    "opencode": (OPENCODE_DONE, (2000, 100, 0.02, "o-1")),
    "copilot": (COPILOT_DONE, (None, None, None, "c-1")),
    "amp": (AMP_DONE, (2000, 100, None, "a-1")),
    "droid": (DROID_DONE, (2000, 100, None, "d-1")),
    "aider silent": ("print('hello')", (None, None, None, None)),
}


@pytest.mark.parametrize("case", USAGE)
def test_usage(arena, case):
    body, expected = USAGE[case]
    told = arena.attempt(case.split()[0], body).told
    assert (told.tokens_in, told.tokens_out, told.cost_usd, told.session) == expected
    assert told.tokens == (None if expected[0] is None else expected[0] + expected[1])


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("claude", CLAUDE_DONE),
        ("codex", CODEX_DONE),
        ("gemini", GEMINI_DONE),
        ("qwen", QWEN_DONE),
        ("opencode", OPENCODE_DONE),
        ("copilot", COPILOT_DONE),
        ("cursor-agent", CURSOR_DONE),
        ("amp", AMP_DONE),
        ("droid", DROID_DONE),
    ],
)
def test_the_final_text(arena, name, body):
    got = arena.attempt(name, body)
    assert got.told.text == "Fixed: add() now adds."
    assert got.last_lines == ("Fixed: add() now adds.",)


BYPASS = [
    "--output-format",
    "stream-json",
    "--verbose",
    "--permission-mode",
    "bypassPermissions",
]
AIDER = [
    "--yes-always", "--no-auto-commits", "--no-gitignore", "--no-check-update", "--analytics-disable",
    "--no-show-model-warnings", "--map-tokens", "0", "--chat-history-file", "/dev/null",
    "--input-history-file", "/dev/null",
]  # fmt: skip


def codex_argv(scratch: Path, *rest: str) -> list[str]:
    last = str(scratch / "a.last.txt")
    return [
        "exec",
        "--json",
        "--skip-git-repo-check",
        "-s",
        "workspace-write",
        "-o",
        last,
        *rest,
    ]


@pytest.mark.parametrize(
    "name", [name for name, agent in AGENTS.items() if agent.program]
)
@pytest.mark.parametrize(
    "prompt", ["Fix add.", "--worktree is broken", "x" * 200_000, "a\0b"]
)
def test_argv_and_standard_input(arena, name, prompt):
    arena.attempt(name, "", prompt=prompt, model="m", arguments=("--extra",))
    seen = json.loads(arena.seen.read_text())
    short, file = prompt == "Fix add.", str(arena.order(prompt=prompt).prompt_file)
    told = [prompt] if short else []
    read = f"Do the task that is written in the file {file}."
    expected = {
        "claude": ["-p", *([prompt] if short else []), *BYPASS, "--model", "m", "--extra"],
        "codex": codex_argv(arena.scratch, "-m", "m", "--extra", prompt if short else "-"),
        "gemini": [
            "-p", prompt if short else "Do the task that stands above.", "--approval-mode", "yolo",
            "--output-format", "stream-json", "-m", "m", "--extra",
        ],
        "aider": [
            *(["--message", prompt] if short else ["--message-file", file]),
            *AIDER, "--model", "m", "--extra",
        ],
        "qwen": [*told, "--approval-mode", "yolo", "--output-format", "stream-json", "-m", "m", "--extra"],
        "opencode": ["run", "--format", "json", "--auto", "-m", "m", "--extra", told[0] if short else read],
        "copilot": [
            "-p", told[0] if short else read, "--allow-all", "--no-ask-user", "--output-format", "json",
            "--no-auto-update", "--model", "m", "--extra",
        ],
        "goose": [
            "run", *(["-t", prompt] if short else ["-i", file]), "--no-session", "-q", "--output-format", "json",
            "--model", "m", "--extra",
        ],
        "cursor-agent": ["-p", *told, "--force", "--output-format", "stream-json", "--model", "m", "--extra"],
        "amp": ["-x", *told, "--stream-json", "--dangerously-allow-all", "--model", "m", "--extra"],
        "crush": ["run", "-q", "-m", "m", "--extra", *told],
        "droid": ["exec", "--auto", "high", "-o", "json", "-m", "m", "--extra", *(told or ["-f", file])],
        "mini-swe-agent": [
            "-y", "--exit-immediately", "-o", str(arena.scratch / "a.trajectory.json"), "-m", "m", "--extra",
            "-t", told[0] if short else read,
        ],
    }  # fmt: skip
    assert seen["argv"][1:] == expected[name]
    no_stdin = ("aider", "opencode", "copilot", "goose", "droid", "mini-swe-agent")
    assert seen["stdin"] == ("/dev/null" if short or name in no_stdin else file)
    assert seen["cwd"] == str(arena.worktree)


def test_argv_without_a_model_names_none(arena):
    arena.attempt("claude", "")
    assert json.loads(arena.seen.read_text())["argv"][1:] == ["-p", "Fix add.", *BYPASS]


@pytest.mark.parametrize(
    ("name", "variable", "value"),
    [
        ("gemini", "GEMINI_CLI_TRUST_WORKSPACE", "true"),
        ("aider", "LITELLM_LOCAL_MODEL_COST_MAP", "True"),
        ("claude", "IS_SANDBOX", "1" if os.geteuid() == 0 else None),
    ],
)
def test_what_an_adapter_adds_to_the_environment(arena, name, variable, value):
    arena.attempt(name, "", environ={"CLAUDECODE": "1", "SECRET": "x"})
    env = json.loads(arena.seen.read_text())["env"]
    assert env.get(variable) == value
    assert env["TERM"] == "dumb"
    assert not {"CLAUDECODE", "SECRET"} & set(env)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("claude", "-w"),
        ("claude", "--worktree=x"),
        ("claude", "--bg"),
        ("codex", "--worktree"),
    ],
)
def test_options_that_leave_the_worktree_are_refused(arena, name, argument):
    with pytest.raises(ArenaError, match=f'"{argument}"'):
        arena.attempt(name, "", arguments=(argument,))
    with pytest.raises(ArenaError, match=f'"{argument}"'):
        arena.attempt("command", "", arguments=(f"/opt/{name}", argument))
    assert not arena.seen.exists()


def test_a_daemon_that_is_left_behind_is_ended_and_counted(arena, tmp_path):
    note = tmp_path / "daemon.pid"
    daemon = (
        "import os, time, signal; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    )
    body = EDIT + CLAUDE_DONE + (
        f"import subprocess\nchild = subprocess.Popen([sys.executable, '-SEc', {daemon!r}],\n"
        "    start_new_session=True, stdin=subprocess.DEVNULL,\n"
        "    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid))\n"
    )  # fmt: skip
    got = arena.attempt("claude", body)
    assert (got.outcome, got.end.survivors) == ("finished", 1)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_secrets_and_control_codes_stay_out_of_what_is_shown(arena):
    text = "'\\x1b[31mIncorrect API key provided: ' + os.environ['OPENAI_API_KEY']"
    body = f"print({text}, file=sys.stderr)\nsys.exit(1)"
    got = arena.attempt("codex", body, environ={"OPENAI_API_KEY": "sk-very-secret"})
    shown = got.why + "".join(got.last_lines)
    assert got.outcome == "auth"
    assert "[secret]" in shown
    assert "very" not in shown
    assert "\x1b" not in shown


def test_codex_with_its_home_in_the_temporary_folder_is_told_why(arena, tmp_path):
    got = arena.attempt(
        "codex",
        CODEX_START + CODEX_DONE,
        environ={"CODEX_HOME": str(tmp_path / "codex")},
    )
    assert got.outcome == "no-change"
    assert "CODEX_HOME" in got.why


def test_the_logs_are_apart_and_outside_of_the_worktree(arena):
    got = arena.attempt(
        "claude", CLAUDE_INIT + "print('oops', file=sys.stderr)\n" + CLAUDE_DONE
    )
    log, errors = arena.scratch / "a.stdout.log", arena.scratch / "a.stderr.log"
    assert got.outcome == "no-change"
    assert "oops" not in log.read_text()
    assert errors.read_text() == "oops\n"
    assert [path.name for path in arena.worktree.iterdir()] == ["calc.py"]


def test_an_agent_that_is_not_there(arena):
    with pytest.raises(ArenaError, match="can't start 'claude'"):
        arena.attempt("claude")


def test_the_repair_agent_is_started_by_our_own_python(arena):
    order = arena.order(suite=("tests/test_a.py", "tests/test_b.py"))
    start = AGENTS["repair"].command(order)
    assert start.argv == (
        sys.executable, "-P", "-m", "arena.agents.repair", "--worktree", str(arena.worktree),
        "--python", sys.executable, "--seed", "7", "--seconds", "60",
        "--suite", "tests/test_a.py", "--suite", "tests/test_b.py", "--prompt-file", str(order.prompt_file),
    )  # fmt: skip
    assert start.stdin is None


def test_the_module_of_a_worktree_does_not_stand_in_for_ours(arena):
    folder = arena.worktree / "arena" / "agents" / "repair"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent, folder.parent.parent):
        (package / "__init__.py").write_text("")
    (folder / "__main__.py").write_text("open('fooled', 'w')")
    order = arena.order(suite=(), seconds=20.0)
    got = attempt(order, AGENTS["repair"], changed=lambda: False)
    assert got.told.text == "tests-do-not-run"
    assert not (arena.worktree / "fooled").exists()
