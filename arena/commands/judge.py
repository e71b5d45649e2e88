"""`arena judge` and `arena rescore`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from arena import (
    candidates,
    publish,
    race,
    rubric,
    scores,
    session,
    task,
    verdict,
)
from arena.commands import show
from arena.commands.output import Output
from arena.errors import ArenaError
from arena.evaluation import measures
from arena.machine import resources
from arena.machine.git import Repository
from arena.race import Race
from arena.rubric import Rubric
from arena.session import Session


def judge(
    here: Path,
    *,
    names: Sequence[str],
    prompt: str | None,
    prompt_file: str | None,
    suite: Sequence[str],
    checks: Sequence[str],
    holdouts: Sequence[str],
    given: Mapping[str, Any],
    config: Path | None,
    output: Output,
) -> int:
    """Judges existing candidates; the exit code says whether there is a winner."""
    opened = session.begin(
        here, mode="judge", hint=names[0].partition("=")[0], given=given, config=config
    )
    with show.progress(opened, output):
        rules = load_rubric(opened)
        what = task.read(
            folder=here,
            top=opened.top,
            prompt=prompt,
            prompt_file=prompt_file,
            suite=suite,
            checks=checks,
            holdouts=holdouts,
        )
        named = candidates.resolve(opened.repo, names, folder=here)
        target = choose_target(
            opened.repo, opened.settings.target, avoid=[n.name for n in named]
        )
        base = candidates.choose_base(
            opened.repo, named, given=opened.settings.base, target=target
        )
        stake = Race(session=opened, task=what, rubric=rules, base=base, target=target)
        document = race.judge(stake, named)
    return show.finish(opened, document, output)


def rescore(
    here: Path,
    *,
    run: str | None,
    given: Mapping[str, Any],
    config: Path | None,
    output: Output,
) -> int:
    """Scores a judged run by another rubric, without running anything."""
    opened = session.reopen(here, run, config=config, given=given)
    rules = load_rubric(opened)
    what, measured = publish.load(opened)
    scored = scores.score(measured, rules)
    decided = verdict.decide(measured, scored, rules, seed=opened.settings.seed)
    document = publish.write(opened, what, measured, scored, decided, rules)
    opened.journal.add("rescored", rubric=rules.name, winner=decided.winner)
    return show.finish(opened, document, output, offer_merge=False)


def load_rubric(opened: Session) -> Rubric:
    """The rubric of the settings. Raises ArenaError with all its faults."""
    name, text = rubric.find(
        opened.settings.rubric, folder=opened.here, shipped=shipped_rubrics()
    )
    return rubric.load(text, name=name, known=measures.KNOWN)


def shipped_rubrics() -> dict[str, str]:
    """Name → text of the rubrics that come with arena."""
    folder = resources.folder("rubrics")
    return {
        path.name.removesuffix(".toml"): path.read_text(encoding="utf-8")
        for path in folder.iterdir()
        if path.name.endswith(".toml")
    }


def choose_target(
    repo: Repository, given: str | None, *, avoid: Sequence[str] = ()
) -> str | None:
    """Full name of the branch to merge into: the given one, else the current one unless it is a candidate itself,
    else the repository's main branch; None if there is none (detached HEAD).

    Raises ArenaError if the given one is no branch.
    """
    branches = repo.refs("refs/heads")
    if given:
        ref = given if given.startswith("refs/heads/") else f"refs/heads/{given}"
        if ref not in branches:
            raise ArenaError(
                f'no branch called "{given}" to merge into. Make it, or name another with --target.'
            )
        return ref
    current = repo.branch()
    if current in branches and current.removeprefix("refs/heads/") not in avoid:
        return current
    main = [f"refs/heads/{n}" for n in ("main", "master", "trunk") if n not in avoid]
    return next((ref for ref in main if ref in branches), None) if current else None
