"""Reading what agents print: written by programs that we do not control, so nothing here raises."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

Fault = Literal["quota", "auth", "provider"]
TAIL_BYTES = 64 * 1024

# The status codes only count beside a word that makes them one: "line 401" and "429 tests" are not.
_BEFORE = r"(?:status|code|error|http)\w*\W{0,4}(?:code\W{0,3})?"
_AFTER = r"\W{0,3}(?:unauthorized|forbidden|too many|internal server|bad gateway|service unavail|gateway time)"


def _status(codes: str) -> str:
    return rf"{_BEFORE}\b{codes}\b|\b{codes}\b{_AFTER}"


# The one table of fault texts; the first that matches holds. A quota comes first, since providers also answer
# it with "403 … quota exceeded".
FAULTS: dict[Fault, re.Pattern[str]] = {
    "quota": re.compile(
        r"rate.?limit|RESOURCE.?EXHAUSTED|overloaded|usage.limit|quota|limit reached|hit your .*limit"
        rf"|credit balance|too many requests|{_status('(?:429|529)')}",
        re.IGNORECASE,
    ),
    "auth": re.compile(
        r"(?:invalid|incorrect).{0,20}api.?key|api.?key.{0,30}(?:missing|not set|not valid|required|invalid)"
        rf"|authenticat(?:e|ion)|not logged in|/login\b|please (?:log|sign) in|{_status('40[13]')}",
        re.IGNORECASE,
    ),
    "provider": re.compile(
        rf"high demand|stream disconnected|connection.?error|connection refused|{_status('50[0-9]')}",
        re.IGNORECASE,
    ),
}


def fault(text: str | None) -> Fault | None:
    """Whose fault a failure text speaks of; None if of nobody's that we know."""
    return next(
        (name for name, pattern in FAULTS.items() if text and pattern.search(text)),
        None,
    )


def events(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects that stand on a line of their own; every other line is passed over."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.lstrip().startswith("{"):
                    event = _parse(line)
                    if event is not None:
                        yield event
    except OSError:
        return


def last_object(text: str) -> dict[str, Any] | None:
    """The last JSON object that begins a line of `text`, however many lines it takes."""
    for start in reversed(
        [match.start() for match in re.finditer(r"^\{", text, re.MULTILINE)]
    ):
        try:
            found, _ = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return None


def _parse(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def tail(path: Path, *, limit: int = TAIL_BYTES) -> str:
    """The last `limit` bytes of a file as text; empty if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - limit))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def last_lines(text: str, count: int) -> list[str]:
    """The last `count` lines that are not blank."""
    return [line for line in text.splitlines() if line.strip()][-count:]


def at(event: object, *keys: str) -> Any:
    """What lies at `keys` in nested objects; None as soon as something is missing or not an object."""
    for key in keys:
        event = event.get(key) if isinstance(event, dict) else None
    return event


def text_at(event: object, *keys: str) -> str | None:
    """As `at`, if it is a string that is not empty."""
    found = at(event, *keys)
    return found if isinstance(found, str) and found else None


def count_at(event: object, *keys: str) -> int | None:
    """As `at`, if it is a whole number from 0."""
    found = at(event, *keys)
    return (
        found
        if isinstance(found, int) and not isinstance(found, bool) and found >= 0
        else None
    )


def money_at(event: object, *keys: str) -> float | None:
    """As `at`, if it is a finite number from 0."""
    found = at(event, *keys)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if math.isfinite(found) and found >= 0 else None


def total(*parts: int | None) -> int | None:
    """The sum of what was told; None if nothing was."""
    told = [part for part in parts if part is not None]
    return sum(told) if told else None


def records_at(event: object, *keys: str) -> list[Mapping[str, Any]]:
    """As `at`, the objects among the values of an object or a list."""
    found = at(event, *keys)
    values = (
        found.values()
        if isinstance(found, dict)
        else found
        if isinstance(found, list)
        else ()
    )
    return [value for value in values if isinstance(value, dict)]
