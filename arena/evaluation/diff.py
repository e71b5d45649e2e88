"""What was changed: files, lines of source and of tests, whether it parses, whether it merges, dependencies."""

from __future__ import annotations

import ast
import re
import tomllib

from arena.evaluation.measurement import Findings, Flag, Measurement, missing
from arena.evaluation.subject import Subject
from arena.machine.quarantine import Change

NAMES = (
    "effective",
    "compiles",
    "merges",
    "diff.files",
    "diff.source_lines",
    "diff.test_lines",
    "deps.added",
)
DOCS = (".md", ".rst", ".txt", ".adoc")
LEFTOVERS = (".bak", ".orig", ".rej", ".swp", ".pyc", "~")
CONFIG = (".toml", ".cfg", ".ini", ".yml", ".yaml", ".json", ".lock")


def kind_of(subject: Subject, path: str) -> str:
    """source, test, docs, config or other."""
    if subject.files.is_test(path):
        return "test"
    if path.endswith((".py", ".pyi", ".pyx", ".c", ".h", ".cpp", ".rs", ".js", ".ts")):
        return "source"
    if path.endswith(CONFIG) or "requirements" in path:
        return "config"
    return "docs" if path.endswith(DOCS) or path.startswith("docs/") else "other"


def measure(subject: Subject) -> Findings:
    """Counts and conditions on the change itself."""
    files = [
        {
            "path": c.path,
            "status": c.status,
            "added": c.added,
            "removed": c.removed,
            "kind": kind_of(subject, c.path),
        }
        for c in subject.changes
    ]
    compiles, faults = _compiles(subject)
    merges, conflicts = _merges(subject)
    measurements = (
        Measurement(name="effective", value=_effective(subject), unit="", base=None),
        compiles,
        merges,
        Measurement(name="diff.files", value=len(files), unit="files", base=0),
        Measurement(
            name="diff.source_lines",
            value=_lines(subject, "source"),
            unit="lines",
            base=0,
        ),
        Measurement(
            name="diff.test_lines", value=_lines(subject, "test"), unit="lines", base=0
        ),
        _dependencies(subject),
    )
    flags = []
    if faults:
        flags.append(
            Flag(
                id="syntax-error",
                grade="note",
                summary="a changed file does not parse",
                evidence=faults,
            )
        )
    if conflicts:
        flags.append(
            Flag(
                id="conflicts",
                grade="note",
                summary="conflicts with the target",
                evidence=conflicts,
            )
        )
    return Findings(
        measurements=measurements, flags=tuple(flags), details={"files": files}
    )


def _lines(subject: Subject, kind: str) -> int:
    return sum(
        (c.added or 0) + (c.removed or 0)
        for c in subject.changes
        if kind_of(subject, c.path) == kind
    )


def _effective(subject: Subject) -> bool:
    """Whether anything but comments, docstrings, layout and left-over copies was changed."""
    return any(not _same_code(subject, change) for change in subject.changes)


def _same_code(subject: Subject, change: Change) -> bool:
    if change.status == "A" and change.path.endswith(LEFTOVERS):
        return True  # an editor's or a tool's copy of a file
    if (
        change.status != "M"
        or not change.path.endswith(".py")
        or change.mode != change.old_mode
    ):
        return False
    try:
        one, other = (
            normal_form(data or b"")
            for data in (subject.before(change), subject.after(change))
        )
    except (SyntaxError, ValueError):
        return False
    return one == other


def normal_form(source: bytes) -> str:
    """The syntax tree as text without docstrings; comments and layout are not in it anyway."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(
                node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
            )
        ):
            first = body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                body[0] = ast.Pass()
    return ast.dump(tree)


def _compiles(subject: Subject) -> tuple[Measurement, tuple[str, ...]]:
    faults = []
    for change in subject.changes:
        if change.path.endswith(".py") and change.status != "D":
            try:
                ast.parse(subject.after(change) or b"")
            except (SyntaxError, ValueError, RecursionError) as error:
                line = getattr(error, "lineno", None)
                faults.append(
                    f"{change.path}:{line or 1}: {getattr(error, 'msg', None) or error}"
                )
    return Measurement(name="compiles", value=not faults, unit="", base=True), tuple(
        faults
    )


def _merges(subject: Subject) -> tuple[Measurement, tuple[str, ...]]:
    if subject.target is None:
        return missing("merges", "", "there is no target branch"), ()
    merged = subject.quarantine.merge(subject.target, subject.candidate.commit)
    return Measurement(
        name="merges", value=merged.tree is not None, unit=""
    ), merged.conflicts


def _dependencies(subject: Subject) -> Measurement:
    read = subject.quarantine.read
    after = dependencies(lambda path: read(subject.candidate.tree, path))
    before = dependencies(lambda path: read(subject.plan.base_tree, path))
    return Measurement(
        name="deps.added", value=len(after - before), unit="dependencies", base=0
    )


def dependencies(read: object) -> frozenset[str]:
    """Requirement strings declared in pyproject.toml, setup.cfg and requirements files at the root."""
    assert callable(read)
    found: set[str] = set()
    project = read("pyproject.toml")
    if project is not None:
        try:
            data = tomllib.loads(project.decode("utf-8", "replace"))
        except tomllib.TOMLDecodeError:
            data = {}
        table = data.get("project", {})
        lists = [table.get("dependencies", [])]
        lists += [
            *table.get("optional-dependencies", {}).values(),
            *data.get("dependency-groups", {}).values(),
        ]
        found |= {
            item
            for items in lists
            if isinstance(items, list)
            for item in items
            if isinstance(item, str)
        }
        poetry = data.get("tool", {}).get("poetry", {}).get("dependencies", {})
        found |= {
            f"{name} {wanted}" for name, wanted in poetry.items() if name != "python"
        }
    for name in REQUIREMENTS:
        text = (read(name) or b"").decode("utf-8", "replace")
        lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
        found |= {line for line in lines if line and not line.startswith("-")}
    setup = (read("setup.cfg") or b"").decode("utf-8", "replace")
    block = re.search(r"(?m)^install_requires\s*=((?:.*\n?(?:[ \t]+.*\n?)*))", setup)
    if block:
        found |= {line.strip() for line in block[1].splitlines() if line.strip()}
    return frozenset(found)


REQUIREMENTS = (
    "requirements.txt",
    "requirements-dev.txt",
    "dev-requirements.txt",
    "requirements-test.txt",
    "test-requirements.txt",
    "requirements/test.txt",
    "requirements/dev.txt",
)
