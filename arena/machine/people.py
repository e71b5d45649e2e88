"""Who makes commits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who commits."""

    name: str
    email: str

    def variables(self) -> dict[str, str]:
        """As the environment of `git commit-tree`."""
        values = {"NAME": self.name, "EMAIL": self.email}
        who = ("AUTHOR", "COMMITTER")
        return {f"GIT_{w}_{k}": v for w in who for k, v in values.items()}


ARENA = Identity("arena", "arena@localhost")


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a commit, and when, in git's raw format."""

    name: str
    email: str
    date: str

    def variables(self) -> dict[str, str]:
        """As the environment of `git commit-tree`."""
        values = {"NAME": self.name, "EMAIL": self.email, "DATE": self.date}
        return {f"GIT_AUTHOR_{key}": value for key, value in values.items()}
