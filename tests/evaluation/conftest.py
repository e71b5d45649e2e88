"""Small real projects, judged by the real evaluation: real git, real test processes, state in a temporary folder."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from arena import candidates, session
from arena.evaluation.bench import open_bench
from arena.evaluation.evaluate import evaluate
from arena.evaluation.measurement import Flag, Measurement
from arena.evaluation.result import Evaluated, Evaluation
from arena.journal import Event
from arena.machine import git
from arena.task import Task

SECRETS = ("VIRTUAL_ENV", "PYTHONPATH", "ARENA_TEST_TIMEOUT")


@pytest.fixture(autouse=True, scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """None of the machine's settings; one state and one cache for the tests of a module."""
    place = tmp_path_factory.mktemp("sealed")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(place))
        for name in SECRETS:
            patch.delenv(name, raising=False)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("GIT_CONFIG_GLOBAL", str(place / "gitconfig"))
        patch.setenv("ARENA_STATE_DIR", str(place / "state"))
        patch.setenv("ARENA_CACHE_DIR", str(place / "cache"))
        (place / "gitconfig").write_text(
            "[user]\n\tname = Ada\n\temail = ada@example.org\n"
        )
        git._launcher.cache_clear()
        yield patch
        git._launcher.cache_clear()


@dataclass
class Judged:
    """What one evaluation gave, with shorthands, and the events of its journal."""

    evaluation: Evaluation
    events: list[Event]

    def one(self, label: str) -> Evaluated:
        return next(e for e in self.evaluation.candidates if e.candidate.label == label)

    def measured(self, label: str, name: str) -> Measurement:
        found = [m for m in self.one(label).measurements if m.name == name]
        assert len(found) == 1, f"{name} was measured {len(found)} times"
        return found[0]

    def value(self, label: str, name: str) -> Any:
        return self.measured(label, name).value

    def flags(self, label: str) -> dict[str, Flag]:
        return {flag.id: flag for flag in self.one(label).flags}

    def grades(self, label: str) -> dict[str, str]:
        return {name: flag.grade for name, flag in self.flags(label).items()}

    def processes(self, label: str | None = None) -> Counter[str]:
        """How many processes were started, by role."""
        return Counter(
            e.data["role"]
            for e in self.events
            if e.kind == "process" and label in (None, e.label)
        )


@dataclass
class Project:
    """A repository that tests write branches into. Paths are relative to it; None deletes a file."""

    path: Path

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, files: dict[str, str | None]) -> None:
        for name, text in files.items():
            path = self.path / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "change")

    def branch(self, name: str, files: dict[str, str | None]) -> None:
        self.git("checkout", "-q", "-b", name, "main")
        self.commit(files)
        self.git("checkout", "-q", "main")

    def judge(
        self,
        *names: str,
        required: dict[str, str] | None = None,
        checks: dict[str, str] | None = None,
        role: str = "suite",
        target: str | None = "main",
        prompt: str | None = None,
        **given: Any,
    ) -> Judged:
        """The evaluation of branches against main, to be merged into `target`."""
        opened = session.begin(
            self.path, mode="judge", hint="test", given=given, config=None
        )
        base = self.git("rev-parse", "main")
        ref = target and f"refs/heads/{target}"
        opened.freeze(base=base, target=ref, labels=list(names))
        named = candidates.resolve(opened.repo, names, folder=self.path)
        found = candidates.take(opened, named, base=base)
        held = {path: text.encode() for path, text in (required or {}).items()}
        given_checks = {path: text.encode() for path, text in (checks or {}).items()}
        task = Task(prompt=prompt, holdouts=held, checks=given_checks)
        try:
            with open_bench(opened, task, base=base, role=role) as bench:
                measured = evaluate(bench, found, base=base, target=opened.tip(ref))
            return Judged(measured, list(opened.journal.events()))
        finally:
            opened.journal.close()


MakeProject = Callable[[dict[str, str]], Project]


@pytest.fixture(scope="module")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> MakeProject:
    """Makes a repository with one commit on main."""

    def make(files: dict[str, str]) -> Project:
        path = tmp_path_factory.mktemp("project")
        subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
        project = Project(path)
        project.commit(dict(files))
        return project

    return make


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """The interpreter of a fresh environment that sees what the one of these tests has."""
    folder = tmp_path / "env"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True
    )
    site = next((folder / "lib").glob("python*/site-packages"))
    seen = [p for p in sys.path if p.endswith("site-packages")]
    (site / "shared.pth").write_text("\n".join(seen) + "\n")
    return folder / "bin" / "python"
