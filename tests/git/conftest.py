"""Real repositories in a sealed environment: none of the machine's settings, fixed dates, state in tmp_path."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from arena import worktrees
from arena.journal import Journal
from arena.land import Landed, land
from arena.machine import git
from arena.machine.git import Repository
from arena.machine.quarantine import Quarantine
from arena.machine.transaction import Move
from arena.session import Session
from arena.settings import Settings
from arena.worktrees import Worktree

DATE = "2026-01-02T03:04:05+00:00"
MAIN = "refs/heads/main"
RUN = "r1"


@pytest.fixture(autouse=True)
def _sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    monkeypatch.setenv("GIT_AUTHOR_DATE", DATE)
    monkeypatch.setenv("GIT_COMMITTER_DATE", DATE)
    monkeypatch.setenv("ARENA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("ARENA_CACHE_DIR", str(tmp_path / "cache"))
    (home / "gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    git._launcher.cache_clear()


@dataclass
class Project:
    """A user's repository with what the modules under test want."""

    path: Path
    repo: Repository
    quarantine: Quarantine
    journal: Journal

    @property
    def run_folder(self) -> Path:
        return self.journal.path.parent

    @property
    def session(self) -> Session:
        """The run as arena has it open."""
        return Session(
            run=RUN,
            folder=self.run_folder,
            here=self.path,
            repo=self.repo,
            quarantine=self.quarantine,
            settings=Settings(),
            journal=self.journal,
        )

    def git(self, *args: str, at: Path | None = None) -> str:
        """Plain git, as the user would run it."""
        done = subprocess.run(
            ["git", *args],
            cwd=at or self.path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, *, at: Path | None = None, **files: str | None) -> str:
        """Commits files; a double underscore in a name is a slash, None deletes."""
        top = at or self.path
        for name, text in files.items():
            path = top / name.replace("__", "/")
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "-A", at=at)
        self.git("commit", "-q", "-m", "change " + " ".join(files), at=at)
        return self.git("rev-parse", "HEAD", at=at)

    def candidate(self, *, base: str = "HEAD", **files: str | None) -> str:
        """A commit of somebody else's that only the quarantine holds, as after a snapshot."""
        side = self.path.parent / "side"
        base = self.git("rev-parse", base)
        if side.exists():
            self.git("fetch", "-q", "origin", at=side)
        else:
            self.git("clone", "-q", str(self.path), str(side))
        self.git("checkout", "-q", "--detach", base, at=side)
        commit = self.commit(at=side, **files)
        self.quarantine.take(base, ref=f"refs/arena/bases/{base}")
        url = "file://" + str(side)
        self.quarantine.git.call("fetch", "-q", url, f"{commit}:refs/arena/{commit}")
        return commit

    def land(
        self,
        commit: str,
        *,
        target: str = MAIN,
        judge: Callable[[Move], tuple[str, ...]] = lambda move: (),
        settings: dict[str, Any] | None = None,
        **more: Any,
    ) -> Landed:
        """Lands with what does not matter filled in."""
        facts: dict[str, Any] = {"message": "Merge b", **more}
        session = replace(self.session, settings=Settings(**settings or {}))
        return land(session, "b", commit, target=target, judge=judge, **facts)

    def worktree(self, label: str) -> Worktree:
        """A worktree of the run, written into the journal."""
        return worktrees.add(self.session, label, base=self.git("rev-parse", "main"))

    def refs(self) -> dict[str, str]:
        """All refs except the archive, which nothing ever takes back."""
        found = self.repo.refs()
        return {k: v for k, v in found.items() if "/archive/" not in k}

    def kinds(self) -> list[str]:
        """The events of the journal."""
        return [event.kind for event in self.journal.events()]

    def files(self) -> dict[str, bytes]:
        """All files of the checkout, ignored ones included."""
        return {
            str(path.relative_to(self.path)): path.read_bytes()
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(self.path).parts
        }

    def clean(self) -> bool:
        """Whether git status says nothing, untracked files included."""
        return self.git("status", "--porcelain") == ""


def make_project(tmp_path: Path, path: Path) -> Project:
    """Opens a repository that exists."""
    repo = git.open_repository(path)
    journal = Journal(tmp_path / "state" / "runs" / RUN / "journal.log")
    return Project(path=path, repo=repo, quarantine=Quarantine(repo), journal=journal)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository with two commits on main, checked out."""
    path = tmp_path / "project"
    subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
    (path / "a.txt").write_text("one\ntwo\nthree\n")
    (path / "gone.txt").write_text("going\n")
    (path / ".gitignore").write_text("*.log\nbuild/\n")
    for command in (["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", *command], cwd=path, check=True)
    return make_project(tmp_path, path)
