"""`arena run --plan`, `arena plan check`, `arena plan show`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arena import (
    agents,
    control,
    division,
    journal,
    publish,
    runs,
    session,
    sessionfile,
)
from arena.assignment import Division
from arena.commands import detach as background
from arena.commands import show as showing
from arena.commands.call import Call
from arena.commands.judge import choose_target, load_rubric
from arena.commands.look import runs_of
from arena.commands.run import base_of, check_agents
from arena.errors import ArenaError
from arena.machine import git, store
from arena.machine.git import Repository
from arena.patterns import lint, planfile
from arena.patterns.plan import Plan, waves
from arena.report import plan_page
from arena.session import Session
from arena.task import Task

KEPT = "plan.toml"


def read(call: Call, file: str, files: list[str]) -> tuple[Plan, str]:
    """A plan and its text. Raises ArenaError with all its faults; `files` are the paths of the base."""
    path = call.here / file
    if not path.is_file():
        raise ArenaError(f"--plan {file}: no such file.")
    if path.stat().st_size > planfile.LIMIT:
        raise ArenaError(f"{file} is larger than {planfile.LIMIT >> 20} MiB.")
    text = path.read_text(encoding="utf-8", errors="replace")
    plan = planfile.read(text, name=path.name, agents=agents.AGENTS)
    faults = [f"{path.name}: {key}: {words}" for key, words in lint.faults(plan, files)]
    if faults:
        raise ArenaError("\n  ".join([f"the plan {path.name} has faults:", *faults]))
    return plan, text


def run(call: Call, file: str, *, dry_run: bool, detach: bool) -> int:
    """Works through a plan; the exit code says whether all of it is done."""
    opened = session.begin(call.here, mode="plan", hint=Path(file).stem, **call.place)
    call, code = background.split(opened, call, wanted=detach and not dry_run)
    if code is not None:
        return code
    with showing.progress(opened, call):
        rules = load_rubric(opened)
        base = base_of(opened)
        target = choose_target(opened.repo, opened.settings.target)
        plan, text = read(call, file, _paths(opened.repo, base))
        call.say(f"caution: {words}" for words in lint.warnings(plan))
        call.say(outline(plan))
        if dry_run:
            return 0
        store.write_text(opened.folder / KEPT, text)
        _render(opened, plan)
        stake = Division(
            session=opened, plan=plan, rubric=rules, base=base, target=target,
            given=call.given, config=call.config, agent=_agent(opened, plan),
        )  # fmt: skip
        return _end(call, opened, done=division.run(stake))


def _page(opened: Session, times: str) -> str:
    """Writes the page of a plan; where it is."""
    plan = planfile.read(
        (opened.folder / KEPT).read_text(encoding="utf-8"),
        name=KEPT,
        agents=agents.AGENTS,
    )
    events = list(opened.journal.events())
    facts = sessionfile.standing(plan, opened.run, events)
    tries = sessionfile.tries(events)
    for one in tries:
        report = opened.folder.parent / one["run"] / "report.html"
        one["report"] = report.as_uri() if report.exists() else None
    text = plan_page.html(plan, facts, tries, times)
    place = publish.report_place(opened)
    for folder in {opened.folder, place}:
        store.write_text(folder / "report.html", text)
    opened.journal.add("told", report=str(place / "report.html"))
    return str(place / "report.html")


def _times(opened: Session) -> str:
    """How long agents worked in all, and how long it took."""
    parent, alone = opened.folder.parent, 0.0
    for name in division.tries_of(opened):
        events = journal.replay(parent / name / "journal.log")
        alone += sum(e.data["seconds"] for e in events if e.kind == "attempt")
    events = list(opened.journal.events())
    took = events[-1].at - events[0].at
    return f"agents worked {alone:.0f} s in all; with tests and merges it took {took:.0f} s"


def _render(opened: Session, plan: Plan) -> None:
    """Keeps the hand-off file and TASKS.json up to date, in the run's folder and where the settings say."""
    wish = opened.settings.handoff_dir
    folders = [opened.folder, *([opened.top / wish] if wish else [])]
    writer = sessionfile.Writer(plan, opened.run, folders)
    writer.events = list(opened.journal.events())
    opened.journal.listeners.append(writer.hear)


def handoff(call: Call, run: str | None) -> int:
    """Prints the hand-off file of a plan."""
    parent = runs_of(call.here)
    folder = parent / runs.find_run(parent, run)
    path = folder / f"PARALLEL_SESSION_{folder.name}.md"
    if not path.exists():
        raise ArenaError(f"run {folder.name} is no plan. Name one: arena list")
    call.tell(path.read_text(encoding="utf-8").rstrip())
    return 0


def _end(call: Call, opened: Session, *, done: bool) -> int:
    code = 0 if done else 1
    opened.journal.add("ended", code=code)
    times = _times(opened)
    call.say(times)
    page = _page(opened, times)
    call.say(f"Report: {page}")
    rest = f"arena status {opened.run}; once mended: arena resume {opened.run}"
    call.tell("all of it is done" if done else f"not all of it is done: {rest}")
    return code


def resume(call: Call, run: str) -> int:
    """Goes on with a plan that was killed, stopped or blocked, where it was; the run's own copy of the plan counts."""
    opened = session.reopen(call.here, run, **call.place)
    path = opened.folder / KEPT
    if not path.exists():
        raise ArenaError(f"run {run} ended before it was planned. Start it again.")
    plan = planfile.read(
        path.read_text(encoding="utf-8"), name=KEPT, agents=agents.AGENTS
    )
    if any(event.kind == "plan-done" for event in opened.journal.events()):
        raise ArenaError(f"plan {run} is done: arena report {run}")
    for step in plan.steps:
        control.take_back(opened.folder, step.id, "stop")
    planned = publish.planned(opened)
    with showing.progress(opened, call):
        _render(opened, plan)
        opened.journal.add("resumed")
        stake = Division(
            session=opened, plan=plan, rubric=load_rubric(opened),
            base=planned["base"], target=planned["target"],
            given=store.read_json(opened.folder / "settings.json") | dict(call.given),
            config=call.config, agent=_agent(opened, plan),
        )  # fmt: skip
        return _end(call, opened, done=division.run(stake))


def _agent(opened: Session, plan: Plan) -> str:
    """Who works on tasks that name nobody. Raises ArenaError if anybody of the plan's can't begin."""
    wanted = {plan.agent(step) or opened.settings.agent for step in plan.steps}
    found = {
        name: agents.default_agent(configured=name, failing_suite=False).name
        for name in wanted
    }
    names = [(name, 1) for name in sorted(set(found.values()))]
    check_agents(opened, Task(prompt=None), names, test_first=False)
    return found.get(opened.settings.agent, "")


def check(call: Call, file: str) -> int:
    """Says what is wrong with a plan, all at once."""
    plan, _ = read(call, file, _files(call))
    warnings = lint.warnings(plan)
    call.tell(
        [f"caution: {words}" for words in warnings]
        + [f"{file} can be run: {len(plan.steps)} tasks"]
    )
    return 0


def show(call: Call, file: str) -> int:
    """Prints the waves of a plan and how long it takes."""
    plan, _ = read(call, file, _files(call))
    call.tell(outline(plan), {"waves": waves(plan)})
    return 0


def _files(call: Call) -> list[str]:
    repo = git.open_repository(call.here)
    head = repo.resolve("HEAD")
    return _paths(repo, head) if head else []


def _paths(repo: Repository, commit: str) -> list[str]:
    return repo.call("ls-tree", "-r", "-z", "--name-only", commit).fields


def outline(plan: Plan) -> list[str]:
    """The waves in words, and both estimates of time."""
    steps = {step.id: step for step in plan.steps}
    lines, together = [f"plan {plan.name}: {len(steps)} tasks"], 0
    for number, wave in enumerate(waves(plan), 1):
        words = []
        for name in wave:
            step: Any = steps.get(name)
            width = f" x{step.width}" if step and step.width > 1 else ""
            words.append(f"{name}{width}" if step else f"[{name}]")
        together += max((steps[n].minutes or 0 for n in wave if n in steps), default=0)
        lines.append(f"  wave {number}: {', '.join(words)}")
    alone = sum(step.minutes or 0 for step in steps.values())
    if alone:
        lines.append(
            f"  one after the other about {alone} minutes, as planned {together}"
        )
    return lines
