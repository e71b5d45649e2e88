"""Unified diffs → rows for the report, cut where a page could not carry them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

FILE_ROWS, DIFF_ROWS, LINE = (
    400,
    2000,
    2000,
)  # per file, per candidate, characters of a line (measured in a browser)
HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)")
KINDS = {" ": "ctx", "+": "add", "-": "del"}


@dataclass(slots=True)
class _File:
    path: str
    old_path: str | None = None
    lines: list[list[Any]] = field(default_factory=list)
    cut: int = 0
    old: int = 0
    new: int = 0

    def add(self, kind: str, text: str, room: int) -> None:
        if len(self.lines) >= min(FILE_ROWS, room):
            self.cut += 1
            return
        shown = (
            text if len(text) <= LINE else f"{text[:LINE]} … ({len(text)} characters)"
        )
        old = self.old if kind in ("ctx", "del") else None
        new = self.new if kind in ("ctx", "add") else None
        self.lines.append([kind, old, new, shown])


def parse(patch: bytes) -> list[dict[str, Any]]:
    """[{path, old_path, lines: [[kind, old number, new number, text]], cut}] of a git patch.

    kind is hunk, ctx, add or del; `cut` counts the rows that were left off.
    """
    files: list[_File] = []
    room = DIFF_ROWS
    for line in patch.decode("utf-8", "replace").split("\n"):
        if line.startswith("diff --git "):
            room = DIFF_ROWS - sum(len(f.lines) for f in files)
            files.append(_File(path=line.rpartition(" b/")[2].rstrip('"')))
        elif files:
            _row(files[-1], line, room)
    return [
        {"path": f.path, "old_path": f.old_path, "lines": f.lines, "cut": f.cut}
        for f in files
    ]


def _row(file: _File, line: str, room: int) -> None:
    hunk = HUNK.match(line)
    if hunk:
        file.old, file.new = int(hunk[1]), int(hunk[2])
        file.add("hunk", line, room)
    elif line.startswith("rename from "):
        file.old_path = line.removeprefix("rename from ")
    elif line[:1] in KINDS and (file.lines or file.cut):
        kind = KINDS[line[0]]
        file.add(kind, line[1:], room)
        file.old += kind in ("ctx", "del")
        file.new += kind in ("ctx", "add")
    elif line.startswith(("Binary files", "GIT binary patch")):
        file.add("hunk", line, room)
