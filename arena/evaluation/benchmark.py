"""Run time of the project's own benchmark command, on the base and on every candidate, in turn."""

from __future__ import annotations

import shlex
import statistics
from collections.abc import Sequence
from dataclasses import replace

from arena.evaluation.measurement import Measurement
from arena.evaluation.request import Request
from arena.evaluation.result import Evaluated
from arena.evaluation.suite import Runner
from arena.settings import Settings

NAME = "bench.seconds"


def add(
    runner: Runner, settings: Settings, measured: Sequence[Evaluated]
) -> list[Evaluated]:
    """The same with the median wall time in seconds; runs are interleaved so that machine noise hits all alike.

    Only as repeatable as the machine is quiet: this is the one measure that differs between equal inputs.
    """
    words = shlex.split(settings.benchmark or "")
    places = [("base", runner.plan.base_tree)]
    places += [(e.candidate.label, e.candidate.tree) for e in measured]
    seconds: list[list[float]] = [[] for _ in places]
    failed: dict[int, int] = {}
    for _ in range(settings.benchmark_runs):
        for number, (label, tree) in enumerate(places):
            request = Request(tree=tree, role="benchmark", label=label)
            done = runner.command(words, request)
            seconds[number].append(done.seconds)
            if done.exit_code != 0:
                failed[number] = done.exit_code
    medians = [
        None if number in failed else statistics.median(found)
        for number, found in enumerate(seconds)
    ]
    return [
        replace(one, measurements=(*one.measurements, Measurement(
            NAME, medians[number], "seconds", medians[0],
            f"the benchmark failed with exit code {failed[number]}" if number in failed else None,
        )))
        for number, one in enumerate(measured, 1)
    ]  # fmt: skip
