"""What real agents print, good and bad, as programs that print it: bodies for `Arena.install` in conftest.

claude, codex, gemini, qwen, opencode, copilot, aider and mini-swe-agent were seen to print it; the rest is written from
their documentation or source.
"""

SAYS = "print('{0}', file=sys.stderr)\nsys.exit({1})\n"
LIMIT, KEY = "429 Too Many Requests", "401 Unauthorized: invalid api key"
SLEEP = "\ntime.sleep(60)"
EDIT = "edit()\n"
KILL = "\nsys.stdout.flush(); os.kill(os.getpid(), 9)"

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
AIDER_FAULT = """\
print("litellm.{0}: OpenAIException\\nThe API provider {1}.")
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
QWEN_RETRIES = """\
event(type="system", subtype="init", session_id="q-1")
told = "post http://localhost/v1/chat/completions failed with status 429 in 3ms - retrying, 1 attempts remaining"
print(f"[log_dd60c9, retryOf: log_3bcb52] {told}", flush=True)
"""
QWEN_FAILED = """\
event(type="result", subtype="error_during_execution", is_error=True, session_id="q-1",
      usage={{"input_tokens": 0, "output_tokens": 0}}, error={{"message": "{0}"}})
sys.exit(1)
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
GOOSE_LIMIT = GOOSE_DONE.replace(
    '"Fixed."',
    '"I\'ve reached the maximum number of actions I can do without user input. Would you like me to continue?"',
)
CURSOR_WORKS = CURSOR_DONE[: CURSOR_DONE.index('event(type="result"')]
AMP_WORKS = AMP_DONE[: AMP_DONE.index('event(type="result"')]
MINI_STEP = """\
print("\\nmini-swe-agent (step {0}, ${1}):\\n\\nI look at it.", flush=True)
"""
MINI_EXIT = "print('\\nExit:\\n{0}\\nSaved trajectory to \\'a.json\\'')\n"
MINI_DONE = (
    MINI_STEP.format(1, "0.01") + MINI_STEP.format(2, "0.03") + MINI_EXIT.format("done")
)
CRUSH_DONE = "print('Fixed: add() now adds.')\n"


def stopped(body: str) -> str:
    """An error of an agent, but it ends with exit code 0."""
    return body.replace("sys.exit(1)", "sys.exit(0)")


def cut(line: str) -> str:
    """The output ends in the middle of an event, with exit code 0."""
    return f"print({line!r}, end='')\n"


# Of each agent: what it prints when all is well (an edit is made before), and how it fails, with the outcome.
GOOD, LIMITED, UNKEYED, HANGS, FAILS_WITH_0, CUT = (
    "good", "rate limited", "no key", "hangs", "fails with exit code 0", "cut",
)  # fmt: skip
RECORDED: dict[str, dict[str, tuple[str, str]]] = {
    "claude": {
        GOOD: (CLAUDE_INIT + CLAUDE_WORKS + CLAUDE_DONE, "finished"),
        LIMITED: (CLAUDE_INIT + claude_error("API Error: slow down", 429), "quota"),
        UNKEYED: (CLAUDE_INIT + claude_error("Invalid API key", 401), "auth"),
        HANGS: (CLAUDE_INIT + SLEEP, "silent"),
        FAILS_WITH_0: (CLAUDE_INIT + stopped(claude_error("API Error: oops", 500)), "crashed"),
        CUT: (CLAUDE_INIT + EDIT + cut('{"type": "result", "is_err'), "crashed"),
    },
    "codex": {
        GOOD: (CODEX_START + CODEX_DONE, "finished"),
        LIMITED: (CODEX_START + CODEX_FAILED.format(f"exceeded retry limit, last status: {LIMIT}"), "quota"),
        UNKEYED: (CODEX_START + CODEX_FAILED.format("unexpected status 401 Unauthorized: Missing bearer"), "auth"),
        HANGS: (CODEX_START + CODEX_RETRY.format("dropped") + SLEEP, "silent"),
        FAILS_WITH_0: (CODEX_START + stopped(CODEX_FAILED.format("experiencing high demand")), "crashed"),
        CUT: (CODEX_START + EDIT + cut('{"type": "turn.compl'), "crashed"),
    },
    "gemini": {
        GOOD: (GEMINI_DONE, "finished"),
        LIMITED: (GEMINI_FAILED.format(429, "RESOURCE_EXHAUSTED"), "quota"),
        UNKEYED: (GEMINI_FAILED.format(401, "API key not valid"), "auth"),
        HANGS: ('event(type="init", session_id="g-1", model="m")' + SLEEP, "silent"),
        FAILS_WITH_0: (GEMINI_STREAM_FAILED.format("[API Error: oops]", 0), "crashed"),
        CUT: (EDIT + cut('{"type": "result", "status": "succ'), "crashed"),
    },
    "qwen": {
        GOOD: (QWEN_DONE, "finished"),
        LIMITED: (QWEN_SAYS.format("[API Error: 429 slow down]"), "quota"),
        UNKEYED: (QWEN_SAYS.format("[API Error: 401 invalid x-api-key]"), "auth"),
        HANGS: ('event(type="system", subtype="init", session_id="q-1")' + SLEEP, "silent"),
        FAILS_WITH_0: (QWEN_SAYS.format("[API Error: 500 oops]"), "crashed"),
        CUT: (EDIT + cut('{"type": "result", "is_err'), "crashed"),
    },
    "opencode": {
        GOOD: (OPENCODE_DONE, "finished"),
        LIMITED: (OPENCODE_ERROR.format("Rate limit exceeded", 429), "quota"),
        UNKEYED: (OPENCODE_ERROR.format("no key", 401), "auth"),
        HANGS: (SLEEP, "silent"),
        FAILS_WITH_0: (stopped(OPENCODE_ERROR.format("oops", 500)), "crashed"),
        CUT: (EDIT + OPENCODE_STEP.format("p1", "tool-calls") + cut('{"type": "step_fin'), "crashed"),
    },
    "copilot": {
        GOOD: (COPILOT_DONE, "finished"),
        LIMITED: (COPILOT_ERROR.format("query", "slow", 429), "quota"),
        UNKEYED: (COPILOT_ERROR.format("authentication", "no", 401), "auth"),
        HANGS: ('event(type="assistant.turn_start", data={})' + SLEEP, "silent"),
        FAILS_WITH_0: (stopped(COPILOT_ERROR.format("query", "oops", 500)), "crashed"),
        CUT: (EDIT + cut('{"type": "result", "exitCo'), "crashed"),
    },
    "aider": {
        GOOD: (AIDER_DONE, "finished"),
        LIMITED: (AIDER_FAULT.format("RateLimitError", "has rate limited you"), "quota"),
        UNKEYED: (AIDER_FAULT.format("AuthenticationError", "is not able to authenticate you"), "auth"),
        HANGS: ("print('Aider v0.86.2', flush=True)" + SLEEP, "silent"),
        FAILS_WITH_0: (EDIT + AIDER_FAULT.format("APIConnectionError", "can not be reached"), "crashed"),
        CUT: (EDIT + cut("Tokens: 2.5k se") + KILL, "killed"),
    },
    "mini-swe-agent": {
        GOOD: (MINI_DONE, "finished"),
        LIMITED: (SAYS.format("litellm.exceptions.RateLimitError: RateLimitError: OpenAIException", 1), "quota"),
        UNKEYED: (SAYS.format("litellm.exceptions.AuthenticationError: OpenAIException", 1), "auth"),
        HANGS: (MINI_STEP.format(1, "0.01") + SLEEP, "silent"),
        FAILS_WITH_0: (EDIT + MINI_STEP.format(1, "0.01") + MINI_EXIT.format("RepeatedFormatError"), "crashed"),
        CUT: (EDIT + cut("mini-swe-agent (st") + KILL, "killed"),
    },
    "cursor-agent": {
        GOOD: (CURSOR_DONE, "finished"),
        LIMITED: (CURSOR_WORKS + SAYS.format(LIMIT, 1), "quota"),
        UNKEYED: (SAYS.format("Error: Not logged in. Run agent login", 1), "auth"),
        HANGS: (CURSOR_WORKS + SLEEP, "silent"),
        FAILS_WITH_0: (EDIT + CURSOR_WORKS, "crashed"),
        CUT: (EDIT + CURSOR_WORKS + cut('{"type": "result", "subtype": "succ'), "crashed"),
    },
    "goose": {
        GOOD: (GOOSE_DONE, "finished"),
        LIMITED: (SAYS.format("Rate limit exceeded", 1), "quota"),
        UNKEYED: (SAYS.format(KEY, 1), "auth"),
        HANGS: (SLEEP, "silent"),
        FAILS_WITH_0: (EDIT + GOOSE_DONE.replace("completed", "error"), "crashed"),
        CUT: (EDIT + cut('{\n  "messages": [\n    {"role": "assis'), "crashed"),
    },
    "amp": {
        GOOD: (AMP_DONE, "finished"),
        LIMITED: (AMP_ERROR.format(LIMIT), "quota"),
        UNKEYED: (AMP_ERROR.format(KEY), "auth"),
        HANGS: (AMP_WORKS + SLEEP, "silent"),
        FAILS_WITH_0: (EDIT + stopped(AMP_ERROR.format("oops")), "crashed"),
        CUT: (EDIT + AMP_WORKS + cut('{"type": "result", "subtype": "succ'), "crashed"),
    },
    "droid": {
        GOOD: (DROID_DONE, "finished"),
        LIMITED: (DROID_ERROR.format(LIMIT), "quota"),
        UNKEYED: (DROID_ERROR.format(KEY), "auth"),
        HANGS: (SLEEP, "silent"),
        FAILS_WITH_0: (EDIT + stopped(DROID_ERROR.format("insufficient permission")), "crashed"),
        CUT: (EDIT + cut('{"type": "result", "is_error": fal'), "crashed"),
    },
    # From here on no output tells of the end, so an exit code of 0 beside a change is all that is known.
    "crush": {
        GOOD: (CRUSH_DONE, "finished"),
        LIMITED: (SAYS.format(f"agent run failed: {LIMIT}", 1), "quota"),
        UNKEYED: (SAYS.format(f"agent run failed: {KEY}", 1), "auth"),
        HANGS: (SLEEP, "silent"),
        FAILS_WITH_0: (SAYS.format("agent run failed: 503 Service Unavailable", 0), "crashed"),
        CUT: (EDIT + cut("Fixed: ad") + KILL, "killed"),
    },
    "command": {
        GOOD: ("print('done')", "finished"),
        LIMITED: (SAYS.format("HTTP 429: slow down", 1), "quota"),
        UNKEYED: ("print('[API Error: 401 invalid x-api-key]')", "auth"),
        HANGS: (SLEEP, "silent"),
        FAILS_WITH_0: ("print('[API Error: 502 Bad Gateway]')", "crashed"),
        CUT: (EDIT + cut('{"type": "res') + KILL, "killed"),
    },
}  # fmt: skip

# All good outputs: the agent, and what prints it.
OUTPUTS = {name: (name, kinds[GOOD][0]) for name, kinds in RECORDED.items()}
OUTPUTS["gemini json"] = ("gemini", GEMINI_JSON)

# Other ways to end.
MORE: dict[str, tuple[str, str, str]] = {
    "gemini edits, json": ("gemini", EDIT + GEMINI_JSON, "finished"),
    "claude without permission": (
        "claude",
        CLAUDE_INIT + CLAUDE_DONE.replace("denials=[]", 'denials=[{"tool_name": "Bash", "tool_input": {}}]'),
        "no-change",
    ),
    "claude over its limit": ("claude", CLAUDE_INIT + claude_error("You've hit your limit", 0), "quota"),
    "codex over its limit": ("codex", CODEX_START + CODEX_FAILED.format("You have hit your usage limit."), "quota"),
    "gemini 429, stream": (
        "gemini", GEMINI_STREAM_FAILED.format("[API Error: You exceeded your quota]", 1), "quota",
    ),
    "partial work before a limit": ("claude", CLAUDE_INIT + EDIT + claude_error("slow", 429), "quota"),
    "goose 401": ("goose", SAYS.format(KEY, 1), "auth"),
    "claude logged out": ("claude", 'print("Invalid API key · Please run /login"); sys.exit(1)', "auth"),
    "gemini not set up": (
        "gemini", "print('Please set an Auth method', file=sys.stderr); sys.exit(41)", "auth",
    ),
    "qwen not set up": ("qwen", QWEN_FAILED.format("No auth type is selected. Please configure one"), "auth"),
    "qwen without a key": ("qwen", QWEN_FAILED.format("Missing API key for OpenAI-compatible auth."), "auth"),
    "claude over its budget": (
        "claude", CLAUDE_INIT + 'event(type="result", subtype="error_max_budget_usd", is_error=False)', "budget",
    ),
    "claude, turns": (
        "claude", CLAUDE_INIT + 'event(type="result", subtype="error_max_turns", is_error=False)', "budget",
    ),
    "gemini, turns": ("gemini", GEMINI_STREAM_FAILED.format("Reached max session turns.", 53), "budget"),
    "qwen recovers": ("qwen", QWEN_RETRIES + EDIT + QWEN_DONE, "finished"),
    "qwen, turns": ("qwen", EDIT + SAYS.format("Reached max session turns.", 53), "budget"),
    "amp, turns": (
        "amp", AMP_ERROR.format("").replace("during_execution", "max_turns").replace(', error=""', ""), "budget",
    ),
    "goose, turns": ("goose", EDIT + GOOSE_LIMIT, "budget"),
    "mini over its limit": (
        "mini-swe-agent", EDIT + MINI_STEP.format(1, "0.31") + MINI_EXIT.format("LimitsExceeded"), "budget",
    ),
    "mini out of its time": ("mini-swe-agent", EDIT + MINI_EXIT.format("TimeExceeded"), "timed-out"),
    "claude as root": ("claude", SAYS.format("cannot be used with root", 1), "crashed"),
    "crush without a provider": ("crush", SAYS.format("no providers configured", 1), "crashed"),
    "cursor-agent dies": ("cursor-agent", EDIT + "sys.exit(2)", "crashed"),
    "mini dies": ("mini-swe-agent", EDIT + "sys.exit(1)", "crashed"),
    "command fails": ("command", EDIT + "sys.exit(3)", "crashed"),
    "claude, exit 0 without a result": ("claude", CLAUDE_INIT + EDIT, "crashed"),
    "codex, zero bytes, exit 0": ("codex", "", "crashed"),
    "opencode, zero bytes, exit 0": ("opencode", "", "crashed"),
    "claude killed": ("claude", CLAUDE_INIT + EDIT + KILL, "killed"),
    "opencode told to end": ("opencode", EDIT + "sys.exit(143)", "killed"),
    "aider recovers": ("aider", EDIT + 'print("litellm.RateLimitError: x")\n' + AIDER_DONE, "finished"),
    "codex recovers": ("codex", CODEX_START + CODEX_RETRY.format("429") + EDIT + CODEX_DONE, "finished"),
    "talk of limits is no limit": (
        "claude",
        CLAUDE_INIT + 'event(type="user", message="def rate_limit(): return 429  # quota")\nsys.exit(1)',
        "crashed",
    ),
    "a result is believed over prose": (
        "claude",
        CLAUDE_INIT + CLAUDE_DONE.replace("Fixed: add() now adds.", "401 and the rate limit are handled"),
        "no-change",
    ),
}  # fmt: skip
