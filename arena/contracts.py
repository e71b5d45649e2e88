"""Files that several tasks may change, and what happens when two did: additive, manual or critical."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from arena.errors import ArenaError
from arena.machine.quarantine import Quarantine
from arena.patterns.plan import Contract


class Clash(Exception):  # noqa: N818 - an answer, not an error
    """Both sides changed the same; the text says what."""


def additive(path: str, base: bytes, ours: bytes, theirs: bytes) -> bytes:
    """What both sides added to a contract, together: by key for JSON, by line for everything else.

    Raises Clash if a side changed or took away what was there, or both added different things under one key.
    """
    if path.endswith(".json"):
        try:
            sides = [json.loads(side or b"{}") for side in (base, ours, theirs)]
        except ValueError as error:
            raise Clash(f"no JSON: {error}") from error
        merged = _keys(*sides)
        return json.dumps(merged, indent=2, ensure_ascii=False).encode() + b"\n"
    lines = _lines(*(side.splitlines(keepends=True) for side in (base, ours, theirs)))
    if path.endswith(".toml"):
        try:
            tomllib.loads(lines.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Clash(f"together they are no TOML: {error}") from error
    if path.endswith((".yml", ".yaml")):
        heads = [x.split(b":")[0] for x in lines.splitlines() if x[:1].strip() and b":" in x]  # fmt: skip
        if twice := sorted({h.decode("utf-8", "replace") for h in heads if heads.count(h) > 1}):  # fmt: skip
            raise Clash(f"both add {', '.join(twice)}")
    return lines


def _keys(base: Any, ours: Any, theirs: Any, where: str = "") -> Any:
    if theirs in (ours, base):
        return ours
    if ours == base:
        return theirs
    if not all(isinstance(side, dict) for side in (ours, theirs)):
        raise Clash(f"both change {where or 'it'}")
    known = base if isinstance(base, dict) else {}
    gone = known.keys() - (ours.keys() & theirs.keys())
    if gone:
        raise Clash(f"one takes away {', '.join(sorted(gone))}")
    nothing, both = object(), [*ours, *(key for key in theirs if key not in ours)]

    def one(key: str) -> Any:
        was = known.get(key, nothing)
        name = f"{where}.{key}".strip(".")
        return _keys(was, ours.get(key, was), theirs.get(key, was), name)

    return {key: one(key) for key in both}


def _lines(base: list[bytes], ours: list[bytes], theirs: list[bytes]) -> bytes:
    """The base with the lines that each side added behind each of its lines."""
    added = [_added(base, side) for side in (ours, theirs)]
    merged = list[bytes]()
    for number in range(len(base) + 1):
        mine, yours = (side.get(number, []) for side in added)
        merged += mine if mine == yours else [*mine, *yours]
        merged += base[number : number + 1]
    return b"".join(line if line.endswith(b"\n") else line + b"\n" for line in merged)


def _added(base: list[bytes], side: list[bytes]) -> dict[int, list[bytes]]:
    found = {}
    for kind, start, end, first, last in SequenceMatcher(None, base, side, autojunk=False).get_opcodes():  # fmt: skip
        if kind in ("replace", "delete"):
            gone = b"".join(base[start:end]).decode("utf-8", "replace").strip()
            raise Clash(f"one changes {gone[:60]!r}, which was there")
        if kind == "insert":
            found[start] = side[first:last]
    return found


def join(
    inside: Quarantine,
    contracts: Sequence[Contract],
    *,
    base: str,
    tip: str,
    commit: str,
) -> str | None:
    """A commit that joins what `tip` and `commit` added to contracts since `base`; None if git alone can merge them.

    All are in the quarantine `inside`. Raises ArenaError if a contract was changed in a way that its policy forbids.
    """
    texts, old = dict[str, bytes](), dict[str, bytes]()
    for contract in contracts:
        path = contract.path
        was, ours, theirs = (
            inside.read(inside.git.tree_of(one), path) or b""
            for one in (base, tip, commit)
        )
        if was in (ours, theirs) or ours == theirs:
            continue
        if contract.policy == "critical":
            raise ArenaError(f"{path} is critical, and was changed by others as well.")
        if contract.policy == "additive":
            try:
                texts[path], old[path] = additive(path, was, ours, theirs), was
            except Clash as clash:
                raise ArenaError(f"{path} can't be joined: {clash}.") from clash
    if not texts:
        return None
    # Git merges the two without their contracts, which are then put in joined.
    sides = [_with(inside, one, old) for one in (tip, commit)]
    merged = inside.merge(*sides)
    if merged.tree is None:
        return None  # a conflict elsewhere, which the merge names
    tree = inside.edit(merged.tree, files=texts)
    made = inside.commit(tree, parents=(commit, tip), message="Join contracts\n")
    inside.give(made)
    return made


def _with(inside: Quarantine, commit: str, files: Mapping[str, bytes]) -> str:
    tree = inside.edit(inside.git.tree_of(commit), files=files)
    return inside.commit(tree, parents=(commit,), message="without contracts\n")
