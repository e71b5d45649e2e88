"""What a candidate did to the tests and their configuration, and whether its result can be believed."""

from __future__ import annotations

from arena.evaluation.measurement import (
    NOTE,
    SUSPICIOUS,
    VOID,
    Findings,
    Flag,
    Measurement,
)
from arena.evaluation.plan import CONFIG_NAMES, self_hosted
from arena.evaluation.subject import Subject
from arena.machine.quarantine import GITLINK, LINK, Change

NAMES = ("integrity", "import.proven")
RUNNER_CONFIG = (
    *CONFIG_NAMES,
    "conftest.py",
    "setup.cfg",
    "pyproject.toml",
    "noxfile.py",
)


def measure(subject: Subject) -> Findings:
    """Flags about tests, configuration, links and imports; `integrity` is void if any of them is."""
    flags = [*_test_edits(subject), *_tree_oddities(subject), *_run_oddities(subject)]
    grades = {flag.grade for flag in flags}
    value = VOID if VOID in grades else "clean"
    proof = Measurement(
        name="import.proven",
        value=_proof(subject),
        unit="",
        why_none=_why_no_proof(subject),
    )
    return Findings(
        measurements=(
            Measurement(name="integrity", value=value, unit="", base="clean"),
            proof,
        ),
        flags=tuple(flags),
        details={
            "imported_from": list(subject.run.inside),
            "imported_elsewhere": list(subject.run.outside),
        },
    )


def _paths(changes: list[Change]) -> tuple[str, ...]:
    return tuple(f"{c.status} {c.path}" for c in changes[:20])


def _test_edits(subject: Subject) -> list[Flag]:
    """Editing tests alone is no cheating: what the base has is put back for the gate, and it is said."""
    tests = [c for c in subject.changes if subject.files.is_test(c.old_path or c.path)]
    edited = [c for c in tests if c.status in "MT"]
    gone = [c for c in tests if c.status in "DR"]
    config = [
        c
        for c in subject.changes
        if c.path.rpartition("/")[2] in RUNNER_CONFIG
        and (c.status != "M" or _runner_part_changed(subject, c))
    ]
    rows = (
        ("tests-edited", NOTE, "edited {} test files that the base has", edited),
        (
            "tests-removed",
            SUSPICIOUS,
            "removed or renamed {} test files that the base has",
            gone,
        ),
        (
            "test-configuration",
            NOTE,
            "changed {} files that configure the tests",
            config,
        ),
    )
    return [
        Flag(
            id=name,
            grade=grade,
            summary=text.format(len(changes)),
            evidence=_paths(changes),
        )
        for name, grade, text, changes in rows
        if changes
    ]


def _runner_part_changed(subject: Subject, change: Change) -> bool:
    if change.path.rpartition("/")[2] not in ("pyproject.toml", "setup.cfg"):
        return True
    texts = [
        (data or b"").decode("utf-8", "replace")
        for data in (subject.before(change), subject.after(change))
    ]
    one, other = (
        [_section(text, name) for name in ("pytest", "coverage")] for text in texts
    )
    return one != other


def _section(text: str, word: str) -> list[str]:
    inside, found = False, []
    for line in text.splitlines():
        if line.startswith("["):
            inside = word in line
        if inside:
            found.append(line.strip())
    return found


def _tree_oddities(subject: Subject) -> list[Flag]:
    flags = []
    links = [c for c in subject.changes if c.mode == LINK and _leaves(subject, c)]
    if links:
        flags.append(
            Flag(
                id="link-out-of-tree",
                grade=SUSPICIOUS,
                summary="links that leave the tree",
                evidence=_paths(links),
            )
        )
    modules = [c for c in subject.changes if c.mode == GITLINK]
    if modules:
        flags.append(
            Flag(
                id="submodule-changed",
                grade=SUSPICIOUS,
                summary="changes submodules",
                evidence=_paths(modules),
            )
        )
    folded: dict[str, list[str]] = {}
    for change in subject.changes:
        if change.status == "A":
            folded.setdefault(change.path.casefold(), []).append(change.path)
    clashes = tuple(" = ".join(paths) for paths in folded.values() if len(paths) > 1)
    if clashes:
        flags.append(
            Flag(
                id="case-clash",
                grade=NOTE,
                summary="names that differ in case only",
                evidence=clashes,
            )
        )
    return flags


def _leaves(subject: Subject, change: Change) -> bool:
    target = next(subject.quarantine.blobs([change.oid])).decode(
        "utf-8", "surrogateescape"
    )
    depth = change.path.count("/")
    return target.startswith("/") or target.split("/").count("..") > depth


def _run_oddities(subject: Subject) -> list[Flag]:
    run, flags = subject.run, []
    if run.outside:
        flags.append(
            Flag(
                id="imported-elsewhere",
                grade=VOID,
                summary="the tests did not run this candidate's code",
                evidence=run.outside[:20],
            )
        )
    if run.disagree:
        flags.append(
            Flag(
                id="reports-disagree",
                grade=SUSPICIOUS,
                summary=f"two reports of the same run disagree about {len(run.disagree)} tests",
                evidence=run.disagree[:20],
            )
        )
    if run.ended == "exited" and run.outcomes and not run.finished:
        last = next(reversed(run.outcomes))
        flags.append(
            Flag(
                id="ended-early",
                grade=SUSPICIOUS,
                summary="the test run ended before its end",
                evidence=(f"last test: {last}", f"exit code {run.exit_code}"),
            )
        )
    if self_hosted(subject.plan):
        flags.append(
            Flag(
                id="runs-itself",
                grade=NOTE,
                summary="this project is part of the test runner: its own code ran the tests",
            )
        )
    return flags


def _proof(subject: Subject) -> bool | None:
    run = subject.run
    if subject.plan.kind != "pytest" or not run.finished:
        return None
    if run.outside:
        return False
    return True if run.inside else None


def _why_no_proof(subject: Subject) -> str | None:
    if subject.plan.kind != "pytest":
        return "the test command is not pytest"
    if not subject.run.finished:
        return "the test run did not come to its end"
    if not subject.run.inside and not subject.run.outside:
        return "the tests imported no package of the project"
    return None
