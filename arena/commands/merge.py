"""`arena merge`, `arena undo`, `arena restore`, `arena clean`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arena import archive, clean, land, publish, scores, session, verdict
from arena.candidates import Candidate
from arena.commands.judge import choose_target, load_rubric
from arena.commands.output import Output
from arena.errors import ArenaError
from arena.evaluation.bench import open_bench
from arena.evaluation.evaluate import evaluate
from arena.evaluation.result import Evaluation
from arena.machine import store
from arena.session import Session
from arena.task import Task


def offer(
    opened: Session, document: Mapping[str, Any], output: Output
) -> dict[str, Any] | None:
    """Merges the winner if the settings say so, or the user does when asked; what landed, or None."""
    decided, wish = document["verdict"], opened.settings.merge
    commands = [step["command"] for step in document["next"]]
    if not decided["winner"] or not commands or wish == "never":
        return None
    if wish == "auto":
        if decided["blocks"]:
            output.say(
                f"not merged by itself: {'; '.join(decided['blocks'])}. To merge: {commands[0]}"
            )
            return None
        return merge_one(opened, decided["winner"], output=output, target=None)
    if output.as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    import click

    question = f"Merge {decided['winner']} into {document['task']['target']}?"
    if output.yes or click.confirm(question, default=not decided["blocks"], err=True):
        return merge_one(opened, decided["winner"], output=output, target=None)
    return None


def merge(
    here: Path, *, run: str | None, label: str | None, target: str | None, given: Mapping[str, Any],
    config: Path | None, output: Output,
) -> int:  # fmt: skip
    """Merges the winner of a run, or a named candidate of it."""
    opened = session.reopen(here, run, config=config, given=given)
    if label is None:
        label = _winner(opened)
    merged = merge_one(opened, label, output=output, target=target)
    if output.as_json:
        import json

        output.result(json.dumps(merged, indent=1, sort_keys=True))
    return 0


def _winner(opened: Session) -> str:
    path = opened.folder / "result.json"
    if not path.exists():
        raise ArenaError(f"run {opened.run} was not judged to its end. Judge again.")
    found = store.read_json(path)
    decided = found["verdict"]
    if not decided["winner"]:
        labels = " or ".join(decided["tied"] or [decided["leader"] or ""])
        rest = (
            f"Choose one: arena merge {opened.run} {labels}"
            if labels
            else "Nobody passes the gates."
        )
        raise ArenaError(
            f"run {opened.run} has no winner ({decided['confidence']}). {rest}"
        )
    suspicious = [b for b in decided["blocks"] if ":" in b]
    if suspicious:
        raise ArenaError(
            f"{decided['winner']} has an open question and is not merged without your word "
            f"({'; '.join(suspicious)}). Look at the report, then: arena merge {opened.run} {decided['winner']}"
        )
    return str(decided["winner"])


def merge_one(
    opened: Session, label: str, *, output: Output, target: str | None
) -> dict[str, Any]:
    """Tests the merged tree and moves the target to it; cleans up what lost unless told to keep it.

    Raises ArenaError (nothing has changed then) if it does not pass, or something stands in the way.
    """
    what, measured = publish.load(opened)
    commit = _mergeable(opened, measured, label)
    ref = choose_target(opened.repo, target) if target else planned_target(opened)
    if ref is None:
        raise ArenaError(
            "HEAD is detached, so there is no branch to merge into. Say which: --target BRANCH"
        )
    tested: list[int] = []
    landed = land.land(
        opened,
        label,
        commit,
        target=ref,
        message=_message(opened, label, verdict_of(opened), what.prompt),
        judge=lambda merge, tree: _judge_merged(
            opened, what, label, merge, tree, tested
        ),
    )
    short = ref.removeprefix("refs/heads/")
    output.say(
        f"tested  {landed.old[:9]} + {label} → {landed.new[:9]} ({tested[-1]} passed)"
    )
    output.say(f"moved   {short} {landed.old[:9]} → {landed.new[:9]}")
    if not opened.settings.keep:
        _clean(opened, output)
    output.say(f"Undo:   arena undo {opened.run}")
    facts = {"target": short, "old": landed.old, "new": landed.new, "label": label}
    _publish_again(opened, facts)
    return facts


def _mergeable(opened: Session, measured: Evaluation, label: str) -> str:
    """The commit of a candidate that may be merged by hand. Raises ArenaError if it may not."""
    found = next((e for e in measured.candidates if e.candidate.label == label), None)
    if found is None:
        known = ", ".join(e.candidate.label for e in measured.candidates)
        raise ArenaError(
            f'run {opened.run} has no candidate "{label}". It has: {known}'
        )
    if found.value("integrity") == "void":
        raise ArenaError(
            f"{label} is void: its result can't be believed. It is not merged."
        )
    return found.candidate.commit


def _judge_merged(
    opened: Session, what: Task, label: str, commit: str, tree: str, tested: list[int]
) -> tuple[str, ...]:
    """The gates that the merged tree fails, judged against the tip that it was merged with."""
    tip = opened.quarantine.git.call("rev-parse", f"{commit}^1").text
    with open_bench(opened, what, base=tip, role="merged-tree") as bench:
        merged = Candidate(label=label, commit=commit, tree=tree, source="merged tree")
        again = evaluate(bench, [merged], base=tip, target=None)
    tested.append(sum(o == "passed" for o in again.candidates[0].tests.values()))
    return tuple(
        f"{g.name}: {g.why}"
        for g in scores.score(again, load_rubric(opened))[0].failed_gates
    )


def planned_target(opened: Session) -> str | None:
    """The target branch that the run was planned for."""
    for event in opened.journal.events():
        if event.kind == "planned":
            return str(event.data["target"]) if event.data["target"] else None
    return None


def verdict_of(opened: Session) -> str:
    """The confidence that the run's report tells."""
    path = opened.folder / "result.json"
    return (
        str(store.read_json(path)["verdict"]["confidence"])
        if path.exists()
        else "not judged"
    )


def _message(opened: Session, label: str, confidence: str, prompt: str | None) -> str:
    first = (prompt or "").strip().splitlines()
    subject = f": {first[0][:60]}" if first else ""
    return (
        f"Merge {label} (arena {opened.run}){subject}\n\n"
        f"Arena-Run: {opened.run}\nArena-Candidate: {label}\nArena-Verdict: {confidence}\n"
    )


def _publish_again(opened: Session, landed: Mapping[str, Any]) -> None:
    """Writes the report once more, now that it can tell what landed."""
    rules = load_rubric(opened)
    what, measured = publish.load(opened)
    scored = scores.score(measured, rules)
    decided = verdict.decide(measured, scored, rules, seed=opened.settings.seed)
    publish.write(opened, what, measured, scored, decided, rules, landed=landed)


def _clean(opened: Session, output: Output, *, dry_run: bool = False) -> clean.Cleaned:
    done = clean.clean(opened, dry_run=dry_run)
    would = "would remove" if dry_run else "removed"
    if done.worktrees or done.branches:
        output.say(
            f"{would} {len(done.worktrees)} worktrees and {len(done.branches)} branches, {done.freed >> 20} MB"
        )
    for label, why in done.kept:
        output.say(f"kept    {label}: {why}")
    if done.restorable:
        output.say(
            f"kept    {len(done.restorable)} candidates in the archive (arena restore {opened.run} LABEL)"
        )
    return done


def clean_runs(
    here: Path,
    *,
    run: str | None,
    dry_run: bool,
    config: Path | None,
    output: Output,
) -> int:
    """Removes worktrees and branches of one run; every candidate stays in the archive."""
    opened = session.reopen(here, run, config=config)
    done = _clean(opened, output, dry_run=dry_run)
    output.result("Nothing was changed." if dry_run else f"{opened.run} is clean.")
    return 0 if not done.kept else 1


def undo(here: Path, *, run: str | None, config: Path | None, output: Output) -> int:
    """Takes back what landings and clean-ups of a run moved."""
    opened = session.reopen(here, run, config=config)
    done = land.undo(opened)
    for move in done.moves:
        old, new = (oid[:9] if oid else "nothing" for oid in (move.old, move.new))
        output.result(f"moved   {move.ref.removeprefix('refs/heads/')} {old} → {new}")
    return 0


def restore(
    here: Path,
    *,
    run: str,
    label: str,
    branch: str | None,
    config: Path | None,
    output: Output,
) -> int:
    """Makes a branch of an archived candidate."""
    opened = session.reopen(here, run, config=config)
    name = archive.restore(opened.repo, run=opened.run, label=label, branch=branch)
    oid = opened.repo.resolve(f"refs/heads/{name}") or ""
    opened.journal.add("restored", label, branch=name, commit=oid)
    output.result(f"branch {name} is at {oid[:12]}")
    return 0
