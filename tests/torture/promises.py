"""What arena promises, looked at with plain git and plain files; nothing here knows how arena keeps it."""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_place = sys.modules["torture_place"]
Place, Done = _place.Place, _place.Done
GOOD_ENDS = (0, 1, 2, 130)


def ended_well(done: Done) -> None:
    """No command ends with a stack trace, nor as our own fault."""
    said = f"exit code {done.code}, fault at {done.where}:\n{done.err}\n{done.out}"
    assert done.code in GOOD_ENDS, said
    assert "Traceback" not in done.err, said
    if done.code == 2:
        assert done.last.startswith(("arena: ", "  ")), said


def events(run: Path) -> list[dict[str, Any]]:
    """The complete lines of a journal."""
    path, found = run / "journal.log", []
    for line in path.read_bytes().split(b"\n")[:-1] if path.exists() else ():
        crc, _, body = line.partition(b" ")
        assert int(crc, 16) == zlib.crc32(body), line
        found.append(json.loads(body))
    return found


def nothing_lost(place: Place, *, archived: bool = False) -> None:
    """What agents had made is still there: in a worktree (also one in the trash) or in a ref; if it is to be archived,
    then in the archive."""
    refs = {r: c for r, c in place.refs().items() if r not in place.known or r == "refs/heads/main"}  # fmt: skip
    kept = [r for r in refs if not archived or r.startswith("refs/arena/archive/")]
    contents = [_of_commit(place, refs[ref]) for ref in kept]
    if not archived:
        contents += [_of_folder(folder) for folder in _folders(place)]
    for label in place.marks() & _place.WORK.keys():
        wanted = _place.WORK[label].items()
        assert any(wanted <= content.items() for content in contents), (
            f"the work of {label} is lost; refs: {sorted(refs)}"
        )


def _of_commit(place: Place, commit: str) -> dict[str, str]:
    names = place.git("ls-tree", "-r", "-z", "--name-only", commit).split("\0")
    return {n: place.git("show", f"{commit}:{n}") + "\n" for n in names if n in _NAMES}


_NAMES = {name for work in _place.WORK.values() for name in work}


def _folders(place: Place) -> Iterator[Path]:
    for run in place.runs:
        for name in ("worktrees", "trash"):
            yield from (run / name).glob("*")


def _of_folder(folder: Path) -> dict[str, str]:
    return {n: (folder / n).read_text() for n in _NAMES if (folder / n).is_file()}


def target_is_tested(place: Place, first: str) -> bool:
    """The target is where it was, or at a merge with a tree that passed; tells whether it is at a merge."""
    tip = place.git("rev-parse", "main")
    if tip == first:
        return False
    old, candidate = place.git("log", "-1", "--format=%P", tip).split(" ")
    assert old == first, "the target moved past something"
    tree = place.git("rev-parse", f"{tip}^{{tree}}")
    assert tree == place.git("merge-tree", "--write-tree", old, candidate)
    told = [e for run in place.runs for e in events(run)]
    landing = next(n for n, e in enumerate(told) if e["data"].get("new") == tip)
    assert (told[landing]["kind"], told[landing]["data"]["old"]) == ("landing", old)
    tests = [e["data"] for e in told[:landing] if e["kind"] in ("tests", "tests-cached")]  # fmt: skip
    assert any(t["tree"] == tree and t["role"] == "merged-tree" for t in tests)
    return True


def checkout_is_theirs(place: Place) -> None:
    """The checkout is what its branch says, and the user's own files are as they were."""
    changed = place.git("status", "--porcelain", "-unormal").splitlines()
    assert changed == ["?? notes.txt"], changed
    for name, text in _place.THEIRS.items():
        assert (place.project / name).read_text() == text
    assert place.git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert place.git("stash", "list") == ""


def nothing_left(place: Place) -> None:
    """No lock, process or temporary file stays, and the repository is sound."""
    left = place.settle()
    assert not left, left
    git_dir = place.project / ".git"
    # What a killed git left in the folder of a worktree of ours goes with that worktree (`all_clean`).
    locks = [
        p for p in git_dir.rglob("*.lock") if git_dir / "worktrees" not in p.parents
    ]
    assert not locks, locks
    assert not [*place.tmp.iterdir()], [*place.tmp.iterdir()]
    place.git("fsck", "--strict", "--no-dangling")


def _scratch(place: Place) -> Iterator[Path]:
    """Exports and the like of arenas that are gone; the last one leaves its empty folder for the next."""
    homes = [*(place.root / "cache/scratch").glob("*")]
    yield from homes[1:]
    for home in homes:
        yield from (p for p in home.iterdir() if p.name != "lock")


def all_clean(place: Place, *, known: set[str]) -> None:
    """No worktree is registered and no ref of arena's is there, but for the archive."""
    lines = place.git("worktree", "list", "--porcelain").splitlines()
    assert [line for line in lines if line.startswith("worktree ")] == [f"worktree {place.project}"]  # fmt: skip
    rest = {r for r in place.refs() if not r.startswith("refs/arena/archive/")}
    assert rest == known, rest ^ known
    left = [*_folders(place), *_scratch(place), *place.root.glob("state/**/.*.tmp.*")]
    left += [*place.project.glob("reports/**/.*.tmp.*")]
    assert not left, left
