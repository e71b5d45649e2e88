"""Runs the command line in this process and records who calls whom: `walk.py OUT.json WORD...`.

A hop is a call from `race.py` into another stage. A border is crossed where a call goes from one stage to another; a
file or folder directly in `arena/` is a stage, `cli.py` and `commands/` are one.
"""

import json
import sys
import threading
from pathlib import Path

import arena.cli

ROOT = Path(arena.cli.__file__).parent
hops, deepest = [], []


def stage(code):
    path = Path(code.co_filename)
    if not path.is_relative_to(ROOT):
        return None
    name = path.relative_to(ROOT).parts[0].removesuffix(".py")
    # Errors and the journal are everybody's; a listener of the journal is no step of the story.
    return "cli" if name == "commands" else name


def chain(frame):
    """The stages from the command line down to this frame."""
    found = []
    while frame is not None:
        name = stage(frame.f_code)
        if name == "journal" or (name and frame.f_code.co_name == "<module>"):
            return []  # an import is no step either
        if name and (not found or found[-1] != name):
            found.append(name)
        frame = frame.f_back
    return found[::-1]


def look(frame, event, _):
    if event != "call" or (here := stage(frame.f_code)) is None:
        return
    above = frame.f_back
    if above is None:
        return
    caller = stage(above.f_code)
    if caller == "race" and here != "race" and frame.f_code.co_name[0] != "<":
        hops.append(f"{here}.{frame.f_code.co_name}")
    if caller != here:
        found = list(dict.fromkeys(chain(frame)))  # a callback crosses no new border
        if len(found) > len(deepest):
            deepest[:] = found


out, *words = sys.argv[1:]
sys.argv = ["arena", *words]
threading.setprofile(look)
sys.setprofile(look)
code = 0
try:
    arena.cli.main()
except SystemExit as end:
    code = end.code
sys.setprofile(None)
Path(out).write_text(json.dumps({"hops": hops, "deepest": deepest, "code": code}))
