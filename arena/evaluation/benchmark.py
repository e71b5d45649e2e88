"""What commands of the user's tell about the base and every candidate: run time, or the last number that they print."""

from __future__ import annotations

import math
import os
import re
import shlex
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from arena.errors import one_line
from arena.evaluation.measurement import Measurement
from arena.evaluation.request import Request
from arena.evaluation.result import Evaluated
from arena.evaluation.suite import Runner
from arena.machine.process import Finished
from arena.patterns.explore import Measure
from arena.settings import Settings

NAME = "bench.seconds"
SPRINT = "sprint."  # what is measured for a sprint
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
Reading = Callable[[Finished, str], float | None]


@dataclass(slots=True)
class _Taken:
    """What the runs on one tree gave; `why` is set once one of them gave nothing."""

    values: list[float] = field(default_factory=list)
    why: str | None = None

    @property
    def value(self) -> float | None:
        return None if self.why else statistics.median(self.values)


def add(
    runner: Runner,
    settings: Settings,
    measures: Sequence[Measure],
    measured: Sequence[Evaluated],
) -> list[Evaluated]:
    """The same with the benchmark's median wall time in seconds, and the median of each measure of a sprint.

    Only as repeatable as the machine is quiet: these are what differs between equal inputs.
    """
    asked: list[tuple[str, str, str, Reading]] = []
    if settings.benchmark:
        asked.append((NAME, settings.benchmark, "seconds", _seconds))
    asked += [(f"{SPRINT}{m.name}", m.command, m.unit, _number) for m in measures]
    found = list(measured)
    for name, command, unit, read in asked:
        words, runs = shlex.split(command), settings.benchmark_runs
        runner.journal.add("measuring", name=name, command=command, runs=runs)
        base, *rest = _in_turn(runner, words, runs, read, found)
        for place, (one, taken) in enumerate(zip(found, rest, strict=True)):
            new = Measurement(name, taken.value, unit, base.value, taken.why)
            told = {"runs": taken.values, "base": base.values, "base_why": base.why}
            known = {**one.details.get("benchmarks", {}), name: told}
            found[place] = replace(
                one,
                measurements=(*one.measurements, new),
                details={**one.details, "benchmarks": known},
            )
    return found


def _in_turn(
    runner: Runner, words: list[str], runs: int, read: Reading, those: list[Evaluated]
) -> list[_Taken]:
    """What a command gives for the base and for `those`; interleaved, so that machine noise hits all alike.

    Files that it names are the base's, so that nobody rewrites what measures them; a tree for which it fails is not
    tried again.
    """
    plan, inside = runner.plan, runner.quarantine
    paths = [os.path.normpath(os.path.join(plan.folder, word)) for word in words]  # noqa: PTH118
    kept = [e for e in inside.entries(plan.base_tree) if e.path in paths]
    places = [("base", plan.base_tree)]
    places += [(e.candidate.label, e.candidate.tree) for e in those]
    asked = [
        Request(tree=inside.edit(tree, put=kept), role="benchmark", label=label)
        for label, tree in places
    ]
    taken = [_Taken() for _ in places]
    for _ in range(runs):
        for request, one in zip(asked, taken, strict=True):
            if one.why:
                continue
            done, said, errors = runner.output(words, request)
            value = read(done, said) if done.exit_code == 0 else None
            if value is not None:
                one.values.append(value)
            elif done.exit_code == 0:
                one.why = (
                    f"the command printed no number: {one_line(said) or 'nothing'}"
                )
            else:
                code = f"the benchmark failed with exit code {done.exit_code}"
                last = one_line((errors or said)[-200:])
                one.why = f"{code}: {last}" if last else code
    return taken


def _seconds(done: Finished, _said: str) -> float:
    return done.seconds


def _number(_done: Finished, said: str) -> float | None:
    found = [float(text) for text in NUMBER.findall(THOUSANDS.sub("", said))]
    return found[-1] if found and math.isfinite(found[-1]) else None
