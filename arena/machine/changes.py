"""What differs between two trees, as git's raw output with sizes tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LINK, GITLINK, EXECUTABLE = "120000", "160000", "100755"  # modes


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs between two trees. `status` is A, M, D, T or R; `old_path` is set for R.

    `added` and `removed` count lines, None for binary content."""

    status: str
    path: str
    old_path: str | None
    old_mode: str
    mode: str
    old_oid: str
    oid: str
    added: int | None
    removed: int | None


def parse_changes(answer: Sequence[str]) -> tuple[Change, ...]:
    """Reads the fields of `git diff-tree -r -z --raw --numstat`: all heads, then all sizes; sorted by path."""
    fields = iter(answer)
    heads: dict[str, tuple[str | None, list[str]]] = {}
    sizes: dict[str, tuple[int | None, int | None]] = {}
    for field in fields:
        if field.startswith(":"):
            path, old_path, words = next(fields), None, field[1:].split(" ")
            if words[4][0] in "RC":
                old_path, path = path, next(fields)
            heads[path] = old_path, words
        else:
            added, removed, path = field.split("\t", 2)
            if not path:  # a rename: the two names follow
                _, path = next(fields), next(fields)
            binary = added == "-"
            sizes[path] = (None, None) if binary else (int(added), int(removed))
    found = []
    for path, (old_path, words) in sorted(heads.items()):
        old_mode, mode, old_oid, oid, status = words
        ids = (old_mode, mode, old_oid, oid)
        size = sizes.get(path, (None, None))
        found.append(Change(status[0], path, old_path, *ids, *size))
    return tuple(found)
