"""What an entry's agent says about itself while it works: lines of JSON in a file that it finds by ARENA_SIGNALS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from arena.errors import one_line

WORDS = ("started", "progress", "blocked", "resolved", "note")
MOST = 500  # signals of one entry that are heard
LONGEST = 4096  # bytes of one


def line(
    word: str, *, text: str = "", percent: int | None = None, needs: str | None = None
) -> str:
    """One signal as a line of the file."""
    return json.dumps({"signal": word, "text": text, "percent": percent, "needs": needs}) + "\n"  # fmt: skip


class Ear:
    """Hears the signals of one entry, each once; whatever is no signal is passed over."""

    def __init__(self, path: Path) -> None:
        self.path, self.at, self.heard = path, 0, 0

    def more(self) -> Iterator[dict[str, Any]]:
        """What was said since the last time, in complete lines."""
        if not self.path.is_file():
            return
        with self.path.open("rb") as file:
            file.seek(self.at)
            data = file.read(1 << 20)
        whole = data[: data.rfind(b"\n") + 1]
        self.at += len(whole)
        for raw in whole.splitlines():
            found = _read(raw)
            if found and self.heard < MOST:
                self.heard += 1
                yield found


def _read(raw: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(raw[:LONGEST])
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or data.get("signal") not in WORDS:
        return None
    percent, needs = data.get("percent"), data.get("needs")
    if not isinstance(percent, int) or isinstance(percent, bool):
        percent = None
    return {
        "word": data["signal"],
        "text": one_line(str(data.get("text") or "")),
        "percent": None if percent is None else max(0, min(100, percent)),
        "needs": one_line(needs, limit=80) if isinstance(needs, str) else None,
    }
