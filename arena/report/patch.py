"""Unified diffs → rows for the report, cut where a page could not carry them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from arena import masking

# Measured in a browser: 2,000 rows open in under a second, 10,000 take eight.
FILE_ROWS, DIFF_ROWS, PAGE_ROWS = 400, 2_000, 8_000
LINE = 2_000  # characters
HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
KINDS = {" ": "ctx", "+": "add", "-": "del"}

K = TypeVar("K")
Files = list[dict[str, Any]]


def parse_all(patches: Mapping[K, bytes]) -> dict[K, Files]:
    """All patches of a page by key, within one budget of rows; the first get what they need."""
    parsed: dict[K, Files] = {}
    room = PAGE_ROWS
    for key, data in patches.items():
        parsed[key] = parse(data, min(room, DIFF_ROWS))
        room -= sum(len(file["lines"]) for file in parsed[key])
    return parsed


def parse(patch: bytes, room: int = DIFF_ROWS) -> Files:
    """[{path, old_path, lines: [[kind, old number, new number, text]], cut}] of a git patch.

    kind is hunk, ctx, add or del; `cut` counts the rows that were left off.
    """
    files: Files = []
    text = masking.without_bodies(patch.decode("utf-8", "replace"))
    # Every line of a file's content has a sign before it, so this matches headers only.
    for chunk in re.split(r"^diff --git ", text, flags=re.MULTILINE)[1:]:
        head, at, body = chunk.partition("\n@@ ")
        rows = list(_rows(f"@@ {body}" if at else head))
        kept = rows[: max(0, min(FILE_ROWS, room))]
        room -= len(kept)
        old, path = _names(head)
        cut = len(rows) - len(kept)
        files.append({"path": path, "old_path": old, "lines": kept, "cut": cut})
    return files


def _names(head: str) -> tuple[str | None, str]:
    """The old path of a renamed file, and the path; `a/x b/x` can only be read by its length."""
    renamed = dict(re.findall(r"^rename (from|to) (.*)$", head, re.MULTILINE))
    if renamed:
        return renamed["from"].strip('"'), renamed["to"].strip('"')
    both = head.partition("\n")[0]
    return None, both[: len(both) // 2].strip('"').removeprefix("a/")


def _rows(body: str) -> Iterator[list[Any]]:
    old = new = 0
    for line in body.split("\n"):
        if hunk := HUNK.match(line):
            old, new = int(hunk[1]), int(hunk[2])
        if hunk or line.startswith(("Binary files", "GIT binary patch")):
            yield ["hunk", None, None, _short(line)]
        elif kind := KINDS.get(line[:1]):
            left, right = kind != "add", kind != "del"
            sides = [old if left else None, new if right else None]
            yield [kind, *sides, _short(line[1:])]
            old, new = old + left, new + right


def _short(line: str) -> str:
    more = len(line) - LINE
    return f"{line[:LINE]} … {more} more characters" if more > 0 else line
