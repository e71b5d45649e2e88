"""What several kinds of tests begin with: a tiny project with one failing test, and an environment of its own."""

import os
from pathlib import Path

DATE = "2026-01-02T03:04:05+00:00"
CALC = '''"""Sums."""


def total(values):
    """Sum of values."""
    result = 0
    for value in values[1:]:
        result += value
    return result
'''
TESTS = """from calc import total


def test_total():
    assert total([1, 2, 3]) == 6


def test_nothing():
    assert total([]) == 0
"""


def sealed(
    place: Path, cache: Path, *, temporary: Path | None = None
) -> dict[str, str]:
    """An environment with nothing of this machine's user in it; makes its home below `place`."""
    home = place / "home"
    home.mkdir(parents=True)
    config = "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
    (home / ".gitconfig").write_text(config)
    xdg = {f"XDG_{n}_HOME": str(home / n) for n in ("CONFIG", "STATE", "CACHE", "DATA")}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TMPDIR": str(temporary or place),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": DATE,
        "GIT_COMMITTER_DATE": DATE,
        "ARENA_STATE_DIR": str(place / "state"),
        "ARENA_CACHE_DIR": str(cache),
        **xdg,
    }
