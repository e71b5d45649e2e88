"""Whether a candidate stayed where it may work; a gate wherever a territory was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from arena.evaluation.measurement import NOTE, Measurement, flag
from arena.evaluation.result import Evaluated
from arena.evaluation.subject import Subject
from arena.territory import Territory

NAME = "territory"


def add(
    territory: Territory, subjects: Sequence[Subject], measured: Sequence[Evaluated]
) -> list[Evaluated]:
    """The candidates with the number of paths that they changed outside of `territory`.

    Both names of a renamed file count, so do modes, links and submodules: whatever differs from the base's tree.
    """
    found = []
    for subject, one in zip(subjects, measured, strict=True):
        paths = {p for c in subject.changes for p in (c.path, c.old_path) if p}
        out = sorted(territory.outside(paths))
        more = Measurement(NAME, len(out), "paths outside", 0)
        told = flag("outside-territory", NOTE, "changes what it does not own", out)
        flags, values = (*one.flags, *told), (*one.measurements, more)
        found.append(replace(one, measurements=values, flags=flags))
    return found
