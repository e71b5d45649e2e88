"""What was changed: files, lines of source and of tests, whether it parses, whether it merges, dependencies."""

from __future__ import annotations

import ast

from arena.evaluation.measurement import NOTE, Findings, flag, missing, value
from arena.evaluation.own_environment import added_dependencies
from arena.evaluation.subject import Subject
from arena.machine.changes import Change

NAMES = {
    "effective": "", "compiles": "", "merges": "", "diff.files": "files", "diff.source_lines": "lines",
    "diff.test_lines": "lines", "deps.added": "dependencies",
}  # fmt: skip
SOURCE = (".py", ".pyi", ".pyx", ".c", ".h", ".cpp", ".rs", ".js", ".ts")
DOCS = (".md", ".rst", ".txt", ".adoc")
LEFTOVERS = (".bak", ".orig", ".rej", ".swp", ".pyc", "~")
CONFIG = (".toml", ".cfg", ".ini", ".yml", ".yaml", ".json", ".lock")
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def kind_of(subject: Subject, path: str) -> str:
    """source, test, docs, config or other."""
    if subject.plan.files.is_test(path):
        return "test"
    if path.endswith(SOURCE):
        return "source"
    if path.endswith(CONFIG) or "requirements" in path:
        return "config"
    return "docs" if path.endswith(DOCS) or path.startswith("docs/") else "other"


def measure(subject: Subject) -> Findings:
    """Counts and conditions on the change itself."""
    files, lines = [], {"source": 0, "test": 0}
    for c in subject.changes:
        kind = kind_of(subject, c.path)
        lines[kind] = lines.get(kind, 0) + (c.added or 0) + (c.removed or 0)
        row = {"path": c.path, "status": c.status, "added": c.added}
        files.append(row | {"removed": c.removed, "kind": kind})
    faults = [fault for c in subject.changes for fault in _faults(subject, c)]
    merges = missing("there is no target branch")
    conflicts: tuple[str, ...] = ()
    if subject.target is not None:
        merged = subject.quarantine.merge(subject.target, subject.candidate.commit)
        merges, conflicts = value(merged.tree is not None), merged.conflicts
    base_tree, tree = subject.plan.base_tree, subject.candidate.tree
    added = added_dependencies(subject.quarantine, base_tree, tree)
    # whether anything but comments, docstrings and layout was changed
    effective = not all(_same_code(subject, c) for c in subject.changes)
    values = {
        "effective": value(effective),
        "compiles": value(not faults, base=True),
        "merges": merges,
        "diff.files": value(len(files), 0),
        "diff.source_lines": value(lines["source"], 0),
        "diff.test_lines": value(lines["test"], 0),
        "deps.added": value(len(added), 0),
    }
    lacking = subject.no_environment
    flags = (
        *(
            ()
            if effective
            else flag("no-effect", NOTE, "changes comments and layout only")
        ),
        *flag("syntax-error", NOTE, "a changed file does not parse", faults),
        *flag("conflicts", NOTE, "conflicts with the target", conflicts),
        *(flag("no-environment", NOTE, lacking) if lacking else ()),
    )
    return Findings(values, flags, {"files": files})


def _same_code(subject: Subject, change: Change) -> bool:
    if change.status == "A" and change.path.endswith(LEFTOVERS):
        return True  # an editor's or a tool's copy of a file
    if change.status != "M" or change.mode != change.old_mode:
        return False
    if not change.path.endswith(".py"):
        return False
    before, after = subject.before(change), subject.after(change)
    try:
        return normal_form(before) == normal_form(after)
    except (SyntaxError, ValueError, RecursionError):
        return False


def normal_form(source: bytes) -> str:
    """The syntax tree as text without docstrings; comments and layout are not in it anyway."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, False) is not None:
            node.body[0] = ast.Pass()
    return ast.dump(tree)


def _faults(subject: Subject, change: Change) -> list[str]:
    if not change.path.endswith(".py") or change.status == "D":
        return []
    try:
        ast.parse(subject.after(change))
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        return [f"{change.path}:{line}: {getattr(error, 'msg', None) or error}"]
    return []
