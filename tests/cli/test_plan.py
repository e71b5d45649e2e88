"""Plans (protocols A to E): tasks divided over agents, merged in order, verified at sync points, landed at the end."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

AGENT = r"""#!/bin/sh
# Does what the task says after "do:", word by word, in the shell.
printf '%s\n' "$1" | sed -n 's/^do: //p' | sh -e
"""
HEAD = '[plan]\nname = "shop"\n'
# What fails the first time, and not the next.
ONCE = "test -e {mark} || {{ touch {mark}; exit 3; }}; "


@pytest.fixture
def shop(project, tmp_path):
    program = tmp_path / "agent.sh"
    program.write_text(AGENT)
    program.chmod(0o755)
    # What is looked at here is the plan, not the evidence behind each verdict.
    text = f'command = ["{program}", "{{prompt}}"]\nagent = "command"\nfast = true\n'
    (project.path / "arena.toml").write_text(text)
    project.git("add", "-A")
    project.git("commit", "-qm", "settings")
    return project


def task(name, do, **keys):
    rows = [f'[[task]]\nid = "{name}"\nprompt = """\nMake {name}.\ndo: {do}\n"""']
    rows += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join(rows) + "\n"


def run(project, *parts, code=0, words=(), head=HEAD):
    """Runs a plan made of these parts; its status."""
    (project.path.parent / "plan.toml").write_text("\n".join([head, *parts]))
    done = project.arena("run", "--plan", "../plan.toml", *words)
    assert done.returncode == code, done.stderr
    return next(
        row
        for row in reversed(project.json("list"))
        if row["run"].endswith("-plan") or "-plan-" in row["run"]
    ) | {"err": done.stderr}


def put(path, text="x = 1"):
    folder = path.rpartition("/")[0]
    return (f"mkdir -p {folder}; " if folder else "") + f"echo '{text}' > {path}"


def subjects(project, rev="main"):
    return project.git("log", "--format=%s", rev).splitlines()


def test_b7_c1_c3_d2_tasks_run_in_waves_and_are_merged_with_a_message_each(shop):
    found = run(
        shop,
        task("core", put("core/a.py"), owns=["/core/"]),
        task("ui", put("ui/a.py"), owns=["/ui/"]),
        # Sees what both brought.
        task("glue", "cat core/a.py ui/a.py > glue.py", owns=["/glue.py"], depends_on=["core", "ui"]),
    )  # fmt: skip
    assert found["state"] == "done"
    assert shop.git("show", "main:glue.py") == "x = 1\nx = 1"
    said = [line.partition(" (")[0] for line in subjects(shop) if "Merge" in line]
    assert said == ["Merge plan shop", "Merge glue", "Merge ui", "Merge core"]
    assert shop.git("branch", "--list", "arena/*") == "", "what is merged is taken away"
    assert shop.git("worktree", "list").count("\n") == 0


def test_b1_c5_what_two_tasks_own_at_once_is_told_before_anything_starts(shop):
    parts = [
        task("a", "true", owns=["/core/", "/pyproject.toml"]),
        task("b", "true", owns=["/core/models/", "*.toml"]),
        task("c", "true", owns=["/core/"], depends_on=["a", "b"]),
    ]
    (shop.path.parent / "plan.toml").write_text("\n".join([HEAD, *parts]))
    done = shop.arena("plan", "check", "../plan.toml")
    assert done.returncode == 2
    assert "task a, task b: both own" in done.stderr
    assert "/core/models/" in done.stderr
    assert "pyproject.toml" in done.stderr
    assert "task c" not in done.stderr, "it waits for both"
    assert shop.refused("run", "--plan", "../plan.toml")


def test_b2_who_leaves_its_territory_is_tried_again_with_the_reason(shop, tmp_path):
    again = f"test -e {tmp_path}/tried && {put('core/a.py')} || {{ touch {tmp_path}/tried; {put('ui/b.py')}; }}"
    found = run(shop, task("core", again, owns=["/core/"]))
    assert "territory: 1, needs at most 0" in found["err"]
    assert found["entries"]["core"]["tries"] == 2
    assert "ui" not in shop.git("ls-tree", "--name-only", "main")
    prompts = sorted((tmp_path / "state").glob("*/runs/*core*/logs/core.prompt.txt"))
    told = [path.read_text() for path in prompts]
    assert "tried before" not in told[0]
    assert "This was tried before, and failed: core: territory" in told[1]


def test_a6_a10_c7_a_task_that_keeps_failing_is_blocked_and_the_rest_goes_on(shop):
    found = run(
        shop,
        task("good", put("a.py"), owns=["/a.py"]),
        task("bad", "exit 3", owns=["/b.py"], retries=1),
        task("after", put("c.py"), owns=["/c.py"], depends_on=["bad"]),
        code=1,
    )
    states = {name: entry["state"] for name, entry in found["entries"].items()}
    assert states == {"good": "merged", "bad": "blocked", "after": "waiting"}
    assert "2 tries failed" in found["entries"]["bad"]["why"]
    assert "| bad | 2 tries failed" in shop.told("handoff")
    assert "bad                      blocked      (2 tries failed" in shop.told(
        "status"
    )
    assert found["state"] == "blocked"
    assert "a.py" not in shop.git("ls-tree", "--name-only", "main"), "nothing lands"
    staging = f"arena/{found['run']}/staging"
    assert "a.py" in shop.git("ls-tree", "--name-only", staging), "nothing is lost"


def test_a4_e4_nothing_behind_a_sync_point_begins_before_it_is_verified(shop):
    sync = '[[sync]]\nname = "both"\nafter = ["a", "b"]\nverify = "test -f a.py && test -f b.py"\n'
    parts = [
        task("a", put("a.py"), owns=["/a.py"]),
        task("b", put("b.py"), owns=["/b.py"]),
        task("c", put("c.py"), owns=["/c.py"], depends_on=["both"]),
    ]
    found = run(shop, *parts, sync)
    kinds = [
        (e["kind"], e["label"])
        for e in shop.events(found["run"])
        if e["kind"] in ("task-started", "task-merged", "sync")
    ]
    assert kinds.index(("sync", "both")) < kinds.index(("task-started", "c"))
    assert kinds.index(("task-merged", "b")) < kinds.index(("sync", "both"))
    red = sync.replace("b.py", "no.py")
    found = run(shop, *[p.replace(".py", "2.py") for p in parts], red, code=1)
    assert "BLOCKED: 'test -f a.py" in found["err"]
    assert found["entries"]["c"]["state"] == "waiting"


def test_b6_several_compete_for_one_task_and_the_best_is_merged(shop):
    best = "if [ $ARENA_LABEL = core-2 ]; then sed -i 's/values.1:./values/' calc.py; else echo >> calc.py; fi"
    found = run(shop, task("core", best, width=3))
    assert found["state"] == "done"
    assert "in values:" in shop.git("show", "main:calc.py")
    assert any(line.startswith("Merge core-2") for line in subjects(shop))


def test_b3_commits_that_arena_makes_have_the_prefix_and_agents_are_told(
    shop, tmp_path
):
    stream = '[[stream]]\nname = "core"\nowns = ["/core/"]\ncommit_prefix = ["core:"]\n'
    run(shop, stream, task("models", put("core/a.py"), stream="core"))
    assert any(line.startswith("core: Merge models") for line in subjects(shop))
    [prompt] = (tmp_path / "state").glob("*/runs/*/logs/models.prompt.txt")
    assert "Begin the messages of commits with core:" in prompt.read_text()
    assert "- yours: /core/" in prompt.read_text()


def test_c5_a_shared_file_is_only_changed_by_who_owns_it_by_name(shop):
    head = HEAD + 'shared = ["pyproject.toml"]\n'
    done = run(
        shop, task("a", "echo '#' >> pyproject.toml", retries=0), head=head, code=1
    )
    assert "territory: 1" in done["err"]
    run(shop, task("a", "echo '#' >> pyproject.toml", owns=["/pyproject.toml"]), head=head)  # fmt: skip


def test_e1_a_phase_waits_for_all_phases_before(shop):
    parts = [
        task("qa", "cat a.py b.py > c.py", phase=3),
        task("a", put("a.py"), phase=1, owns=["/a.py"]),
        task("b", "cat a.py > b.py", phase=2),
    ]
    assert run(shop, *parts)["state"] == "done"
    (shop.path.parent / "plan.toml").write_text("\n".join([HEAD, *parts]))
    assert shop.json("plan", "show", "../plan.toml")["waves"] == [["a"], ["b"], ["qa"]]


def test_c9_both_estimates_of_time_are_shown(shop):
    parts = [task(n, "true", minutes=m, owns=[f"/{n}"]) for n, m in (("a", 30), ("b", 20))]  # fmt: skip
    (shop.path.parent / "plan.toml").write_text("\n".join([HEAD, *parts]))
    said = shop.told("plan", "show", "../plan.toml")
    assert "one after the other about 50 minutes, as planned 30" in said


def test_a_plan_that_does_not_land_by_itself_stays_on_its_branch(shop):
    found = run(shop, task("a", put("a.py")), words=["--merge", "never"])
    assert found["state"] == "done"
    staging = f"arena/{found['run']}/staging"
    assert "a.py" in shop.git("ls-tree", "--name-only", staging)
    assert "a.py" not in shop.git("ls-tree", "--name-only", "main")


def test_undo_takes_a_whole_plan_back(shop):
    main = shop.git("rev-parse", "main")
    found = run(shop, task("a", put("a.py")), task("b", put("b.py"), depends_on=["a"]))
    assert shop.git("rev-parse", "main") != main
    shop.told("undo", found["run"])
    assert shop.git("rev-parse", "main") == main


FAULTS = {
    "[plan]\n": "plan.name: missing",
    HEAD: "task: missing",
    HEAD + '[[task]]\nid = "a"\n': "task a.prompt: missing",
    HEAD + task("a", "x", dependson=["b"]): 'unknown key; did you mean "depends_on"',
    HEAD + task("a", "x", depends_on=["b"]): 'task a.depends_on: nothing is called "b"',
    HEAD + task("a", "x", depends_on=["a"]): "a circle: a → a",
    HEAD + task("a", "x", depends_on=["b"]) + task("b", "x", depends_on=["a"]): "a circle: ",
    HEAD + task("a", "x") + task("a", "y"): "two tasks or sync points have this name",
    HEAD + task("a", "x", width=0): "task a.width: must be from 1 to 100",
    HEAD + task("a", "x", width="2"): "task a.width: must be a whole number",
    HEAD + task("a", "x", owns="core"): "task a.owns: must be a list of texts",
    HEAD + task("a", "x", stream="ui"): "task a.stream: nothing is called",
    HEAD + task("a", "x", agent="claud"): 'did you mean "claude"',
    HEAD + task("a", "x", contracts=["api"]): "task a.contracts: nothing is called",
    HEAD + task("a", "x") + '[[sync]]\nname = "s"\nafter = ["b"]\n': "sync s.after: nothing",
    HEAD + task("a", "x") + '[[contract]]\npath = "a"\npolicy = "no"\n': "contract a.policy",
    HEAD + task("a", "x") + "[[tsk]]\nid = 1\n": 'unknown table; did you mean "task"',
    HEAD + 'land = "no"\n' + task("a", "x"): "plan.land: must be end or each",
    "task = 3\n" + HEAD: "task: write it as [[task]]",
    "no toml": "not TOML",
}  # fmt: skip


def test_e6_all_faults_of_a_plan_are_told_with_their_keys(shop):
    place = shop.path.parent / "plan.toml"
    for text, said in FAULTS.items():
        place.write_text(text)
        done = shop.arena("plan", "check", "../plan.toml")
        assert done.returncode == 2, (text, done.stdout)
        assert said in done.stderr, text
        assert "Traceback" not in done.stderr
    both = HEAD + task("a", "x", stream="ui", agent="clod", depends_on=["b"])
    place.write_text(both)
    assert shop.arena("plan", "check", "../plan.toml").stderr.count("\n") >= 4
    assert "no such file" in shop.refused("run", "--plan", "none.toml")
    assert "both given" in shop.refused("run", "x", "--plan", "../plan.toml")


def test_e7_what_usually_goes_wrong_is_a_warning(shop):
    parts = [task(f"t{n}", "true") for n in range(4)]
    (shop.path.parent / "plan.toml").write_text("\n".join([HEAD, *parts]))
    said = shop.told("plan", "check", "../plan.toml")
    assert "4 agents at once: two or three are usually best" in said
    assert "no sync point" in said
    assert "t0, t1, t2, t3 work beside others and own nothing" in said


def test_a_plan_of_50_tasks_is_checked_in_half_a_second(shop):
    for n in range(200):
        (shop.path / f"file{n}.py").touch()
    shop.git("add", "-A")
    shop.git("commit", "-qm", "files")
    parts = [
        task(f"t{n}", "true", owns=[f"/d{n}/", f"/file{n}.py"], depends_on=[f"t{n - 5}"] if n > 4 else [])
        for n in range(50)
    ]  # fmt: skip
    (shop.path.parent / "plan.toml").write_text("\n".join([HEAD, *parts]))
    best = 9.0
    for _ in range(3):
        begun = time.monotonic()
        shop.told("plan", "check", "../plan.toml")
        best = min(best, time.monotonic() - begun)
    begun = time.monotonic()
    shop.told("--version")
    assert best - (time.monotonic() - begun) < 0.5


def test_a_plan_that_is_killed_goes_on_where_it_was(shop, tmp_path):
    """Killed in the second wave: the first is not done again, and nothing is lost."""
    log, go = tmp_path / "calls", tmp_path / "go"
    wait = f"while [ ! -e {go} ]; do sleep 0.05; done; "
    parts = [
        task("a", f"echo a >> {log}; {put('a.py')}", owns=["/a.py"]),
        task("b", f"echo b >> {log}; {wait}{put('b.py')}", depends_on=["a"]),
        task("c", f"echo c >> {log}; cat a.py b.py > c.py", depends_on=["b"]),
    ]
    (shop.path.parent / "plan.toml").write_text("\n".join([HEAD, *parts]))
    run = shop.json("run", "--plan", "../plan.toml", "--detach")["run"]
    end = time.monotonic() + 60
    while not (log.exists() and "b" in log.read_text()):
        assert time.monotonic() < end
        time.sleep(0.1)
    os.kill(shop.json("status", run)["process"], signal.SIGKILL)
    while shop.json("status", run)["going"]:
        time.sleep(0.1)
    assert shop.json("status", run)["state"] == "interrupted"
    # The run's copy of the plan counts.
    (shop.path.parent / "plan.toml").write_text("damaged")
    go.touch()
    assert "all of it is done" in shop.told("resume", run)
    assert log.read_text().split() == ["a", "b", "b", "c"]
    assert shop.git("show", "main:c.py") == "x = 1\nx = 1"
    assert shop.json("status", run)["state"] == "done"
    assert shop.git("branch", "--list", "arena/*") == ""


def test_a_blocked_plan_goes_on_once_it_is_mended(shop, tmp_path):
    key = tmp_path / "key"
    parts = [
        task("a", put("a.py"), owns=["/a.py"]),
        task("b", f"test -e {key} && {put('b.py')}", owns=["/b.py"], retries=0),
    ]
    found = run(shop, *parts, code=1)
    assert found["entries"]["b"]["state"] == "blocked"
    key.touch()
    assert "all of it is done" in shop.told("resume", found["run"])
    assert {"a.py", "b.py"} <= set(shop.git("ls-tree", "--name-only", "main").split())


# Each makes a file of its own in the folder that its task names.
WORKER = """#!/bin/sh
place=$(printf '%s' "$1" | sed -n 's/.*yours: \\/\\([^,]*\\)\\/.*/\\1/p' | head -n 1)
mkdir -p "$place" && echo "$ARENA_LABEL" > "$place/$ARENA_LABEL.txt"
"""


LONG = [
    pytest.param(kind, marks=pytest.mark.long)
    for kind in ("full-stack", "streams", "api-heavy")
]


@pytest.mark.parametrize("kind", ["ui-heavy", *LONG])
def test_e2_each_example_plan_runs_as_it_is(shop, tmp_path, kind):
    (tmp_path / "agent.sh").write_text(WORKER)
    shop.told("init", "--plan", kind)
    assert "there already" in shop.refused("init", "--plan", kind)
    said = shop.told("plan", "check", "plan.toml")
    assert "can be run" in said
    shop.git("add", "-A")
    shop.git("commit", "-qm", "plan")
    done = shop.arena("run", "--plan", "plan.toml")
    assert done.returncode == 0, done.stderr
    steps = shop.json("plan", "show", "plan.toml")["waves"]
    merged = [line for line in subjects(shop) if "Merge" in line]
    assert len(merged) >= sum(len(wave) for wave in steps) - 2


def test_a11_a_whole_plan_is_paused_and_goes_on(shop, tmp_path):
    ticks, go = tmp_path / "ticks", tmp_path / "go"
    wait = f"while [ ! -e {go} ]; do echo . >> {ticks}; sleep 0.05; done; "
    (shop.path.parent / "plan.toml").write_text(HEAD + task("a", wait + put("a.py")))
    run = shop.json("run", "--plan", "../plan.toml", "--detach")["run"]
    end = time.monotonic() + 60
    while not ticks.exists():
        assert time.monotonic() < end
        time.sleep(0.1)
    assert shop.json("status")["run"] == run, "the plan is meant, not its tries"
    assert "paused a" in shop.told("pause")
    time.sleep(1)
    before = ticks.stat().st_size
    time.sleep(1)
    assert ticks.stat().st_size == before
    go.touch()
    assert "a goes on" in shop.told("resume", run, "a")
    found = shop.json("wait")
    assert (found["state"], found["code"]) == ("done", 0)


def test_c10_d11_what_it_took_is_told_and_clean_takes_all_of_a_blocked_plan(shop):
    found = run(
        shop,
        task("a", put("a.py"), owns=["/a.py"]),
        task("b", f"{put('c.py')}; exit 3", owns=["/b.py"], retries=0),
        code=1,
    )
    assert "agents worked" in found["err"]
    assert [row["run"] for row in shop.json("list") if row["run"] == found["run"]]
    assert "shop-a" not in shop.told("list")
    assert "shop-a" in shop.told("-v", "list")
    shop.told("clean", found["run"])
    assert shop.git("branch", "--list", "arena/*") == ""
    assert shop.git("worktree", "list").count("\n") == 0
    kept = shop.git("for-each-ref", "--format=%(refname)", "refs/arena/archive")
    assert f"archive/{found['run']}/staging" in kept
    assert kept.count("shop-b") == 1, "also what failed"


def test_b8_the_page_of_a_plan_says_what_ran_when_and_escapes_what_agents_say(shop):
    bad = "<script>alert(1)</script>"
    note = f"printf '### For x:\\n- File: y\\n- Change: {bad}\\n' > HANDOFF_FROM_A.md"
    do = f"{put('a.py')}; {note}".replace("\\n", "\\\\n")
    found = run(shop, task("a", do), task("b", put("b.py"), depends_on=["a"]))
    page = Path(found["report"]).read_text()
    assert "2 of 2 tasks are merged" in page
    assert page.count("<rect") == 2
    assert bad not in page
    assert "&lt;script&gt;" in page
    assert shop.told("report", found["run"]).strip().endswith("report.html")
    tries = [p.name for p in (shop.path / "reports").iterdir() if "shop-" in p.name]
    assert tries == [], "tries have their plan's page"


SPENDER = """#!/bin/sh
echo '{"type": "result", "subtype": "success", "is_error": false, "result": "ok", "total_cost_usd": 0.6}'
echo > "$ARENA_LABEL.py"
"""


def test_d15_the_budget_holds_for_a_whole_plan(shop, tmp_path):
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text(SPENDER)
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{shop.env['PATH']}"
    there = shop.with_env(PATH=path, ANTHROPIC_API_KEY="k")
    parts = [
        task(n, "x", agent="claude", depends_on=d, retries=0)
        for n, d in (("a", []), ("b", ["a"]), ("c", ["b"]))
    ]
    found = run(there, *parts, code=1, words=["--max-cost", "1"])
    states = {name: entry["state"] for name, entry in found["entries"].items()}
    assert states == {"a": "merged", "b": "merged", "c": "blocked"}
    assert "budget is spent" in found["entries"]["c"]["why"]


def test_a_target_that_moved_on_is_what_the_landing_is_tested_against(shop):
    """A test that others brought since the plan's base counts: what breaks it does not land."""
    base = shop.git("rev-parse", "main")
    test = (
        "import os\n\n\ndef test_no_flag():\n    assert not os.path.exists('flag.py')\n"
    )
    tip = shop.commit("others", tests__test_flag_py=test)
    found = run(shop, task("a", put("flag.py")), code=1, words=["--base", base])
    assert found["entries"]["a"]["state"] == "merged"
    assert "plan: BLOCKED" in found["err"]
    assert "regressions" in found["err"]
    assert shop.git("rev-parse", "main") == tip


def test_what_stands_in_the_way_of_the_landing_is_told_and_it_goes_on_later(shop):
    dirty = shop.path / "calc.py"
    before = dirty.read_text()
    dirty.write_text(before + "# mine\n")
    one = task("a", "echo '# theirs' >> calc.py; " + put("a.py"))
    found = run(shop, one, code=1, words=["--base", "HEAD"])
    assert "plan: BLOCKED" in found["err"]
    assert "calc.py" in found["err"]
    assert dirty.read_text() == before + "# mine\n"
    dirty.write_text(before)
    assert "all of it is done" in shop.told("resume", found["run"])
    assert "# theirs" in dirty.read_text()
    assert "is done" in shop.refused("resume", found["run"])


@pytest.mark.long
def test_each_task_lands_by_itself_where_the_plan_says_so(shop):
    head = HEAD + 'land = "each"\n'
    parts = [task("a", put("a.py")), task("b", "exit 3", depends_on=["a"], retries=0)]
    main = shop.git("rev-parse", "main")
    found = run(shop, *parts, head=head, code=1)
    assert "a.py" in shop.git("ls-tree", "--name-only", "main").split()
    assert shop.git("branch", "--list", "arena/*/staging") == ""
    assert shop.json("status", found["run"])["state"] == "blocked"
    tries = [row["run"] for row in shop.json("list") if "shop-a" in row["run"]]
    shop.told("undo", tries[0])
    assert shop.git("rev-parse", "main") == main
    found = run(shop, parts[0], head=head, words=["--merge", "never"])
    assert shop.git("rev-parse", "main") == main
    assert "a.py" in shop.git("ls-tree", "--name-only", f"arena/{found['run']}/staging")


@pytest.mark.long
def test_what_is_merged_is_not_done_again_when_only_the_journal_missed_it(shop, tmp_path):  # fmt: skip
    log, key = tmp_path / "calls", tmp_path / "key"
    parts = [
        task("a", f"echo a >> {log}; {put('a.py')}", owns=["/a.py"]),
        task("b", f"test -e {key} && {put('b.py')}", depends_on=["a"], retries=0),
    ]
    found = run(shop, *parts, code=1)
    [path] = (tmp_path / "state").glob(f"*/runs/{found['run']}/journal.log")
    lines = path.read_bytes().splitlines(keepends=True)
    last = next(n for n, text in enumerate(lines) if b'"task-merged"' in text)
    path.write_bytes(b"".join(lines[:last]))
    key.touch()
    assert "all of it is done" in shop.told("resume", found["run"])
    assert log.read_text() == "a\n"


@pytest.mark.long
def test_a_plan_whose_staging_branch_is_gone_never_claims_to_be_done(shop, tmp_path):
    key = tmp_path / "key"
    do = f"test -e {key} && {put('b.py')}"
    parts = [task("a", put("a.py")), task("b", do, depends_on=["a"], retries=0)]
    found = run(shop, *parts, code=1)
    shop.told("clean", found["run"])
    key.touch()
    assert "arena restore" in shop.arena("resume", found["run"]).stderr
    shop.told("restore", found["run"], "staging")
    assert shop.git("branch", "--list", f"arena/{found['run']}/staging")
    assert "all of it is done" in shop.told("resume", found["run"])
    assert {"a.py", "b.py"} <= set(shop.git("ls-tree", "--name-only", "main").split())


def test_stop_ends_a_task_of_a_plan_without_another_try(shop, tmp_path):
    ticks = tmp_path / "ticks"
    wait = f"while true; do echo . >> {ticks}; sleep 0.05; done"
    text = HEAD + task("a", wait) + task("b", put("b.py"), depends_on=["a"])
    (shop.path.parent / "plan.toml").write_text(text)
    run = shop.json("run", "--plan", "../plan.toml", "--detach")["run"]
    end = time.monotonic() + 60
    while not ticks.exists():
        assert time.monotonic() < end
        time.sleep(0.1)
    shop.told("stop", run, "a")
    found = shop.json("wait", code=1)
    assert found["entries"]["a"]["tries"] == 1
    assert "stopped by the user" in found["entries"]["a"]["why"]
    assert found["entries"]["b"]["state"] == "waiting"


@pytest.mark.parametrize("inside", [True, False])
def test_a_person_works_on_a_task_of_a_plan(shop, inside):
    text = HEAD + task("page", "x", agent="human", retries=0)
    (shop.path.parent / "plan.toml").write_text(text)
    run = shop.json("run", "--plan", "../plan.toml", "--detach")["run"]
    end = time.monotonic() + 60
    while not (trees := list((shop.path.parent / "state").glob("*/runs/*shop-page/worktrees/page"))):  # fmt: skip
        assert time.monotonic() < end
        time.sleep(0.1)
    (trees[0] / "page.py").write_text("x = 1\n")
    while "no person" in (done := _done(shop, trees[0] if inside else None)).stderr:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert done.returncode == 0, done.stderr
    assert shop.json("wait", run)["state"] in ("done", "merged")
    assert "page.py" in shop.git("ls-tree", "--name-only", "main")


def _done(shop, place):
    return shop.arena("done", **({"cwd": place} if place else {}))


def test_agents_of_a_plan_that_can_not_begin_are_refused_before_anything(shop):
    for text, said in (
        (task("a", "x", agent="amp"), "amp"),
        (task("../a", "x"), "a name has letters"),
    ):
        (shop.path.parent / "plan.toml").write_text(HEAD + text)
        assert said in shop.arena("run", "--plan", "../plan.toml").stderr
        assert shop.json("list") == []
