"""Whether a candidate mends the project: a few failing tests first, then more, then everything afresh."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from .baseline import Baseline
from .project import Project
from .run import Outcome, Wanted, run
from .search import Candidate
from .server import Server

_SAMPLE = 5  # failing tests that a candidate meets first
_NEAR_SECONDS = 2.0  # of passing tests that a candidate meets next
_LEAST_LIMIT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a candidate; `mended` counts tests of the sample."""

    accepted: bool
    mended: int
    stage: str


class Copy:
    """The files of the private copy; at most one is changed at a time."""

    def __init__(self) -> None:
        self.changed: tuple[Path, bytes, os.stat_result] | None = None
        self.stamps = count(1_000_000_000)

    def put(self, path: Path, data: bytes) -> None:
        """Change a file. Its time is new each time: byte code is taken as valid by time and size."""
        self.restore()
        self.changed = (path, path.read_bytes(), path.stat())
        path.write_bytes(data)
        stamp = next(self.stamps)
        os.utime(path, (stamp, stamp))

    def restore(self) -> None:
        """Put back what was changed."""
        if self.changed is not None:
            path, data, stat = self.changed
            path.write_bytes(data)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            self.changed = None


def file_of(test: str) -> str:
    """The test file of a test id."""
    return test.partition("::")[0]


def choose_sample(targets: Sequence[str], seconds: dict[str, float]) -> list[str]:
    """A few quick failing tests of one file, of different functions where possible."""
    files = [file_of(test) for test in targets]
    best = max(dict.fromkeys(files), key=files.count)
    own = sorted(
        (t for t in targets if file_of(t) == best), key=lambda t: seconds.get(t, 0.0)
    )
    first: dict[str, str] = {}
    for test in own:
        first.setdefault(test.partition("[")[0], test)
    chosen = list(dict.fromkeys([*first.values(), *own]))[:_SAMPLE]
    return [
        t
        for n, t in enumerate(chosen)
        if n == 0 or sum(seconds.get(c, 0) for c in chosen[: n + 1]) < 0.5
    ]


def passes(outcome: Outcome, test: str) -> bool:
    """Whether a test (or, by its path, a whole test file that could not be collected) is fine now."""
    if "::" in test:
        return outcome.tests.get(test) == "passed"
    inner = [seen for name, seen in outcome.tests.items() if file_of(name) == test]
    return outcome.files.get(test, False) and "failed" not in inner


class Bench:
    """Tries candidates on the private copy."""

    def __init__(self, project: Project, server: Server, baseline: Baseline) -> None:
        self.project, self.server, self.baseline = project, server, baseline
        self.copy = Copy()
        self.sample = choose_sample(baseline.targets, baseline.outcome.seconds)
        self.limit = _LEAST_LIMIT

    def calibrate(self) -> list[str]:
        """Run the sample unchanged: sets the time limit, and drops tests that pass when they run alone."""
        seconds = sum(
            self.baseline.outcome.seconds.get(test, 0.0) for test in self.sample
        )
        outcome = self._run(self.sample, limit=30 + 3 * seconds)
        self.sample = [test for test in self.sample if not passes(outcome, test)]
        self.limit = max(_LEAST_LIMIT, 5 * seconds + 1)
        return self.sample

    def _run(
        self, tests: Sequence[str], *, limit: float, quit_early: bool = False
    ) -> Outcome:
        files = list(dict.fromkeys(file_of(test) for test in tests))
        whole = any("::" not in test for test in tests)
        wanted = Wanted(
            files=files, ids=None if whole else tests, quit_early=quit_early
        )
        return self.server.run(wanted, limit=limit)

    def try_out(self, candidate: Candidate, *, left: float) -> Verdict:
        """Stage by stage; `left` are the seconds that remain."""
        source = candidate.place.source
        try:
            self.copy.put(source.path, candidate.text.encode(source.encoding))
        except UnicodeEncodeError:
            return Verdict(accepted=False, mended=0, stage="text")
        try:
            return self._stages(candidate, left=left)
        finally:
            self.copy.restore()

    def _stages(self, candidate: Candidate, *, left: float) -> Verdict:
        first = self._run(self.sample, limit=min(left, self.limit))
        mended = sum(passes(first, test) for test in self.sample)
        if mended < len(self.sample):
            return Verdict(accepted=False, mended=mended, stage="sample")
        tests = [*self.baseline.targets, *self._near(candidate)]
        seconds = sum(self.baseline.outcome.seconds.get(test, 0.0) for test in tests)
        second = self._run(tests, limit=min(left, 10 + 5 * seconds), quit_early=True)
        if not all(passes(second, test) for test in tests):
            return Verdict(accepted=False, mended=mended, stage="near")
        return Verdict(accepted=self._afresh(left=left), mended=mended, stage="all")

    def _near(self, candidate: Candidate) -> list[str]:
        """Passing tests that execute the changed statement, as many as fit in a short time."""
        chosen, spent = [], 0.0
        for test in self.baseline.passing:
            if test in candidate.place.tests:
                spent += self.baseline.outcome.seconds.get(test, 0.0) + 0.001
                if spent > _NEAR_SECONDS:
                    break
                chosen.append(test)
        return chosen

    def _afresh(self, *, left: float) -> bool:
        """All tests in a fresh process; a test that fails is asked once more, alone."""
        targets, passing = self.baseline.targets, self.baseline.passing
        extra = sorted({file_of(t) for t in targets} - set(self.baseline.outcome.files))
        outcome = run(self.project, Wanted(files=extra), limit=left)
        if not all(passes(outcome, test) for test in targets):
            return False
        lost = [test for test in passing if not passes(outcome, test)]
        if not lost or len(lost) > 20 or not outcome.ended:
            return not lost
        again = run(
            self.project,
            Wanted(files=sorted({file_of(t) for t in lost}), ids=lost),
            limit=left,
        )
        return all(passes(again, test) for test in lost)
