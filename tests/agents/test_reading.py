"""What adapters make of output, and that no output at all makes them raise."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.agents import AGENTS
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
        ("HTTP 503 from the server", "provider"),
        ("502 Bad Gateway", "provider"),
        ("stream disconnected before completion", "provider"),
        ("litellm.APIConnectionError: x", "provider"),
        ("429 passed, 1 failed", None),
        ('File "calc.py", line 401, in add', None),
        ("tests/test_calc.py:503: AssertionError", None),
        ("took 502 ms", None),
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
