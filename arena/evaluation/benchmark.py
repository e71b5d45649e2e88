"""Run time of the project's own benchmark command, on the base and on every candidate, in turn."""

from __future__ import annotations

import shlex
import statistics
from collections.abc import Mapping

from arena.evaluation.measurement import Measurement, missing
from arena.evaluation.suite import Runner

NAME = "bench.seconds"


def measure_all(
    runner: Runner, trees: Mapping[str, str], *, base_tree: str, command: str, runs: int
) -> dict[str, Measurement]:
    """Median wall time in seconds by label; runs are interleaved so that machine noise hits all alike.

    Only as repeatable as the machine is quiet: this is the one measure that differs between equal inputs.
    """
    words = shlex.split(command)
    places = {"": base_tree, **trees}
    seconds: dict[str, list[float]] = {label: [] for label in places}
    failed: dict[str, int] = {}
    for _ in range(runs):
        for label, tree in places.items():
            done = runner.command(
                words, tree=tree, label=label or "base", role="benchmark"
            )
            if done.exit_code == 0:
                seconds[label].append(done.seconds)
            else:
                failed[label] = done.exit_code
    base = (
        statistics.median(seconds[""]) if not failed.get("") and seconds[""] else None
    )
    found = {}
    for label in trees:
        if label in failed or not seconds[label]:
            why = f"the benchmark failed with exit code {failed.get(label)}"
            found[label] = missing(NAME, "seconds", why)
        else:
            value = statistics.median(seconds[label])
            found[label] = Measurement(
                name=NAME, value=value, unit="seconds", base=base
            )
    return found
