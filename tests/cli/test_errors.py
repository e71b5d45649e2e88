"""Every mistake of the user: exit code 2, one line that says what to do, and nothing has changed."""

import os
import resource
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

FAKE = "#!/bin/sh\n"


def put(path, text, mode=0o755):
    """A little program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def only(tmp_path, *programs):
    """A PATH with nothing but these programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in programs:
        (folder / name).symlink_to(shutil.which(name))
    return str(folder)


@pytest.mark.parametrize(
    "words",
    [
        ["judge", "a"],
        ["run", "x"],
        ["merge"],
        ["undo"],
        ["restore", "r", "a"],
        ["clean"],
        ["rescore", "--rubric", "default"],
        ["list"],
        ["status"],
        ["report"],
    ],
)
def test_outside_of_a_repository(project, words):
    outside = project.path.parent / "nowhere"
    outside.mkdir()
    complaint = replace(project, path=outside).refused(*words)
    assert "is not in a git repository" in complaint
    assert "-C DIR" in complaint


@pytest.mark.parametrize(
    "words", [["judge", "a"], ["run", "x"], ["run", "x", "--base", "HEAD"]]
)
def test_a_repository_without_a_commit(project, words):
    empty = project.path.parent / "empty"
    project.git("init", "-q", empty)
    assert "commit" in replace(project, path=empty).refused(*words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["judge", "nosuch"], ["nosuch", "git branch -a"]),
        (["judge", "good", "--base", "nosuch"], ["nosuch", "git "]),
        (["run", "x", "--base", "nosuch"], ["--base nosuch", "git log"]),
        (["judge", "a=good", "a=worse"], ["two candidates", "'a'"]),
        (["judge", "good", "--target", "gone"], ['"gone"', "--target"]),
        (["run", "x", "--target", "gone"], ['"gone"', "--target"]),
        (["run", ""], ["prompt is empty"]),
        (["run", " \n\t"], ["prompt is empty"]),
        (["run", "-"], ["prompt is empty"]),
        (["run"], ["no task", "--prompt-file", "--suite"]),
        (["run", "x", "--prompt-file", "pyproject.toml"], ["both given"]),
        (["run", "--prompt-file", "gone.md"], ["gone.md: no such file"]),
        (["run", "x", "--suite", "gone.py"], ["--suite gone.py: no such file"]),
        (["run", "x", "--suite", "/etc/hosts"], ["outside of the repository"]),
        (["run", "x", "--check", "pyproject.toml"], ["holds no Python test file"]),
        (["run", "x", "--agents", "cloude"], ['"cloude"', 'Did you mean "claude"']),
        (["run", "x", "--agents", "repare:2"], ['Did you mean "repair"']),
        (["run", "x", "--agents", "command"], ["no command", "arena.toml"]),
        (["judge", "good", "--rubric", "defualt"], ["defualt", "default", "file"]),
        (["judge", "good", "--jobs", "0"], ["--jobs", "number"]),
        (["run", "x", "--timeout", "soon"], ["--timeout", "90s, 30m or 2h"]),
        (["--config", "gone.toml", "judge", "good"], ["gone.toml: no such file"]),
        (["status", "no-such-run"], ["no run"]),
        (["judge"], ["name what is to be judged: arena judge CANDIDATE"]),
    ],
)
def test_a_word_that_is_not_known(project, words, said):
    complaint = project.refused(*words)
    for one in said:
        assert one in complaint


def test_words_that_click_refuses(project):
    for words in (["judje"], ["run", "--nosuch"], ["judge", "--nosuch"]):
        assert "rror: " in project.refused(*words)


def test_an_agent_that_is_not_installed(project, tmp_path):
    bare = project.with_env(PATH=only(tmp_path, "git", "sh", "env"))
    assert "Install it: npm" in bare.refused("run", "x", "--agents", "claude")
    assert "no coding agent is installed" in bare.refused("run", "x")


def test_a_dirty_tree(project):
    (project.path / "calc.py").write_text("work in progress\n")
    complaint = project.refused("run", "x", "--agents", "repair:1")
    assert "calc.py" in complaint
    assert "--base HEAD" in complaint


def test_a_detached_head_has_no_branch_to_merge_into(project):
    project.git("checkout", "-q", "--detach", "main")
    project.told("judge", "good")
    assert "--target BRANCH" in project.refused("merge")
    project.told("merge", "--target", "main")
    assert project.git("show", "main:calc.py") == project.git("show", "good:calc.py")


def test_b9_a_dirty_checkout_is_not_merged_into(project):
    project.told("judge", "good")
    (project.path / "calc.py").write_text("work in progress\n")
    assert "calc.py" in project.refused("merge")


def test_a_bare_repository_can_judge_but_not_run_without_a_branch(project, tmp_path):
    project.git("clone", "-q", "--bare", project.path, tmp_path / "bare")
    bare = replace(project, path=tmp_path / "bare")
    assert "no coding agent" in bare.refused("run", "x")
    assert bare.json("judge", "good", "worse")["verdict"]["winner"] == "good"


def test_a_suite_that_cannot_start_on_the_base(project):
    project.commit("break", conftest_py="import no_such_module_anywhere\n")
    project.git("branch", "-q", "candidate", "main")
    done = project.arena("judge", "candidate")
    assert done.returncode == 2
    complaint = done.stderr.strip().splitlines()[-1]
    assert "no_such_module_anywhere" in done.stderr
    assert "Traceback" not in done.stderr
    assert "--python" in complaint or "--test" in complaint, done.stderr


def test_all_faults_of_the_settings_at_once(project):
    (project.path / "arena.toml").write_text(
        'sede = 1\nmerge = "perhaps"\ntimeout = -3\njobs = "many"\nkeep = "maybe"\nenv = 3\n[judge]\nsetpu = "x"\n'
    )
    project.refused("judge", "good")
    said = project.arena("judge", "good").stderr
    for one in (
        "arena.toml sede: unknown option; did you mean 'seed'?",
        "arena.toml merge: must be one of ask, auto, never",
        "arena.toml timeout: give a duration",
        "arena.toml jobs: give a whole number",
        "arena.toml keep: give true or false",
        "arena.toml env: give a list",
        "arena.toml [judge] setpu: unknown option; did you mean 'judge_setup'?",
    ):
        assert one in said


@pytest.mark.parametrize(
    "text", ["merge = [", "\xff", 'color = "pink"\n', 'seed = "x"\n']
)
def test_bad_settings_never_hide_a_fault(project, text):
    (project.path / "arena.toml").write_bytes(text.encode("latin-1"))
    assert "arena.toml" in project.refused("judge", "good")


def test_a_variable_with_a_fault_is_named(project):
    assert "ARENA_SEED" in project.with_env(ARENA_SEED="x").refused("judge", "good")


def test_all_faults_of_a_rubric_at_once(project):
    (project.path / "mine.toml").write_text(
        'about = "x"\n[[gate]]\nmeasure = "nosuch"\n[[criterion]]\nmeasure = "alsonot"\n'
    )
    project.refused("judge", "good", "--rubric", "mine.toml")
    said = project.arena("rubric", "check", "mine.toml").stderr
    assert "nosuch" in said
    assert "alsonot" in said


def test_a_full_disk(project):
    def no_room():
        # Stands in for a full disk where mounting one is not allowed: the next byte that is written fails.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    done = project.arena("judge", "good", preexec_fn=no_room)
    assert done.returncode == 2
    assert "no room" in done.stderr or "can't write" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_that_fills_up_on_the_way(project, tmp_path):
    if os.system("unshare -rm true 2>/dev/null"):
        pytest.skip("no private mounts here")
    state = tmp_path / "state"
    state.mkdir()
    before = project.everything()
    done = project.full(f"mount -t tmpfs -o size=16k full {state}", "judge", "good")
    assert done.returncode == 2, done.stderr
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
    after = project.everything()
    # The candidate may have reached the archive by then: work that is kept is no damage.
    assert {k: v for k, v in after.items() if "refs/arena/" not in k} == before


def test_git_is_missing(project, tmp_path):
    complaint = project.with_env(PATH=only(tmp_path, "sh")).refused("judge", "good")
    assert "git" in complaint
    assert "apt install git" in complaint


def test_git_is_too_old(project, tmp_path):
    old = put(tmp_path / "old" / "git", FAKE + "echo git version 2.30.2\n")
    path = f"{old.parent}{os.pathsep}{project.env['PATH']}"
    complaint = project.with_env(PATH=path).refused("judge", "good")
    assert "2.30.2" in complaint
    assert "2.38" in complaint


def test_our_own_bug_gets_a_log_and_exit_code_3(project, tmp_path):
    # A broken installation: a library that arena needs raises when it is imported.
    put(tmp_path / "broken" / "filelock.py", "raise RuntimeError('torn apart')\n")
    before = project.everything()
    done = project.with_env(PYTHONPATH=str(tmp_path / "broken")).arena("judge", "good")
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    log = line.partition("Log: ")[2].partition(". Nothing")[0]
    assert "torn apart" in Path(log).read_text()
    assert project.everything() == before


def test_a_usual_mistake_leaves_no_run_behind(project):
    project.refused("judge", "nosuch")
    assert project.told("list") == ""


def test_an_agent_that_is_not_logged_in_is_refused_before_anything_is_made(
    project, tmp_path
):
    program = put(tmp_path / "bin" / "claude", FAKE)
    path = f"{program.parent}{os.pathsep}{project.env['PATH']}"
    there = project.with_env(PATH=path, ANTHROPIC_API_KEY=None)
    words = ["run", "x", "--agents", "claude:1"]
    said = there.refused(*words)
    assert "claude is not logged in" in said
    assert "ANTHROPIC_API_KEY" in said
    # A variable that the user lets through may be the login.
    assert there.arena(*words, "--env", "MY_KEY").returncode == 1
    assert there.with_env(ANTHROPIC_API_KEY="k").arena(*words).returncode == 1
