"""Gemini CLI, headless; for users of an API key (personal accounts are no longer served)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arena.agents.arguments import check, fits, model_option
from arena.agents.output import (
    count_at,
    events,
    last_object,
    records_at,
    tail,
    text_at,
    total,
)
from arena.agents.protocol import Command, Order, Outcome, Report

NAME = "gemini"
PROGRAM = "gemini"
INSTALL = "npm install -g @google/gemini-cli"
KEYS = (
    "GEMINI_API_KEY",
    "GEMINI_MODEL",
    "GOOGLE_API_KEY",
    "GOOGLE_GEMINI_BASE_URL",
    "GOOGLE_CLOUD_*",
    "GOOGLE_GENAI_USE_*",
)

# Its exit code is the fault's code modulo 256: 401, 403 and 429, and some codes of its own.
EXIT_CODES: dict[int, Outcome] = {
    41: "auth",
    53: "budget",
    401 % 256: "auth",
    403 % 256: "auth",
    429 % 256: "quota",
}

# Standard input comes before the prompt, which must not be missing.
SEE_INPUT = "Do the task that stands above."


def command(order: Order) -> Command:
    """Without trust in the folder it silently falls back to asking, which hangs."""
    on_argv = fits(order.prompt)
    return Command(
        argv=(
            PROGRAM, "-p", order.prompt if on_argv else SEE_INPUT,
            "--approval-mode", "yolo", "--output-format", "stream-json",
            *model_option(order.model, option="-m"), *check(PROGRAM, order.arguments),
        ),
        env={"GEMINI_CLI_TRUST_WORKSPACE": "true"},
        stdin=None if on_argv else order.prompt_file,
    )  # fmt: skip


def read(stdout: Path, stderr: Path, exit_code: int) -> Report:
    """The `result` event decides, or the one object of the `json` format, on stderr when it failed."""
    result: dict[str, Any] = {}
    session = None
    said: list[str] = []
    for event in events(stdout):
        session = text_at(event, "session_id") or session
        match event.get("type"):
            case "result":
                result = event
            case "message" if event.get("role") == "assistant":
                said.append(text_at(event, "content") or "")
            case "tool_use" | "tool_result":
                said.clear()  # what follows the last tool is the answer
    failure = last_object(tail(stderr)) or {}
    if not result:
        result = _whole(stdout, failure)
    outcome, error = _ended(result, failure, exit_code)
    tokens_in, tokens_out = _tokens(result)
    return Report(
        outcome=outcome,
        session=session or text_at(result, "session_id"),
        text="".join(said) or text_at(result, "response"),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        error=error,
    )


def _whole(stdout: Path, failure: dict[str, Any]) -> dict[str, Any]:
    found = last_object(tail(stdout)) or {}
    # A cut stream also ends with an object: it must be the one that holds the answer.
    return found if "response" in found else failure if "error" in failure else {}


def _ended(
    result: dict[str, Any], failure: dict[str, Any], exit_code: int
) -> tuple[Outcome, str | None]:
    error = text_at(result, "error", "message") or text_at(failure, "error", "message")
    well = result.get("status") == "success" or (
        "response" in result and "error" not in result
    )
    if (
        well and exit_code <= 0
    ):  # below 0: we ended it, after it was done but did not go
        return "finished", None
    return EXIT_CODES.get(exit_code, "crashed"), error


def _tokens(result: dict[str, Any]) -> tuple[int | None, int | None]:
    models = records_at(result, "stats", "models")
    if not models:
        return count_at(result, "stats", "input_tokens"), count_at(
            result, "stats", "output_tokens"
        )
    # Where `prompt` is told as well, `input` leaves out what came from the cache.
    sent = (
        count_at(model, "tokens", "prompt") or count_at(model, "tokens", "input")
        for model in models
    )
    return total(*sent), total(
        *(count_at(model, "tokens", "candidates") for model in models)
    )
