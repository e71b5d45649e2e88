"""Commands that only look: list, status, report, agents, config, rubric; and init, which writes one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arena.commands.output import Output
from arena.errors import ArenaError
from arena.journal import Event, replay
from arena.machine import store


def _common(here: Path) -> Path:
    common = store.common_dir(here)
    if common is None:
        raise ArenaError(
            f"{here} is not in a git repository. Run arena inside one, or name one with -C DIR."
        )
    return common


def _runs(common: Path) -> list[Path]:
    folder = store.state_dir() / store.repository_id(common) / "runs"
    return sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []


def _summary(folder: Path) -> dict[str, Any]:
    """How a run stands, from its journal alone."""
    events = replay(folder / "journal.log")
    entries: dict[str, dict[str, Any]] = {}
    found: dict[str, Any] = {"run": folder.name, "state": "begun", "entries": entries}
    for event in events:
        _apply(found, entries, event)
    return found


STATES = {
    "verdict": "judged",
    "landed": "merged",
    "undone": "undone",
    "removed": "cleaned",
}


def _apply(
    found: dict[str, Any], entries: dict[str, dict[str, Any]], event: Event
) -> None:
    data = event.data
    if event.kind == "planned":
        for label in data["labels"]:
            entries[label] = {"state": "waiting"}
    elif event.kind == "verdict":
        found |= {"winner": data["winner"], "confidence": data["confidence"]}
    elif event.kind == "told":
        found["report"] = data["report"]
    if event.label in entries:
        entry = entries[str(event.label)]
        if event.kind in ("setting-up", "agent-started"):
            entry["state"] = "working"
        elif event.kind in ("attempt", "attempt-failed"):
            entry |= {"state": data.get("outcome", "failed"), "why": data["why"]}
        elif event.kind in ("tests", "judged") and "total" in data:
            entry |= {"passed": data["passed"], "total": data["total"]}
    found["state"] = STATES.get(event.kind, found["state"])


def list_runs(here: Path, *, output: Output) -> int:
    """Prints one line a run."""
    rows = [_summary(folder) for folder in _runs(_common(here))]
    if output.as_json:
        output.result(json.dumps(rows, indent=1, sort_keys=True))
        return 0
    if not rows:
        output.say(
            'no run in this repository yet. Start one: arena run --agents 3 "..."'
        )
    for row in rows:
        winner = row.get("winner") or "no winner"
        verdict = f"{winner} ({row['confidence']})" if "confidence" in row else ""
        output.result(
            f"{row['run']:44} {row['state']:8} {len(row['entries']):3} candidates  {verdict}".rstrip()
        )
    return 0


def status(here: Path, *, run: str | None, output: Output) -> int:
    """Prints how one run stands, by default the latest."""
    from arena.runs import find_run

    name = find_run(
        store.state_dir() / store.repository_id(_common(here)) / "runs", run
    )
    row = _summary(
        store.state_dir() / store.repository_id(_common(here)) / "runs" / name
    )
    if output.as_json:
        output.result(json.dumps(row, indent=1, sort_keys=True))
        return 0
    output.result(f"{row['run']}: {row['state']}")
    for label, entry in sorted(row["entries"].items()):
        tests = f"{entry['passed']}/{entry['total']} tests" if "total" in entry else ""
        why = f"({entry['why']})" if entry.get("why") else ""
        output.result(
            " ".join(
                f"  {label:24} {entry['state']:12} {tests} {why}".split(" ")
            ).rstrip()
        )
    if "confidence" in row:
        output.result(f"verdict: {row['winner'] or 'no winner'}, {row['confidence']}")
    if "report" in row:
        output.result(f"report: {row['report']}")
    return 0


def report(
    here: Path, *, run: str | None, kind: str | None, show: bool, output: Output
) -> int:
    """Prints the path of the page, or the report in another format."""
    from arena.runs import find_run

    parent = store.state_dir() / store.repository_id(_common(here)) / "runs"
    folder = parent / find_run(parent, run)
    if not (folder / "document.json").exists():
        raise ArenaError(
            f"run {folder.name} was not judged to its end, so it has no report."
        )
    document = store.read_json(folder / "document.json")
    page = folder / "report.html"
    if show:
        import webbrowser

        webbrowser.open(page.as_uri())
    if kind is None:
        output.result(
            str(document["report"] if Path(document["report"]).exists() else page)
        )
        return 0
    output.result(_formatted(document, kind).rstrip("\n"))
    return 0


def _formatted(document: dict[str, Any], kind: str) -> str:
    from arena.report import formats
    from arena.report.document import result

    if kind == "json":
        return json.dumps(result(document), indent=1, sort_keys=True)
    if kind == "text":
        return formats.terminal(document, width=100, colour=False, unicode=True)
    made = {
        "html": formats.html,
        "md": formats.markdown,
        "csv": formats.csv,
        "junit": formats.junit,
    }
    return made[kind](document)


def agents(*, output: Output) -> int:
    """Prints every agent: found or not, version, how to install."""
    from arena import agents as known

    rows = known.survey()
    if output.as_json:
        facts = [
            {"name": r.name, "path": r.path, "version": r.version, "install": r.install}
            for r in rows
        ]
        output.result(json.dumps(facts, indent=1, sort_keys=True, default=str))
        return 0
    for row in rows:
        where = (
            f"{row.path} {row.version or ''}".rstrip()
            if row.path
            else f"not found. {row.install}"
        )
        output.result(f"{row.name:10} {where}")
    return 0


def config(
    here: Path, *, given: Mapping[str, Any], config: Path | None, output: Output
) -> int:
    """Prints every setting with its origin."""
    from arena import settings as options

    common = store.common_dir(here)
    top = common.parent if common and common.name == ".git" else None
    _, sources = options.load(here, top=top, given=given, config=config)
    if output.as_json:
        rows = {
            name: {"value": s.value, "origin": s.origin} for name, s in sources.items()
        }
        output.result(json.dumps(rows, indent=1, sort_keys=True))
        return 0
    for name, source in sources.items():
        output.result(f"{name:16} {source.value!r:24} {source.origin}")
    return 0


def init(here: Path, *, force: bool, output: Output) -> int:
    """Writes `arena.toml` with every option as a comment. Raises ArenaError if one is there."""
    from arena import settings as options

    path = here / "arena.toml"
    if path.exists() and not force:
        raise ArenaError(f"{path} is there already. Replace it with --force.")
    lines = [
        "# Settings of arena. Every option is shown with its default; remove the # to change it.",
        "",
    ]
    for name, item in options.FIELDS.items():
        value = item.default
        shown = (
            '""'
            if value is None
            else json.dumps(list(value) if isinstance(value, tuple) else value)
        )
        lines += [f"# {item.metadata['doc']}", f"# {name} = {shown}", ""]
    store.write_text(path, "\n".join(lines))
    output.result(str(path))
    return 0


def rubric_show(here: Path, *, name: str | None, output: Output) -> int:
    """Prints one rubric, or the names of the shipped ones."""
    from arena import rubric
    from arena.commands.judge import shipped_rubrics

    shipped = shipped_rubrics()
    if name is None:
        for known, text in sorted(shipped.items()):
            about = next(
                (
                    line.partition('"')[2].rstrip('"')
                    for line in text.splitlines()
                    if line.startswith("about")
                ),
                "",
            )
            output.result(f"{known:12} {about}")
        return 0
    _, text = rubric.find(name, folder=here, shipped=shipped)
    output.result(text.rstrip())
    return 0


def rubric_check(here: Path, *, file: str, output: Output) -> int:
    """Prints a rubric in words. Raises ArenaError with all its faults."""
    from arena import rubric
    from arena.commands.judge import shipped_rubrics
    from arena.evaluation import measures

    name, text = rubric.find(file, folder=here, shipped=shipped_rubrics())
    rules = rubric.load(text, name=name, known=measures.KNOWN)
    shown = [c for c in rules.criteria if not c.weight]
    output.result(
        f"{rules.name}: {len(rules.gates)} gates, {len(rules.criteria)} criteria ({len(shown)} only shown)"
    )
    for gate in rules.gates:
        unless = f" (unless {gate.unless})" if gate.unless else ""
        output.result(f"  must: {gate.measure} {gate.condition}{unless}")
    total = sum(c.weight for c in rules.criteria)
    for criterion in rules.criteria:
        if criterion.weight:
            share = 100 * criterion.weight / total
            output.result(
                f"  earns up to {share:.0f} of 100: {criterion.measure} ({criterion.base}), "
                f"{criterion.zero:g} gives 0, {criterion.full:g} gives all"
            )
    return 0
