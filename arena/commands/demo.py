"""`arena demo`: a small repository with a real defect, three entries of the built-in agent, judged and merged."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from importlib.resources import as_file
from pathlib import Path

from arena.commands import run as command
from arena.commands.call import Call
from arena.errors import ArenaError
from arena.machine import git, resources
from arena.machine.people import Identity

PROMPT = "Shipping is free from exactly 50 on: quote(50, weight) must be 0."
SUITE = "tests/test_free_shipping.py"
GIVEN = {"agents": "repair:3", "merge": "auto", "timeout": "60s"}


def demo(call: Call, folder: str | None) -> int:
    """Makes the example repository, runs the demonstration in it and says what to look at.

    Raises ArenaError if the folder is not empty.
    """
    place = _make(call.here / folder if folder else None)
    words = f"--agents repair:3 --suite {SUITE} --check check.py --merge auto"
    call.say(
        [
            f"example repository: {place}",
            "the defect: free shipping should start at 50, and at exactly 50 it does not",
            f'$ arena run {words} "{PROMPT}"',
        ]
    )
    # Arena's own interpreter runs the example's tests: an active environment need not have pytest.
    os.environ.pop("VIRTUAL_ENV", None)
    given = {**GIVEN, "color": call.given.get("color")}
    there = dataclasses.replace(call, here=place, given=given, config=None)
    check = place.with_name(f"{place.name}-check") / "test_acceptance.py"
    code = command.run(there, PROMPT, suite=(SUITE,), checks=(str(check),))
    look = f"cd {place} && git log --graph --stat"
    call.say(f"The repository is yours to look at: {look}")
    return code


def _make(folder: Path | None) -> Path:
    if (
        folder
        and folder.exists()
        and not (folder.is_dir() and not any(folder.iterdir()))
    ):
        why = f"{folder} is not an empty folder."
        raise ArenaError(f"{why} Name another for the demonstration.")
    place = folder or Path(tempfile.mkdtemp(prefix="arena-demo-")) / "parcel"
    leave_out = shutil.ignore_patterns("held-out", "__pycache__")
    with as_file(resources.folder("templates") / "demo") as source:
        shutil.copytree(source, place, ignore=leave_out, dirs_exist_ok=True)
        check = place.with_name(f"{place.name}-check")
        shutil.copytree(source / "held-out", check, dirs_exist_ok=True)
    ada = Identity(name="arena demo", email="demo@localhost")
    git.create(place, message="Prices of parcels", identity=ada)
    return place
