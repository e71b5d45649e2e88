"""Writes what a run ends with: the evaluation for later, and the report in all its formats."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from arena import agents, archive, masking, scores, task, verdict
from arena.attempts import Tried
from arena.candidates import Candidate
from arena.errors import ArenaError
from arena.evaluation.result import Evaluation
from arena.journal import Event
from arena.machine import records, store
from arena.report import approaches, document, formats
from arena.report.document import Story
from arena.rubric import Rubric
from arena.scores import Score
from arena.session import Session
from arena.task import Task
from arena.verdict import Verdict

MARK = "# made by arena: reports are not for committing\n*\n"
LOG_LINES = 200
SHOWN = "begun planned agent-started attempt candidate tests judged verdict landed"


def save(
    session: Session, what: Task, evaluation: Evaluation, tried: Sequence[Tried]
) -> None:
    """Keeps in the run's folder what `rescore`, `report` and `merge` need."""
    task.save(what, session.folder)
    data = json.dumps(records.to_json(evaluation), sort_keys=True).encode()
    packed = gzip.compress(data, 6, mtime=0)
    store.write_bytes(session.folder / "evaluation.json.gz", packed)
    # Masked for good: who writes the report again may have other variables.
    told = [_told(t) | {"log": _log(session.folder, t.entry.label)} for t in tried]
    masker = masking.Masker(agents.given_secrets(session.settings.env))
    store.write_json(session.folder / "tried.json", masker.data(told))


def begin(session: Session, what: Task, found: Sequence[Candidate]) -> None:
    """Archives candidates that exist already, and keeps in the run's folder what `begun` reads."""
    archive.keep_found(session, {one.label: one.commit for one in found})
    task.save(what, session.folder)
    told = [records.to_json(one) for one in found]
    store.write_json(session.folder / "candidates.json", told)


def begun(session: Session) -> list[Candidate]:
    """The candidates of a run that judges what exists; none if it was killed before they were archived."""
    path = session.folder / "candidates.json"
    told = store.read_json(path) if path.exists() else []
    return [records.from_json(Candidate, one) for one in told]


def load(session: Session) -> tuple[Task, Evaluation]:
    """Reads what `save` kept. Raises ArenaError if this run was never judged to its end."""
    path = session.folder / "evaluation.json.gz"
    if not path.exists():
        raise ArenaError(f"run {session.run} was not judged to its end. Judge again.")
    data = json.loads(gzip.decompress(path.read_bytes()))
    return task.load(session.folder), records.from_json(Evaluation, data)


def _told(one: Tried) -> dict[str, Any]:
    attempt = one.attempt
    end, told = (attempt.end, attempt.told) if attempt else (None, None)
    return {
        "label": one.entry.label,
        "agent": one.entry.agent,
        "seed": one.entry.seed,
        "candidate": one.candidate is not None,
        "outcome": one.outcome,
        "why": one.why,
        "exit_code": end and end.exit_code,
        "seconds": end and round(end.seconds, 1),
        "tokens": told and told.tokens,
        "cost_usd": told and told.cost_usd,
        "text": told and told.text,
        "approach": one.entry.approach,
        "log_tail": "\n".join(attempt.last_lines) if attempt else one.why,
    }


def again(
    session: Session, rubric: Rubric, *, landed: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Scores what `save` kept and writes the report once more, for another rubric or now that something landed."""
    what, measured = load(session)
    scored = scores.score(measured, rubric)
    decided = verdict.decide(measured, scored, rubric, seed=session.settings.seed)
    return write(session, what, measured, scored, decided, rubric, landed=landed)


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
    folder, place = session.folder, report_place(session)
    path = folder / "tried.json"
    tried = store.read_json(path) if path.exists() else []
    events = list(session.journal.events())
    target = planned(session)["target"]
    words = ("outcome", "exit_code", "why")
    story = Story(
        run=session.run,
        mode=events[0].data["mode"],
        task=what,
        target_name=target and target.removeprefix("refs/heads/"),
        base_name=_base_name(session, evaluation.base),
        evaluation=evaluation,
        scores=scored,
        verdict=decided,
        rubric=rubric,
        seed=session.settings.seed,
        replay=_replay(session, what, evaluation, rubric),
        approaches=[_approach(folder, t) for t in tried if t.get("approach")],
        failed=[t for t in tried if not t["candidate"]],
        attempts={
            t["label"]: {k: t[k] for k in words} for t in tried if t["candidate"]
        },
        logs={t["label"]: t["log"] for t in tried},
        events=_shown(events),
        notes=[e.data["text"] for e in events if e.kind == "note"],
        testers=_testers(events),
        landed=landed,
        timing=_timing(events, tried),
        report=str(place / "report.html"),
    )
    whole = _for_others(session, document.build(story, session.quarantine))
    store.write_json(folder / "result.json", document.result(whole))
    store.write_json(folder / "document.json", whole)
    table = scores.table(evaluation, scored).to_json(orient="index", indent=1)
    store.write_text(folder / "scoreboard.json", f"{table}\n")
    store.write_text(folder / "scoreboard.csv", formats.csv(whole))
    store.write_text(folder / "summary.md", formats.markdown(whole))
    page = formats.html(whole)
    for one in {folder, place}:
        store.write_text(one / "report.html", page)
    return whole


def _for_others(session: Session, whole: dict[str, Any]) -> dict[str, Any]:
    """The document without secrets and the user's home folder; only where the report is stays in full."""
    home = "" if session.settings.full_paths else masking.home()
    masker = masking.Masker(agents.given_secrets(session.settings.env), home=home)
    found: dict[str, Any] = masker.data(whole)
    return {**found, "report": whole["report"], "masked": masker.found["secrets"]}


def _testers(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The testers whose work is used, with what it cost and what was found of it on the base."""
    spent = {e.label: e.data for e in events if e.kind == "attempt"}
    words = ("agent", "outcome", "seconds", "tokens", "cost")
    return [
        {"label": e.label, **{k: spent[e.label][k] for k in words}, **e.data}
        for e in events
        if e.kind == "tests-validated"
    ]


def planned(session: Session) -> dict[str, Any]:
    """What the run was planned with: labels, base and target (a full ref name or None)."""
    events = session.journal.events()
    return next((e.data for e in events if e.kind == "planned"), {"target": None})


def _base_name(session: Session, base: str) -> str | None:
    for ref, oid in session.repo.refs("refs/heads").items():
        if oid == base and not ref.startswith("refs/heads/arena/"):
            return ref.removeprefix("refs/heads/")
    return None


def _approach(folder: Path, one: Mapping[str, Any]) -> dict[str, Any]:
    """An approach with what was spent on it, and what its author wrote about it."""
    keys = ("label", "agent", "approach", "outcome", "seconds", "tokens", "cost_usd")
    path = folder / "notes" / one["label"] / "RESULTS.md"
    words = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return {**{key: one[key] for key in keys}, "words": approaches.parts(words)}


def _log(folder: Path, label: str) -> dict[str, Any]:
    """The end of an agent's log, with how much was left off."""
    path = folder / "logs" / f"{label}.stdout.log"
    data = path.read_bytes() if path.exists() else b""
    kept = data[-32 * 1024 :].decode("utf-8", "replace").splitlines()
    tail = "\n".join(kept[-LOG_LINES:])
    where = f"logs/{path.name} in the run's folder"
    return {"tail": tail, "where": where, "cut": len(data) - len(tail.encode())}


def _shown(events: Sequence[Event]) -> list[dict[str, str]]:
    found, kinds = [], SHOWN.split()
    for event in events:
        if event.kind in kinds:
            extra = event.data.get("outcome") or event.data.get("role")
            text = " ".join(filter(None, (event.label, event.kind, extra)))
            at = dt.datetime.fromtimestamp(event.at, dt.UTC)
            found.append({"at": f"{at:%H:%M:%S}", "text": text})
    return found[:400]


def _timing(
    events: Sequence[Event], tried: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    started = events[0].at
    at = dt.datetime.fromtimestamp(started, dt.UTC)
    tests = [e for e in events if e.kind == "tests"]
    return {
        "judged_at": f"{at:%Y-%m-%d %H:%M} UTC",
        "total": round(max(0.0, events[-1].at - started), 1),
        "seconds": {
            t["label"]: t["seconds"] for t in tried if t["seconds"] is not None
        },
        "tests": {f"{e.label} ({e.data['role']})": e.data["seconds"] for e in tests},
    }


def _replay(
    session: Session, what: Task, evaluation: Evaluation, rubric: Rubric
) -> str:
    found = [e.candidate for e in evaluation.candidates]
    words = ["arena", "judge", *(f"{one.label}={one.commit[:12]}" for one in found)]
    words += ["--base", evaluation.base[:12], "--rubric", rubric.name]
    words += ["--seed", str(session.settings.seed)]
    for group, option in task.GROUPS.items():
        for path in sorted(getattr(what, group)):
            words += [option, path]
    # Tests that testers wrote are in no checkout of the user's.
    asked = [
        shlex.join(["git", "restore", "--source", f"{archive.ROOT}/{session.run}/{label}", "--", path])
        for path, label in what.authors.items()
    ]  # fmt: skip
    return " && ".join([*asked, shlex.join(words)])


def report_place(session: Session) -> Path:
    """`reports/<run>` of the repository when `reports/` is absent, ignored or ours; else the run's folder."""
    top, first = session.repo.top, next(session.journal.events(), None)
    # The tries of a plan's tasks have their plan's page.
    if top is None or (first is not None and first.data.get("mode") == "task"):
        return session.folder
    reports = top / "reports"
    place, ignore = reports / session.run, reports / ".gitignore"
    if reports.is_symlink() or (reports.exists() and not reports.is_dir()):
        return session.folder
    try:
        if not reports.exists():
            reports.mkdir()
            ignore.write_text(MARK, encoding="utf-8")
        elif not _is_ours(ignore) and not _is_ignored(session, place / "report.html"):
            return session.folder
        place.mkdir(exist_ok=True)
    except OSError:  # a read-only checkout
        return session.folder
    return place


def _is_ours(ignore: Path) -> bool:
    return ignore.is_file() and ignore.read_bytes() == MARK.encode()


def _is_ignored(session: Session, path: Path) -> bool:
    return session.repo.ask("check-ignore", "-q", "--", str(path)).code == 0
