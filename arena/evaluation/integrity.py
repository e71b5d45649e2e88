"""What a candidate did to the tests and their configuration, and whether its result can be believed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from arena.evaluation.measurement import (
    NOTE,
    SUSPICIOUS,
    VOID,
    Findings,
    Flag,
    Value,
    flag,
    missing,
    value,
)
from arena.evaluation.plan import CONFIG_NAMES
from arena.evaluation.subject import Subject
from arena.machine.quarantine import GITLINK, LINK, Change

NAMES = {"integrity": "", "import.proven": ""}
SHARED_CONFIG = ("pyproject.toml", "setup.cfg")  # only a part of them is the runner's
RUNNER_CONFIG = (*CONFIG_NAMES, *SHARED_CONFIG, "conftest.py", "noxfile.py")


def measure(subject: Subject) -> Findings:
    """Flags about tests, configuration, links and imports; `integrity` is void if any of them is."""
    flags = (*_test_edits(subject), *_tree_oddities(subject), *_run_oddities(subject))
    void = any(found.grade == VOID for found in flags)
    values = {
        "integrity": value(VOID if void else "clean", "clean"),
        "import.proven": _proof(subject),
    }
    details = {
        "imported_from": list(subject.run.inside),
        "imported_elsewhere": list(subject.run.outside),
    }
    return Findings(values, flags, details)


def _paths(changes: Iterable[Change]) -> list[str]:
    return [f"{change.status} {change.path}" for change in changes]


def _test_edits(subject: Subject) -> tuple[Flag, ...]:
    """Editing tests alone is no cheating: what the base has is put back for the gate, and it is said."""
    is_test = subject.plan.files.is_test
    tests = [c for c in subject.changes if is_test(c.old_path or c.path)]
    edited = _paths(c for c in tests if c.status in "MT")
    gone = _paths(c for c in tests if c.status in "DR")
    config = _paths(c for c in subject.changes if _configures_tests(subject, c))
    has = "test files that the base has"
    configures = f"changed {len(config)} files that configure the tests"
    return (
        *flag("tests-edited", NOTE, f"edited {len(edited)} {has}", edited),
        *flag(
            "tests-removed", SUSPICIOUS, f"removed or renamed {len(gone)} {has}", gone
        ),
        *flag("test-configuration", NOTE, configures, config),
    )


def _configures_tests(subject: Subject, change: Change) -> bool:
    name = change.path.rpartition("/")[2]
    if name not in SHARED_CONFIG or change.status != "M":
        return name in RUNNER_CONFIG
    before, after = _runner_part(subject.before(change)), subject.after(change)
    return before != _runner_part(after)


def _runner_part(content: bytes) -> list[str]:
    """The lines of the tables that are about pytest or coverage."""
    inside, found = False, []
    for line in content.decode("utf-8", "replace").splitlines():
        if line.startswith("["):
            inside = "pytest" in line or "coverage" in line
        if inside:
            found.append(line.strip())
    return found


def _tree_oddities(subject: Subject) -> tuple[Flag, ...]:
    links = [c for c in subject.changes if c.mode == LINK and _leaves(subject, c)]
    modules = [c for c in subject.changes if c.mode == GITLINK]
    folded = defaultdict(list)
    for change in subject.changes:
        if change.status == "A":
            folded[change.path.casefold()].append(change.path)
    clashes = [" = ".join(paths) for paths in folded.values() if len(paths) > 1]
    away, cases = "links that leave the tree", "names that differ in case only"
    return (
        *flag("link-out-of-tree", SUSPICIOUS, away, _paths(links)),
        *flag("submodule-changed", SUSPICIOUS, "changes submodules", _paths(modules)),
        *flag("case-clash", NOTE, cases, clashes),
    )


def _leaves(subject: Subject, change: Change) -> bool:
    content = next(subject.quarantine.blobs([change.oid]))
    target = content.decode("utf-8", "surrogateescape")
    depth = change.path.count("/")
    return target.startswith("/") or target.split("/").count("..") > depth


def _run_oddities(subject: Subject) -> tuple[Flag, ...]:
    run = subject.run
    elsewhere = "the tests did not run this candidate's code"
    disagree = f"two reports of the same run disagree about {len(run.disagree)} tests"
    early = []
    if run.ended == "exited" and run.collected and not run.finished:
        last = next(reversed(run.outcomes), "none")
        early = [f"last test: {last}", f"exit code {run.exit_code}"]
    itself = "this project is part of the test runner: its own code ran the tests"
    return (
        *flag("imported-elsewhere", VOID, elsewhere, run.outside),
        *flag("reports-disagree", SUSPICIOUS, disagree, run.disagree),
        *flag("ended-early", SUSPICIOUS, "the test run ended before its end", early),
        *(flag("runs-itself", NOTE, itself) if subject.plan.self_hosted else ()),
    )


def _proof(subject: Subject) -> Value:
    run = subject.run
    if subject.plan.kind != "pytest":
        return missing("the test command is not pytest")
    if not run.finished:
        return missing("the test run did not come to its end")
    if not run.inside and not run.outside:
        return missing("the tests imported no package of the project")
    return value(not run.outside)
