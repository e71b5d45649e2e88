"""Writes what a run ends with: the evaluation for later, and the report in all its formats."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from arena import scores, task
from arena.attempts import Tried
from arena.errors import ArenaError
from arena.evaluation.result import Evaluation
from arena.machine import records, store
from arena.report import document, formats
from arena.report.document import Story
from arena.rubric import Rubric
from arena.scores import Score
from arena.session import Session
from arena.task import Task
from arena.verdict import Verdict

MARK = "# made by arena: reports are not for committing\n*\n"
LOG_LINES = 200


def save(
    session: Session, what: Task, evaluation: Evaluation, tried: Sequence[Tried]
) -> None:
    """Keeps in the run's folder what `rescore`, `report` and `merge` need."""
    task.save(what, session.folder)
    data = json.dumps(records.to_json(evaluation), sort_keys=True).encode()
    store.write_bytes(
        session.folder / "evaluation.json.gz", gzip.compress(data, 6, mtime=0)
    )
    store.write_json(session.folder / "tried.json", [_told(t) for t in tried])


def load(session: Session) -> tuple[Task, Evaluation]:
    """Reads what `save` kept. Raises ArenaError if this run was never judged to its end."""
    path = session.folder / "evaluation.json.gz"
    if not path.exists():
        raise ArenaError(f"run {session.run} was not judged to its end. Judge again.")
    data = json.loads(gzip.decompress(path.read_bytes()))
    return task.load(session.folder), records.from_json(Evaluation, data)


def _told(one: Tried) -> dict[str, Any]:
    attempt = one.attempt
    return {
        "label": one.entry.label,
        "agent": one.entry.agent,
        "seed": one.entry.seed,
        "candidate": one.candidate is not None,
        "outcome": one.outcome,
        "why": one.why,
        "exit_code": attempt.end.exit_code if attempt else None,
        "seconds": round(attempt.end.seconds, 1) if attempt else None,
        "tokens": attempt.told.tokens if attempt else None,
        "cost_usd": attempt.told.cost_usd if attempt else None,
        "text": attempt.told.text if attempt else None,
        "log_tail": "\n".join(attempt.last_lines) if attempt else one.why,
    }


def write(
    session: Session,
    what: Task,
    evaluation: Evaluation,
    scored: Sequence[Score],
    decided: Verdict,
    rubric: Rubric,
    *,
    landed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Builds the document and returns it; writes it as JSON, HTML, Markdown and CSV into the run's folder.

    The page also goes into `reports/` of the repository where that is free; `report` in the document is its path.
    """
    place = report_place(session)
    tried = _read_tried(session)
    story = Story(
        run=session.run,
        mode=_mode(session),
        task=what,
        target_name=_target_name(session),
        base_name=_base_name(session, evaluation.base),
        evaluation=evaluation,
        scores=scored,
        verdict=decided,
        rubric=rubric,
        seed=session.settings.seed,
        replay=_replay(session, evaluation, rubric),
        failed=[t for t in tried if not t["candidate"]],
        attempts={
            t["label"]: {k: t[k] for k in ("outcome", "exit_code", "why")}
            for t in tried
            if t["candidate"]
        },
        logs={t["label"]: _log(session, t["label"]) for t in tried},
        events=_events(session),
        landed=landed,
        timing=_timing(session, tried),
        report=str(place / "report.html"),
    )
    whole = document.build(story, session.quarantine)
    store.write_json(session.folder / "result.json", document.result(whole))
    store.write_json(session.folder / "document.json", whole)
    table = scores.table(evaluation, scored)
    store.write_text(
        session.folder / "scoreboard.json",
        table.to_json(orient="index", indent=1) + "\n",
    )
    store.write_text(session.folder / "scoreboard.csv", formats.csv(whole))
    store.write_text(session.folder / "summary.md", formats.markdown(whole))
    page = formats.html(whole)
    for folder in {session.folder, place}:
        store.write_text(folder / "report.html", page)
    return whole


def _mode(session: Session) -> str:
    return next(
        (e.data["mode"] for e in session.journal.events() if e.kind == "begun"), "judge"
    )


def _planned(session: Session) -> dict[str, Any]:
    return next((e.data for e in session.journal.events() if e.kind == "planned"), {})


def _target_name(session: Session) -> str | None:
    target = _planned(session).get("target")
    return str(target).removeprefix("refs/heads/") if target else None


def _base_name(session: Session, base: str) -> str | None:
    for ref, oid in session.repo.refs("refs/heads").items():
        if oid == base and not ref.startswith("refs/heads/arena/"):
            return ref.removeprefix("refs/heads/")
    return None


def _read_tried(session: Session) -> list[dict[str, Any]]:
    path = session.folder / "tried.json"
    return list(store.read_json(path)) if path.exists() else []


def _log(session: Session, label: str) -> dict[str, Any]:
    """The end of an agent's log, with how much was left off."""
    path = session.folder / "logs" / f"{label}.stdout.log"
    data = path.read_bytes() if path.exists() else b""
    kept = data[-32 * 1024 :]
    lines = kept.decode("utf-8", "replace").splitlines()[-LOG_LINES:]
    tail = "\n".join(lines)
    return {
        "tail": tail,
        "where": f"logs/{path.name} in the run's folder",
        "cut": len(data) - len(tail.encode()),
    }


def _events(session: Session) -> list[dict[str, str]]:
    shown = {
        "begun",
        "planned",
        "agent-started",
        "attempt",
        "candidate",
        "tests",
        "judged",
        "verdict",
        "landed",
    }
    found = []
    for event in session.journal.events():
        if event.kind in shown:
            at = dt.datetime.fromtimestamp(event.at, dt.UTC)
            extra = event.data.get("outcome") or event.data.get("role") or ""
            text = " ".join(filter(None, (event.label, event.kind, str(extra))))
            found.append({"at": f"{at:%H:%M:%S}", "text": text})
    return found[:400]


def _timing(session: Session, tried: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    events = list(session.journal.events())
    started, now = events[0].at, events[-1].at
    at = dt.datetime.fromtimestamp(started, dt.UTC)
    return {
        "judged_at": f"{at:%Y-%m-%d %H:%M} UTC",
        "total": round(max(0.0, now - started), 1),
        "seconds": {
            t["label"]: t["seconds"] for t in tried if t["seconds"] is not None
        },
        "tests": {
            f"{e.label} ({e.data['role']})": e.data["seconds"]
            for e in events
            if e.kind == "tests"
        },
    }


def _replay(session: Session, evaluation: Evaluation, rubric: Rubric) -> str:
    names = [
        f"{e.candidate.label}={e.candidate.commit[:12]}" for e in evaluation.candidates
    ]
    words = [
        "arena",
        "judge",
        *names,
        "--base",
        evaluation.base[:12],
        "--rubric",
        rubric.name,
    ]
    words += ["--seed", str(session.settings.seed)]
    for group in ("suite", "checks", "holdouts"):
        option = {"suite": "--suite", "checks": "--check", "holdouts": "--holdout"}[
            group
        ]
        for path in sorted(getattr(task.load(session.folder), group)):
            words += [option, path]
    return shlex.join(words)


def report_place(session: Session) -> Path:
    """`reports/<run>` of the repository when `reports/` is absent, ignored or ours; else the run's folder."""
    top = session.repo.top
    if top is None:
        return session.folder
    reports = top / "reports"
    if reports.is_symlink() or (reports.exists() and not reports.is_dir()):
        return session.folder
    ignore = reports / ".gitignore"
    ours = (
        ignore.is_file()
        and ignore.read_text(encoding="utf-8", errors="replace") == MARK
    )
    try:
        if not reports.exists():
            reports.mkdir()
            ignore.write_text(MARK, encoding="utf-8")
        elif not ours and not _is_ignored(
            session, reports / session.run / "report.html"
        ):
            return session.folder
        place = reports / session.run
        place.mkdir(exist_ok=True)
    except OSError:  # a read-only checkout
        return session.folder
    return place


def _is_ignored(session: Session, path: Path) -> bool:
    return session.repo.ask("check-ignore", "-q", "--", str(path)).code == 0
