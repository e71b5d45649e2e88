"""Calls of the mended tests with other values: whether a change does more than give the answers that the tests know.

The inputs are calls with literal arguments in the tests that became green, as they stand and varied. Base and all
candidates get the same ones, each candidate in a process of its own. Agreement scores nothing (measured: calls
harvested from existing tests carry no signal); what is told is the smallest input on which candidates differ, and who
behaves like the base wherever the tests do not look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from arena.evaluation import inputs, reproduction
from arena.evaluation.measurement import (
    SUSPICIOUS,
    Findings,
    NotMeasured,
    flag,
    missing,
    share,
)
from arena.evaluation.mended import newly_green
from arena.evaluation.pool import Pool
from arena.evaluation.reproduction import AGAIN, BASE
from arena.evaluation.snippets import Job

NAMES = {"probes.moved": "share"}
TELLING = 3  # inputs on which others moved, from which on not to move is an alarm
PROLOGUE = r"""
def _shown(number, call):
    try:
        told = repr(call())[:120]
    except BaseException as error:
        told = "raises " + type(error).__name__
    print("\n@@%d %s" % (number, told.replace("\n", " ")))
"""


def measure(pool: Pool) -> dict[str, Findings]:
    """Share of the varied inputs on which a candidate behaves differently from the base."""
    mended = {i for s in pool.working for i in newly_green(s)}
    names = {i.partition("[")[0].partition("::")[2] for i in mended}
    sources = pool.test_files(mended).values()
    imports, known, varied = inputs.harvest(sources, pool.plan.packages, names)
    if pool.plan.kind != "pytest" or not varied:
        raise NotMeasured("no mended test calls the project with plain values")
    asked = [*known, *varied]
    lines = [*imports, PROLOGUE]
    lines += [f"_shown({n}, lambda: {text})" for n, text in enumerate(asked)]
    job = Job(kind="script", source="\n".join(lines))
    labels = [s.candidate.label for s in pool.working if newly_green(s)]
    told = pool.each([BASE, AGAIN, *labels], lambda name: _run(pool, name, job))
    base, again = told.pop(BASE), told.pop(AGAIN)
    stable = [n for n in range(len(asked)) if n in base and again.get(n) == base[n]]
    told = {label: out for label, out in told.items() if out.keys() >= {*stable}}
    moved = {
        label: {n for n in stable if out[n] != base[n]} for label, out in told.items()
    }
    nothing = Findings({"probes.moved": missing("it mends no test, or did not run")})
    found = {s.candidate.label: nothing for s in pool.subjects}
    beyond = {n for n in stable if n >= len(known)}
    for label, mine in moved.items():
        others = {n for other in moved if other != label for n in moved[other] & beyond}
        passed_over = sorted(asked[n] for n in others - mine)
        alarm = mine and not mine & beyond and len(passed_over) >= TELLING
        said = f"is as the base on all {len(beyond)} inputs but those of the tests"
        flags = flag("special-cased", SUSPICIOUS, said, passed_over if alarm else ())
        value = share(len(mine & beyond), len(beyond), "no varied input is repeatable")
        rows = _differences(asked, stable, base, told, label)
        found[label] = Findings({"probes.moved": value}, flags, {"probes": rows})
    return found


def _run(pool: Pool, label: str, job: Job) -> dict[int, str]:
    """Number of an input → what it gave."""
    rows = reproduction.run(pool, label, (job,), role="probes")
    output = rows[0]["output"] if rows else ""
    said = re.findall(r"^@@(\d+) (.*)$", output, re.MULTILINE)
    return {int(number): text for number, text in said}


def _differences(
    asked: list[str],
    stable: list[int],
    base: Mapping[int, str],
    told: Mapping[str, Mapping[int, str]],
    label: str,
) -> list[dict[str, Any]]:
    """Where a candidate differs from another one, the shortest input first."""
    rows = []
    for n in sorted(stable, key=lambda n: (len(asked[n]), asked[n])):
        others = {o: out[n] for o, out in told.items() if out[n] != told[label][n]}
        if others:
            rows.append({"input": asked[n], "base": base[n], "own": told[label][n], "others": others})  # fmt: skip
    return rows[:20]
