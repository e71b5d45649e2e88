"""The door to git: nothing of the user's settings, hooks, filters or environment acts; any name comes through."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from arena.errors import ArenaError, GitError
from arena.machine import git, process, transaction
from arena.machine.git import Repository
from arena.machine.people import ARENA, Identity
from arena.machine.transaction import Move
from arena.machine.user import identity

from .conftest import Project, new_project

ODD = [
    b"sp ace",
    b"new\nline",
    b"\xff\xfe",
    b"-dash",
    b'quo"te',
    b"tab\t",
    b":(top)x",
    b"*",
]


def move_refs(repo: Repository, moves: list[tuple[str, str, str]], *, why: str) -> None:
    """Moves given as (ref, new, old)."""
    made = [Move(ref, old, new) for ref, new, old in moves]
    transaction.move_refs(repo, made, why=why)


def bait(tmp_path: Path) -> tuple[Path, Path]:
    """A program that leaves a mark, and the mark."""
    mark, program = tmp_path / "mark", tmp_path / "bait.sh"
    program.write_text(f"#!/bin/sh\necho ran >> '{mark}'\ncat\n")
    program.chmod(0o755)
    return program, mark


def everything(repo: Repository) -> None:
    """What the judge asks of a user's repository."""
    head = repo.resolve("HEAD")
    assert head
    repo.changed_files()
    repo.call("diff-tree", "-r", "-p", "--ext-diff", head)
    repo.call("log", "-p", "-1", "--ext-diff")
    move_refs(repo, [("refs/arena/x", head, "")], why="test")
    move_refs(repo, [("refs/arena/x", "", head)], why="test")
    repo.call("worktree", "add", "-q", "--detach", str(repo.git_dir / "wt"), head)
    repo.call("worktree", "remove", str(repo.git_dir / "wt"))


def test_hooks_and_settings_of_the_user_do_not_act(
    project: Project, tmp_path: Path
) -> None:
    program, mark = bait(tmp_path)
    hooks = project.path / ".git" / "hooks"
    for name in (
        "reference-transaction",
        "post-checkout",
        "pre-commit",
        "post-index-change",
    ):
        (hooks / name).symlink_to(program)
    settings = tmp_path / "home" / "gitconfig"
    settings.write_text(
        f"[core]\n\tfsmonitor = {program}\n\thooksPath = {hooks}\n\tpager = {program}\n"
        f"\tattributesFile = {tmp_path / 'attributes'}\n[diff]\n\texternal = {program}\n"
        f'[diff "bait"]\n\ttextconv = {program}\n\tcommand = {program}\n'
        f'[filter "bait"]\n\tclean = {program}\n\tsmudge = {program}\n'
        f"[alias]\n\tstatus = !{program}\n[gc]\n\tauto = 1\n"
    )
    (tmp_path / "attributes").write_text("* filter=bait diff=bait\n")
    everything(project.repo)
    assert not mark.exists()


def test_the_repositorys_own_settings_are_pinned(
    project: Project, tmp_path: Path
) -> None:
    program, mark = bait(tmp_path)
    for key in ("core.fsmonitor", "core.pager", "core.askPass"):
        project.git("config", key, str(program))
    project.git("config", "core.hooksPath", str(tmp_path))
    (tmp_path / "reference-transaction").symlink_to(program)
    project.git("config", "core.autocrlf", "true")
    project.git("config", "filter.bait.clean", str(program))
    project.git("config", "filter.bait.smudge", str(program))
    project.git("config", "filter.bait.required", "true")
    project.git("config", "filter.odd.name=x.process", str(program))
    (project.path / ".git/info/attributes").write_text("* filter=bait\n")
    mark.unlink(missing_ok=True)
    repo = project.repo.unfiltered()
    (project.path / "a.txt").write_text("changed\n")
    assert repo.changed_files() == ["a.txt"]
    everything(repo)
    assert not mark.exists()


@pytest.mark.parametrize(
    "variable",
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY",
     "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_COMMON_DIR"],
)  # fmt: skip
def test_leaked_variables_do_not_act(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    other = new_project(tmp_path / "other")
    other.commit({"c": b"c"})
    mine, theirs = project.git("rev-parse", "HEAD"), other.git("rev-parse", "HEAD")
    places = {"GIT_WORK_TREE": other.path, "GIT_INDEX_FILE": other.path / ".git/index"}
    monkeypatch.setenv(variable, str(places.get(variable, other.path / ".git")))
    repo = git.open_repository(project.path)
    assert (repo.git_dir, repo.top) == (project.path / ".git", project.path)
    assert repo.resolve("HEAD") == mine
    assert repo.changed_files() == []
    assert repo.resolve(theirs) is None
    move_refs(repo, [("refs/heads/new", mine, "")], why="test")
    assert (project.path / ".git/refs/heads/new").exists()
    assert not (other.path / ".git/refs/heads/new").exists()


def test_other_leaked_variables_do_not_act(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, mark = bait(tmp_path)
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_SSH_COMMAND", "GIT_TRACE"):
        monkeypatch.setenv(name, str(program if name != "GIT_TRACE" else mark))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(program))
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    everything(project.repo)
    assert not mark.exists()


def test_replaced_objects_are_not_believed(project: Project) -> None:
    true = project.git("rev-parse", "HEAD")
    false = project.commit({"a.txt": b"false\n"})
    tree = project.git("rev-parse", true + "^{tree}")
    project.git("reset", "-q", "--hard", true)
    project.git("replace", true, false)
    assert project.git("rev-parse", "HEAD^{tree}") != tree
    assert project.repo.tree_of(true) == tree


def test_a_revision_is_never_an_option(project: Project) -> None:
    repo = project.repo
    for word in ("--help", "-h", "--output=x", "", "none", "HEAD:a.txt", "a.txt"):
        assert repo.resolve(word) is None
    assert (
        repo.resolve("main")
        == repo.resolve("HEAD^{}")
        == project.git("rev-parse", "HEAD")
    )


def test_pathspecs_are_literal(project: Project) -> None:
    project.commit({b"*": b"star", b":(top)x": b"colon"})
    fields = project.repo.call("ls-files", "-z", "--", "*", ":(top)x").fields
    assert sorted(fields) == ["*", ":(top)x"]


def test_names_of_all_kinds_come_through(project: Project) -> None:
    project.commit(dict.fromkeys(ODD, b"1") | {b"d/" + name: b"1" for name in ODD})
    for name in ODD:
        Path(os.fsdecode(os.fsencode(project.path) + b"/" + name)).write_text("2")
    os.unlink(project.path / "a.txt")
    changed = [os.fsencode(name) for name in project.repo.changed_files()]
    assert sorted(changed) == sorted([*ODD, b"a.txt"])


def test_staged_renames_and_conflicts_are_changes(project: Project) -> None:
    project.git("mv", "a.txt", "new name.txt")
    assert project.repo.changed_files() == ["new name.txt"]
    project.git("reset", "-q", "--hard")
    project.git("checkout", "-q", "-b", "side")
    project.commit({"a.txt": b"side\n"})
    project.git("checkout", "-q", "main")
    project.commit({"a.txt": b"other\n"})
    merge = ["git", "merge", "side"]
    subprocess.run(merge, cwd=project.path, capture_output=True, check=False)
    assert project.repo.changed_files() == ["a.txt"]


def test_untracked_files_are_no_change(project: Project) -> None:
    (project.path / "untracked").write_text("x")
    assert project.repo.changed_files() == []


def test_a_sha256_repository_works(tmp_path: Path) -> None:
    project = new_project(tmp_path / "long", "--object-format=sha256")
    repo, head = project.repo, project.git("rev-parse", "HEAD")
    assert repo.resolve("main") == head
    assert len(head) == 64
    assert repo.refs() == {"refs/heads/main": head}
    move_refs(repo, [("refs/heads/x", head, "")], why="test")
    move_refs(repo, [("refs/heads/x", "", head)], why="test")
    assert repo.tree_of(head) == project.git("rev-parse", "HEAD^{tree}")


def test_refs_move_from_the_values_that_we_saw_or_not_at_all(project: Project) -> None:
    repo, one = project.repo, project.git("rev-parse", "HEAD")
    two = project.commit({"c": b"c"})
    move_refs(
        repo, [("refs/heads/a", one, ""), ("refs/heads/ä/b", one, "")], why="made"
    )
    move_refs(
        repo, [("refs/heads/a", two, one), ("refs/heads/ä/b", "", one)], why="moved"
    )
    assert repo.refs("refs/heads/a", "refs/heads/ä") == {"refs/heads/a": two}
    assert "moved" in project.git("reflog", "show", "a")
    for moves in (
        [("refs/heads/new", two, ""), ("refs/heads/a", one, one)],
        [("refs/heads/new", two, ""), ("refs/heads/a", one, "")],
        [("refs/heads/new", two, ""), ("refs/heads/a", "", one)],
        [("refs/heads/new", two, ""), ("refs/heads/a", "0" * 39 + "1", two)],
    ):
        with pytest.raises(GitError, match="update-ref failed"):
            move_refs(repo, moves, why="not")
        assert repo.refs("refs/heads/a", "refs/heads/new") == {"refs/heads/a": two}


def test_questions_about_history(project: Project) -> None:
    root = project.git("rev-parse", "HEAD")
    left = project.commit({"l": b"l"})
    project.git("checkout", "-q", "--detach", root)
    right = project.commit({"r": b"r"})
    repo = project.repo
    assert repo.merge_bases(left, right) == [root]
    assert repo.is_ancestor(root, left)
    assert not repo.is_ancestor(left, right)
    assert repo.branch() is None
    assert repo.subjects(left) == {left: "change"}
    project.git("checkout", "-q", "main")
    assert project.repo.branch() == "refs/heads/main"
    project.git("checkout", "-q", "--orphan", "alone")
    assert repo.merge_bases(project.commit({"x": b"x"}), left) == []


def test_the_user_commits_under_their_own_name(
    project: Project, tmp_path: Path
) -> None:
    assert identity(project.repo) == Identity(name="Ada", email="ada@example.org")
    project.git("config", "user.name", "Grace")
    assert identity(project.repo) == Identity(name="Grace", email="ada@example.org")
    project.git("config", "--unset", "user.name")
    (tmp_path / "home" / "gitconfig").write_text("")
    assert identity(project.repo) == ARENA


def test_failure_carries_gits_words_in_one_line(project: Project) -> None:
    with pytest.raises(GitError, match=r"git rev-parse failed: fatal: ") as caught:
        project.repo.call("rev-parse", "--verify", "none")
    assert "\n" not in str(caught.value)
    answer = project.repo.ask("cat-file", "-e", "0" * 40)
    assert answer.code == 1
    assert (
        project.repo.ask("cat-file", "blob", "HEAD:a.txt").out == b"one\ntwo\nthree\n"
    )


def test_input_of_any_size_and_content(project: Project) -> None:
    data = bytes(range(256)) * 4096
    oid = project.repo.call("hash-object", "-w", "--stdin", stdin=data).text
    assert project.repo.call("cat-file", "blob", oid).out == data


def test_a_conversation_ends_with_its_input(project: Project) -> None:
    conversation = project.repo.start("update-ref", "--stdin", env=ARENA.variables())
    child = conversation.proc
    assert os.getsid(child.pid) == child.pid
    child.stdin.write(b"start\n")
    child.stdin.flush()
    assert child.stdout.readline() == b"start: ok\n"
    child.stdin.close()
    child.wait(10)
    child.stdout.close()
    child.stderr.close()


def test_a_session_of_its_own_is_out_of_reach_of_a_kill_of_ours(
    project: Project,
) -> None:
    project.git("config", "alias.sid", "!ps -o sid= -p $$")
    assert int(project.repo.ask("sid", session=True).text) != os.getsid(0)
    assert int(project.repo.ask("sid").text) == os.getsid(0)


def test_an_interruption_of_ours_does_not_end_a_session_of_its_own(
    project: Project, tmp_path: Path
) -> None:
    """A landing that we are torn out of is not left half way."""
    slow = tmp_path / "slow"
    os.mkfifo(slow)
    code = (
        "import sys; from pathlib import Path; from arena.machine import git\n"
        "repo = git.open_repository(Path(sys.argv[1]))\n"
        "try: repo.ask('hash-object', '-w', '--no-filters', sys.argv[2], session=True)\n"
        "except KeyboardInterrupt: pass\n"
    )
    argv = [sys.executable, "-c", code, str(project.path), str(slow)]
    us = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    with slow.open("wb") as pipe:  # as soon as git reads
        us.send_signal(signal.SIGINT)
        us.wait(20)
        pipe.write(b"late")
    oid = project.git("hash-object", "--stdin", stdin=b"late")
    end = time.monotonic() + 10
    while not (project.path / ".git/objects" / oid[:2] / oid[2:]).exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_repositories_are_opened_from_inside(project: Project, tmp_path: Path) -> None:
    project.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    project.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    inside = git.open_repository(project.path / "sub")
    assert (inside.git_dir, inside.top) == (project.path / ".git", project.path)
    linked = git.open_repository(tmp_path / "linked")
    assert linked.git_dir == project.path / ".git/worktrees/linked"
    assert (linked.common_dir, linked.top) == (
        project.path / ".git",
        tmp_path / "linked",
    )
    bare = git.open_repository(tmp_path / "bare.git")
    assert (bare.git_dir, bare.top) == (tmp_path / "bare.git", None)
    assert bare.changed_files() == []
    assert git.open_repository(project.path / ".git").top is None


def test_a_path_with_odd_characters(tmp_path: Path) -> None:
    project = new_project(tmp_path / "it's a -c 'path' $HOME ü")
    assert project.repo.resolve("HEAD") == project.git("rev-parse", "HEAD")
    assert project.repo.top == project.path


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="is not in a git repository"):
        git.open_repository(tmp_path)
    with pytest.raises(ArenaError, match="is not a folder"):
        git.open_repository(tmp_path / "none")


def test_what_git_says_of_a_broken_repository_is_told(project: Project) -> None:
    (project.path / ".git" / "config").write_text("[core\n")
    with pytest.raises(ArenaError, match=r"can't read .* bad config line 1"):
        git.open_repository(project.path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_somebody_else_needs_the_users_word(
    project: Project, tmp_path: Path
) -> None:
    for path in (project.path, project.path / ".git"):
        os.chown(path, 65534, 65534)
    with pytest.raises(ArenaError, match=r"safe\.directory"):
        git.open_repository(project.path)
    project.git("config", "--global", "--add", "safe.directory", str(project.path))
    repo = git.open_repository(project.path)
    assert repo.resolve("main")
    head = repo.resolve("main") or ""
    project.quarantine.take(head, ref="refs/arena/x")
    assert project.quarantine.holds(head)


def test_a_missing_or_old_git_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert git.version() >= git.OLDEST
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArenaError, match="git is not installed"):
        git.version()
    (tmp_path / "git").write_text("#!/bin/sh\necho git version 2.30.2.windows.1\n")
    (tmp_path / "git").chmod(0o755)
    with pytest.raises(ArenaError, match=r"git 2\.30\.2 is too old: arena needs 2\.38"):
        git.version()


def test_a_new_repository_has_all_files_in_its_first_commit(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "file").write_text("x")
    repo = git.create(
        tmp_path / "new", message="first", identity=Identity(name="N", email="n@e")
    )
    project = Project(tmp_path / "new")
    assert project.git("log", "--format=%an %ae %s", "main") == "N n@e first"
    assert project.git("status", "--porcelain") == ""
    assert repo.branch() == "refs/heads/main"
    assert repo.top == tmp_path / "new"


def test_gitpython_is_imported_only_when_git_is_asked() -> None:
    code = "import sys, arena.machine.git, arena.machine.quarantine; print('git' in sys.modules)"
    said = process.capture([sys.executable, "-c", code])
    assert said.stdout == "False\n", said.stderr
