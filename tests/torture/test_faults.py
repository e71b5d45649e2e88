"""Every write fails in turn, once or from then on: one line, the right exit code, and nothing is lost."""

from __future__ import annotations

import itertools
import sys
import zlib
from typing import Any

import pytest

rounds, promises = sys.modules["torture_rounds"], sys.modules["torture_promises"]
FULL = rounds.FULL
# About how many of their steps can fail, at least.
COMMANDS = {"run": 300, "judge": 110, "merge": 110, "clean": 85, "undo": 35}
KINDS = {"ENOSPC": True, "EIO": False, "EROFS": True, "EACCES": False}
pytestmark = [
    pytest.mark.torture,
    pytest.mark.timeout(6 * 3600 if rounds.LONG else 300),
]


def fail_at(place: Any, name: str, step: int, **fault: Any) -> bool:
    """One fault, then the same machine in good order; False if the command has fewer steps."""
    words = rounds.begin(place, rounds.NAMES[name])
    done = place.arena(*words, at=step, **fault)
    rounds.at_any_moment(place, done)
    promises.nothing_left(place)
    if name == "run" and step % 2:
        rounds.follow(place, "resume")
    rounds.tidy(place)
    assert done.hit or FULL, "the command has fewer steps than thought"
    return bool(done.hit)


def hash_of(name: str) -> int:
    """A number for a name, the same every time."""
    return zlib.crc32(name.encode())


@pytest.mark.parametrize("on", [True, False] if FULL else [None])
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_write_fails(place: Any, kind: str, name: str, on: bool | None) -> None:
    on = KINDS[kind] if on is None else on
    label = f"{kind}{' from then on' if on else ''} in {name}"
    total, few = COMMANDS[name], rounds.times(1, COMMANDS[name])
    shift = hash_of(kind + name) % (2 * few)
    steps = itertools.count(1) if FULL else rounds.spread(total, few, shift=shift)
    rounds.each(steps, lambda n: fail_at(place, name, n, kind=kind, on=on), label)
