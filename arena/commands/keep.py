"""`arena restore`, `arena bundle`, `arena gc`: what the archive holds, brought back, copied, or let go."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from arena import archive, bundles, garbage, publish, runs, session, settings
from arena.commands.call import Call
from arena.errors import ArenaError
from arena.garbage import Old
from arena.machine import git, store
from arena.machine.git import Repository
from arena.machine.transaction import move_refs
from arena.moves import change
from arena.session import Session


def restore(
    call: Call, run: str, label: str, branch: str | None, source: str | None
) -> int:
    """Makes a branch of an archived candidate, from a bundle where the archive does not hold it any more."""
    repo = git.open_repository(call.here)
    run, there = _meant(repo, run)
    kept = call.here / source if source else bundles.place(repo.common_dir, run)
    if source or (kept.is_file() and not archive.archived(repo, run)):
        bundles.bring_back(repo, run, kept)
    move = archive.branch_of(repo, run=run, label=label, branch=branch)
    if move.old != move.new and there:
        opened = session.reopen(call.here, run, **call.place)
        change(opened, "restoring", [move], label, branch=move.name)
    elif move.old != move.new:
        move_refs(repo, [move], why=f"arena: restore {label} of {run}")
    call.tell(f"branch {move.name} is at {move.new[:12]}")
    return 0


def _meant(repo: Repository, run: str) -> tuple[str, bool]:
    """The run that is meant, of those that are there and those that only a bundle is left of; whether it is there."""
    parent = runs.folder(repo.common_dir)
    there = {path.parent.name for path in parent.glob("*/settings.json")}
    kept = bundles.place(repo.common_dir, run).parent
    left = {path.stem for path in kept.glob("*.bundle")}
    found = {n for n in there | left if n == run} or {
        n for n in there | left if n.startswith(run)
    }
    name = found.pop() if len(found) == 1 else run
    return name, name in there


def bundle(call: Call, run: str | None) -> int:
    """Writes what the archive holds of a run into one file."""
    opened = session.reopen(call.here, run, **call.place)
    path = call.here / (call.out or f"{opened.run}.bundle")
    base = publish.planned(opened).get("base")
    count = bundles.write(opened.repo, opened.run, path, base=base)
    size = path.stat().st_size
    facts = {"bundle": str(path), "candidates": count, "bytes": size}
    lines = [f"{path}: {count} archived commits, {size >> 10} KB"]
    lines += [f"back: arena restore {opened.run} LABEL --from {path}"]
    call.tell(lines, facts)
    return 0


def gc(call: Call, older_than: str, *, dry_run: bool, no_bundle: bool) -> int:
    """Removes runs that are clean and old; what they archived goes into bundles first."""
    try:
        before = time.time() - settings.seconds(older_than)
    except ValueError as error:
        raise ArenaError(f"--older-than {older_than}: {error}.") from error
    repo = git.open_repository(call.here)
    parent = runs.folder(repo.common_dir)
    names = sorted(p.parent.name for p in parent.glob("*/journal.log"))
    opened = dict[str, Session]()
    for name in names:
        try:
            opened[name] = session.reopen(call.here, name, **call.place)
        except ArenaError as error:  # what can't be opened stays, and stops no other
            call.say(f"stays   {name}: {error}")
    found = [garbage.look(one, before=before) for one in opened.values()]
    going = [one for one in found if not one.kept]
    if no_bundle and not dry_run and any(one.archived for one in going):
        _ask(call, going)
    left = [] if dry_run else [opened[one.run] for one in going]
    kept = [garbage.remove(one, bundle=not no_bundle) for one in left]
    freed = sum(one.size for one in going)
    if opened and not dry_run:
        inside = next(iter(opened.values())).quarantine
        freed += garbage.tidy(inside, before=before)
    lines = [_line(one) for one in found]
    word = "would go" if dry_run else "gone"
    lines += [f"{len(going)} of {len(found)} runs {word}, {freed / 1e6:.1f} MB"]
    lines += [f"kept    {path}" for path in kept if path]
    lines += [f"disk    {_disk(repo)}"]
    facts = {
        "runs": [
            {"run": o.run, "bytes": o.size, "archived": o.archived, "kept": o.kept}
            for o in found
        ],
        "bundles": [str(path) for path in kept if path],
        "freed": freed,
        "dry_run": dry_run,
    }
    call.tell(lines, facts)
    return 0


def _ask(call: Call, going: Sequence[Old]) -> None:
    count = sum(one.archived for one in going)
    question = f"Delete {count} archived candidates for good?"
    asked = sys.stdin.isatty() and sys.stderr.isatty()
    if not call.yes and not (asked and call.confirm(question, default=False)):
        raise ArenaError(
            f"--no-bundle would delete {count} archived candidates for good: say so with arena --yes gc. "
            "Nothing was changed."
        )


def _line(one: Old) -> str:
    days = max(0.0, time.time() - one.last) / 86400
    end = f"  stays: {one.kept}" if one.kept else ""
    return f"{one.run:44} {days:4.0f} days {one.size / 1e6:7.1f} MB {one.archived:3} archived{end}"


def _disk(repo: Repository) -> str:
    """What arena has on disk, of this repository and in all."""
    own = store.state_dir() / store.repository_id(repo.common_dir)
    places = {"this repository": own, "all runs": store.state_dir()}
    places["cache"] = store.cache_dir()
    free = store.free_bytes(Path(store.state_dir())) / 1e6
    told = [f"{name} {store.size(path) / 1e6:.1f} MB" for name, path in places.items()]
    return ", ".join([*told, f"free {free:.0f} MB"])
