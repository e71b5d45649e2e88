"""Measures the historical bugs: what the release's own suite says once the upstream fix is undone."""

import tempfile
from pathlib import Path

import _store
import _tree
from _draw import judge_stable, plain_suite


def _measure(entry, project, settings):
    """The record of one historical bug."""
    python = _store.project_python(project)
    with tempfile.TemporaryDirectory(prefix="defects-") as scratch:
        tree = _store.unpack(_tree.release_of(entry), Path(scratch) / entry["project"])
        plain = plain_suite(python, tree, settings)
        path = tree / entry["file"]
        data = _tree.mutated_text(entry, path.read_bytes()).encode("utf-8")
        path.write_bytes(data)
        outcome, reason = judge_stable(python, tree, plain, settings)
    if reason:
        raise _store.CorpusError(f"{entry['id']}: {reason}")
    return {
        **entry,
        "mutated_sha256": _store.sha256_bytes(data),
        "failing": outcome.ids("failed"),
        "passing": len(outcome.ids("passed")),
        "plain_seconds": round(plain.seconds, 2),
    }


def measure_all():
    """Measure every historical bug of projects.json into the corpus."""
    inputs = _store.load_json(_store.PROJECTS)
    projects = {project["name"]: project for project in inputs["projects"]}
    corpus = _store.load_json(_store.CORPUS)
    corpus["historical"] = [
        _measure(entry, projects[entry["project"]], inputs["settings"])
        for entry in inputs["historical"]
    ]
    _store.save_json(_store.CORPUS, corpus)
