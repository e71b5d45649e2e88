"""The task's own examples, run before and after: whether their result has moved, and moved cleanly.

Measured on real patches: 60 of 61 separated pairs in order, but they separate something in 9 of 31 cases only, and
moved output proves nothing by itself (24 % of all-wrong triples have it). So it ranks; it says of nobody "right".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from arena.evaluation import compared, snippets
from arena.evaluation.measurement import Findings, NotMeasured, missing, value
from arena.evaluation.pool import Pool
from arena.evaluation.snippets import Job
from arena.evaluation.units import Unit, changed_units, unit_at
from arena.machine import process

NAMES = {"reproduction": "points", "reproduction.agreed": "share", "where.touched": ""}
PROGRAM = Path(process.__file__).parent / "inside" / "reproduce.py"
BASE, AGAIN = "<base>", "<base again>"  # no label has such characters
SECONDS = 60  # time limit of one job
TRACEBACK = "Traceback (most recent call last)"
# What differs between two runs of the same thing: addresses, places, times, dates, line numbers.
MASKS = (
    (re.compile(r"0x[0-9a-fA-F]{4,}"), "0x"),
    (re.compile(r"(/[\w.+-]+)+/(?=[\w.+-]*)"), "/"),
    (re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\.\d+)?)?"), "<date>"),
    (re.compile(r"\b\d+(\.\d+)? ?(s|ms|us|seconds?)\b"), "<time>"),
    (re.compile(r"(line |:)\d+"), r"\1<n>"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What one job showed: exit code, masked output, and the functions of the tree that it entered."""

    code: int
    output: str
    entered: tuple[tuple[str, int], ...] = ()

    @property
    def crashed(self) -> bool:
        return self.code < 0 or TRACEBACK in self.output

    @property
    def said(self) -> tuple[int, str]:
        return self.code, self.output


def measure(pool: Pool) -> dict[str, Findings]:
    """Points by label: the mean over the jobs that show any difference between base and a candidate."""
    jobs = snippets.jobs(pool.prompt, programs=pool.plan.programs)
    if not jobs:
        raise NotMeasured("the task's text holds no example that can be run")
    labels = [subject.candidate.label for subject in pool.working]
    runs = pool.each([BASE, AGAIN, *labels], lambda label: _run(pool, label, jobs))
    base, again = runs.pop(BASE), runs.pop(AGAIN)
    stable = [n for n in range(len(jobs)) if base[n].said == again[n].said]
    telling = [
        n for n in stable if any(run[n].said != base[n].said for run in runs.values())
    ]
    entered = _entered(pool, [base[n] for n in stable])
    rows: dict[str, dict[str, Any]] = {}
    for label, run in runs.items():
        marks = [_points(base[n], run[n]) for n in telling]
        rows[label] = {
            "points": marks,
            "witness": pool.witness[label],
            "outputs": [_output(run[n], marks[k]) for k, n in enumerate(telling)],
            "reproduction": [_row(jobs[n], base[n], run[n]) for n in telling],
        }
    alike = compared.outputs(rows)
    found = {}
    for subject in pool.subjects:
        label = subject.candidate.label
        told = rows.get(label, {})
        points: list[float] | None = told.get("points")
        moved = missing("no example of the task's text comes out differently")
        if points is None:
            moved = missing(subject.run.why_nothing)
        elif points:
            moved = value(round(sum(points) / len(points), 4), 0.0)
        touched = missing("no function of the project ran in the examples")
        if entered:
            touched = value(bool(entered & changed_units(subject)))
        same = alike.get(label, {"reproduction.agreed": moved})
        values = {"reproduction": moved, "where.touched": touched, **same}
        found[label] = Findings(values, details=told if points else {})
    return found


def _output(shown: Shown, points: float) -> str:
    """What stands for an output when candidates are compared; "" where it did not move, or newly crashed."""
    digest = hashlib.sha256(repr(shown.said).encode()).hexdigest()[:16]
    return digest if points > 0 else ""


def run(
    pool: Pool, label: str, jobs: tuple[Job, ...], *, role: str, trace: bool = False
) -> dict[int, dict[str, Any]]:
    """Number of a job → what a candidate, `BASE`, or `AGAIN` the base, told of it; `trace` names entered functions."""
    plan = pool.plan
    request = pool.requests["" if label in (BASE, AGAIN) else label]
    order = {
        "jobs": [asdict(job) for job in jobs],
        "packages": list(plan.packages),
        "programs": dict(plan.programs),
        "seconds": SECONDS,
        "trace": trace,
        "self_hosted": bool(plan.runner_parts),
    }
    limit = float(SECONDS * (len(jobs) + 1))
    # Another seed for the second run of the base: what depends on hashes is not stable.
    request = request.plain(role=role, seed=int(label == AGAIN), timeout=limit)
    return {row["job"]: row for row in pool.runner.program(PROGRAM, order, request)}


def _run(pool: Pool, label: str, jobs: tuple[Job, ...]) -> list[Shown]:
    told = run(pool, label, jobs, role="reproduction", trace=label == BASE)
    return [_shown(told.get(number)) for number in range(len(jobs))]


def _shown(row: Mapping[str, Any] | None) -> Shown:
    if row is None:
        return Shown(-1, "the examples did not run to their end")
    entered = tuple((path, line) for path, line in row["entered"])
    return Shown(row["code"], mask(row["output"]), entered)


def mask(text: str) -> str:
    """Output without what differs between two runs of the same thing; of a traceback only its last line."""
    kept, inside = [], False
    for line in text.splitlines():
        if line.startswith(TRACEBACK):
            inside = True
            kept.append(TRACEBACK + line[len(TRACEBACK) :])
        elif not inside or not line.startswith(" "):
            inside = False
            kept.append(line.rstrip())
    result = "\n".join(kept)
    for pattern, word in MASKS:
        result = pattern.sub(word, result)
    return result


def _points(before: Shown, now: Shown) -> float:
    """-1 for a new crash, 0 where nothing moved, ½ where it crashes otherwise, 1 where it moved cleanly."""
    if now.said == before.said:
        return 0.0
    if now.crashed:
        return 0.5 if before.crashed else -1.0
    return 1.0


def _entered(pool: Pool, shown: list[Shown]) -> frozenset[Unit]:
    places = {place for one in shown for place in one.entered}
    return frozenset(
        unit
        for path, line in places
        if (
            unit := unit_at(
                pool.quarantine.read(pool.plan.base_tree, path) or b"", path, line
            )
        )
    )


def _row(job: Job, before: Shown, after: Shown) -> dict[str, str]:
    what = job.source or " ".join(job.argv)
    return {
        "job": what[:2000],
        "before": before.output[-1500:],
        "after": after.output[-1500:],
    }
