#!/usr/bin/env python3
"""Materialises the defect corpus: recorded single-line defects in real projects, as git repositories.

materialise.py list              the ids, one line each
materialise.py make ID OUT       build the defective project in OUT; prints JSON
materialise.py check [ID ...]    verify that each base is red on exactly the recorded tests
materialise.py draw [PROJECT ...]  draw the mutations again from the seed, into corpus.json
materialise.py measure           measure the historical bugs again, into corpus.json
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import _store
import _tree

_IDENTITY = {
    "GIT_AUTHOR_NAME": "Defect corpus",
    "GIT_AUTHOR_EMAIL": "corpus@example.invalid",
    "GIT_AUTHOR_DATE": "2000-01-01T00:00:00+0000",
    "GIT_COMMITTER_NAME": "Defect corpus",
    "GIT_COMMITTER_EMAIL": "corpus@example.invalid",
    "GIT_COMMITTER_DATE": "2000-01-01T00:00:00+0000",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
_EXCLUDED = "__pycache__/\n*.pyc\n.pytest_cache/\n.coverage*\n"
_PROMPT_IDS = 20


def entries():
    """Every record of the corpus, the drawn ones first, each with its kind."""
    corpus = _store.load_json(_store.CORPUS)
    drawn = [entry | {"kind": "mutation"} for entry in corpus["defects"]]
    return drawn + [entry | {"kind": "historical"} for entry in corpus["historical"]]


def find_entry(wanted):
    """The record with that id."""
    for entry in entries():
        if entry["id"] == wanted:
            return entry
    raise _store.CorpusError(f"no defect is called {wanted}; see `list`")


def project_of(entry):
    """The settings of the project a record belongs to."""
    projects = _store.load_json(_store.PROJECTS)["projects"]
    return next(project for project in projects if project["name"] == entry["project"])


def prompt_for(entry):
    """One paragraph that asks for the repair, without telling where the defect is."""
    shown = entry["failing"][:_PROMPT_IDS]
    more = len(entry["failing"]) - len(shown)
    names = ", ".join(shown) + (f" and {more} more" if more else "")
    return (
        f"Make these failing tests pass: {names}. The repository is {entry['project']} {entry['version']}; "
        "one small defect in its source code makes them fail. Correct the source code, leave the tests as "
        "they are, and keep every test that passes now passing."
    )


def commit_base(tree):
    """Make the tree a git repository whose one commit, "base", holds every file."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_")
    }

    def git(*arguments):
        return _store.run(["git", *arguments], cwd=tree, env=environment | _IDENTITY)

    git("-c", "init.defaultBranch=main", "init", "--quiet")
    (tree / ".git" / "info" / "exclude").write_text(_EXCLUDED, encoding="utf-8")
    git("-c", "core.autocrlf=false", "add", "--all", "--force")
    git("commit", "--quiet", "--no-gpg-sign", "--no-verify", "--message", "base")
    return git("rev-parse", "HEAD").strip()


def make(entry, out):
    """Build the repository of a record and say what an agent needs to know."""
    out = Path(out).resolve()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise _store.CorpusError(f"{out} is there already and is not an empty folder")
    tree = _tree.build(entry, out)
    return {
        "id": entry["id"],
        "kind": entry["kind"],
        "repo": str(tree),
        "base": commit_base(tree),
        "python": str(_store.project_python(project_of(entry))),
        "failing": entry["failing"],
        "prompt": prompt_for(entry),
    }


def check_entry(entry):
    """What differs between a record and its base, as short sentences; none if the record holds."""
    from _suite import run_suite

    settings = _store.load_json(_store.PROJECTS)["settings"]
    with tempfile.TemporaryDirectory(prefix="defects-") as scratch:
        made = make(entry, Path(scratch) / entry["project"])
        outcome = run_suite(made["python"], made["repo"], settings["plain_timeout"])
    if outcome.timed_out:
        return ["the suite did not end in time"]
    failing, recorded = set(outcome.ids("failed")), set(entry["failing"])
    problems = [
        f"recorded but not failing: {test}" for test in sorted(recorded - failing)
    ]
    problems += [
        f"failing but not recorded: {test}" for test in sorted(failing - recorded)
    ]
    problems += [
        f"could not be collected: {test}" for test in outcome.collection_errors
    ]
    if len(outcome.ids("passed")) != entry["passing"]:
        problems.append(
            f"{len(outcome.ids('passed'))} tests pass, {entry['passing']} are recorded"
        )
    return problems


def check(wanted):
    """Check the wanted records, or all; the exit status says whether they all hold."""
    bad = 0
    for entry in [find_entry(name) for name in wanted] or entries():
        problems = check_entry(entry)
        bad += bool(problems)
        print(
            f"{entry['id']}: {'DIFFERS' if problems else 'ok'}",
            *problems,
            sep="\n  ",
            flush=True,
        )
    return 1 if bad else 0


def print_list():
    """One line for each record."""
    for entry in entries():
        cause = entry.get("operator") or f"fix {entry['fix'][:10]}"
        place = f"{entry['file']}:{entry['line']}"
        print(
            f"{entry['id']}\t{entry['version']}\t{len(entry['failing'])} failing\t{place}\t{cause}"
        )


def parse(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description="Materialise the defect corpus.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the ids, one line each")
    making = commands.add_parser(
        "make", help="build one defective project as a git repository"
    )
    making.add_argument("id")
    making.add_argument("out")
    checking = commands.add_parser(
        "check", help="verify that bases are red on exactly the recorded tests"
    )
    checking.add_argument("ids", nargs="*")
    drawing = commands.add_parser("draw", help="draw the mutations again from the seed")
    drawing.add_argument("projects", nargs="*")
    commands.add_parser("measure", help="measure the historical bugs again")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Run one command."""
    sys.dont_write_bytecode = True
    options = parse(arguments)
    if options.command == "list":
        print_list()
    elif options.command == "make":
        print(json.dumps(make(find_entry(options.id), options.out), indent=1))
    elif options.command == "check":
        return check(options.ids)
    elif options.command == "draw":
        from _draw import draw

        draw(options.projects)
    else:
        from _history import measure_all

        measure_all()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except _store.CorpusError as problem:
        sys.exit(f"materialise.py: {problem}")
