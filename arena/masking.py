"""Secrets and places of the user's that must not stand in what people pass on: values, known forms, the home folder."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from arena.machine import store

MASK = "[secret]"
SHORTEST = 6  # characters; hiding shorter ones would only riddle the text
NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
# Forms that nothing else has, as their makers document them (also used by gitleaks and GitHub's secret scanning).
FORMS = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:[\s\S]*?-----END (?:[A-Z]+ )*PRIVATE KEY-----)?",
    "Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}",
    "PyPI token": r"\bpypi-[\w-]{40,}",
    "AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\b(?:gh[pousr]_[0-9A-Za-z]{36,}|github_pat_[0-9A-Za-z_]{60,})",
    "GitLab token": r"\bglpat-[0-9A-Za-z_-]{20,}",
    "Anthropic key": r"\bsk-ant-[0-9A-Za-z_-]{20,}",
    "OpenAI key": r"\bsk-(?:proj-|svcacct-)?[0-9A-Za-z_-]{32,}",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}",
    "Slack token": r"\bxox[abposr]-[0-9A-Za-z-]{10,}",
    "npm token": r"\bnpm_[0-9A-Za-z]{36}\b",
    "Stripe key": r"\b[rs]k_live_[0-9A-Za-z]{20,}",
}
# Variables that nobody allowed by name: only what surely is one, since what they hold is hidden everywhere.
SURELY = re.compile(r"(?:API_?KEY|TOKEN|SECRET|PASSWORD|PRIVATE_KEY)(?:$|_)")
_FORMS = re.compile("|".join(f"(?:{form})" for form in FORMS.values()))
# The body of a key, as git shows it in a diff: lines of nothing but base64.
_KEY = re.compile(r"(?<=PRIVATE KEY-----\n).*?(?=-----END|\Z)", re.DOTALL)
_BODY = re.compile(r"[0-9A-Za-z+/=]{16,}")
# One of these stands in whatever has such a form: to look for them costs far less than the patterns.
_SIGNS = [
    "-----BEGIN",
    "hf_",
    "pypi-",
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk-",
    "AIza",
    "xox",
    "npm_",
    "k_live_",
]
MOST_BYTES = 64 << 20  # a log that is longer is cut before it comes here


def secrets_in(env: Mapping[str, str]) -> tuple[str, ...]:
    """The values of variables whose names say that they are secret, the longest first."""
    found = {v for n, v in env.items() if NAME.search(n) and len(v) >= SHORTEST}
    return tuple(sorted(found, key=lambda value: (-len(value), value)))


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without these values, and without anything that has the form of a known kind of secret."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    has_any = any(sign in text for sign in _SIGNS)
    return _FORMS.sub(MASK, text) if has_any else text


def without_bodies(text: str) -> str:
    """A diff without the bodies of private keys, with as many lines: each of them is shown by itself."""
    return _KEY.sub(lambda found: _BODY.sub(MASK, found[0]), text)


def mask_file(path: Path, secrets: Iterable[str]) -> None:
    """Masks a log of ours in its place, if there is anything to mask."""
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        return
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    masked = mask(text, secrets)
    if masked != text:
        store.write_bytes(path, masked.encode("utf-8", "surrogateescape"))


class Masker:
    """Masks all texts in data that is made of dicts and lists, and counts how often.

    With `home` that folder becomes `~`, so that a page tells nobody who made it.
    """

    def __init__(self, secrets: Iterable[str], *, home: str = "") -> None:
        self.secrets = tuple(secrets)
        self.found: Counter[str] = Counter()
        self._home = None
        if len(home) > 1 and home.startswith("/"):
            whole = rf"(?<![\w/.]){re.escape(home)}(?=[/\s'\")\]]|$)"
            self._home = re.compile(whole)

    def data(self, value: Any) -> Any:
        """The same data, masked; keys stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.data(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(one) for one in value]
        return value

    def text(self, text: str) -> str:
        """One text, masked."""
        masked = mask(text, self.secrets)
        if masked != text:
            self.found["secrets"] += masked.count(MASK) - text.count(MASK)
        return self._home.sub("~", masked) if self._home else masked


def home() -> str:
    """The user's home folder, "" if there is none."""
    found = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where there is none
    return "" if found == "~" else found
