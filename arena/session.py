"""One invocation on one repository: what every stage of a run needs, opened in one place."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena import journal, runs
from arena import settings as options
from arena.errors import ArenaError
from arena.journal import Journal
from arena.machine import git, living, store
from arena.machine.git import Repository
from arena.machine.quarantine import Quarantine
from arena.machine.remarks import remarks
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

    @property
    def held(self) -> str:
        """The ref that keeps what the repository's refs were at when agents began."""
        return f"refs/arena/held/{self.run}"

    def freeze(self, *, base: str, target: str | None, labels: Sequence[str]) -> None:
        """Brings base and target into the quarantine before anything else happens, and notes what was planned.

        `target` is a full ref name, or None when nothing can be merged."""
        self.journal.add("planned", labels=list(labels), base=base, target=target)
        self.quarantine.take(base, ref=f"refs/arena/run/{self.run}/base", depth=1)
        tip = self.tip(target)
        if tip is not None and tip != base:
            self.quarantine.take(tip, ref=f"refs/arena/run/{self.run}/target")
        told = {e.data["text"] for e in self.journal.events() if e.kind == "note"}
        for text in remarks(self.repo, self.quarantine, base):
            if text not in told:
                self.journal.add("note", text=text)

    @property
    def is_planned(self) -> bool:
        """Whether it was said what this run is to do; before that nothing of it is anywhere but in its folder."""
        return any(event.kind == "planned" for event in self.journal.events())

    def discard_if_unplanned(self) -> bool:
        """Removes the folder of a run that ended before anything was planned; tells whether it was one."""
        unplanned = not self.is_planned
        if unplanned:
            self.journal.close()
            store.remove_tree(self.folder)
        return unplanned

    @contextlib.contextmanager
    def alone(self, *, force: bool = False) -> Iterator[None]:
        """Keeps other arenas off this run. Raises ArenaError if one works on it; with `force` not for one on another
        machine, of which nobody here can tell whether it still does."""
        lock, who = self.folder / "run.lock", f"arena on run {self.run}"
        with store.lock(lock, who=who):
            state = runs.state(self.folder)
            if state["going"]:
                self._refuse_active(state["process"], state["born"], force=force)
            yield

    def _refuse_active(self, pid: int, born: str, *, force: bool) -> None:
        elsewhere = living.machine_of(born)
        cure = f"Wait for it: arena wait {self.run}; or end it: arena stop {self.run}"
        if elsewhere:
            cure = f"If it is gone for good there: arena --yes clean {self.run}"
        if not (force and elsewhere):
            who = living.named(pid, born)
            raise ArenaError(f"run {self.run} is active ({who}). {cure}")

    def tip(self, target: str | None) -> str | None:
        """The commit that a target branch is at now."""
        return self.repo.resolve(target) if target else None


def begin(
    here: Path, *, mode: str, hint: str, given: Mapping[str, Any], config: Path | None
) -> Session:
    """Opens the repository around `here` and starts a new run in it.

    Raises ArenaError if there is no usable repository, or the settings have faults; nothing is left then.
    """
    repo = git.open_repository(here)
    found, _ = options.load(here, repo.top, given, config)
    if repo.resolve("HEAD") is None and not found.base:
        why = "this repository has no commit to start from."
        raise ArenaError(f"{why} Make a first commit.")
    folder = _new_folder(runs.folder(repo.common_dir), hint)
    try:
        opened = _open(here, repo, folder, found)
        place = str(opened.top)
        facts = {"mode": mode, "run": opened.run, "repository": place}
        opened.journal.add("begun", schema=journal.SCHEMA, **facts)
        store.write_json(folder / "settings.json", given)
    except BaseException:
        store.remove_tree(folder)
        raise
    return opened


def reopen(
    here: Path, run: str | None, *, given: Mapping[str, Any], config: Path | None
) -> Session:
    """Opens an existing run, the latest by default. Raises ArenaError if there is none of that name."""
    repo = git.open_repository(here)
    parent = runs.folder(repo.common_dir)
    folder = parent / runs.find_run(parent, run)
    journal.refuse_newer(folder / "journal.log")
    path = folder / "settings.json"
    first = store.read_json(path) if path.exists() else {}  # killed before it was
    found, _ = options.load(here, repo.top, {**first, **given}, config)
    return _open(here, repo, folder, found)


def _open(here: Path, repo: Repository, folder: Path, found: Settings) -> Session:
    return Session(
        run=folder.name,
        folder=folder,
        here=here,
        repo=repo,
        quarantine=Quarantine(repo),
        settings=found,
        journal=Journal(folder / "journal.log"),
    )


def _new_folder(parent: Path, hint: str) -> Path:
    """Makes the folder of a new run; its name is the run's id. Two that begin at once get two."""
    now = dt.datetime.now(dt.UTC).astimezone()
    stem = f"{now:%Y%m%d-%H%M}-{store.slug(hint, limit=24) or 'run'}"
    for number in itertools.count(1):
        folder = parent / (stem if number == 1 else f"{stem}-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir(parents=True)
            break
    return folder
