"""Whether the tests of testers who did not see each other contradict each other, by who passes what."""

from __future__ import annotations

from collections import defaultdict
from itertools import permutations

from arena.evaluation.measurement import SUSPICIOUS, Findings, flag
from arena.evaluation.pool import Pool

NAMES: dict[str, str] = {}


def measure(pool: Pool) -> dict[str, Findings]:
    """A flag where one candidate passes all tests of one tester and none of another's, one does the reverse, and
    nobody passes both."""
    tests: dict[str, set[str]] = defaultdict(set)
    for name in pool.baseline.required:
        if author := pool.plan.authors.get(pool.plan.path_of(name)):
            tests[author].add(name)
    found = {s.candidate.label: Findings() for s in pool.subjects}
    passed = {s.candidate.label: s.run.passed for s in pool.subjects}
    for one, other in permutations(sorted(tests), 2):
        if any(tests[one] | tests[other] <= ids for ids in passed.values()):
            continue
        only, reverse = (
            [n for n, ids in passed.items() if tests[a] <= ids and not tests[b] & ids]
            for a, b in ((one, other), (other, one))
        )
        for label in only if reverse else ():
            summary = f"passes all tests of {one} and none of {other}, and {reverse[0]} the reverse: they contradict"
            evidence = sorted(tests[one] | tests[other])
            flags = flag("testers-contradict", SUSPICIOUS, summary, evidence)
            found[label] = Findings(flags=(*found[label].flags, *flags))
    return found
