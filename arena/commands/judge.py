"""`arena judge` and `arena rescore`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from arena import candidates, land, places, publish, race, rubric, session, task
from arena.commands import show
from arena.commands.call import Call
from arena.errors import ArenaError
from arena.evaluation import measures
from arena.machine import resources
from arena.machine.git import Repository
from arena.race import Race
from arena.rubric import Rubric
from arena.session import Session
from arena.territory import Territory


def judge(
    call: Call, names: Sequence[str], *, worktrees: str | None = None, **asked: Any
) -> int:
    """Judges existing candidates; the exit code says whether there is a winner. `asked` is what the task says."""
    if worktrees is not None:
        if names:
            raise ArenaError("give candidates or --worktrees, not both.")
        return _worktrees(call, worktrees, asked)
    if not names:
        raise ArenaError("name what is to be judged: arena judge CANDIDATE...")
    hint = names[0].partition("=")[0]
    opened = session.begin(call.here, mode="judge", hint=hint, **call.place)
    repo, settings = opened.repo, opened.settings
    with show.progress(opened, call):
        rules = load_rubric(opened)
        what = task.read(opened.here, opened.top, **within(asked))
        named = candidates.resolve(repo, names, folder=opened.here)
        target = target_of(opened, avoid=[n.name for n in named])
        base = candidates.choose_base(repo, named, given=settings.base, target=target)
        stake = Race(session=opened, task=what, rubric=rules, base=base, target=target)
        document = race.judge(stake, named)
    return show.finish(opened, document, call)


def _worktrees(call: Call, run: str, asked: Mapping[str, Any]) -> int:
    """Judges what is in the worktrees of a run, as it is now; they stay as they are."""
    made = session.reopen(call.here, run, given={}, config=call.config)
    trees = [tree for tree in places.made(made) if tree.is_there]
    if not trees:
        raise ArenaError(f"run {made.run} has no worktree any more.")
    target = (publish.planned(made)["target"] or "").removeprefix("refs/heads/")
    given = {"target": target or None, "base": trees[0].base, **call.given}
    opened = session.begin(
        call.here, mode="judge", hint=made.run[14:], given=given, config=call.config
    )
    with show.progress(opened, call):
        stake = Race(
            session=opened,
            task=task.read(opened.here, opened.top, **within(asked)),
            rubric=load_rubric(opened),
            base=opened.repo.resolve(opened.settings.base or "") or trees[0].base,
            target=choose_target(opened.repo, opened.settings.target),
        )
        document = race.judge(stake, [], trees)
    call.say(f"the worktrees stay; remove them with: arena clean {made.run}")
    return show.finish(opened, document, call)


def within(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked, with the territory made of its options."""
    own = {f.name: asked[f.name] for f in fields(Territory) if f.name in asked}
    rest = {name: value for name, value in asked.items() if name not in own}
    return {**rest, "territory": Territory(**own)}


def rescore(call: Call, run: str | None) -> int:
    """Scores a judged run by another rubric, without running anything."""
    opened = session.reopen(call.here, run, **call.place)
    document = publish.again(opened, load_rubric(opened))
    winner = document["verdict"]["winner"]
    opened.journal.add("rescored", rubric=document["rubric"]["name"], winner=winner)
    return show.finish(opened, document, call, offer_merge=False)


def load_rubric(opened: Session, wanted: str | None = None) -> Rubric:
    """The rubric `wanted`, by default that of the settings. Raises ArenaError with all its faults."""
    name, text = rubric.find(
        wanted or opened.settings.rubric, folder=opened.here, shipped=shipped_rubrics()
    )
    rules = rubric.load(text, name=name, known=measures.KNOWN)
    if opened.settings.pattern == "safety-net":
        if opened.settings.fast:
            raise ArenaError("safety-net needs the runs that --fast leaves out.")
        rules = replace(rules, agreement=True)
    return rules


def shipped_rubrics() -> dict[str, str]:
    """Name → text of the rubrics that come with arena."""
    paths = resources.folder("rubrics").iterdir()
    return {
        path.name.removesuffix(".toml"): path.read_text(encoding="utf-8")
        for path in paths
        if path.name.endswith(".toml")
    }


def choose_target(
    repo: Repository, given: str | None, *, avoid: Sequence[str] = ()
) -> str | None:
    """Full name of the branch to merge into: the given one, else the current one unless it is a candidate itself,
    else the repository's main branch; None if there is none (detached HEAD).

    Raises ArenaError if the given one is no branch.
    """
    branches, current = repo.refs("refs/heads"), repo.branch()
    if given:
        ref = f"refs/heads/{given.removeprefix('refs/heads/')}"
        if ref not in branches:
            why = f'no branch called "{given}" to merge into.'
            raise ArenaError(f"{why} Make it, or name another with --target.")
        return ref
    if current is None:
        return None
    main = [f"refs/heads/{name}" for name in ("main", "master", "trunk")]
    barred = {f"refs/heads/{name}" for name in avoid}
    free = (ref for ref in (current, *main) if ref in branches and ref not in barred)
    return next(free, None)


def target_of(opened: Session, *, avoid: Sequence[str] = ()) -> str | None:
    """As `choose_target`, by the settings. Where a run merges by itself there must be a branch that takes it: said now,
    not when all the work is done. Raises ArenaError, too, if there is none."""
    settings, repo = opened.settings, opened.repo
    if settings.merge != "auto":
        return choose_target(repo, settings.target, avoid=avoid)
    found = need_target(repo, settings.target, avoid=avoid)
    land.refuse_protected(opened, found)
    return found


def need_target(
    repo: Repository, given: str | None, *, avoid: Sequence[str] = ()
) -> str:
    """As `choose_target`. Raises ArenaError also if there is none."""
    found = choose_target(repo, given, avoid=avoid)
    if found is None:
        why = "HEAD is detached, or on a candidate: there is no branch to merge into."
        raise ArenaError(f"{why} Say which: --target BRANCH")
    return found
