"""A plan comes true: each task is a run of its own, what passes is merged onto a staging branch in order, sync points
verify it, and the whole lands at the end. What was done is in the journal, so a plan that was killed goes on there.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from arena import archive, clean, deliver, land, session
from arena.assignment import Assignment, Division
from arena.candidates import Candidate
from arena.errors import ArenaError
from arena.evaluation.bench import open_bench
from arena.evaluation.request import Request
from arena.machine.switch import HalfDone
from arena.machine.transaction import Move, move_refs, value_of
from arena.moves import change
from arena.patterns.plan import Sync, before, waves
from arena.session import Session
from arena.task import Task

NOTHING = Task(prompt=None)
STAGING = "staging"


def run(division: Division) -> bool:
    """Works through the plan; whether all of it was done and has landed.

    What is blocked is told in the journal, and whatever waits for it is left undone; nothing of it is deleted, and
    nothing lands then unless the plan lands each task by itself.
    """
    own, plan = division.session, division.plan
    if tries_of(own) and not division.tip:
        why = f"the staging branch of plan {own.run} is gone."
        branch = division.staging.removeprefix("refs/heads/")
        how = f"arena restore {own.run} {_kept(own)[-1]} --branch {branch}"
        raise ArenaError(f"{why} Bring it back: {how}")
    if not own.is_planned:
        names = [step.id for step in plan.steps]
        own.freeze(base=division.base, target=division.target, labels=names)
    if not division.tip:
        move = Move(division.staging, "", division.base)
        move_refs(own.repo, [move], why=f"arena: plan {plan.name}")
    done = _done(own)
    waits, left = before(plan), set[str]()
    for wave in waves(plan):
        for name in wave:
            if name not in done and (missing := sorted(waits[name] & left)):
                own.journal.add("waits", name, on=missing)
                left.add(name)
        todo = [name for name in wave if name not in done | left]
        left |= set(todo) - _wave(division, todo)
    if left or not _land(division):
        own.journal.add("plan-blocked", undone=sorted(left))
        return False
    if not own.settings.keep and own.settings.merge != "never":
        tidy(own)
    own.journal.add("plan-done")
    return True


def tidy(own: Session) -> None:
    """Takes away what the tries of a plan left, and its staging branch; all of it is archived first. Any other run
    has nothing of the kind."""
    if next(own.journal.events()).data["mode"] != "plan":
        return
    for name in tries_of(own):
        clean.clean(session.reopen(own.here, name, given={}, config=None))
    staging = f"refs/heads/arena/{own.run}/{STAGING}"
    if tip := value_of(own.repo, staging):
        *_, last = _kept(own)
        if archive.archived(own.repo, own.run).get(last) not in (None, tip):
            last = f"{STAGING}-{len(_kept(own)) + 1}"  # it has grown since
        archive.keep(own, last, tip)
        change(own, "cleaning", [Move(staging, tip, "")])


def _kept(own: Session) -> list[str]:
    """What the staging branch is called in the archive, the latest last; the name that it gets if it is not there."""
    names = [n for n in archive.archived(own.repo, own.run) if n.startswith(STAGING)]
    return sorted(names, key=len) or [STAGING]


def tries_of(own: Session) -> list[str]:
    """The runs of a plan's tasks, in the order in which they began."""
    return [e.data["run"] for e in own.journal.events() if e.kind == "task-started"]


def _done(own: Session) -> set[str]:
    """The tasks and sync points that are done, also before we were killed."""
    kinds = ("task-merged", "sync")
    return {e.label for e in own.journal.events() if e.label and e.kind in kinds}


def _wave(division: Division, names: Sequence[str]) -> set[str]:
    """Does the tasks of a wave side by side, then merges them in the plan's order; the names of what was done."""
    steps = [step for step in division.plan.steps if step.id in names]
    done = set[str]()
    if steps:
        with ThreadPoolExecutor(max_workers=len(steps)) as pool:
            works = [Assignment(division, step) for step in steps]
            passed = list(pool.map(Assignment.until_passed, works))
        for work, one in zip(works, passed, strict=True):
            if work.merged(one):
                done.add(work.step.id)
    syncs = [sync for sync in division.plan.syncs if sync.name in names]
    return done | {sync.name for sync in syncs if _verified(division, sync)}


def _verified(division: Division, sync: Sync) -> bool:
    """Whether everything merged until now passes at a sync point."""
    own, tip = division.session, division.tip
    command = sync.verify or division.plan.verify
    why = verify(division, tip, command, base=division.base)
    if why:
        own.journal.add("blocked", sync.name, why=why)
    else:
        own.journal.add("sync", sync.name, commit=tip, after=list(sync.after))
    return not why


def verify(division: Division, commit: str, command: str | None, *, base: str) -> str:
    """Why a commit may not stand: the gates that it fails against `base`, or its command; "" if it may."""
    own = division.session
    for one, name in ((base, "base"), (commit, "staging")):
        own.quarantine.take(one, ref=f"refs/arena/run/{own.run}/{name}")
    tree = own.quarantine.git.tree_of(commit)
    made = Candidate(label="staging", commit=commit, tree=tree, source="staging branch")
    if commit != base:
        reasons, _ = deliver.failed_gates(
            own, NOTHING, made, division.rubric, base=base
        )
        if reasons:
            return "; ".join(reasons)
    if command is None:
        return ""
    with open_bench(own, NOTHING, base=base) as bench:
        words = ["/bin/sh", "-c", command]
        request = Request(tree=tree, role="verify", label="staging")
        ended = bench.runner.command(words, request)
    return "" if ended.exit_code == 0 else f"{command!r} ends with {ended.exit_code}"


def _land(division: Division) -> bool:
    """Merges the staging branch into the target, if there is one and it is another."""
    own, target = division.session, division.target
    nothing = target in (None, division.staging) or division.tip == division.base
    if nothing or own.settings.merge == "never":
        return True
    title = (
        f"Merge plan {division.plan.name} (arena {own.run})\n\nArena-Run: {own.run}\n"
    )

    def judge(move: Move) -> tuple[str, ...]:
        # Against what it is merged with, which others may have moved on since the plan began.
        why = verify(division, move.new, division.plan.verify, base=move.old)
        return (why,) if why else ()

    try:
        land.land(
            own,
            "plan",
            division.tip,
            target=str(target),
            message=title,
            judge=judge,
            style=own.settings.style,
        )
    except HalfDone:
        raise
    except ArenaError as error:
        own.journal.add("blocked", "plan", why=str(error))
        return False
    return True
