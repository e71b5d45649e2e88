"""The story in order: prepare, run the tests, locate, try changes, land the first that mends."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import baseline as base
from .land import LandError, commit
from .locate import Place, rank
from .progress import Progress
from .project import Project, ProjectError, is_source, prepare
from .run import Outcome
from .search import Candidate, Queue, is_program
from .server import Server
from .trial import Bench

_RESERVE = 0.5  # seconds kept for tidying up


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is asked."""

    worktree: Path
    python: str
    seed: int
    seconds: float
    attempts: int | None
    suite: tuple[str, ...]
    test_args: tuple[str, ...]
    prompt: str


@dataclass(slots=True, kw_only=True)
class Result:
    """What came of it."""

    outcome: str
    tried: int = 0
    found: Candidate | None = None
    file: Path | None = None
    why: str = ""

    def document(self, task: Task, *, seconds: float) -> dict[str, Any]:
        """The last line of the output."""
        found = self.found
        return {
            "outcome": self.outcome,
            "tried": self.tried,
            "seconds": round(seconds, 1),
            "file": str(self.file) if self.file else None,
            "line": found.edits[0].line if found else None,
            "change": found.note if found else None,
            "seed": task.seed,
            "why": self.why,
        }


def repair(task: Task, progress: Progress) -> Result:
    """Do the whole task; the worktree is touched only by the commit at the end."""
    scratch = Path(tempfile.mkdtemp(prefix="repair-"))
    try:
        project = prepare(
            task.worktree,
            python=task.python,
            scratch=scratch.resolve(),
            test_args=task.test_args,
        )
        return _mend(task, project, progress)
    except ProjectError as problem:
        return Result(outcome="tests-do-not-run", why=str(problem))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _mend(task: Task, project: Project, progress: Progress) -> Result:
    before = base.measure(
        project,
        suite=task.suite,
        prompt=task.prompt,
        seconds=task.seconds,
        progress=progress,
    )
    if before is None:
        return Result(outcome="tests-do-not-run", why="pytest collected no test")
    if not before.targets:
        return Result(outcome="no-failing-test")
    traced = base.trace(
        project, before, seed=task.seed, seconds=task.seconds, progress=progress
    )
    places = _places(project, before, traced)
    if not places:
        return Result(
            outcome="nothing-found",
            why="the failing tests execute no source file of the worktree",
        )
    progress.say(
        f"{len(places)} suspicious statements in {len({p.source.path for p in places})} files"
    )
    files = sorted({test.partition("::")[0] for test in before.targets})
    sources = sorted({str(place.source.path) for place in places})
    with Server(
        project, sources=sources, preload=before.outcome.modules, files=files
    ) as server:
        bench = Bench(project, server, before)
        if not bench.calibrate():
            return Result(
                outcome="nothing-found",
                why="the failing tests pass when they run alone",
            )
        result = _search(task, bench, Queue(places, seed=task.seed), progress)
    return _landed(task, project, before, result, progress)


def _places(project: Project, before: base.Baseline, traced: Outcome) -> list[Place]:
    """The suspicious statements of files that may be changed."""
    traced_tests = base.traced_tests(before, traced)
    paths = {Path(name) for t in traced_tests.failing for name in traced.lines[t]}
    # With --doctest-modules every source file is collected, too.
    tests = {name for name in before.outcome.tests if not _is_doctest(name)}
    collected = {project.tree / name.partition("::")[0] for name in tests}
    mine = [path for path in paths - collected if is_source(project.tree, path)]
    return rank(traced, base.load_sources(mine), traced_tests)


def _is_doctest(test: str) -> bool:
    """Whether an id such as `src/pkg/mod.py::pkg.mod.function` is a docstring's."""
    name = test.partition("::")[2].partition("[")[0]
    return "." in name and "::" not in name


def _search(task: Task, bench: Bench, queue: Queue, progress: Progress) -> Result:
    """Try candidates in order until one is accepted or a limit is reached."""
    result = Result(
        outcome="nothing-found", why="no change within reach mends the tests"
    )
    total, best = len(bench.sample), 0
    for candidate in queue:
        left = task.seconds - progress.seconds - _RESERVE
        if left <= 0 or (task.attempts is not None and result.tried >= task.attempts):
            why = (
                "the time is over" if left <= 0 else "the number of attempts is reached"
            )
            return Result(
                outcome="timeout" if left <= 0 else "nothing-found",
                tried=result.tried,
                why=why,
            )
        if not is_program(candidate):
            continue
        result.tried += 1
        verdict = bench.try_out(candidate, left=left)
        if verdict.accepted:
            return Result(outcome="patched", tried=result.tried, found=candidate)
        if 0 < verdict.mended < total:
            queue.favour(candidate)
        best = max(best, verdict.mended)
        score = f"the best so far mends {best} of {total} tests"
        progress.status = f"tried {result.tried} changes ({bench.server.kind}); {score}"
    return result


def _landed(
    task: Task,
    project: Project,
    before: base.Baseline,
    result: Result,
    progress: Progress,
) -> Result:
    """Commit what was found."""
    found = result.found
    if found is None:
        return result
    source = found.place.source
    file = source.path.relative_to(project.tree)
    progress.say(f"{file}:{found.edits[0].line}: {found.note}; all tests agree")
    new = found.text.encode(source.encoding)
    try:
        commit(
            task.worktree,
            file,
            old=source.data,
            new=new,
            message=message(file, found, before.targets),
        )
    except LandError as problem:
        return Result(outcome="nothing-found", tried=result.tried, why=str(problem))
    result.file = file
    return result


def message(file: Path, found: Candidate, targets: Sequence[str]) -> str:
    """The commit's message."""
    shown = "\n".join(f"- {test}" for test in targets[:10])
    more = f"\n- and {len(targets) - 10} more" if len(targets) > 10 else ""
    where = f"{file}, line {found.edits[0].line}"
    told = f"These tests failed before and pass now:\n{shown}{more}"
    return f"Repair {file.name}\n\n{where}: {found.note}.\n\n{told}\n"
