"""Reading what agents print: written by programs that we do not control, so nothing here raises."""

import json
import os
import re
from collections.abc import Iterable, Iterator
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
FAULTS: dict[Fault, str] = {
    "quota": r"rate.?limit|RESOURCE.?EXHAUSTED|overloaded|usage.limit|quota|limit reached|hit your .*limit"
    rf"|credit balance|too many requests|{_status('(?:429|529)')}",
    "auth": r"(?:invalid|incorrect|missing).{0,20}api.?key|set an auth method|no auth type"
    r"|api.?key.{0,30}(?:missing|not set|not valid|not found|required|invalid)"
    rf"|authenticat(?:e|ion)|not logged in|/login\b|please (?:log|sign) in|{_status('40[13]')}",
    "provider": rf"high demand|stream disconnected|connection.?error|connection refused|{_status('50[0-9]')}",
}


def fault(text: str | None) -> Fault | None:
    """Whose fault a failure text speaks of; None if of nobody's that we know."""
    for name, words in FAULTS.items():
        if re.search(words, text or "", re.IGNORECASE):
            return name
    return None


def events(path: Path, text: re.Pattern[str] | None = None) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file, and for each line that matches `text` its named groups; all else is passed over.

    An object begins its line and ends it, or stands indented on several lines between one "{" and one "}".
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            yield from events_of(lines, text, [])
    except OSError:
        return


def events_of(
    lines: Iterable[str], text: re.Pattern[str] | None, begun: list[str]
) -> Iterator[dict[str, Any]]:
    """The same of lines. In `begun` an object of several lines waits for those that come with a later call."""
    for piece in _pieces(lines, begun):
        found = _parse(piece)
        if found is None and text and (match := text.fullmatch(piece.strip())):
            found = {k: v for k, v in match.groupdict().items() if v}
        if found is not None:
            yield found


def _pieces(lines: Iterable[str], begun: list[str]) -> Iterator[str]:
    for line in lines:
        if begun and line[0] in " \t}":
            begun.append(line)
            if line[0] == "}":
                yield "".join(begun)
                begun.clear()
        else:  # whatever is not indented ends the search for an end
            begun[:] = [line] if line.rstrip() == "{" else []
            yield line


def _parse(piece: str) -> dict[str, Any] | None:
    if not piece.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(piece)
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
