"""What can go wrong for the user: one clear line that says what to do."""


class ArenaError(Exception):
    """The user's mistake or an impossible precondition: exit code 2, one line, nothing changed."""

    exit_code = 2


class GitError(ArenaError):
    """Git refused; the message carries what it said."""


class Refused(ArenaError):  # noqa: N818 - a state, not a fault
    """Something stands in the way of a change, which is therefore not made; the message says so."""

    def __str__(self) -> str:
        return f"{super().__str__()} Nothing was changed."


class Interrupted(ArenaError):  # noqa: N818 - the state, not a fault
    """The user stopped us; the message says how to go on."""

    exit_code = 130


def one_line(text: str, *, limit: int = 300) -> str:
    """`text` folded to one printable line of at most `limit` characters, for use inside a message."""
    flat = " ".join(text.split())
    shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in flat)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
