"""Every command does its work on a tiny real project."""

import json
import os
import re
import tomllib
from pathlib import Path

import pytest

COMMANDS = (
    "run judge rescore merge undo restore clean list status report agents doctor config init demo rubric check "
    "worktrees explore spawn patterns"
)


@pytest.mark.parametrize(
    "words",
    [
        [],
        *([c] for c in COMMANDS.split()),
        ["rubric", "show"],
        ["rubric", "check"],
        ["check", "new"],
        *(["worktrees", c] for c in ("list", "move", "prune")),
    ],
)
def test_help_is_short(project, words):
    said = project.told(*words, "--help")
    assert said.startswith("Usage: arena")
    assert len(said.splitlines()) <= 55
    assert project.told(*words, "-h") == said


def test_help_names_every_command_and_the_usual_ones_by_example(project):
    said = project.told("--help")
    for name in COMMANDS.split():
        assert f"\n  {name}" in said
    for words in (["judge"], ["run"], ["merge"], []):
        assert re.search(r"\n +arena \w+", project.told(*words, "--help"))


OPTIONS = {
    "run": "agents prompt-file suite approach base target check rubric python test junit setup timeout jobs seed "
    "holdout env allow-network merge keep dry-run out json",
    "judge": "prompt prompt-file base suite check holdout rubric python test junit env allow-network merge fast "
    "seed jobs target out json",
    "rescore": "rubric seed json",
    "merge": "target style run-hooks keep all pr json",
    "restore": "branch",
    "clean": "dry-run",
    "report": "format open",
    "list": "json",
    "status": "json",
    "agents": "json",
    "doctor": "json",
    "config": "json",
    "demo": "json",
    "init": "force",
}


@pytest.mark.parametrize("command", OPTIONS)
def test_the_options_of_the_contract_are_there(project, command):
    said = project.told(command, "--help")
    for name in OPTIONS[command].split():
        assert f"--{name}" in said


def test_global_options(project):
    said = project.told("--help")
    for name in (
        "-C",
        "--project",
        "--config",
        "-q",
        "-v",
        "--yes",
        "--color",
        "--version",
    ):
        assert f"{name}" in said
    assert re.fullmatch(r"arena, version [\d.]+\n", project.told("--version"))


def test_judge_says_who_wins_and_what_to_do_next(judged):
    done = judged.arena("judge", "good", "worse")
    assert done.returncode == 0
    assert done.stdout.startswith("good wins")
    assert re.search(r"Next: +arena merge \S+-good", done.stdout)
    report = Path(re.search(r"Report: (\S+)", done.stdout)[1])
    assert "good wins" in report.read_text()


def test_judge_without_a_winner_is_exit_code_1(project):
    found = project.json("judge", "broken", code=1)
    assert found["verdict"]["winner"] is None


def test_judge_takes_patches_labels_commits_and_a_folder(project):
    patch = project.git("diff", "main", "good")
    (project.path / "sub").mkdir()
    (project.path / "sub" / "fix.patch").write_text(patch + "\n")
    words = ["judge", "fix.patch", "mine=good~0", "worse", "--base", "main"]
    found = project.json("-C", "sub", *words)
    by_label = {c["label"]: c for c in found["candidates"]}
    assert set(by_label) == {"fix", "mine", "worse"}
    assert by_label["fix"]["tree"] == by_label["mine"]["tree"]


def test_the_same_commits_in_another_order_give_the_same_bytes(project, tmp_path):
    one = project.json("judge", "good", "worse")
    # Nothing is taken from the cache: the second verdict is measured anew.
    fresh = project.with_env(ARENA_CACHE_DIR=str(tmp_path / "fresh"))
    other = fresh.json("judge", "worse", "good")
    assert one["verdict"]["winner"] == other["verdict"]["winner"] == "good"
    for part in ("verdict", "candidates"):
        first, second = (json.dumps(d[part], sort_keys=True) for d in (one, other))
        assert first == second


def test_rescore_by_another_rubric_runs_no_test(judged):
    before = len(list(Path(judged.env["ARENA_STATE_DIR"]).rglob("journal.log")))
    found = judged.json("rescore", "--rubric", "merge-safe", code=0)
    assert found["rubric"]["name"] == "merge-safe"
    assert len(list(Path(judged.env["ARENA_STATE_DIR"]).rglob("journal.log"))) == before
    assert judged.json("rescore", "--rubric", "default")["rubric"]["name"] == "default"


def test_merge_undo_restore_clean(project):
    main = project.git("rev-parse", "main")
    project.told("judge", "good", "worse")
    run = project.json("list")[0]["run"]
    assert project.json("merge", run)["label"] == "good"
    landed = project.git("rev-parse", "main")
    assert landed != main
    assert project.git("status", "--porcelain", "-uno") == ""
    assert "Arena-Verdict: " in project.git("log", "-1", "--format=%B")
    assert project.json("status")["state"] == "merged"
    assert f"moved   main {landed[:9]} → {main[:9]}" in project.told("undo")
    assert project.git("rev-parse", "main") == main
    assert project.json("status")["state"] == "undone"
    project.told("undo", run)
    assert project.git("rev-parse", "main") == landed
    project.git("branch", "-q", "-D", "worse")
    said = project.told("restore", run, "worse", "--branch", "again")
    assert said.startswith("branch again is at ")
    assert project.git("show", "again:calc.py") != project.git("show", "main:calc.py")
    assert "Nothing was changed." in project.told("clean", "--dry-run")
    assert "is clean" in project.told("clean", run[:10])


def test_the_text_of_a_pull_request_and_a_squash(project):
    main = project.git("rev-parse", "main")
    project.told("judge", "good", "worse", "--prompt", "Sum all of them")
    made = project.json("merge", "--pr")
    assert made["title"].startswith("Sum all of them (arena ")
    assert (made["target"], made["branch"].rpartition("/")[2]) == ("main", "good")
    assert "good wins" in made["body"]
    assert "report" not in made["body"]  # it is on this machine
    assert "Arena-Candidate: good" in made["body"]
    said = project.arena("merge", "--pr")
    assert said.stdout.startswith(made["title"])
    assert "gh pr create" in said.stderr
    assert project.git("rev-parse", "main") == main
    assert "nothing to choose" in project.refused("merge", "--pr", "--all")

    hook = project.path / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho never on a Thursday; exit 1\n")
    hook.chmod(0o755)
    squash = ("merge", "--style", "squash")
    assert "never on a Thursday" in project.refused(*squash, "--run-hooks")
    project.told(*squash)
    assert project.git("log", "-1", "--format=%P%n%s") == f"{main}\ngood"


def test_a_protected_branch_is_told_before_anything_is_judged(project):
    protected = project.with_env(ARENA_PROTECTED="main,release/*")
    said = protected.refused("judge", "good", "--merge", "auto")
    assert "main is protected by your settings" in said
    protected.told("judge", "good")
    assert "--pr" in protected.refused("merge")
    assert "good" in protected.json("merge", "--pr")["branch"]


def test_a_loser_is_merged_only_by_name_and_only_if_it_passes(project):
    project.told("judge", "good", "broken")
    entries = project.json("status")["entries"]  # one of them had tests run again
    assert {e["state"] for e in entries.values()} == {"judged"}
    assert "no candidate" in project.refused("merge", "2", "nobody")
    main = project.git("rev-parse", "main")
    project.told("merge", "2", "broken", code=1)
    assert project.git("rev-parse", "main") == main


def test_list_and_status(judged):
    (row, *_) = judged.json("list")
    assert row["winner"] == "good"
    assert row["run"] in judged.told("list")
    found = judged.json("status", row["run"])
    assert (
        found["entries"]["good"] | {"passed": 2, "total": 2} == found["entries"]["good"]
    )
    assert {e["state"] for e in found["entries"].values()} == {"judged"}
    said = judged.told("status")
    assert "verdict: good, clear" in said
    assert "2/2 tests" in said
    assert "report: " in said


def test_report_in_every_format(judged):
    page = Path(judged.told("report").strip())
    assert page.read_text() == judged.told("report", "--format", "html")
    assert json.loads(judged.told("report", "--format", "json"))["arena"] == 1
    for kind, said in {
        "md": "good",
        "csv": "rank,candidate,",
        "junit": "<testsuite",
        "text": "good wins",
    }.items():
        assert said in judged.told("report", "--format", kind)


def test_agents(project):
    rows = {r["name"]: r for r in project.json("agents")}
    assert {"repair", "command", "claude", "codex", "gemini", "aider"} <= set(rows)
    assert rows["repair"]["path"]
    assert "repair" in project.told("agents")


def test_agents_says_what_will_keep_one_from_working(project, tmp_path):
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 2.1.197\n")
    program.chmod(0o755)
    project.env["PATH"] = f"{program.parent}{os.pathsep}{project.env['PATH']}"
    told = project.told("agents").splitlines()
    at = told.index(f"{'claude':10} {program} 2.1.197")
    assert told[at + 1].lstrip().startswith("claude is not logged in")
    rows = {r["name"]: r for r in project.json("agents")}
    assert told[at + 1].strip() == rows["claude"]["caution"]
    assert rows["repair"]["caution"] is None


def test_doctor(project):
    assert {r["name"] for r in project.json("doctor")} >= {
        "git",
        "repository",
        "settings",
        "tests",
        "disk",
    }
    assert "✓ git: " in project.told("doctor")
    (project.path / "arena.toml").write_text("sede = 1\n")
    assert "✗ settings" in project.told("doctor", code=2)


def test_doctor_counts_no_built_in_agent_as_one(project):
    told = project.with_env(PATH="/usr/bin:/bin").told("doctor")
    assert "! agents: only the built-in repair" in told


def test_config_tells_where_each_value_comes_from(project):
    (project.path / "arena.toml").write_text('seed = 7\n[judge]\nsetup = "make"\n')
    found = project.with_env(ARENA_MERGE="never").json("--project", "sub", "config")
    assert found["seed"] == {"value": 7, "origin": "arena.toml seed"}
    assert found["judge_setup"] == {
        "value": "make",
        "origin": "arena.toml [judge] setup",
    }
    assert found["merge"] == {"value": "never", "origin": "ARENA_MERGE"}
    assert found["project"] == {"value": "sub", "origin": "--project"}
    assert found["rubric"] == {"value": "default", "origin": "default"}
    assert re.search(r"seed +7 +arena.toml seed", project.told("config"))


def test_init_writes_every_option_as_a_comment(project):
    path = Path(project.told("init").strip())
    text = path.read_text()
    assert tomllib.loads(text) == {}
    options = [line[2:] for line in text.splitlines() if re.match(r"# \w+ = ", line)]
    assert set(tomllib.loads("\n".join(options))) == set(project.json("config"))
    assert "--force" in project.refused("init")
    path.write_text("x = 1\n")
    project.told("init", "--force")
    assert path.read_text() == text


def test_rubrics(project):
    names = [line.split()[0] for line in project.told("rubric", "show").splitlines()]
    assert names == [
        "default",
        "exploration",
        "merge-safe",
        "performance",
        "test-first",
    ]
    text = project.told("rubric", "show", "default")
    (project.path / "mine.toml").write_text(text)
    assert project.told("rubric", "check", "mine.toml").startswith("default: ")
    assert "  must: " in project.told("rubric", "check", "default")


def test_the_skeleton_of_a_check_is_a_check_that_fails_on_the_base(project):
    text = "total() leaves out the first:\n\n```python\nfrom calc import total\nprint(total([1, 2]))\n```\n"
    (project.path / "issue.md").write_text(text)
    said = project.told("check", "new", "check.py", "--prompt-file", "issue.md")
    assert said.splitlines()[0] == str(project.path / "check.py")
    made = (project.path / "check.py").read_text()
    assert "from calc import total" in made
    made = made.replace('raise AssertionError("say what it must give")', "assert total([1, 2]) == 3")  # fmt: skip
    (project.path / "check.py").write_text(made)
    found = project.json("judge", "good", "--check", "check.py")
    passed = found["candidates"][0]["measurements"]["required.passed"]
    assert (passed["value"], passed["base"]) == (1.0, 0.5)
    assert "check.py is there already" in project.refused("check", "new", "check.py", "x")  # fmt: skip
    assert "there is no task" in project.refused("check", "new", "other.py")


AGENT = """\
import pathlib, sys
path = pathlib.Path("calc.py")
path.write_text(path.read_text().replace("values[1:]", "values"))
print("mended for", sys.argv[1])
"""


def with_agent(project, text=AGENT):
    program = project.path.parent / "agent.py"
    program.write_text(text)
    python = project.program("sh", "-c", "command -v python3").stdout.strip()
    project.commit("settings", arena_toml="")
    settings = f'command = ["{python}", "{program}", "{{label}}", "{{prompt}}"]\nagents = "command:2"\n'
    (project.path / "arena_toml").unlink()
    (project.path / "arena.toml").write_text(settings)
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "settings")
    return project


def test_d1_run_with_a_command_as_agent_merges_by_itself(project):
    with_agent(project)
    found = project.json("run", "Mend total()", "--merge", "auto", "--keep")
    assert found["verdict"]["winner"]
    assert len(found["candidates"]) == 2
    state = project.json("status")
    assert all(e["state"] == "judged" for e in state["entries"].values())
    files = Path(project.env["ARENA_STATE_DIR"]).glob("*/runs/*/status/*.json")
    assert {json.loads(f.read_text())["status"] for f in files} == {"COMPLETE"}


def test_a_dry_run_says_what_would_run_and_leaves_nothing(project):
    with_agent(project)
    before = project.everything()
    done = project.arena("run", "Mend total()", "--agents", "repair:2", "--dry-run")
    assert done.returncode == 0
    for word in ("repair", "worktrees", "rights", "tests:", "isolation:", "disk:"):
        assert word in done.stderr
    assert project.everything() == before


def test_agents_that_do_nothing_give_no_winner(project):
    with_agent(project, "raise SystemExit(0)\n")
    assert project.json("run", "Mend total()", code=1)["candidates"] == []


BREAKS = (
    AGENT
    + """
import subprocess
words = ["git", "rev-parse", "--path-format=absolute", "--git-common-dir"]
found = subprocess.run(words, capture_output=True, text=True, check=True)
pathlib.Path(found.stdout.strip(), "config").write_text("[core")
"""
)


def test_an_agent_that_breaks_the_repository_loses_nobodys_work(project):
    with_agent(project, BREAKS)
    done = project.arena("run", "Mend total()")
    assert done.returncode == 2
    said = re.search("config changed. To take it back: (install .*)", done.stderr)
    assert "can't read" in project.refused("clean")
    assert project.program("sh", "-c", said[1]).returncode == 0
    project.told("clean")
    archived = project.git("for-each-ref", "--format=%(refname)", "refs/arena/archive")
    assert len(archived.split()) == 2
    for ref in archived.split():
        assert "in values:" in project.git("show", f"{ref}:calc.py")
