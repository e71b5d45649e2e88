"""Runs one pytest session in a fresh process: `python repair_runner.py ORDER.json`.

The order says which tree, options and tests; events go, one JSON document a line, to a pipe whose number is in
the order. Runs in the project's Python (3.8 or newer).
"""

import json
import os
import sys


def place(order):
    """Import path and directory as `python -m pytest` in the tree would have them; our folder is not on it."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    roots = order["roots"]
    # Site start-up files may have put paths first; the copy that is under test comes before them.
    sys.path[:] = roots + [entry for entry in sys.path if entry not in roots]
    os.chdir(order["tree"])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        order = json.load(file)
    import repair_lines
    import repair_plugin

    place(order)
    import pytest

    os.set_inheritable(order["channel"], False)
    channel = repair_plugin.Channel(order["channel"])
    lines = None
    if order.get("lines"):
        lines = repair_lines.choose(order["tree"], order["lines"])
        channel.send("recorder", name=type(lines).__name__)
    recorder = repair_plugin.Recorder(channel, order, lines)
    code = pytest.main(order["options"] + order["files"], plugins=[recorder])
    channel.send("exit", code=int(code))
    sys.stdout.flush()
    os._exit(0)  # threads that tests left behind must not keep us


if __name__ == "__main__":
    main()
