"""The other patterns of the protocols (rows D4 to D15): explore, spawn, safety net, and the words around them."""

import json
import shlex
from pathlib import Path

import pytest

# An agent that does what a file of its label's name says, in the shell.
AGENT = '#!/bin/sh\n[ -e "{place}/$ARENA_LABEL" ] && . "{place}/$ARENA_LABEL"\nexit 0\n'
BENCH = "from calc import total\n\nprint('took', total([1, 2]))\n"
SPRINT = """question = "How should the sum be made?"
constraints = ["only the standard library", "no new file"]

[[approach]]
name = "loop"
do = "Mend the loop."

[[approach]]
name = "builtin"
do = "Use sum()."
agent = "command"

[[approach]]
name = "none"
do = "Write down why it can stay as it is."

[[measure]]
name = "answer"
command = "python bench.py"
unit = "ms"
better = "higher"

[[measure]]
name = "memory"
command = "python -c 'print(1_000)'"
"""
RESULTS = """# What I found

## Evidence

    $ python bench.py
```
# no heading
12
```
### More of it
It is <b>fast</b>.

## Effort
Two lines.

## Risks of it
None that I know.

## Testing notes
by hand
"""


@pytest.fixture
def agents(project, tmp_path):
    """Sets what the agent with a label does."""
    place = tmp_path / "deeds"
    place.mkdir()
    program = tmp_path / "agent.sh"
    program.write_text(AGENT.format(place=place))
    program.chmod(0o755)
    text = f'command = ["{program}", "{{prompt}}"]\nagent = "command"\nbenchmark_runs = 2\n'
    (project.path / "arena.toml").write_text(text)
    (project.path / "bench.py").write_text(BENCH)
    project.git("add", "-A")
    project.git("commit", "-qm", "settings")

    def deed(label, words):
        (place / label).write_text(words)

    return deed


def write(name, text):
    return f"cat > {name} <<'END'\n{text}END\n"


def test_d4_a_sprint_compares_approaches_and_keeps_what_was_learned(project, agents):
    mended = "sed -i 's/values\\[1:\\]/values/' calc.py\n"
    agents("loop", mended + write("RESULTS.md", RESULTS))
    # It breaks the other test, and says by which command it wants to be measured.
    builtin = "def total(values):\n    return 100 if values else 1\n"
    agents("builtin", write("calc.py", builtin) + "echo 'print(7)' > bench.py\n")
    agents("none", write("RESULTS.md", "It is fine.\n"))
    (project.path.parent / "sprint.toml").write_text(SPRINT)
    main = project.git("rev-parse", "main")
    done = project.arena("explore", "--sprint", "../sprint.toml")
    assert done.returncode == 0, done.stderr
    assert "Answer (ms, higher is better): " in done.stdout
    assert "sprint.answer: python bench.py, 2 times for the base" in done.stderr
    assert "builtin 100 (best)" in done.stdout
    assert "; base 2" in done.stdout
    assert project.git("rev-parse", "main") == main

    told = json.loads(project.told("report", "--format", "json"))
    assert told["mode"] == "explore"
    assert told["verdict"]["headline"] == "loop looks best."
    measured = {c["label"]: c["measurements"] for c in told["candidates"]}
    assert measured["loop"]["sprint.answer"]["value"] == 3
    assert measured["builtin"]["sprint.answer"]["value"] == 100, (
        "by the base's bench.py"
    )
    assert measured["loop"]["sprint.answer"]["base"] == 2
    assert measured["loop"]["sprint.memory"]["value"] == 1000
    assert [one["best"] for one in told["measures"]] == [["builtin"], []]
    first, second, third = told["approaches"]
    assert [part["title"] for part in first["words"]] == ["Evidence", "Effort", "Risks", "Everything else"]  # fmt: skip
    assert "# no heading\n12" in first["words"][0]["message"]
    assert "### More of it" in first["words"][0]["message"]
    assert second["words"] == []
    assert third["outcome"] == "no-change"
    assert third["words"][0]["message"] == "It is fine."

    # The learning stays, whatever is cleaned; the words are nobody's evidence and no markup.
    project.told("clean")
    assert project.git("worktree", "list").count("\n") == 0
    assert "loop" in project.told("list")
    page = project.told("report", "--format", "html")
    assert "It is &lt;b&gt;fast&lt;/b&gt;." in page
    assert "In the author's words, which nobody has checked" in page
    assert "<b>fast" not in page


def test_d4_nothing_of_an_exploration_lands_unless_it_is_named_and_passes(project, agents):  # fmt: skip
    agents("good", "sed -i 's/values\\[1:\\]/values/' calc.py\n")
    agents("bad", "sed -i 's/values\\[1:\\]/values[1:] or [1]/' calc.py\n")
    words = ["--approach", "good: mend it", "--approach", "bad: do not"]
    told = project.json("explore", "How?", *words)
    main = project.git("rev-parse", "main")
    assert {c["label"]: c["excluded"] for c in told["candidates"]}["bad"] is None
    refused = project.refused("merge")
    assert "was to explore, so nothing merges by itself. Name one of good, bad" in refused  # fmt: skip
    done = project.arena("merge", told["run"], "bad")
    assert done.returncode == 1
    assert "regressions" in done.stderr
    assert project.git("rev-parse", "main") == main
    project.told("merge", told["run"], "good")
    assert project.git("rev-parse", "main") != main


def test_d4_a_measure_that_fails_is_a_value_with_a_reason(project, agents):
    agents("same", "echo '# more' >> calc.py\n")
    agents("broken", "echo 'raise OSError(7)' >> calc.py\n")
    sprint = SPRINT.partition("[[approach]]")[0] + "".join(
        f'[[approach]]\nname = "{name}"\ndo = "x"\n' for name in ("same", "broken")
    )
    sprint += '[[measure]]\nname = "answer"\ncommand = "python bench.py"\n'
    sprint += '[[measure]]\nname = "words"\ncommand = "python -c \'print(str())\'"\n'
    (project.path.parent / "sprint.toml").write_text(sprint)
    told = project.json("explore", "--sprint", "../sprint.toml")
    measured = {c["label"]: c["measurements"] for c in told["candidates"]}
    assert measured["same"]["sprint.answer"]["value"] == 2
    failed = measured["broken"]["sprint.answer"]
    assert failed["value"] is None
    assert "exit code 1" in failed["why_none"]
    assert "OSError: 7" in failed["why_none"]
    assert "printed no number" in measured["same"]["sprint.words"]["why_none"]
    assert "printed no number" in told["measures"][1]["base_why"]


def test_d4_agents_are_told_to_bring_evidence_effort_and_risks(project, agents):
    agents("one", "")
    (project.path / "arena.toml").write_text(
        'command = ["/bin/sh", "-c", "echo \\"$0\\" > told.txt", "{prompt}"]\nagent = "command"\n'
    )
    sprint = SPRINT.replace('agent = "command"\n', "")
    (project.path.parent / "sprint.toml").write_text(sprint)
    told = project.json("explore", "--sprint", "../sprint.toml", "--base", "HEAD", code=1)  # fmt: skip
    [one] = [c for c in told["candidates"] if c["label"] == "builtin"]
    said = project.git("show", f"{one['commit']}:told.txt")
    wanted = ["How should the sum", "- no new file", "Use sum()", "## Evidence"]
    wanted += ["## Effort", "## Risks", "- answer (ms, higher is better): python bench.py"]  # fmt: skip
    assert [words for words in wanted if words not in said] == []


FAULTS = """quest = "x"
constraints = "one"
question = ""
[[approach]]
name = "a b"
do = 3
[[approach]]
name = "c"
agents = "claude"
[[measure]]
name = "time"
"""
NAMES = """question = "x"
[[approach]]
name = "a b"
do = "x"
agent = "cloud"
[[approach]]
name = "c"
do = "x"
[[approach]]
name = "c"
do = "y"
[[measure]]
name = "time"
command = "python 'bench.py"
better = "smaller"
"""


SAID = """quest: unknown key; did you mean "question"?
constraints: must be a list of texts
question: must be a text
approach a b.do: must be a text
approach c.do: missing
approach c.agents: unknown key
measure time.command: missing"""
NAMES_SAID = """approach a b.name: use letters
approach a b.agent: no agent is called "cloud"
approach c.name: there are two
measure time.better: must be lower or higher
measure time.command: can't be read"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FAULTS, SAID),
        (NAMES, NAMES_SAID),
        ('question = "x"\n', "approach: missing: at least one [[approach]]"),
        ("question = ", "not TOML"),
    ],
)
def test_d4_all_faults_of_a_sprint_are_told_with_their_keys(project, text, said):
    (project.path.parent / "sprint.toml").write_text(text)
    before = project.everything()
    done = project.arena("explore", "--sprint", "../sprint.toml")
    assert done.returncode == 2
    assert [line for line in said.splitlines() if line not in done.stderr] == []
    assert project.everything() == before


def test_d4_what_an_exploration_needs_is_said(project):
    assert "no such file" in project.refused("explore", "--sprint", "x.toml")
    assert "--approach TEXT" in project.refused("explore", "How?")
    (project.path.parent / "sprint.toml").write_text(SPRINT)
    words = ["How?", "--sprint", "../sprint.toml"]
    assert "Give the file alone" in project.refused("explore", *words)


def test_d10_worktrees_are_spawned_judged_and_cleaned(project):
    told = project.json("spawn", "auth", "--agents", "3", "--base", "main")
    run, trees = told["run"], told["worktrees"]
    assert [tree["label"] for tree in trees] == ["auth-1", "auth-2", "auth-3"]
    # Known everywhere, with the status that the protocol asks for.
    assert project.json("status", run)["state"] == "spawned"
    [file] = Path(project.env["ARENA_STATE_DIR"]).glob(f"*/runs/{run}/status/auth-1.json")  # fmt: skip
    status = json.loads(file.read_text())
    assert (status["status"], status["worktree"]) == ("PENDING", trees[0]["path"])
    listed = project.json("worktrees", "list", run)["worktrees"]
    assert [row["path"] for row in listed] == [tree["path"] for tree in trees]

    nothing = project.arena("judge", "--worktrees", run)
    assert nothing.returncode == 1
    first, second, _ = (Path(tree["path"]) for tree in trees)
    calc = (first / "calc.py").read_text()
    (first / "calc.py").write_text(calc.replace("values[1:]", "values"))
    (first / "RESULTS.md").write_text("It sums all.\n")
    (second / "calc.py").write_text(calc.replace("values[1:]", "values[2:]"))
    project.program("git", "-C", second, "commit", "-qam", "mine")
    told = project.json("judge", "--worktrees", run)
    assert told["verdict"]["winner"] == "auth-1"
    assert {c["source"] for c in told["candidates"]} == {"spawned worktree"}
    assert len(told["candidates"]) == 2
    assert told["candidates"][0]["message"] == "It sums all.\n"
    # More work, judged again; then it lands, and the worktrees go when they are told to.
    (second / "calc.py").write_text("total = sum\n")
    told = project.json("judge", "--worktrees", run, code=1)
    assert sorted(told["verdict"]["tied"]) == ["auth-1", "auth-2"]
    assert len(told["candidates"]) == 2
    project.told("merge", told["run"], "auth-2")
    assert project.git("show", "main:calc.py") == "total = sum"
    assert first.exists()
    project.told("clean", run)
    assert not first.exists()
    assert project.git("branch", "--list", "arena/*") == ""
    assert "no worktree any more" in project.refused("judge", "--worktrees", run)


def test_d10_what_is_spawned_wants_to_be_judged_not_steered(project):
    run = project.json("spawn", "--agents", "1")["run"]
    assert f"arena judge --worktrees {run}" in project.refused("done", "work-1")
    assert "not both" in project.refused("judge", "good", "--worktrees", run)
    assert "arena judge CANDIDATE" in project.refused("judge")
    assert "see them with" in project.refused("spawn", "--base", "nothing").lower()


def test_d5_the_safety_net_lets_through_what_two_found_by_themselves(project):
    # Another way to the same, and one that does something else where no test looks.
    project.git("checkout", "-q", "-b", "other", "main")
    body = "import functools\n\n\ndef total(values):\n    return functools.reduce(lambda a, b: a + b, values, 0)\n"
    project.commit("other", calc_py=body)
    project.git("checkout", "-q", "main")
    net = ["--pattern", "safety-net", "--merge", "auto", "--suite", "tests/test_calc.py"]  # fmt: skip
    main = project.git("rev-parse", "main")
    alone = project.json("judge", "good", "worse", *net)
    assert alone["verdict"]["winner"] == "good"
    [block] = alone["verdict"]["blocks"]
    assert "safety-net: nobody independent does the same (worse: fails required.passed)" in block  # fmt: skip
    assert project.git("rev-parse", "main") == main
    assert "has an open question" in project.refused("merge")
    # The same run by another rubric keeps the net.
    again = project.json("rescore", alone["run"], "--rubric", "merge-safe")
    assert block in again["verdict"]["blocks"]

    twice = project.json("judge", "good", "other", "worse", *net)
    assert twice["verdict"]["blocks"] == []
    assert "made independently" in twice["verdict"]["reasons"][0]["text"]
    assert twice["landed"]["label"] == twice["verdict"]["winner"]
    assert project.git("rev-parse", "main") != main


def test_d5_a_net_that_can_hold_nothing_is_said(project, agents):
    agents("command-1", "sed -i 's/values\\[1:\\]/values/' calc.py\n")
    net = ["--pattern", "safety-net"]
    done = project.arena("run", "Mend it", "--agents", "command:2", *net, "--merge", "auto")  # fmt: skip
    assert "caution: all entries are made by command" in done.stderr
    assert "safety-net: nobody independent does the same" in done.stdout
    assert "not merged by itself" in done.stderr
    said = project.refused("judge", "good", "--fast", *net)
    assert "safety-net needs the runs that --fast leaves out" in said


def test_d14_the_patterns_are_told_with_commands_that_there_are(project):
    told = project.json("patterns")
    names = ["compete", "test-first", "explore", "divide", "safety-net"]
    assert [row["pattern"] for row in told] == names
    for row in told:
        assert row["when"]
        assert row["when_not"]
        _, command, *words = shlex.split(row["command"])
        known = project.told(command, "--help")
        assert [w for w in words if w.startswith("--") and f"{w} " not in known] == []
    said = project.told("patterns")
    assert all(f"\n{name}\n" in f"\n{said}" for name in names)


def test_d14_what_can_not_give_what_it_is_for_is_said(project, agents):
    words = ["Mend it", "--dry-run", "--approach", "a: loop"]
    one = project.arena("run", *words, "--agents", "repair:1")
    assert "caution: there is one approach only" in one.stderr
    assert "caution: repair reads no words" in one.stderr
    two = project.arena("run", *words, "--approach", "b: sum()", "--agents", "command")
    assert two.returncode == 0
    assert "see: arena patterns" not in two.stderr


def test_d12_all_that_pass_are_merged_one_after_the_other(project):
    for name, text in {"docs": "docs__a.md", "more": "docs__b.md"}.items():
        project.git("checkout", "-q", "-b", name, "main")
        project.commit(name, **{text: "hello\n"}, **{f"{name}_py": f"{name} = 1\n"})
    project.git("checkout", "-q", "-b", "rival", "main")
    body = "def total(values):\n    return sum(values)\n"
    project.commit("rival", calc_py=body)
    project.git("checkout", "-q", "main")
    names = ["good", "rival", "docs", "more", "broken"]
    told = project.json("judge", *names, "--fast", code=1)
    main = project.git("rev-parse", "main")
    done = project.arena("merge", "--all", "--json")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    landed = said["landed"]["label"].split(", ")
    [conflicting] = {"good", "rival"} - {*landed}
    assert {*landed} == {"good", "rival", "docs", "more"} - {conflicting}
    # Named with its files; the one that breaks a test is left as well.
    assert f"left    {conflicting}: " in done.stderr
    assert "conflicts with main in calc.py" in said["left"][conflicting]
    assert "regressions" in said["left"]["broken"]
    ranks = {c["label"]: c["rank"] for c in told["candidates"]}
    assert landed == sorted(landed, key=ranks.get)
    assert project.git("log", "--format=%s", "--merges", "main").count("Merge ") == 3
    assert project.git("rev-parse", f"main~{len(landed)}") == main
    # One undo takes all of it back.
    project.told("undo")
    assert project.git("rev-parse", "main") == main
    assert "nothing to choose" in project.refused("merge", told["run"], "x", "--all")


def test_d12_one_is_chosen_interactively(project):
    project.told("judge", "good", "worse")
    done = project.arena("merge", "--interactive", input="1\n")
    assert done.returncode == 0, done.stderr
    assert "calc.py" in project.git("log", "--name-only", "--format=", "-m", "main^1..main")  # fmt: skip


def test_d11_cleaning_archives_what_is_not_committed_and_takes_branches_along(project):
    run = project.json("spawn", "auth", "--agents", "2")["run"]
    first, second = (Path(row["path"]) for row in project.json("worktrees", "list", run)["worktrees"])  # fmt: skip
    (first / "new.py").write_text("x = 1\n")
    (second / "calc.py").write_text("broken = 1\n")
    project.program("git", "-C", second, "commit", "-qam", "mine")
    assert project.arena("clean", run, "--dry-run").returncode == 0
    assert first.exists()
    project.told("clean", run)
    assert not first.exists()
    assert not second.exists()
    assert project.git("branch", "--list", "arena/*") == ""
    assert project.git("worktree", "list", "--porcelain").count("worktree ") == 1
    project.told("restore", run, "auth-1", "--branch", "late")
    assert project.git("show", "late:new.py") == "x = 1"
    project.told("restore", run, "auth-2", "--branch", "mine")
    assert project.git("show", "mine:calc.py") == "broken = 1"


DOCUMENTS = {"task", "status", "started", "completed", "summary", "files_changed", "branch", "worktree"}  # fmt: skip


def test_d8_the_layout_of_the_document_is_kept_where_the_user_names_it(project, agents):  # fmt: skip
    agents("a", "sed -i 's/values\\[1:\\]/values/' calc.py\n")
    agents("b", "exit 3\n")
    with (project.path / "arena.toml").open("a") as file:
        file.write('status_dir = ".agent-status"\nworktree_dir = ".worktrees"\n')
    project.git("commit", "-qam", "layout")
    words = ["Mend it", "--approach", "a: loop", "--approach", "b: sum"]
    run = project.json("run", *words, "--merge", "never")["run"]
    assert project.git("status", "--porcelain") == ""
    exclude = (project.path / ".git" / "info" / "exclude").read_text()
    assert exclude.count("/.agent-status/\n") == exclude.count("/.worktrees/\n") == 1
    place, links = project.path / ".agent-status", project.path / ".worktrees"
    rows = {path.stem: json.loads(path.read_text()) for path in place.iterdir()}
    assert {name: row["status"] for name, row in rows.items()} == {"a": "COMPLETE", "b": "FAILED"}  # fmt: skip
    assert all(set(row) == DOCUMENTS for row in rows.values())
    assert (rows["a"]["task"], rows["a"]["files_changed"]) == ("a", ["calc.py"])
    assert rows["b"]["files_changed"] == []
    # The worktree itself is outside of the repository, where no scanner of the project meets it.
    assert (links / "a").is_symlink()
    assert (links / "a" / "calc.py").read_text().count("in values:") == 1
    assert not (links / "a").resolve().is_relative_to(project.path)

    # Another run takes over the names; what is cleaned leaves nothing behind.
    later = project.json("run", *words, "--merge", "never")["run"]
    (links / "mine").mkdir()
    project.told("clean", run)
    assert sorted(path.name for path in links.iterdir()) == ["a", "b", "mine"]
    project.told("clean", later)
    assert [path.name for path in links.iterdir()] == ["mine"]
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("name", ["tests", "..", "/tmp/x", ".git/x", ".", "a b", "out"])
def test_d8_a_folder_that_can_not_be_used_is_refused(project, tmp_path, name):
    (project.path / "out").symlink_to(tmp_path)
    env = project.with_env(ARENA_STATUS_DIR=name)
    said = env.refused("spawn", "--base", "main")
    assert f"status_dir {name}: this must be a folder of the checkout" in said


CLAUDE = """#!/bin/sh
sed -i 's/values\\[1:\\]/values/' calc.py
echo '{"type":"result","subtype":"success","is_error":false,"result":"done",\
"total_cost_usd":0.25,"usage":{"input_tokens":1200,"output_tokens":34}}'
"""


def test_d15_what_an_entry_took_is_told(project, tmp_path):
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text(CLAUDE)
    program.chmod(0o755)
    path = f"{program.parent}:{project.env['PATH']}"
    there = project.with_env(PATH=path, ANTHROPIC_API_KEY="none")
    words = ["Mend it", "--agents", "claude", "--env", "ANTHROPIC_API_KEY"]
    run = there.json("run", *words, "--merge", "never")["run"]
    [entry] = there.json("status", run)["entries"].values()
    assert (entry["tokens"], entry["cost"]) == (1234, 0.25)
    assert entry["bytes"] > 0
    assert "[1234 tokens, 0.25 USD, 0.0 MB]" in there.told("status", run)
    there.told("clean", run)
    assert "MB" not in there.told("status", run)


def test_d1_three_do_the_same_job_and_the_best_is_merged(project, agents):
    agents("command-1", "sed -i 's/values\\[1:\\]/values[2:]/' calc.py\n")
    agents("command-2", "sed -i 's/values\\[1:\\]/values/' calc.py\n")
    agents("command-3", "sed -i 's/values\\[1:\\]/values[1:] or [1]/' calc.py\n")
    words = ["Sum all values", "--agents", "3", "--suite", "tests/test_calc.py"]
    told = project.json("run", *words, "--merge", "auto")
    assert told["landed"]["label"] == told["verdict"]["winner"] == "command-2"
    assert "in values:" in project.git("show", "main:calc.py")
    assert project.git("worktree", "list").count("\n") == 0
    assert project.git("branch", "--list", "arena/*") == ""
    project.told("restore", told["run"], "command-1")


POSIX = "grp pty pwd resource termios tty"
ELSEWHERE = f"""import os, sys
sys.modules.update(dict.fromkeys({POSIX.split()!r}))
for name in ("fork", "setsid", "mkfifo", "killpg"):
    delattr(os, name)
"""


def test_looking_and_scoring_need_nothing_that_only_posix_has(project, tmp_path):
    run = project.json("judge", "good", "worse", "--fast")["run"]
    (tmp_path / "windows").mkdir()
    (tmp_path / "windows" / "sitecustomize.py").write_text(ELSEWHERE)
    there = project.with_env(PYTHONPATH=str(tmp_path / "windows"))
    assert run in there.told("list")
    assert "judged" in there.told("status", run)
    assert there.json("rescore", run, "--rubric", "default")["verdict"]["winner"]
    assert "good" in there.told("report", run, "--format", "md")
    assert "--detach needs a POSIX system" in there.arena("run", "x", "--detach").stderr
    package = Path(__file__).parents[2]
    scripts = {".sh", ".ps1", ".bat", ".cmd"}
    places = [package / name for name in ("arena", "rubrics", "templates")]
    assert not [f for p in places for f in p.rglob("*") if f.suffix in scripts]
