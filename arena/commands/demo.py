"""`arena demo`: a small repository with a real defect, three entries of the built-in agent, judged and merged."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path

from arena.commands import run as command
from arena.commands.output import Output
from arena.errors import ArenaError
from arena.machine import git, resources

PROMPT = "Shipping is free from exactly 50 on: quote(50, weight) must be 0."
SUITE, CHECK = "tests/test_free_shipping.py", "held-out/test_acceptance.py"


def demo(folder: Path | None, *, output: Output) -> int:
    """Makes the example repository, runs the demonstration in it and says what to look at.

    Raises ArenaError if the folder is not empty.
    """
    place = _make(folder)
    output.say(
        [
            f"example repository: {place}",
            "the defect: free shipping should start at 50, and at exactly 50 it does not",
            f'$ arena run --agents repair:3 --suite {SUITE} --check check.py --merge auto "{PROMPT}"',
        ]
    )
    check = place.parent / f"{place.name}-check" / "test_acceptance.py"
    with _own_interpreter():
        code = command.run(
            place,
            prompt=PROMPT,
            prompt_file=None,
            suite=(SUITE,),
            checks=(str(check),),
            holdouts=(),
            approaches=(),
            dry_run=False,
            given={"agents": "repair:3", "merge": "auto", "timeout": "60s"},
            config=None,
            output=output,
        )
    output.say(
        f"The repository is yours to look at: cd {place} && git log --graph --stat"
    )
    return code


@contextlib.contextmanager
def _own_interpreter() -> Iterator[None]:
    """Arena's own interpreter runs the example's tests: an active environment need not have pytest."""
    before = os.environ.pop("VIRTUAL_ENV", None)
    try:
        yield
    finally:
        if before is not None:
            os.environ["VIRTUAL_ENV"] = before


def _make(folder: Path | None) -> Path:
    if (
        folder is not None
        and folder.exists()
        and (not folder.is_dir() or any(folder.iterdir()))
    ):
        raise ArenaError(
            f"{folder} is not an empty folder. Name another for the demonstration."
        )
    place = folder or Path(tempfile.mkdtemp(prefix="arena-demo-")) / "parcel"
    source = resources.folder("templates") / "demo"
    _copy(source, place, leave_out="held-out")
    _copy(source / "held-out", place.parent / f"{place.name}-check")
    git.create(
        place,
        message="Prices of parcels",
        identity=git.Identity(name="arena demo", email="demo@localhost"),
    )
    return place


def _copy(source: Traversable, target: Path, *, leave_out: str = "") -> None:
    target.mkdir(parents=True, exist_ok=True)
    for item in source.iterdir():
        if item.name in (leave_out, "__pycache__"):
            continue
        if item.is_dir():
            _copy(item, target / item.name)
        else:
            (target / item.name).write_bytes(item.read_bytes())
