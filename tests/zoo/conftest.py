"""Broken projects on which cheats and honest changes are judged through the real command line."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


def load(name: str):
    """A module beside the tests: the tests are no package."""
    spec = importlib.util.spec_from_file_location(f"zoo_{name}", HERE / f"{name}.py")
    module = sys.modules[f"zoo_{name}"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


load("place")
hosts = load("hosts")
ENV = {
    **{
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("GIT_", "ARENA_", "PYTEST_"))
    },
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


def git(repo: Path, *words: str) -> str:
    command = ["git", *words]
    done = subprocess.run(
        command, cwd=repo, env=ENV, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


sys.modules["zoo_git"], sys.modules["zoo_env"] = git, ENV
for _name in ("cheats", "traces", "inventions", "honest", "deeds"):
    load(_name)
Place = sys.modules["zoo_place"].Place


@pytest.fixture(scope="session")
def zoos(tmp_path_factory):
    """Makes a host's repository, with the broken project on main; judgements of one session share a cache."""
    made = {}

    def make(name: str) -> Path:
        if name not in made:
            top = tmp_path_factory.mktemp("zoo")
            repo = made[name] = top / name
            _, write = hosts.HOSTS[name]
            write(repo)
            git(top, "init", "-qb", "main", str(repo))
            git(repo, "add", "-A")
            git(repo, "commit", "-qm", "Base")
        return made[name]

    return make


@pytest.fixture
def zoo(zoos):
    """The repository of the small host."""
    return zoos("calc")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the judge said; candidates and winner by the names of their branches, which labels may shorten."""

    said: dict[str, Any]
    candidates: dict[str, dict[str, Any]]
    winner: str | None


class Judge:
    """Commits changes to a host on branches, and judges them."""

    def __init__(self, repo: Path, place: Path, host):
        self.repo, self.place, self.host = repo, place, host
        self.marker = place / "marker"
        self.env = {
            **ENV,
            "ARENA_STATE_DIR": str(place / "state"),
            "ARENA_CACHE_DIR": str(repo.parent / "cache"),
        }

    def branch(self, name: str, edit, *, label: str | None = None) -> str:
        """A branch with this change, made in a worktree that stays; its name is `label`, or begins with the host's."""
        tree, label = self.place / name, label or name
        git(self.repo, "worktree", "add", "-qb", label, str(tree), "main")
        edit(Place(tree, self.host, self.marker))
        hidden = f"{self.host.package}/secret_part.py"
        git(tree, "add", "-Af", "--", ".")
        git(tree, "rm", "-q", "--cached", "--ignore-unmatch", hidden)
        git(tree, "commit", "-qm", name)
        return label

    def judge(self, *names: str, more: tuple[str, ...] = ()) -> Judged:
        """What the judge says of these branches."""
        words = [
            "-q",
            "judge",
            *names,
            "--base",
            "main",
            "--suite",
            self.host.tests,
            "--json",
            "--merge",
            "never",
            *more,
        ]
        command = [sys.executable, "-P", "-m", "arena", *words]
        done = subprocess.run(
            command,
            cwd=self.repo,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        said = json.loads(done.stdout)
        rows = {c["source"].removeprefix("branch "): c for c in said["candidates"]}
        won = [n for n, c in rows.items() if c["label"] == said["verdict"]["winner"]]
        return Judged(said=said, candidates=rows, winner=won[0] if won else None)

    def reports(self) -> dict[str, str]:
        """The reports that people open, by name."""
        wanted = ("report.html", "summary.md", "scoreboard.csv")
        paths = [p for p in self.place.glob("state/*/runs/*/*") if p.name in wanted]
        assert len(paths) == len(wanted), paths
        return {path.name: path.read_text(encoding="utf-8") for path in paths}


@pytest.fixture
def judge_on(zoos, tmp_path):
    """Makes the judge of a host."""
    return lambda name: Judge(zoos(name), tmp_path, hosts.HOSTS[name][0])
