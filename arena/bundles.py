"""The archive of a run as one file: a git bundle, a second net that outlives the repository's own refs.

It holds what its candidates have beyond the run's base, so it is small, and needs a clone that has the base.
"""

from __future__ import annotations

from pathlib import Path

from arena import archive
from arena.errors import ArenaError, Refused, one_line
from arena.machine import scratch, store
from arena.machine.git import Repository
from arena.machine.transfer import FETCH, whole


def place(common: Path, run: str) -> Path:
    """Where the bundle of a run is kept, for the repository with this git directory."""
    return store.state_dir() / store.repository_id(common) / "bundles" / f"{run}.bundle"


def write(repo: Repository, run: str, path: Path, *, base: str | None) -> int:
    """Writes all that the archive holds of a run into a bundle, unpacked once before it counts; returns how many refs.

    Raises ArenaError if there is nothing, or it can't be written or read; what was at `path` is there still then.
    """
    held = archive.archived(repo, run)
    if not held:
        raise ArenaError(f"the archive holds nothing of run {run}.")
    refs = [f"{archive.ROOT}/{run}/{label}" for label in held]
    # A bundle may not be empty, and a candidate may be the base itself.
    beyond = base and whole(repo, base) and base not in held.values()
    words = (*refs, *([f"^{base}"] if beyond else []))
    with scratch.folder() as folder:
        try:
            made = repo.call("bundle", "create", "-q", "-", *words).out
            (folder / "made.bundle").write_bytes(made)
            _unpack(repo, folder / "made.bundle", folder / "tried.git")
        except OSError as error:
            raise ArenaError(f"can't write {path}: {error.strerror}.") from error
    store.write_bytes(path, made)
    return len(held)


def _unpack(repo: Repository, bundle: Path, place: Path) -> None:
    """Unpacks a bundle beside the repository, whose objects it may need. Raises GitError if it is not whole."""
    tried = Repository(place, None)
    kind = repo.ask("rev-parse", "--show-object-format").text or "sha1"
    place.mkdir()
    tried.call("init", "-q", "--bare", "--template=", f"--object-format={kind}")
    lent = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(repo.common_dir / "objects")}
    tried.call("bundle", "unbundle", str(bundle), env=lent)


def bring_back(repo: Repository, run: str, path: Path) -> dict[str, str]:
    """Puts what a bundle holds of a run into the archive; label → commit of what the archive holds then.

    Raises ArenaError if it can't be read or lacks its base, or the archive holds something else under a name.
    """
    if not path.is_file():
        raise Refused(f"there is no bundle {path}.")
    spec = f"{archive.ROOT}/{run}/*"
    # Without a plus sign nothing that is there is replaced.
    answer = repo.ask(*FETCH.split(), str(path.absolute()), f"{spec}:{spec}")
    found = archive.archived(repo, run)
    if answer.code != 0 or not found:
        why = one_line(answer.err) or f"it holds nothing of run {run}"
        raise Refused(f"can't take run {run} out of {path}: {why}.")
    return found
