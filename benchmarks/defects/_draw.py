"""Draws single-defect mutations from the seed, and keeps those the project's own suite catches."""

import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import _store
from _suite import run_suite


def _ask_mutants(settings, request):
    """What `_mutants.py` answers, run in the environment that holds the mutation library."""
    python = _store.venv_python("mutation-library", settings["mutation_library"])
    return json.loads(
        _store.run([python, _store.HERE / "_mutants.py"], input=json.dumps(request))
    )


def source_files(tree, project):
    """The project's own source files, tests left out, as sorted posix paths."""
    package = tree / project["package"]
    files = [path.relative_to(tree) for path in package.rglob("*.py")]
    return sorted(path.as_posix() for path in files if "tests" not in path.parts)


def edit_between(before, after):
    """The one replacement that turns `before` into `after`: offset, characters removed, text put in."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    shorter = min(len(before), len(after)) - start
    while end < shorter and before[-1 - end] == after[-1 - end]:
        end += 1
    return {
        "offset": start,
        "remove": len(before) - start - end,
        "insert": after[start : len(after) - end],
    }


def plain_suite(python, tree, settings):
    """The suite of the unchanged project, run twice; it must be green and do the same both times."""
    runs = [run_suite(python, tree, settings["plain_timeout"]) for _ in range(2)]
    for outcome in runs:
        if outcome.timed_out or outcome.collection_errors or outcome.ids("failed"):
            raise _store.CorpusError(f"{tree.name}: the plain suite is not green")
    if runs[0].tests != runs[1].tests:
        raise _store.CorpusError(f"{tree.name}: the plain suite is not stable")
    return min(runs, key=lambda outcome: outcome.seconds)


def time_limit(plain, settings):
    """How long a suite may run before it counts as hung."""
    return max(plain.seconds * settings["hang_factor"], settings["hang_floor"])


def judge(outcome, plain, settings):
    """Why a run disqualifies a draw, or None if the suite caught the defect as it should."""
    if outcome.timed_out:
        return "hung"
    if outcome.collection_errors or set(outcome.tests) != set(plain.tests):
        return "not collected"
    failing = outcome.ids("failed")
    if not any(plain.tests[test] == "passed" for test in failing):
        return "survived"
    if any(plain.tests[test] != "passed" for test in failing):
        return "failure not from a passing test"
    if len(failing) > settings["most_failing"] * len(plain.tests):
        return "too many failures"
    return None


def judge_stable(python, tree, plain, settings):
    """Run the suite twice: the outcome and why it disqualifies, which may be that the runs differ."""
    limit = time_limit(plain, settings)
    first = run_suite(python, tree, limit)
    reason = judge(first, plain, settings)
    if reason is None and run_suite(python, tree, limit).tests != first.tests:
        reason = "not stable"
    return first, reason


def _describe(project, item, texts, outcome):
    """The record of a defect, without its id."""
    before, after = texts
    edit = edit_between(before, after)
    file, operator, occurrence = item
    return {
        "project": project["name"],
        "version": project["version"],
        "sdist": project["sdist"],
        "sdist_sha256": project["sha256"],
        "file": file,
        "operator": operator,
        "occurrence": occurrence,
        "line": before.count("\n", 0, edit["offset"]) + 1,
        "edit": edit,
        "mutated_sha256": _store.sha256_bytes(after.encode("utf-8")),
        "failing": outcome.ids("failed"),
        "passing": len(outcome.ids("passed")),
    }


def _try_items(project, tree, items, settings, seed):
    """Try work items in order until enough qualify: the records and the rejections."""
    python = _store.project_python(project)
    plain = plain_suite(python, tree, settings)
    kept, rejected, hashes = [], [], set()
    for position, item in enumerate(items):
        if len(kept) == settings["per_project"]:
            break
        path = tree / item[0]
        before = path.read_bytes().decode("utf-8")
        after = _ask_mutants(settings, {"root": str(tree), "item": item})
        outcome, reason = None, "no change"
        if after not in (None, before):
            path.write_bytes(after.encode("utf-8"))
            outcome, reason = judge_stable(python, tree, plain, settings)
            path.write_bytes(before.encode("utf-8"))
        if reason is None:
            record = _describe(project, item, (before, after), outcome)
            reason = "same mutant again" if record["mutated_sha256"] in hashes else None
        if reason is None:
            hashes.add(record["mutated_sha256"])
            times = {
                "seed": seed,
                "draw": position,
                "plain_seconds": round(plain.seconds, 2),
            }
            kept.append({"id": f"{project['name']}-{len(kept) + 1}", **record, **times})
        else:
            rejected.append({"draw": position, "item": item, "reason": reason})
        print(
            f"{project['name']} draw {position}: {reason or 'kept'} {item}",
            file=sys.stderr,
            flush=True,
        )
    return kept, rejected


def draw_project(project, settings):
    """The drawn defects of one project, and the account of the draws."""
    seed = f"{settings['seed']}:{project['name']}:{project['version']}"
    with tempfile.TemporaryDirectory(prefix="defects-") as scratch:
        tree = _store.unpack(project, Path(scratch) / project["name"])
        files = source_files(tree, project)
        items = _ask_mutants(settings, {"root": str(tree), "files": files})
        count = len(items)
        random.Random(seed).shuffle(items)
        kept, rejected = _try_items(project, tree, items, settings, seed)
        shutil.rmtree(tree)
    account = {
        "files": len(files),
        "work_items": count,
        "draws": len(kept) + len(rejected),
        "rejected_counts": dict(
            sorted(Counter(entry["reason"] for entry in rejected).items())
        ),
        "rejected": rejected,
    }
    return kept, account


def draw(names):
    """Draw the named projects (all if none is named); the corpus keeps what it has for the others."""
    inputs = _store.load_json(_store.PROJECTS)
    corpus = _store.load_json(_store.CORPUS) if _store.CORPUS.exists() else {}
    corpus = {
        "settings": inputs["settings"],
        "draws": {},
        "defects": [],
        "historical": [],
    } | corpus
    for project in inputs["projects"]:
        if names and project["name"] not in names:
            continue
        kept, account = draw_project(project, inputs["settings"])
        others = [
            entry for entry in corpus["defects"] if entry["project"] != project["name"]
        ]
        corpus["defects"] = sorted(others + kept, key=lambda entry: entry["id"])
        corpus["draws"][project["name"]] = account
        corpus["settings"] = inputs["settings"]
        _store.save_json(_store.CORPUS, corpus)
