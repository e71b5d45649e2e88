"""What the user's own git settings say of commits that land: who makes them, whether they are signed, what hooks run.

Agents can write the repository's configuration. So the program that signs is only taken from files outside of it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from arena.machine.git import Repository
from arena.machine.people import ARENA, Identity

# Programs that sign, and how they find keys and ask for a passphrase.
PROGRAMS = (
    "gpg.program",
    "gpg.ssh.program",
    "gpg.x509.program",
    "gpg.ssh.defaultKeyCommand",
)
KEYS = ("gpg.format", "user.signingKey")
SIGNERS = "HOME GNUPGHOME SSH_AUTH_SOCK GPG_TTY GPG_AGENT_INFO XDG_RUNTIME_DIR DISPLAY WAYLAND_DISPLAY TERM"


@dataclass(frozen=True, slots=True)
class Signing:
    """How a commit is signed: git's options before the command, and the variables that the signing program needs."""

    options: tuple[str, ...]
    env: dict[str, str]


def identity(repo: Repository) -> Identity:
    """The user's name and address, read from their own configuration; ours where they have none."""
    name, email = repo.setting("user.name"), repo.setting("user.email")
    return Identity(name or ARENA.name, email or ARENA.email)


def signing(repo: Repository) -> Signing | None:
    """How the user signs commits; None where their git does not (`commit.gpgSign`)."""
    if repo.setting("commit.gpgSign", "--type=bool") != "true":
        return None
    values = {key: repo.setting(key, outside=True) for key in PROGRAMS}
    values |= {key: repo.setting(key) for key in KEYS}
    words = [w for k, v in values.items() if v for w in ("-c", f"{k}={v}")]
    env = {name: os.environ[name] for name in SIGNERS.split() if name in os.environ}
    return Signing(tuple(words), env)


def hooks_dir(repo: Repository) -> Path:
    """The folder of the user's hooks (`core.hooksPath`, else that of the repository)."""
    named = repo.setting("core.hooksPath", "--type=path")
    return (repo.top or repo.git_dir) / named if named else repo.common_dir / "hooks"
