"""Runs the test suite of one tree in its own export, and reads what came back."""

from __future__ import annotations

import json
import os
import shutil
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arena.errors import ArenaError
from arena.evaluation import foreign
from arena.evaluation.plan import Plan, config_folder, plugin_options, self_hosted
from arena.evaluation.pytest_config import ini_text
from arena.journal import Journal
from arena.machine import cache, process, records, sandbox, store
from arena.machine.environment import Environment, clean_variables
from arena.machine.quarantine import Quarantine

RUNNER = Path(process.__file__).parent / "inside" / "runner.py"
GOOD, BAD = ("passed", "xpassed"), ("failed", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """What one run of tests told. `outcomes` maps ids to passed, failed, error, skipped, xfailed or xpassed.

    `ended` is exited, timeout or stopped; `finished` says whether the session came to its own end. `broken` are
    files that could not be collected; `inside` and `outside` say where the project's code was imported from,
    relative to the tree and absolute; `lines` are executed line ranges by file.
    """

    __test__ = False  # the name is not pytest's business

    outcomes: dict[str, str]
    seconds: dict[str, float]
    messages: dict[str, str]
    broken: dict[str, str]
    collected: tuple[str, ...]
    exit_code: int
    ended: str
    finished: bool
    inside: tuple[str, ...]
    outside: tuple[str, ...]
    disagree: tuple[str, ...]
    lines: dict[str, tuple[int, ...]]
    wall: float
    cpu: float
    tail: str

    @property
    def passed(self) -> frozenset[str]:
        """Ids that passed."""
        return frozenset(i for i, o in self.outcomes.items() if o in GOOD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One run: of which tree, in which role, and what differs from the plan's full run."""

    tree: str
    role: str
    label: str
    coverage: Mapping[str, Sequence[str]] | None = None
    ids: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None
    seed: int = 0
    shuffle: int | None = None
    timeout: float | None = None
    environment: Environment | None = None

    def key(self, plan: Plan) -> str:
        """What the result depends on."""
        facts = records.to_json(self)
        env = facts.pop("environment")
        for name in ("label", "timeout", "role"):
            facts.pop(name)
        return cache.key(
            plan.key, facts, env and records.from_json(Environment, env).fingerprint
        )


class Exports:
    """Counts the trees on disk; `peak` is the most there were at a time."""

    def __init__(self) -> None:
        self.now = self.peak = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self.now += 1
            self.peak = max(self.peak, self.now)

    def remove(self) -> None:
        with self._lock:
            self.now -= 1


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs requests: from the cache where the same was run before, else in a process of its own."""

    plan: Plan
    quarantine: Quarantine
    journal: Journal
    exports: Exports = field(default_factory=Exports)

    def run(self, request: Request) -> TestRun:
        """The outcome of a request. Raises ArenaError if the machine fails (disk full, no interpreter)."""
        name = request.key(self.plan)
        stored = cache.get("suite", name)
        if stored is not None:
            self.journal.add(
                "tests-cached", request.label, role=request.role, tree=request.tree
            )
            return records.from_json(TestRun, stored)
        with self._export(request.tree) as place:
            found = self._measure(request, place)
        self.journal.add(
            "tests",
            request.label,
            role=request.role,
            tree=request.tree,
            ended=found.ended,
            passed=len(found.passed),
            total=len(found.outcomes),
            seconds=round(found.wall, 2),
            cpu=round(found.cpu, 2),
        )
        if (
            found.ended == "exited"
        ):  # a time-out or a kill may be the machine's fault: never remembered
            cache.put("suite", name, records.to_json(found))
        return found

    def command(
        self, words: Sequence[str], *, tree: str, label: str, role: str
    ) -> process.Finished:
        """Runs a command of the user's in an export of its own; nothing is cached."""
        request = Request(tree=tree, role=role, label=label)
        with self._export(tree) as place:
            roots = [str(place / "tree" / root) for root in self.plan.roots]
            variables = {"PYTHONPATH": os.pathsep.join(roots)}
            python = self.plan.environment.python
            argv = [str(python) if word == "python" else word for word in words]
            return self._start(argv, request, place, role=role, variables=variables)

    @contextmanager
    def _export(self, tree: str) -> Iterator[Path]:
        place = store.cache_dir() / "scratch" / uuid.uuid4().hex[:12]
        self.exports.add()
        try:
            (place / "home").mkdir(parents=True)
            self.quarantine.export(tree, place / "tree")
            self._copy_generated(place / "tree")
            yield place
        finally:
            store.remove_tree(place)
            self.exports.remove()

    def _copy_generated(self, target: Path) -> None:
        top = self.quarantine.source.top
        if top is None:
            return
        for pattern in self.plan.copies:
            for path in sorted(top.glob(pattern)):
                if path.is_file() and not path.is_symlink():
                    there = target / path.relative_to(top)
                    there.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, there)

    def _measure(self, request: Request, place: Path) -> TestRun:
        if self.plan.setup:
            failed = self._setup(request, place)
            if failed is not None:
                return failed
        if self.plan.kind == "pytest":
            return self._pytest(request, place)
        return self._foreign(request, place)

    def _setup(self, request: Request, place: Path) -> TestRun | None:
        done = self._start(
            ["/bin/sh", "-c", self.plan.setup or ""],
            request,
            place,
            role="setup",
            variables={
                "PATH": _search_path(request.environment or self.plan.environment)
            },
        )
        if done.exit_code == 0:
            return None
        tail = tail_of(place / "setup.log")
        return empty_run(
            ended="exited", exit_code=done.exit_code, tail=f"setup failed:\n{tail}"
        )

    def _pytest(self, request: Request, place: Path) -> TestRun:
        plan, tree = self.plan, place / "tree"
        env = request.environment or plan.environment
        folder = config_folder(plan.config, plan.folder)
        pythonpath = tuple(str(tree / folder / p) for p in plan.config.pythonpath)
        # In a folder that is above nothing: a pytest that a test starts in its TMPDIR would find it upwards.
        ini = place / "judge" / "pytest.ini"
        ini.parent.mkdir(exist_ok=True)
        ini.write_text(ini_text(plan.config, pythonpath=pythonpath), encoding="utf-8")
        reading, writing = os.pipe()
        coverage = request.coverage
        if coverage is not None:
            coverage = {
                k: [str(tree / path) for path in v] for k, v in coverage.items()
            }
        order = {
            "tree": str(tree / folder),
            "roots": [os.path.normpath(tree / root) for root in plan.roots],
            "packages": list(plan.packages),
            "forbidden": [str(p) for p in plan.forbidden],
            "extra_path": [str(p) for p in env.extra_path],
            "lent": str(env.lent),
            "ini": str(ini),
            "plugins": [*plugin_options(plan)],
            "options": [*OPTIONS, *_seeded(plan, request.seed), *plan.options],
            "targets": list(_targets(request, plan)),
            "ids": list(request.ids) if request.ids is not None else None,
            "order_seed": request.shuffle,
            "coverage": coverage,
            "events": writing,
            "self_hosted": self_hosted(plan),
        }
        (place / "order.json").write_text(json.dumps(order), encoding="utf-8")
        # -s: no user site. Not -I: it would ignore PYTHONHASHSEED.
        argv = [str(env.python), "-s", str(RUNNER), str(place / "order.json")]
        events = _Reader(reading)
        try:
            done = self._start(
                argv,
                request,
                place,
                role=request.role,
                variables={"PYTHONHASHSEED": str(request.seed)},
                pass_fds=(writing,),
            )
        finally:
            os.close(writing)
        return read_events(
            events.result(), done, tail_of(place / f"{request.role}.log")
        )

    def _foreign(self, request: Request, place: Path) -> TestRun:
        argv = ["/bin/sh", "-c", self.plan.command]
        tree = place / "tree" / self.plan.folder
        env = request.environment or self.plan.environment
        roots = [str(place / "tree" / root) for root in self.plan.roots]
        variables = {
            "PYTHONPATH": os.pathsep.join([*roots, *map(str, env.extra_path)]),
            "PATH": _search_path(env),
            "PYTHONHASHSEED": str(request.seed),
        }
        done = self._start(argv, request, place, role=request.role, variables=variables)
        tail = tail_of(place / f"{request.role}.log")
        outcomes, messages = foreign.read(done.exit_code, tree, self.plan.junit, tail)
        run = empty_run(ended=done.reason, exit_code=done.exit_code, tail=tail)
        data = records.to_json(run)
        data |= {
            "outcomes": outcomes,
            "messages": messages,
            "collected": list(outcomes),
            "finished": done.reason == "exited" and bool(outcomes),
            "wall": done.seconds,
            "cpu": done.cpu_seconds,
        }
        return records.from_json(TestRun, data)

    def _start(
        self,
        argv: Sequence[str],
        request: Request,
        place: Path,
        *,
        role: str,
        variables: Mapping[str, str],
        pass_fds: Sequence[int] = (),
    ) -> process.Finished:
        plan = self.plan
        env = request.environment or plan.environment
        cwd = place / "tree" / plan.folder
        self.journal.add("process", request.label, role=role, tree=request.tree)
        wrapped = sandbox.wrap(
            argv,
            isolation=plan.isolation,
            cwd=cwd,
            writable=[place],
            readable=[
                env.prefix,
                env.base_prefix,
                *env.path,
                *env.extra_path,
                env.lent,
                RUNNER.parent,
            ],
            hidden=plan.forbidden,
        )
        return process.run(
            wrapped,
            cwd=cwd,
            env=clean_variables({**plan.variables, **variables}, home=place / "home"),
            log=place / f"{role}.log",
            timeout=request.timeout or plan.timeout,
            pass_fds=pass_fds,
        )


def _search_path(env: Environment) -> str:
    """PATH for the user's own commands: `python` is the project's."""
    return os.pathsep.join([str(env.python.parent), os.environ.get("PATH", "")])


OPTIONS = (
    "-p",
    "no:cacheprovider",
    "--continue-on-collection-errors",
    "--tb=short",
    "-q",
)


def _seeded(plan: Plan, seed: int) -> tuple[str, ...]:
    named = {p.distribution.lower() for p in plan.environment.plugins}
    return (f"--hypothesis-seed={seed}",) if "hypothesis" in named else ()


def _targets(request: Request, plan: Plan) -> tuple[str, ...]:
    if request.ids is not None:
        # Whole files, filtered by id in the runner: an id can hold any character, and there may be thousands.
        rootdir = config_folder(plan.config, plan.folder)
        files = dict.fromkeys(name.partition("::")[0] for name in request.ids)
        return tuple(
            os.path.relpath(Path(rootdir, f), plan.folder or ".") for f in files
        )
    return plan.targets if request.targets is None else request.targets


class _Reader:
    """Reads a pipe to its end beside us, so that a writer never waits."""

    def __init__(self, number: int) -> None:
        self.chunks: list[bytes] = []
        self.number = number
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        with os.fdopen(self.number, "rb") as pipe:
            while chunk := pipe.read1(1 << 16):
                self.chunks.append(chunk)

    def result(self) -> bytes:
        """All that was written. A process that was missed could keep the pipe open: 5 s, then what there is."""
        self.thread.join(5)
        return b"".join(self.chunks)


def tail_of(path: Path, *, limit: int = 4000) -> str:
    """The last `limit` bytes of a log as text, '' if there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - limit))
        return file.read().decode("utf-8", "replace")


def empty_run(*, ended: str, exit_code: int, tail: str) -> TestRun:
    """A run that told nothing."""
    return TestRun(
        outcomes={}, seconds={}, messages={}, broken={}, collected=(), exit_code=exit_code, ended=ended,
        finished=False, inside=(), outside=(), disagree=(), lines={}, wall=0.0, cpu=0.0, tail=tail,
    )  # fmt: skip


def read_events(data: bytes, done: process.Finished, tail: str) -> TestRun:
    """The run that a stream of events tells; a stream that breaks off gives a run that is not finished."""
    rows: list[list[Any]] = []
    broken: dict[str, str] = {}
    collected: list[str] = []
    lines: dict[str, tuple[int, ...]] = {}
    end: dict[str, Any] = {}
    for line in data.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            break
        kind = event.get("e")
        if kind == "ran":
            rows.append(event["row"])
        elif kind == "broken":
            broken[event["id"]] = event["message"]
        elif kind == "collected":
            collected = event["ids"]
        elif kind == "lines":
            lines = {path: tuple(numbers) for path, numbers in event["lines"].items()}
        elif kind == "finish":
            end = event
    consistent = (
        bool(end)
        and end["code"] == done.exit_code
        and done.exit_code not in (2, 3, 4)  # interrupted, internal error, wrong usage
        and end["total"] == len({r[0] for r in rows})
    )
    return TestRun(
        outcomes={row[0]: row[1] for row in rows},
        seconds={row[0]: row[2] for row in rows},
        messages={row[0]: row[3] for row in rows if row[3]},
        broken=broken,
        collected=tuple(collected),
        exit_code=done.exit_code,
        ended=done.reason,
        finished=done.reason == "exited" and consistent,
        inside=tuple(end.get("inside", ())),
        outside=tuple(end.get("outside", ())),
        disagree=tuple(end.get("disagree", ())),
        lines=lines,
        wall=done.seconds,
        cpu=done.cpu_seconds,
        tail=tail,
    )


def check_runnable(run: TestRun, plan: Plan) -> None:
    """Refuses a base whose suite can't start; a red base is normal, a broken one is not.

    Raises ArenaError with the first error and what to do.
    """
    if run.ended == "timeout":
        raise ArenaError(
            f"the tests on the base did not end within {plan.timeout:.0f} s; last output: "
            f"{run.tail[-300:].strip()!r}. Give more time with ARENA_TEST_TIMEOUT."
        )
    if run.outcomes or (run.finished and not run.broken):
        return
    from arena.errors import one_line

    first = next(iter(run.broken.values()), "") or run.tail
    raise ArenaError(
        f"the tests can't start on the base with {plan.environment.python} ({plan.environment.found}): "
        f"{one_line(_telling_line(first))}. If something is missing there, install it or name another interpreter "
        "(--python); if code must be generated or compiled first, set judge_setup or judge_copy; if the tests "
        "need variables or the network, --env NAME or --allow-network."
    )


def _telling_line(text: str) -> str:
    """The last line of pytest's output that names a fault; else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    marks = ("INTERNALERROR> ", "E   ", "ERROR: ")
    faults = [line for line in lines if line.startswith(marks)]
    told = (faults or lines or ["no output"])[-1]
    return told.removeprefix("INTERNALERROR> ").removeprefix("E   ").strip()
