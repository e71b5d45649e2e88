"""What adapters make of output, and that no output at all makes them raise."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.agents import AGENTS
from arena.agents.agent import Agent, Rule
from arena.agents.output import events, fault, tail
from arena.agents.reading import Report, read

KEYS = st.sampled_from(
    ["type", "subtype", "result", "usage", "modelUsage", "message", "item", "error", "stats", "models",
     "tokens", "input_tokens", "inputTokens", "is_error", "permission_denials", "status",
     "response", "outcome", "id"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)
TYPES = st.sampled_from(
    [
        "result",
        "assistant",
        "system",
        "item.completed",
        "turn.completed",
        "turn.failed",
        "error",
        "message",
        [],
    ]
)


@pytest.mark.parametrize("name", AGENTS)
@settings(max_examples=25, deadline=None)
@given(
    found=st.lists(st.dictionaries(KEYS, JSON, max_size=6), max_size=4),
    types=st.lists(TYPES, max_size=4),
    noise=st.binary(max_size=40),
    exit_code=st.integers(-15, 255),
)
def test_no_output_makes_an_adapter_raise(
    tmp_path_factory, name, found, types, noise, exit_code
):
    folder = tmp_path_factory.getbasetemp()
    lines = [
        json.dumps({**event, "type": kind})
        for event, kind in zip(found, types, strict=False)
    ]
    data = (
        "\n".join(lines + [json.dumps(event) for event in found]).encode()
        + b"\n"
        + noise
    )
    out, err = folder / "out", folder / "err"
    out.write_bytes(data)
    err.write_bytes(noise + b"\n" + data)
    report = read(AGENTS[name], out, err, exit_code)
    for count in (report.tokens_in, report.tokens_out, report.cost_usd):
        assert count is None or count >= 0
    assert all(
        isinstance(part, str | None)
        for part in (report.text, report.session, report.error)
    )


@pytest.mark.parametrize("name", AGENTS)
def test_no_file_makes_an_adapter_raise(tmp_path, name):
    assert isinstance(
        read(AGENTS[name], tmp_path / "none", tmp_path / "none", 0), Report
    )


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"n": ' + "9" * 5000 + "}",
        "null",
        "{",
        "\xff",
    ],
)
def test_a_line_that_is_no_object_is_passed_over(written, line):
    out, _ = written(line + '\n{"type": "x"}\n')
    assert list(events(out)) == [{"type": "x"}]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("patched", "finished"),
        ("nothing-found", "finished"),
        ("no-failing-test", "finished"),
        ("timeout", "timed-out"),
        ("else", "crashed"),
        (None, "crashed"),
    ],
)
def test_repair(written, said, expected):
    out, err = written(
        f"trying 3 places\n{json.dumps({'outcome': said, 'tried': 3})}\n"
    )
    report = read(AGENTS["repair"], out, err, 0)
    assert (report.outcome, report.text) == (expected, said)


def test_gemini_tells_its_input_only(written):
    stats = {
        "models": {
            "m": {"tokens": {"input": 2000, "candidates": 100}},
            "n": {"tokens": {"input": 5}},
        }
    }
    out, err = written(json.dumps({"response": "x", "stats": stats}, indent=2))
    report = read(AGENTS["gemini"], out, err, 0)
    assert (report.tokens_in, report.tokens_out) == (2005, 100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exceeded retry limit, last status: 429 Too Many Requests", "quota"),
        ('{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}', "quota"),
        ("RESOURCE_EXHAUSTED (code 429)", "quota"),
        ("Claude AI usage limit reached|1763740800", "quota"),
        ("Your credit balance is too low", "quota"),
        ("API Error: 529 Overloaded", "quota"),
        ("403 Forbidden: quota exceeded", "quota"),
        ("unexpected status 401 Unauthorized", "auth"),
        ("Error code: 401 - wrong", "auth"),
        ("[API Error: 401 invalid x-api-key]", "auth"),
        ("Invalid API key · Please run /login", "auth"),
        ("litellm.AuthenticationError: x", "auth"),
        ("Not logged in", "auth"),
        ("No auth type is selected. Please configure one", "auth"),
        ("Please set an Auth method in your settings.json", "auth"),
        ("OPENAI_API_KEY environment variable not found.", "auth"),
        ("Missing API key for OpenAI-compatible auth.", "auth"),
        ("HTTP 503 from the server", "provider"),
        ("502 Bad Gateway", "provider"),
        ("stream disconnected before completion", "provider"),
        ("litellm.APIConnectionError: x", "provider"),
        ("429 passed, 1 failed", None),
        ('File "calc.py", line 401, in add', None),
        ("tests/test_calc.py:503: AssertionError", None),
        ("took 502 ms", None),
        ("tests of the auth method pass", None),
        ("AssertionError: 4010 != 4290", None),
        ("", None),
        (None, None),
    ],
)
def test_the_table_of_faults(text, expected):
    assert fault(text) == expected


def test_the_end_of_a_file(tmp_path):
    path: Path = tmp_path / "log"
    path.write_bytes(b"x" * 100 + b"end")
    assert tail(path, limit=3) == "end"
    assert tail(path) == "x" * 100 + "end"


def said(**fields: object) -> str:
    return json.dumps(fields) + "\n"


def test_an_object_may_stand_on_several_lines(written):
    whole = {"a": {"b": [{}, {"c": 1}]}, "d": "}\n{"}
    out, _ = written("Starting\n{\n" + json.dumps(whole, indent=2) + "\nDone.\n")
    assert [found for found in events(out) if found] == [whole]


@pytest.mark.parametrize("cut", ["{\n", '{\n  "a": 1,\n', '{\n\t"a": 1\n}}\n', "}\n"])
def test_a_cut_object_hides_no_event(written, cut):
    out, _ = written(cut + said(type="x") + cut)
    assert list(events(out)) == [{"type": "x"}]


# What an adapter of the kind that most agents need looks like: opencode's events, for instance.
SAMPLE = Agent(
    name="sample",
    install="-",
    argv="sample run --format json {more} {task}",
    keys="SAMPLE_*",
    session="sessionID",
    rules=(
        Rule("type=text", text="part.text"),
        Rule(
            "type=step_finish part.reason=stop",
            "finished",
            sent="part.tokens.input|part.tokens.cache.read,write",
            received="part.tokens.output",
            cost="part.cost",
        ),
        Rule("type=step_finish", sent="part.tokens.input", cost="part.cost"),
        Rule(
            "type=error error.data.isRetryable=false error.data.statusCode=40[13]",
            "auth",
            "{error.data.message|error.name} (status {error.data.statusCode})",
        ),
        Rule("type=error", "crashed", "{error.data.message|error.name}"),
    ),
)
STEP = said(
    type="step_finish",
    sessionID="s",
    part={"tokens": {"input": 10}, "cost": 0.1, "reason": "tool"},
)
STOP = said(
    type="step_finish", part={"tokens": {"output": 7}, "cost": 0.2, "reason": "stop"}
)


def test_a_table_of_rules(written):
    lines = said(type="text", part={"text": "one"}) + said(type="unknown", part=[])
    got = read(SAMPLE, *written(lines + STEP + STEP + STOP), 0)
    assert (got.outcome, got.session, got.text, got.error) == (
        "finished", "s", "one", None,
    )  # fmt: skip
    assert (got.tokens_in, got.tokens_out, got.cost_usd) == (20, 7, 0.4)
    assert got.tokens == 27


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"statusCode": 401, "isRetryable": False, "message": "no"}, ("auth", "no (status 401)")),
        ({"statusCode": 401, "isRetryable": True, "message": "no"}, ("crashed", "no")),
        ({"statusCode": 500}, ("crashed", "APIError")),
        ({"message": ["odd"]}, ("crashed", None)),
    ],
)  # fmt: skip
def test_a_table_names_faults(written, data, expected):
    line = said(type="error", error={"name": "APIError", "data": data})
    got = read(SAMPLE, *written(STEP + line), 1)
    assert (got.outcome, got.error) == expected
    got = read(SAMPLE, *written(line + STEP), 1)
    assert got.error is None, "what comes after shows that it has recovered"


def test_without_its_last_event_an_agent_has_not_finished(written):
    assert read(SAMPLE, *written(STEP), 0).outcome == "crashed"
    assert read(SAMPLE, *written(STEP, STOP), 0).outcome == "finished"
    assert read(AGENTS["command"], *written(STOP), 0).outcome is None


@pytest.mark.parametrize(
    "number", [-1, True, "x", "1e9", [], {}, None, 1e400, float("nan"), 10**4000]
)
def test_what_is_no_count_is_not_counted(written, number):
    line = said(type="step_finish", part={"tokens": {"input": number}, "cost": number})
    got = read(SAMPLE, *written(line), 0)
    assert (got.tokens_in, got.tokens, got.cost_usd) == (None, None, None)


def test_aider_tells_its_cost_on_a_line_of_its_own(written):
    lines = (
        "Tokens: 1.5k sent, 2k cache write, 500 cache hit, 1,250 received.\n"
        "Cost: $0.02 message, $0.30 session.\n"
    )
    got = read(AGENTS["aider"], *written(lines + lines), 0)
    assert (got.tokens_in, got.tokens_out, got.cost_usd) == (8000, 2500, 0.04)


def test_repair_says_why_and_costs_nothing(written):
    why = "no change within reach mends the tests"
    line = said(outcome="nothing-found", tried=3, why=why)
    got = read(AGENTS["repair"], *written(line), 1)
    assert (got.error, got.tokens, got.cost_usd) == (why, 0, 0)


@pytest.mark.parametrize("name", AGENTS)
def test_the_registry(name):
    agent = AGENTS[name]
    assert agent.name == name
    assert "\n" not in agent.install
    assert all("=" in test for rule in agent.rules for test in rule.when.split())


def test_a_long_stream_is_read_in_time_that_nobody_notices(written):
    usage = {"input_tokens": 1, "output_tokens": 1}
    line = said(type="user", session_id="s", message={"content": "x" * 2000})
    message = [
        said(type="assistant", message={"id": f"m{n}", "usage": usage})
        for n in range(2000)
    ]
    out, err = written(line * 8000 + "".join(message))
    begun = time.monotonic()
    got = read(AGENTS["claude"], out, err, 0)
    assert got.tokens == 4000
    assert time.monotonic() - begun < 10
