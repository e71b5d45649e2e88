"""Whether tests that somebody wrote for a task can decide it, by what they do on the base."""

from __future__ import annotations

import ast
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from arena.candidates import Candidate
from arena.errors import one_line
from arena.evaluation import syntax
from arena.evaluation.baseline import baseline, check_runnable
from arena.evaluation.bench import open_bench
from arena.evaluation.evaluate import BASE_RUNS, Bench, run_base
from arena.evaluation.plan import BUILD
from arena.evaluation.testrun import BAD, GOOD, TestRun
from arena.machine.changes import GITLINK, LINK, Change
from arena.patterns import Entry
from arena.session import Session
from arena.task import Task

Validate = Callable[[Entry, Candidate | None], "Validated"]
SHOWN = 5  # of equal faults
ERROR = re.compile(r"(?:^E .*\n?)+", re.MULTILINE)
FRAME = re.compile(r"^(\S.*\.py):\d+: in ", re.MULTILINE)
# Which module a name is missing in.
MISSING = re.compile(
    r"(?:ImportError: cannot import name .* from (?:partially initialized module )?"
    r"|ModuleNotFoundError: No module named |AttributeError: (?:partially initialized )?module )'(\w+)"
)
WANTING = re.compile(
    r"AttributeError: |TypeError: .*(?:unexpected keyword argument|positional argument)"
)
ASSERTION = re.compile(r"assert\b|\S*AssertionError\b|Failed: (?!async def)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """Tests as they are taken over: path → content, and what they do on the base, by id; a file that can't be imported
    there, because what it imports is to come, stands for itself. `left_out` are other paths that were changed.
    `reasons` say why they can't be used; there are none if they can."""

    files: dict[str, bytes]
    failing: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@contextmanager
def open_validation(session: Session, task: Task, *, base: str) -> Iterator[Validate]:
    """Says of a tester's work whether it can decide the task. Raises ArenaError if the base's own tests can't start."""
    with open_bench(session, task, base=base, role="validation") as bench:
        alone = run_base(bench, 1)
        check_runnable(alone, bench.plan)
        yield partial(_validate, bench, task, base, alone)


def _validate(
    bench: Bench,
    task: Task,
    base: str,
    alone: TestRun,
    entry: Entry,
    candidate: Candidate | None,
) -> Validated:
    """`alone` is the base's run without the tests of `entry`."""
    found = _taken(bench, candidate)
    if found.reasons:
        return found
    what = task.with_files(entry.writes or "suite", found.files, entry.label)
    with open_bench(bench.session, what, base=base, role="validation") as own:
        runs = own.executor.map(partial(run_base, own), range(BASE_RUNS))
        return _judged(own, found, alone, runs)


def _taken(bench: Bench, candidate: Candidate | None) -> Validated:
    """The test files of a tester's work, with what is wrong with them before anything is run."""
    plan, inside = bench.plan, bench.session.quarantine
    tree = candidate.tree if candidate else plan.base_tree
    changes = inside.changes(plan.base_tree, tree)
    tests = [c for c in changes if _is_test(bench, c)]
    files: dict[str, bytes] = {}
    reasons = []
    for change in tests:
        old = inside.read(plan.base_tree, change.old_path or change.path)
        new = inside.read(tree, change.path)
        if change.status in "DR" or new is None:
            reasons.append(f"{change.old_path or change.path} is no longer there")
            continue
        files[change.path] = new
        if change.path.endswith(".py") and syntax.parse(new) is None:
            reasons.append(f"{change.path} has a syntax error")
        elif old is not None and not _keeps(old, new):
            reasons.append(
                f"{change.path} changes what is there already: use a new file"
            )
    left_out = tuple(c.path for c in changes if c not in tests)
    if not any(plan.files.is_test_module(path) for path in files):
        where = f"; {', '.join(left_out[:SHOWN])} is none" if left_out else ""
        reasons.append(f"there is no new test file{where}")
    return Validated(files=files, left_out=left_out, reasons=tuple(reasons))


def _is_test(bench: Bench, change: Change) -> bool:
    plain = change.mode not in (LINK, GITLINK)
    return plain and bench.plan.files.is_test(change.old_path or change.path)


def _keeps(old: bytes, new: bytes) -> bool:
    """Whether all that a module does is still there in the same words, under names that nothing else has."""
    before, after = syntax.parse(old), syntax.parse(new)
    if before is None or after is None:
        return old == new
    named = [Counter(n for n, _ in syntax.functions(t)) for t in (before, after)]
    same = all(named[1][name] == times for name, times in named[0].items())
    return same and not _statements(before) - _statements(after)


def _statements(tree: ast.Module) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for node in tree.body:
        name = node.name if isinstance(node, ast.ClassDef) else ""
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        found.update((name, ast.dump(one)) for one in members)
    return Counter({k: n for k, n in found.items() if not k[1].startswith("Import")})


def _judged(
    bench: Bench, found: Validated, alone: TestRun, runs: Sequence[TestRun]
) -> Validated:
    """The same with what the runs of the base tell."""
    plan, table = bench.plan, baseline(runs, ())
    stuck = next((run.why_nothing for run in runs if not run.finished), None)
    if stuck:
        return replace(found, reasons=(f"with your tests, {stuck}",))
    known = {i for run in runs for i in (*run.outcomes, *run.collected)}
    mine = {i for i in known if plan.path_of(i) in found.files} - alone.outcomes.keys()
    broken = {i: m for run in runs for i, m in run.broken.items()}
    broken = {i: m for i, m in broken.items() if plan.path_of(i) in found.files}
    first = runs[0]
    bad = [i for i in mine if first.outcomes.get(i) in BAD]
    failing = {**{i: first.messages.get(i, "") for i in bad}, **broken}
    wrong = {
        i: message
        for i, message in failing.items()
        if not _is_right(bench, message, in_test=first.outcomes.get(i) != "error")
    }
    flaky = [i for i in mine if i in table.flaky]
    red = [
        i
        for i, o in alone.outcomes.items()
        if o in BAD and plan.path_of(i) in found.files
    ]
    lost = [i for i in alone.passed if i not in {*table.stable, *table.flaky}]
    faults = [
        *(f"{i} fails by a fault of its own: {_error(m)}" for i, m in wrong.items()),
        *(f"{i} is not stable: it fails in one run and passes in another" for i in flaky),
        *(f"{i} fails already without yours: use a new file" for i in red),
        *(f"{i} was there before and passes no more" for i in lost),
    ]  # fmt: skip
    more = len(faults) - SHOWN
    reasons = [*sorted(faults)[:SHOWN], *([f"and {more} more"] if more > 0 else [])]
    if not failing and not flaky:
        what = f"all {len(mine)} tests pass" if mine else "no test is found"
        reasons.append(f"{what} on the base already, so nothing is asked for")
    passing = sorted(i for i in mine if first.outcomes.get(i) in GOOD)
    return replace(
        found,
        failing=tuple(sorted(failing)),
        passing=tuple(passing),
        reasons=tuple(reasons),
    )


def _error(message: str) -> str:
    """The line of pytest's report that names the error."""
    blocks = ERROR.findall(message) or [f"E {message or 'it was not run'}"]
    return one_line(blocks[-1].splitlines()[0].removeprefix("E").strip())


def _is_right(bench: Bench, message: str, *, in_test: bool) -> bool:
    """Whether a test fails because what is asked is not there yet, rather than by a fault of its own.

    An assertion of the test, a name that is missing in the project (or in a module that the task's text names), or any
    error that comes out of the project's own source.
    """
    plan, error = bench.plan, _error(message)
    if missing := MISSING.match(error):
        name = missing[1]
        named = re.search(rf"\b{name}\b", bench.prompt) and name not in BUILD
        return bool(name in plan.packages or named)
    if WANTING.match(error):
        return True
    if not in_test:
        return False
    # A long comparison has lost its first lines.
    cut = message.startswith("[...]") and not FRAME.search(message)
    return cut or bool(ASSERTION.match(error)) or _in_source(bench, message)


def _in_source(bench: Bench, message: str) -> bool:
    plan = bench.plan
    entries = bench.session.quarantine.entries(plan.base_tree)
    source = {e.path for e in entries if not plan.files.is_test(e.path)}
    frames = (path.rpartition("/tree/")[2] for path in FRAME.findall(message))
    here = (posixpath.normpath(posixpath.join(plan.folder, f)) for f in frames)
    return not source.isdisjoint(here)
