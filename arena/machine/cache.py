"""Results by content: the same tree under the same rules is never run twice."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

from arena.machine import store

JUDGE_VERSION = 6  # raised when a change of ours changes results


def key(*parts: object) -> str:
    """A name for a result from everything that it depends on."""
    text = json.dumps([JUDGE_VERSION, *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def path(kind: str, name: str) -> Path:
    """Where a result of one kind lies."""
    return store.cache_dir() / "results" / kind / name[:2] / f"{name}.json.gz"


def get(kind: str, name: str) -> Any | None:
    """A stored result, or None; a damaged one counts as not stored."""
    try:
        return json.loads(gzip.decompress(path(kind, name).read_bytes()))
    except (OSError, ValueError, EOFError):
        return None


def put(kind: str, name: str, data: object) -> None:
    """Stores a result that is JSON."""
    text = json.dumps(data, sort_keys=True).encode()
    store.write_bytes(path(kind, name), gzip.compress(text, 6, mtime=0))
