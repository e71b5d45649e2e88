"""One invocation on one repository: what every stage of a run needs, opened in one place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena import runs
from arena import settings as options
from arena.errors import ArenaError
from arena.journal import Journal
from arena.machine import git, store
from arena.machine.git import Repository
from arena.machine.quarantine import Quarantine
from arena.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A run in its place. `here` is the folder that paths on the command line are relative to."""

    run: str
    folder: Path
    here: Path
    repo: Repository
    quarantine: Quarantine
    settings: Settings
    journal: Journal

    @property
    def top(self) -> Path:
        """The root of the checkout, or the git directory of a bare repository."""
        return self.repo.top or self.repo.git_dir

    def freeze(self, *, base: str, target: str | None, labels: Sequence[str]) -> None:
        """Brings base and target into the quarantine before anything else happens, and notes what was planned.

        `target` is a full ref name, or None when nothing can be merged."""
        self.journal.add("planned", labels=list(labels), base=base, target=target)
        self.quarantine.take(base, ref=f"refs/arena/run/{self.run}/base", depth=1)
        tip = self.tip(target)
        if tip is not None and tip != base:
            self.quarantine.take(tip, ref=f"refs/arena/run/{self.run}/target")

    def discard_if_unplanned(self) -> None:
        """Removes the folder of a run that was refused before anything was planned."""
        if not any(event.kind == "planned" for event in self.journal.events()):
            self.journal.close()
            store.remove_tree(self.folder)

    def tip(self, target: str | None) -> str | None:
        """The commit that a target branch is at now."""
        return self.repo.resolve(target) if target else None


def runs_folder(common: Path) -> Path:
    """The folder of all runs of the repository with this git directory."""
    return store.state_dir() / store.repository_id(common) / "runs"


def begin(
    here: Path, *, mode: str, hint: str, given: Mapping[str, Any], config: Path | None
) -> Session:
    """Opens the repository around `here` and starts a new run in it.

    Raises ArenaError if there is no usable repository, or the settings have faults.
    """
    repo = git.open_repository(here)
    found, _ = options.load(here, top=repo.top, given=given, config=config)
    if repo.resolve("HEAD") is None and not found.base:
        raise ArenaError(
            "this repository has no commit to start from. Make a first commit."
        )
    parent = runs_folder(repo.common_dir)
    run = _new_id(parent, hint)
    folder = parent / run
    folder.mkdir(parents=True)
    journal = Journal(folder / "journal.log")
    journal.add("begun", mode=mode, run=run, repository=str(repo.top or repo.git_dir))
    store.write_json(
        folder / "settings.json", {k: v for k, v in given.items() if v is not None}
    )
    return Session(
        run=run,
        folder=folder,
        here=here,
        repo=repo,
        quarantine=Quarantine(repo),
        settings=found,
        journal=journal,
    )


def reopen(
    here: Path, run: str | None, *, config: Path | None, given: Mapping[str, Any] = {}
) -> Session:
    """Opens an existing run, the latest by default. Raises ArenaError if there is none of that name."""
    repo = git.open_repository(here)
    parent = runs_folder(repo.common_dir)
    name = runs.find_run(parent, run)
    folder = parent / name
    first = store.read_json(folder / "settings.json")
    merged = {**first, **{k: v for k, v in given.items() if v is not None}}
    found, _ = options.load(here, top=repo.top, given=merged, config=config)
    return Session(
        run=name,
        folder=folder,
        here=here,
        repo=repo,
        quarantine=Quarantine(repo),
        settings=found,
        journal=Journal(folder / "journal.log"),
    )


def _new_id(parent: Path, hint: str) -> str:
    now = dt.datetime.now(dt.UTC).astimezone()
    stem = f"{now:%Y%m%d-%H%M}-{store.slug(hint, limit=24) or 'run'}"
    name, number = stem, 2
    while (parent / name).exists():
        name, number = f"{stem}-{number}", number + 1
    return name
