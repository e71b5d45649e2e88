"""What the tests do before any change: which must be mended, which must go on passing, who executes what."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .locate import Tests
from .progress import Progress
from .project import Project
from .run import Outcome, Wanted, run
from .source import Source

_TRACED_TARGETS = (
    60  # failing tests whose lines are recorded; more tell little that is new
)
_TEST_SHARE, _TRACE_SHARE = 0.4, 0.2  # of the time limit, at most
_TEST_LIMIT = 30.0  # seconds for one test, when the whole limit allows


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The tests before any change."""

    outcome: Outcome
    targets: tuple[str, ...]
    passing: tuple[str, ...]


def measure(
    project: Project,
    *,
    suite: Sequence[str],
    prompt: str,
    seconds: float,
    progress: Progress,
) -> Baseline | None:
    """Run all tests once; None when no test could be run."""
    progress.say("running the tests")
    limit = min(_TEST_LIMIT, seconds / 8)
    outcome = run(project, Wanted(test_limit=limit), limit=seconds * _TEST_SHARE)
    known = set(outcome.files) | {name.partition("::")[0] for name in outcome.tests}
    missing = [name for name in suite if name not in known]
    if missing:  # not reached in the time, or not collected by default
        more = run(
            project,
            Wanted(files=suite, test_limit=limit),
            limit=seconds * _TEST_SHARE / 2,
        )
        outcome = merged(outcome, more)
    if not outcome.tests and not outcome.broken():
        return None
    targets = choose_targets(outcome, suite=suite, prompt=prompt)
    passing = tuple(outcome.with_outcome("passed"))
    whole = (
        ""
        if outcome.ended
        else "; the suite did not end in the time, what follows holds for these tests only"
    )
    progress.say(
        f"{len(outcome.tests)} tests ran, {len(passing)} pass, {len(targets)} are to be mended{whole}"
    )
    return Baseline(outcome=outcome, targets=targets, passing=passing)


def merged(one: Outcome, other: Outcome) -> Outcome:
    """Two sessions as one."""
    return replace(
        one,
        tests=one.tests | other.tests,
        seconds=one.seconds | other.seconds,
        frames=one.frames | other.frames,
        files=one.files | other.files,
        modules=sorted({*one.modules, *other.modules}),
    )


_MORE = re.compile(r"\band \d+ (?:more|others?)\b")


def choose_targets(
    outcome: Outcome, *, suite: Sequence[str], prompt: str
) -> tuple[str, ...]:
    """The failing tests to mend: those named in the prompt or of the suite files; otherwise all that fail."""
    failing = [*outcome.with_outcome("failed"), *outcome.broken()]
    named = [name for name in failing if _is_named(name, prompt)]
    listed = [name for name in failing if name.partition("::")[0] in suite]
    chosen = [] if _MORE.search(prompt) else [*named, *listed]
    return tuple(dict.fromkeys(chosen or failing))


def _is_named(test: str, prompt: str) -> bool:
    """Whether the prompt names a test, or a test function with all its parameters."""
    plain = test.partition("[")[0]
    whole = rf"(?<![\w/.]){re.escape(test)}(?!\w)"
    function = rf"(?<![\w/.]){re.escape(plain)}(?![\w\[:])"
    return bool(
        re.search(whole, prompt) or ("::" in plain and re.search(function, prompt))
    )


def trace_order(baseline: Baseline, *, seed: int, box: float) -> list[str]:
    """The tests to trace: targets, passing tests of their files, others by lot; about `box` seconds of them."""
    seconds = baseline.outcome.seconds
    targets = sorted(
        (t for t in baseline.targets if "::" in t), key=lambda t: seconds.get(t, 0.0)
    )
    files = {name.partition("::")[0] for name in targets}
    near = [name for name in baseline.passing if name.partition("::")[0] in files]
    far = [name for name in baseline.passing if name.partition("::")[0] not in files]
    random.Random(seed).shuffle(far)
    chosen, spent = targets[:_TRACED_TARGETS], 0.0
    for name in near + far:
        spent += 3 * seconds.get(name, 0.0) + 0.002  # tracing slows tests down
        if spent > box:
            break
        chosen.append(name)
    return chosen


def trace(
    project: Project,
    baseline: Baseline,
    *,
    seed: int,
    seconds: float,
    progress: Progress,
) -> Outcome:
    """Record the lines that each of the chosen tests executes, by the best recorder that works."""
    box = seconds * _TRACE_SHARE
    ids = trace_order(baseline, seed=seed, box=box)
    files = sorted(
        {name.partition("::")[0] for name in ids} | set(baseline.outcome.broken())
    )
    for kind in ("coverage", "trace"):
        wanted = Wanted(files=files, ids=ids, lines=kind, test_limit=box)
        outcome = run(project, wanted, limit=box * 2)
        if any(outcome.lines):  # contexts with a name: tests
            break
    for name in baseline.outcome.broken():  # what ran until the import failed
        outcome.lines[name] = outcome.lines.get("", {})
    progress.say(
        f"recorded the lines of {len(outcome.lines)} tests ({outcome.recorder or 'none'})"
    )
    return outcome


def traced_tests(baseline: Baseline, traced: Outcome) -> Tests:
    """Of the traced tests, those to mend and those that pass."""
    known = frozenset(name for name in traced.lines if name)
    return Tests(
        known & frozenset(baseline.targets), known & frozenset(baseline.passing)
    )


def load_sources(paths: Sequence[Path]) -> dict[Path, Source]:
    """The files that can be read and parsed."""
    found = {}
    for path in sorted(paths):
        try:
            found[path] = Source(path)
        except (OSError, SyntaxError, ValueError):
            continue  # not a file of this Python's grammar: left alone
    return found
