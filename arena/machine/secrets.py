"""Passwords and keys in foreign text: found by their shape or by their value, and never shown."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

SHORTEST = 6  # characters of a value; hiding shorter ones would only riddle the text
NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
# Variables of ours that nobody allowed by name: only what surely is one, since what they hold is hidden everywhere.
SURELY = re.compile(r"(?:API_?KEY|TOKEN|SECRET|PASSWORD|PRIVATE_KEY)(?:$|_)")
SHAPES = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|sk-[\w-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|xox[abeprs]-[\w-]{10,}|AIza[\w-]{35}|npm_[A-Za-z0-9]{36}|hf_[A-Za-z0-9]{30,}|pypi-[\w-]{40,})"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
# The body of a key, as git shows it in a diff: a line of nothing but base64.
KEY = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.*?)(?=-----END|\Z)", re.DOTALL)
BODY = re.compile(r"[A-Za-z0-9+/=]{16,}")
HIDDEN = "***"


def known(names: Iterable[str]) -> list[str]:
    """The values of our variables that are called like secrets, less strictly among these names; longest first."""
    wanted = {*filter(NAMES.search, names)}
    found = {v for n, v in os.environ.items() if n in wanted or SURELY.search(n)}
    return sorted((v for v in found if len(v) >= SHORTEST), key=len, reverse=True)


def has_any(text: str) -> bool:
    """Whether something in a text looks like a secret."""
    return SHAPES.search(text) is not None


def without_keys(text: str) -> str:
    """A text without the bodies of private keys, with as many lines."""
    return KEY.sub(lambda found: found[1] + BODY.sub(HIDDEN, found[2]), text)


def masked(data: Any, values: Iterable[str] = ()) -> tuple[Any, int]:
    """A copy of JSON-like data without secrets, and how many were found."""
    rules = "|".join(map(re.escape, values))
    found = 0

    def hide(value: Any) -> Any:
        nonlocal found
        if isinstance(value, str):
            value, count = SHAPES.subn(_hidden, without_keys(value))
            value, more = re.subn(rules, HIDDEN, value) if rules else (value, 0)
            found += count + more
            return value
        if isinstance(value, dict):
            return {key: hide(one) for key, one in value.items()}
        return list(map(hide, value)) if isinstance(value, list | tuple) else value

    return hide(data), found


def _hidden(found: re.Match[str]) -> str:
    # The head of a key says what was there, and is none itself.
    return found[0] if found[0].startswith("-----") else HIDDEN
