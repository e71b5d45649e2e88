"""Commits from one repository on this machine into another, and whether they arrived whole."""

from __future__ import annotations

from collections.abc import Sequence

from arena.errors import GitError, one_line
from arena.machine import raw
from arena.machine.changes import GITLINK, Change
from arena.machine.git import Answer, Repository

# A pruning set in the user's configuration must not reach their remote-tracking branches.
FETCH = "fetch -q --no-tags --no-write-fetch-head --no-auto-gc --no-prune"


def fetch(
    target: Repository, source: Repository, *options: str, specs: Sequence[str]
) -> Answer:
    """Git's answer to a fetch of refspecs from `source` into `target`."""
    # With a scheme, so that git checks what it copies.
    url = f"file://{source.common_dir}"
    return target.ask(*FETCH.split(), *options, url, *specs)


def copy(
    source: Repository,
    target: Repository,
    commits: Sequence[str],
    *options: str,
    specs: Sequence[str],
    cure: str,
) -> None:
    """Fetches `commits` by `specs`. Raises GitError, with `cure` as what to do, if one of them did not arrive."""
    answer = fetch(target, source, *options, specs=specs)
    there = target.trees(*commits)
    # `fetch` alone can end with 0 and bring nothing.
    lost = [commit for commit in commits if commit not in there]
    if answer.code != 0 or lost:
        names = ", ".join(commit[:12] for commit in lost or commits)
        raise GitError(
            f"can't copy commit {names} from {source.git_dir} to {target.git_dir}: "
            f"{one_line(answer.err) or 'it did not arrive'}. {cure}"
        )


def whole(repo: Repository, *commits: str) -> bool:
    """Whether commits are in a repository with every object of their trees."""
    return repo.ask("rev-list", "--objects", "--no-walk", *commits).code == 0


def untrue(
    theirs: Repository, ours: Repository, new: str, changed: Sequence[Change]
) -> list[str]:
    """What the user's object store holds of `new` with other content than its id says, among what `changed` there.

    Git reads a loose object without checking its hash, and agents can write to that store.
    """
    for name, *words in (
        ("the commit", "cat-file", "commit", new),
        ("the tree", "ls-tree", "-r", "-t", "-z", new),
    ):
        if theirs.ask(*words).out != ours.call(*words).out:
            return [name]
    files = [c for c in changed if c.status != "D" and c.mode != GITLINK]
    oids = [c.oid for c in files]
    sides = (raw.contents(store, oids) for store in (theirs, ours))
    pairs = zip(files, *sides, strict=True)
    return [change.path for change, one, other in pairs if one != other]
