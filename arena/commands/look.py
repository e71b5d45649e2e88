"""Commands that only look: list, status, report, agents, config, rubric; and init, which writes one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arena import control, runs
from arena.commands.call import Call
from arena.errors import ArenaError
from arena.machine import store


def runs_of(here: Path) -> Path:
    """The folder of all runs, found without git."""
    common = store.common_dir(here)
    if common is None:
        why = f"{here} is not in a git repository."
        raise ArenaError(f"{why} Run arena inside one, or name one with -C DIR.")
    return runs.folder(common)


def list_runs(call: Call) -> int:
    """Prints one line a run."""
    rows = runs.all_states(runs_of(call.here))
    if not rows:
        call.say(runs.NONE)
    lines = []
    # The tries of a plan's tasks are runs as well, and many.
    for row in rows if call.verbose else [r for r in rows if r.get("mode") != "task"]:
        line = f"{row['run']:44} {row['state']:11} {len(row['entries']):3} candidates"
        winner = row.get("winner") or "no winner"
        decided = f"  {winner} ({row['confidence']})" if "confidence" in row else ""
        lines.append(line + decided)
    call.tell(lines, rows)
    return 0


def status(call: Call, run: str | None, *, watch: bool) -> int:
    """Prints how one run stands, by default the latest; with `watch` until it has ended."""
    parent = runs_of(call.here)
    folder = parent / runs.find_run(parent, run)
    if watch:
        from arena.commands import follow

        follow.watch(call, folder)
    row = runs.state(folder)
    for entry in row["entries"].values():
        if Path(entry.get("path", "")).is_absolute() and Path(entry["path"]).is_dir():
            entry["bytes"] = store.size(Path(entry["path"]))
    call.tell(standing(folder, row), row)
    return 0


def standing(folder: Path, row: Mapping[str, Any]) -> list[str]:
    """How a run stands, in lines; `row` is its state."""
    lines = [f"{row['run']}: {row['state']}"]
    for label, entry in sorted(row["entries"].items()):
        state = entry["state"]
        if row["going"] and control.given(folder, label, "pause"):
            state += " (paused)"
        tests = f" {entry['passed']}/{entry['total']} tests" if "total" in entry else ""
        why = f" ({entry['why']})" if entry.get("why") else ""
        lines.append(f"  {label:24} {state:12}{tests}{why}{_spent(entry)}".rstrip())
    if "confidence" in row:
        lines.append(f"verdict: {row['winner'] or 'no winner'}, {row['confidence']}")
    if "report" in row:
        lines.append(f"report: {row['report']}")
    return lines


def _spent(entry: Mapping[str, Any]) -> str:
    """What an entry took, as far as it is known."""
    forms = {"tokens": "{} tokens", "cost": "{:.2f} USD"}
    told = [form.format(entry[k]) for k, form in forms.items() if entry.get(k)]
    if "bytes" in entry:
        told.append(f"{entry['bytes'] / (1 << 20):.1f} MB")
    return f" [{', '.join(told)}]" if told else ""


def report(call: Call, run: str | None, kind: str | None, *, show: bool) -> int:
    """Prints the path of the page, or the report in another format."""
    parent = runs_of(call.here)
    folder = parent / runs.find_run(parent, run)
    page = folder / "report.html"
    if not (folder / "document.json").exists() and page.exists() and kind is None:
        call.tell(str(page))  # of a plan
        return 0
    if not (folder / "document.json").exists():
        raise ArenaError(f"run {folder.name} was not judged to its end: no report.")
    document = store.read_json(folder / "document.json")
    page = folder / "report.html"
    if show:
        import webbrowser

        webbrowser.open(page.as_uri())
    if kind is None:
        told = Path(document["report"])
        call.tell(str(told if told.exists() else page))
    else:
        call.tell(_formatted(document, kind).rstrip("\n"))
    return 0


def _formatted(document: dict[str, Any], kind: str) -> str:
    from arena.report import formats
    from arena.report.document import result

    if kind == "json":
        return json.dumps(result(document), indent=1, sort_keys=True)
    if kind == "text":
        return formats.terminal(document, width=100, colour=False, unicode=True)
    made = {"html": formats.html, "md": formats.markdown, "csv": formats.csv}
    return made.get(kind, formats.junit)(document)


def agents(call: Call) -> int:
    """Prints every agent: found or not, version, how to install, what will keep it from working."""
    from arena import agents as known

    facts, lines = [], []
    for row in known.survey(folder=call.here):
        facts.append(row._asdict())
        found = f"{row.path} {row.version or ''}".rstrip()
        lines.append(
            f"{row.name:10} {found if row.path else 'not found. ' + row.install}"
        )
        if row.caution:
            lines.append(f"{'':10} {row.caution}")
    call.tell(lines, facts)
    return 0


def patterns(call: Call) -> int:
    """Prints which pattern fits which job."""
    from arena.patterns.guide import ADVICE

    lines = []
    for one in ADVICE:
        lines += [one.pattern, f"  when      {one.when}"]
        lines += [f"  when not  {one.when_not}", f"  command   {one.command}"]
    call.tell(lines, [one._asdict() for one in ADVICE])
    return 0


def config(call: Call) -> int:
    """Prints every setting with its origin."""
    from arena import settings

    common = store.common_dir(call.here)
    top = common.parent if common and common.name == ".git" else None
    _, sources = settings.load(call.here, top, call.given, call.config)
    lines = [f"{n:16} {s.value!r:24} {s.origin}" for n, s in sources.items()]
    call.tell(lines, {name: source._asdict() for name, source in sources.items()})
    return 0


def init(call: Call, *, force: bool, plan: str | None) -> int:
    """Writes `arena.toml` with every option as a comment, or an example plan. Raises ArenaError if one is there."""
    from arena import settings
    from arena.machine import resources

    path = call.here / ("plan.toml" if plan else "arena.toml")
    if path.exists() and not force:
        raise ArenaError(f"{path} is there already. Replace it with --force.")
    if plan:
        store.write_text(path, resources.read_text("templates", f"plans/{plan}.toml"))
        call.tell(
            f"{path}\nCheck it: arena plan check plan.toml; run it: arena run --plan plan.toml"
        )
        return 0
    lines = [
        "# Settings of arena, all at their defaults; remove the # to change one.\n"
    ]
    for name, item in settings.FIELDS.items():
        value = json.dumps("" if item.default is None else item.default)
        choices = f": {', '.join(item.metadata['choices'])}".rstrip(": ")
        lines.append(f"# {item.metadata['doc']}{choices}\n# {name} = {value}\n")
    store.write_text(path, "\n".join(lines))
    call.tell(str(path))
    return 0


def rubric_show(call: Call, name: str | None) -> int:
    """Prints one rubric, or the names of the shipped ones."""
    import tomllib

    from arena import rubric
    from arena.commands.judge import shipped_rubrics

    shipped = shipped_rubrics()
    if name is None:
        abouts = {n: tomllib.loads(t).get("about", "") for n, t in shipped.items()}
        call.tell([f"{known:12} {about}" for known, about in sorted(abouts.items())])
    else:
        call.tell(rubric.find(name, folder=call.here, shipped=shipped)[1].rstrip())
    return 0


def rubric_check(call: Call, file: str) -> int:
    """Prints a rubric in words. Raises ArenaError with all its faults."""
    from arena import rubric
    from arena.commands.judge import shipped_rubrics
    from arena.evaluation import measures

    name, text = rubric.find(file, folder=call.here, shipped=shipped_rubrics())
    rules = rubric.load(text, name=name, known=measures.KNOWN)
    counted = [c for c in rules.criteria if c.weight]
    shown = f"({len(rules.criteria) - len(counted)} only shown)"
    lines = [
        f"{rules.name}: {len(rules.gates)} gates, {len(rules.criteria)} criteria {shown}"
    ]
    for gate in rules.gates:
        unless = f" (unless {gate.unless})" if gate.unless else ""
        lines.append(f"  must: {gate.measure} {gate.condition}{unless}")
    total = sum(c.weight for c in counted)
    for one in counted:
        scale = f"{one.zero:g} gives 0, {one.full:g} gives all"
        earns = f"earns up to {100 * one.weight / total:.0f} of 100"
        lines.append(f"  {earns}: {one.measure} ({one.base}), {scale}")
    call.tell(lines)
    return 0
