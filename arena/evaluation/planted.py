"""What files a change brings: by their names, sizes and places alone. Nothing here is a proof."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence, Set

from arena.evaluation.measurement import NOTE, SUSPICIOUS, Findings, flag
from arena.evaluation.subject import Subject
from arena.evaluation.tampering import RUNNER
from arena.machine import raw, secrets
from arena.machine.changes import Change
from arena.machine.quarantine import GITLINK

NAMES: dict[str, str] = {}
# What a new file may do by its name alone.
FILES = (
    ("start-up-code", SUSPICIOUS, "adds files that Python runs at its start",
     re.compile(r"(^|/)(sitecustomize\.py|usercustomize\.py|[^/]+\.pth)$")),
    ("bytecode", SUSPICIOUS, "adds compiled Python files",
     re.compile(r"\.py[co]$|(^|/)__pycache__/|\.(so|pyd|dylib)$")),
    ("package-metadata", SUSPICIOUS, "adds package metadata, which can register plugins",
     re.compile(r"\.(egg-info|dist-info)(/|$)")),
    ("scratch-files", NOTE, "adds scratch or backup files",
     re.compile(r"(^|/)(repro|reproduce|scratch|debug|tmp|temp)\w*\.\w+$|\.(bak|orig|rej|swp)$|~$")),
    ("environment-files", NOTE, "adds files that set variables", re.compile(r"(^|/)\.env(rc|\.[^/]+)?$")),
)  # fmt: skip
BUILD = {
    "setup.py", "pyproject.toml", "setup.cfg", "MANIFEST.in", "hatch_build.py", "noxfile.py", "tox.ini", ".github",
    ".gitlab-ci.yml", "Makefile", ".pre-commit-config.yaml", ".gitmodules", ".gitattributes",
}  # fmt: skip
LARGE = 5 << 20  # bytes of one file
MANY = 2000  # files of one change


def measure(subject: Subject) -> Findings:
    """All flags of this module; no measurement."""
    changes = [c for c in subject.changes if c.status != "D"]
    new = [c.path for c in changes if c.status in "AR"]
    flags = [
        one
        for name, grade, summary, pattern in FILES
        for one in flag(name, grade, summary, [p for p in new if pattern.search(p)])
    ]
    base = subject.quarantine.entries(subject.plan.base_tree)
    there = {entry.path for entry in base}
    shadows = [path for path in new if _shadows(path, subject.plan.roots, there)]
    built = [c.path for c in subject.changes if _is_build(c)]
    settings = [c.path for c in subject.changes if _is_setting(subject, c)]
    is_test, is_module = subject.plan.files.is_test, subject.plan.files.is_test_module
    python = (p for p in new if p.endswith(".py") and not p.endswith("conftest.py"))
    support = [p for p in python if is_test(p) and not is_module(p)]
    keys = list(_secrets(subject, changes))
    many = [f"{len(subject.changes)} files"] if len(subject.changes) > MANY else []
    for name, grade, summary, evidence in (
        ("shadowed-name", SUSPICIOUS, "adds modules named like those of Python or the test tools", shadows),
        ("judge-settings", NOTE, "changes settings of the judge, which are read from the user's checkout", settings),
        ("test-support", NOTE, "adds files to the tests that are no tests: left out of the gate run", support),
        ("build-hooks", NOTE, "changes how the project is built or checked", built),
        ("secrets", SUSPICIOUS, "adds what looks like passwords or keys", keys),
        ("large-files", SUSPICIOUS, "adds large files", list(_large(subject, changes))),
        ("many-files", SUSPICIOUS, "changes very many files", many),
    ):  # fmt: skip
        flags += flag(name, grade, summary, evidence)
    return Findings(flags=tuple(flags))


def _shadows(path: str, roots: Sequence[str], there: Set[str]) -> bool:
    """Whether a new file takes a name that Python, a test tool, or a module of the base in `there` has."""
    for root in roots:
        prefix = "" if root == "." else root + "/"
        if path.startswith(prefix):
            top = path[len(prefix) :].partition("/")[0].removesuffix(".py")
            own = sys.stdlib_module_names | RUNNER | {"radon", "pytest_jsonreport"}
            # A package hides the module of the same name beside it.
            module = f"{path.removesuffix('/__init__.py')}.py"
            hides = path.endswith("/__init__.py") and module in there
            return path.endswith(".py") and (hides or top in own)
    return False


def _is_build(change: Change) -> bool:
    return (
        change.path.partition("/")[0] in BUILD
        or change.path.rpartition("/")[2] == "setup.py"
    )


def _is_setting(subject: Subject, change: Change) -> bool:
    if change.path == "arena.toml" or change.path.startswith(".arena/"):
        return True
    if change.path != "pyproject.toml":
        return False
    sides = (subject.before(change), subject.after(change))
    return any(b"[tool.arena" in side for side in sides)


def _large(subject: Subject, changes: list[Change]) -> Iterator[str]:
    files = [c for c in changes if c.mode != GITLINK][:MANY]
    sizes = raw.sizes(subject.quarantine.git, [c.oid for c in files])
    for change, size in zip(files, sizes, strict=True):
        if size > LARGE:
            yield f"{change.path}: {size >> 20} MB"


def _secrets(subject: Subject, changes: list[Change]) -> Iterator[str]:
    """Files with something in them that looks like a secret, which the base did not have there."""
    files = [c for c in changes if c.mode != GITLINK and c.added is not None][:MANY]
    contents = subject.quarantine.blobs([c.oid for c in files])
    for change, content in zip(files, contents, strict=True):
        if len(content) < LARGE and secrets.has_any(content.decode("latin-1")):
            before = subject.before(change).decode("latin-1")
            if not secrets.has_any(before):
                yield change.path
