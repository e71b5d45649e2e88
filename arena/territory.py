"""Which paths an entry may change: what it owns, what is off limits, and exceptions. Patterns as in .gitignore."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """Nothing in `owns` means everything. What is `off_limits` is out even if it is owned, unless it is in `excepted`,
    which is in whatever else is said."""

    owns: tuple[str, ...] = ()
    off_limits: tuple[str, ...] = ()
    excepted: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.owns or self.off_limits)

    def holds(self, path: str) -> bool:
        """Whether a path may be changed. Exact in case: on a system that ignores it, that is the safe side."""
        if _matches(self.excepted, path):
            return True
        owned = not self.owns or _matches(self.owns, path)
        return owned and not _matches(self.off_limits, path)

    def outside(self, paths: Iterable[str]) -> list[str]:
        """The paths that may not be changed."""
        return [path for path in paths if not self.holds(path)]


EVERYWHERE = Territory()


def examples(*territories: Territory) -> dict[str, str]:
    """A path that each of their patterns stands for, with the pattern."""
    return {_example(word): word for one in territories for word in one.owns}


def _example(pattern: str) -> str:
    """A path that a pattern stands for."""
    path = re.sub(r"\*+|\?|\[[^]]*\]", "x", pattern.strip("/"))
    return path + "/x" if pattern.endswith("/") else path


def _matches(patterns: tuple[str, ...], path: str) -> bool:
    return bool(patterns) and _spec(patterns).match_file(path)


@lru_cache(maxsize=256)
def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns)
