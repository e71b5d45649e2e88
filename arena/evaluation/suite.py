"""Runs the test suite of one tree in its own export."""

from __future__ import annotations

import json
import os
import shutil
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from arena.evaluation import foreign, pytest_config
from arena.evaluation.plan import Plan, test_modules
from arena.evaluation.request import Request
from arena.evaluation.testrun import TestRun, honest_events, read_events
from arena.machine import cache, process, records, sandbox, scratch, store
from arena.machine.environment import clean_variables
from arena.machine.process import Finished
from arena.machine.raw import BadTreeError
from arena.session import Session

RUNNER = Path(process.__file__).parent / "inside" / "runner.py"
OPTIONS = ("-p", "no:cacheprovider", "--continue-on-collection-errors", "--tb=short", "-q")  # fmt: skip


class Runner:
    """Runs requests: from the cache where the same was run before, else in a process of its own.

    `peak` is how many trees were on disk at a time, at most; `forged` are labels of candidates that wrote into the
    pipe of a program of ours.
    """

    def __init__(self, session: Session, plan: Plan) -> None:
        self.plan, self.journal = plan, session.journal
        self.quarantine = session.quarantine
        self.now = self.peak = 0
        self.forged: set[str] = set()
        self._lock = threading.Lock()

    def run(self, request: Request) -> TestRun:
        """The outcome of a request. Raises ArenaError if the machine fails (disk full, no interpreter)."""
        name = request.key(self.plan)
        facts: dict[str, Any] = {"role": request.role, "tree": request.tree}
        stored = cache.get("suite", name)
        if stored is not None:
            self.journal.add("tests-cached", request.label, **facts)
            return records.from_json(TestRun, stored)
        try:
            with self._export(request.tree) as place:
                found = self._run(request, place)
        except BadTreeError as error:
            found = TestRun.none(f"its tree {error}")
        facts |= {"passed": len(found.passed), "total": len(found.outcomes)}
        facts |= {"seconds": round(found.wall, 2), "cpu": round(found.cpu, 2)}
        # A time-out or a kill may be the machine's fault: never remembered. First of all, so that what the journal
        # tells of is never run again.
        if found.ended == "exited":
            cache.put("suite", name, records.to_json(found))
        self.journal.add("tests", request.label, ended=found.ended, **facts)
        return found

    def command(self, words: Sequence[str], request: Request) -> Finished:
        """Runs a command of the user's in an export of its own; nothing is cached."""
        return self.output(words, request)[0]

    def output(
        self, words: Sequence[str], request: Request
    ) -> tuple[Finished, str, str]:
        """Runs a command likewise; how it ended, and the ends of its standard output and standard error."""
        python = str(self.plan.environment.python)
        argv = [python if word == "python" else word for word in words]
        with self._export(request.tree) as place:
            self._set_up(request, place)
            errors = place / "errors.log"
            done = self._start(argv, request, place, request.role, errors=errors)
            said = store.tail_of(place / f"{request.role}.log")
            return done, said, store.tail_of(errors)

    @contextmanager
    def _export(self, tree: str) -> Iterator[Path]:
        with self._lock:
            self.now += 1
            self.peak = max(self.peak, self.now)
        try:
            with scratch.folder() as place:
                (place / "home").mkdir()
                self.quarantine.export(tree, place / "tree")
                for name in self.plan.copies:
                    target = place / "tree" / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(self.plan.top / name, target)
                yield place
        finally:
            with self._lock:
                self.now -= 1

    def _run(self, request: Request, place: Path) -> TestRun:
        plan, settings = self.plan, self.plan.settings
        ready = self._set_up(request, place)
        if ready is not None and ready.exit_code != 0:
            said = store.tail_of(place / "setup.log")
            return TestRun.of(ready, f"setup failed:\n{said}")
        if plan.kind == "pytest":
            return self._pytest(request, place)
        argv = ["/bin/sh", "-c", plan.command]
        done = self._start(argv, request, place, request.role)
        tail = store.tail_of(place / f"{request.role}.log")
        tree = place / "tree" / plan.folder
        outcomes, messages = foreign.read(done.exit_code, tree, settings.junit, tail)
        found = TestRun.of(
            done, tail, outcomes=outcomes, messages=messages, collected=tuple(outcomes),
            finished=done.reason == "exited" and bool(outcomes),
        )  # fmt: skip
        return self._with_required(found, request, place) if plan.required else found

    def _with_required(self, found: TestRun, request: Request, place: Path) -> TestRun:
        """The run of another test command, with the files of suite, checks and held-out tests run by pytest."""
        files = test_modules(self.plan.required)
        places = tuple(os.path.relpath(f, self.plan.folder or ".") for f in files)
        more = self._pytest(replace(request, role="required", targets=places), place)
        return replace(
            found,
            outcomes={**found.outcomes, **more.outcomes},
            messages={**found.messages, **more.messages},
            broken={**found.broken, **more.broken},
            collected=(*found.collected, *more.collected),
            inside=more.inside,
            outside=more.outside,
        )

    def program(
        self, script: Path, order: dict[str, Any], request: Request
    ) -> list[dict[str, Any]]:
        """Runs a program of ours inside the project's Python, in an export; the rows that it tells.

        The order says where the candidate's code is. What was told to the end is remembered.
        """
        name = cache.key(request.key(self.plan), script.read_text(), order)
        stored = cache.get("program", name)
        if stored is not None:
            return stored["rows"]  # type: ignore[no-any-return]
        with self._export(request.tree) as place:
            (place / "work").mkdir()
            facts = self._order(request, place) | order
            facts |= {"scratch": str(place / "work"), "root": str(place / "tree")}
            self._set_up(request, place)
            told, done = self._converse(script, facts, request, place)
        rows = honest_events(told, secret=facts["secret"])
        if rows is None:
            self.forged.add(request.label)
            return []
        if done.reason == "exited" and done.exit_code == 0:
            cache.put("program", name, {"rows": rows})
        return rows

    def _set_up(self, request: Request, place: Path) -> Finished | None:
        """Runs the user's set-up command in an export, if there is one."""
        argv = ["/bin/sh", "-c", self.plan.settings.judge_setup or ""]
        wanted = self.plan.settings.judge_setup
        return self._start(argv, request, place, "setup") if wanted else None

    def _pytest(self, request: Request, place: Path) -> TestRun:
        order = self._order(request, place)
        before = self._stamps(request, place) if request.confirmed else {}
        told, done = self._converse(RUNNER, order, request, place)
        tail = store.tail_of(place / f"{request.role}.log")
        found = read_events(told, done, tail, secret=order["secret"])
        after = self._stamps(request, place) if before else {}
        changed = sorted(path for path in before if before[path] != after.get(path))
        return replace(found, rewritten=tuple(changed))

    def _stamps(self, request: Request, place: Path) -> dict[str, tuple[int, int]]:
        """Size and time of every test file in an export."""
        names = [e.path for e in self.quarantine.entries(request.tree)]
        paths = {n: place / "tree" / n for n in names if self.plan.files.is_test(n)}
        there = ((n, p.stat()) for n, p in paths.items() if p.is_file())
        return {name: (facts.st_size, facts.st_mtime_ns) for name, facts in there}

    def _converse(
        self, script: Path, facts: dict[str, Any], request: Request, place: Path
    ) -> tuple[bytes, Finished]:
        """What a program of ours tells through a pipe that the code under test does not own."""
        python = (request.environment or self.plan.environment).python
        reading, writing = os.pipe()
        order = place / "order.json"
        order.write_text(json.dumps(facts | {"events": writing}))
        chunks: list[bytes] = []
        reader = threading.Thread(target=_read, args=(reading, chunks), daemon=True)
        reader.start()
        try:
            # -s: no user site. Not -I: it would ignore PYTHONHASHSEED.
            argv = [str(python), "-s", str(script), str(order)]
            done = self._start(argv, request, place, request.role, channel=writing)
        finally:
            os.close(writing)
        reader.join(5)  # a process that was missed could keep the pipe open
        return b"".join(chunks), done

    def _order(self, request: Request, place: Path) -> dict[str, Any]:
        """What the runner inside the project's Python is told; writes the ini file that it names."""
        plan, tree = self.plan, place / "tree"
        env = request.environment or plan.environment
        top = tree / plan.rootdir
        ini = pytest_config.ini_text(
            plan.config,
            pythonpath=[str(top / p) for p in plan.config.pythonpath],
            tests=[str(tree / path) for path in test_modules(plan.required)],
        )
        # In a folder that is above nothing: a pytest that a test starts in its TMPDIR would find it upwards.
        store.write_text(place / "judge" / "pytest.ini", ini)
        names = {plugin.distribution.lower() for plugin in env.plugins}
        wanted = [str(tree / pattern) for pattern in request.coverage]
        return {
            "tree": str(top),
            "roots": [os.path.normpath(tree / root) for root in plan.roots],
            "packages": list(plan.packages),
            "forbidden": [str(path) for path in plan.forbidden],
            "extra_path": [str(path) for path in env.extra_path],
            "lent": str(env.lent),
            "ini": str(place / "judge" / "pytest.ini"),
            "plugins": list(plan.plugins),
            "options": [
                *OPTIONS,
                *pytest_config.seeded(names, request.seed),
                *plan.options,
                *request.more,
            ],
            "targets": list(self._targets(request)),
            "ids": request.ids and list(request.ids),
            "order_seed": request.shuffle,
            "coverage": {"include": wanted} if wanted else None,
            "repeat": request.repeat,
            "confirmed": request.confirmed and plan.kind == "pytest",
            "spare": None if env.spare is None else str(env.spare),
            "self_hosted": bool(plan.runner_parts),
            "secret": uuid.uuid4().hex,
        }

    def _targets(self, request: Request) -> Sequence[str]:
        if request.ids is None:
            return self.plan.targets if request.targets is None else request.targets
        # Whole files, filtered by id in the runner: an id can hold any character, and there may be thousands.
        files = dict.fromkeys(name.partition("::")[0] for name in request.ids)
        here, top = self.plan.folder or ".", self.plan.rootdir
        return [os.path.relpath(os.path.join(top, f), here) for f in files]  # noqa: PTH118

    def _start(
        self, argv: Sequence[str], request: Request, place: Path, role: str, *, channel: int | None = None,
        errors: Path | None = None,
    ) -> Finished:  # fmt: skip
        """Starts a process in the sandbox, in the project's folder of an export. `channel` is a pipe for events."""
        plan = self.plan
        env = request.environment or plan.environment
        cwd = place / "tree" / plan.folder
        variables = {**plan.variables, "PYTHONHASHSEED": str(request.seed)}
        if channel is None:
            # A program of the user's finds interpreter and code by itself.
            search = [*(place / "tree" / root for root in plan.roots), *env.extra_path]
            variables["PYTHONPATH"] = os.pathsep.join(map(str, search))
            variables["PATH"] = (
                f"{env.python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
            )
        self.journal.add("process", request.label, role=role, tree=request.tree)
        seen = [env.prefix, env.base_prefix, *env.path, *env.extra_path, env.lent]
        seen += [env.spare] if env.spare else []
        return process.run(
            sandbox.wrap(
                argv, isolation=plan.isolation, cwd=cwd, writable=[place], readable=[*seen, RUNNER.parent],
                hidden=plan.forbidden,
            ),
            cwd=cwd, env=clean_variables(variables, home=place / "home"), log=place / f"{role}.log", errors=errors,
            timeout=request.timeout or plan.settings.test_timeout, pass_fds=() if channel is None else (channel,),
        )  # fmt: skip


def _read(number: int, chunks: list[bytes]) -> None:
    """Reads a pipe to its end beside us, so that a writer never waits."""
    with os.fdopen(number, "rb") as pipe:
        while chunk := pipe.read1(1 << 16):
            chunks.append(chunk)
