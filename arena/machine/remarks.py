"""What users should know of their repository when something in it is judged. None of it stops a run."""

from __future__ import annotations

from collections.abc import Iterator

from arena.machine.changes import GITLINK
from arena.machine.checkout import some
from arena.machine.git import Repository
from arena.machine.quarantine import Quarantine
from arena.machine.transaction import writable


def remarks(repo: Repository, inside: Quarantine, base: str) -> Iterator[str]:
    """In words: what is left out of worktrees and judged trees of `base`, and what of the repository is not heeded."""
    changed = repo.changed_files()
    if changed:
        yield (
            f"{len(changed)} files have uncommitted changes ({some(changed)}), "
            "which are not part of what is judged"
        )
    tree = inside.tree_of(base)
    entries = inside.entries(tree)
    parts = [e.path for e in entries if e.mode == GITLINK]
    if parts:
        yield (
            f"submodules are not initialised ({some(parts)}): "
            "tests that need them fail on the base as well"
        )
    rules = [e.path for e in entries if e.path.rpartition("/")[2] == ".gitattributes"]
    if any(b"filter=lfs" in (inside.read(tree, path) or b"") for path in rules):
        yield (
            "files in Git LFS stay pointers: "
            "tests that need their content fail on the base as well"
        )
    grafts = repo.common_dir / "info" / "grafts"
    if repo.refs("refs/replace") or grafts.exists():
        yield "replaced objects (git replace, grafts) are judged as they were committed"
    if not writable(repo):
        yield (
            f"{repo.common_dir} can't be written: candidates are archived in "
            f"{inside.git.git_dir} only, and nothing can be merged"
        )
