"""What changes in a repository around agents is named, with a command that really takes it back."""

import subprocess
from pathlib import Path

import pytest

from arena.machine import fingerprint, git
from arena.machine.people import Identity

DEEDS = {
    "moves a branch": ("git update-ref refs/heads/other HEAD~1", "refs/heads/other was"),
    "makes a tag": ("git tag stray", "refs/tags/stray was absent"),
    "deletes a branch": ("git branch -D other", "is absent"),
    "sets a filter": ("git config filter.x.clean rm", ".git/config changed"),
    "plants a hook": ("mkdir -p .git/hooks; echo x > .git/hooks/post-merge", ".git/hooks/post-merge changed"),
    "makes a hook run": ("chmod +x .git/hooks/kept", ".git/hooks/kept changed"),
    "excludes": ("mkdir -p .git/info; echo '*' > .git/info/exclude", ".git/info/exclude changed"),
    "edits a file": ("echo more >> a.txt", "a.txt in the checkout changed"),
    "adds a file": ("echo x > 'new file.txt'", "new file.txt in the checkout changed"),
    "removes a file": ("rm a.txt", "a.txt in the checkout changed"),
    "switches": ("git symbolic-ref HEAD refs/heads/other", ".git/HEAD changed"),
}  # fmt: skip


@pytest.fixture
def repo(tmp_path: Path) -> git.Repository:
    top = tmp_path / "repo"
    top.mkdir()
    (top / "a.txt").write_text("one\n")
    made = git.create(top, message="one", identity=Identity("Ada", "ada@localhost"))
    (top / "a.txt").write_text("two\n")
    ada = Identity("Ada", "ada@localhost").variables()
    made.call("commit", "-qam", "two", env=ada)
    made.call("branch", "other")
    (top / ".git" / "hooks").mkdir(exist_ok=True)
    (top / ".git" / "hooks" / "kept").write_text("mine\n")
    return made


def run(repo: git.Repository, command: str) -> None:
    subprocess.run(["/bin/sh", "-c", command], cwd=repo.top, check=True)


@pytest.mark.parametrize("name", DEEDS)
def test_what_changed_is_named_and_can_be_taken_back(
    repo: git.Repository, tmp_path: Path, name: str
) -> None:
    command, words = DEEDS[name]
    saved = tmp_path / "saved"
    before = fingerprint.take(repo, saved=saved)
    run(repo, command)
    found = fingerprint.changes(repo, before, saved=saved)
    assert any(words in one.what for one in found), found
    for one in found:
        run(repo, one.restore)
    assert fingerprint.changes(repo, before, saved=saved) == []


def test_our_own_refs_and_a_quiet_repository_are_no_difference(
    repo: git.Repository, tmp_path: Path
) -> None:
    before = fingerprint.take(repo, saved=tmp_path / "saved")
    run(repo, "git update-ref refs/arena/x HEAD; git branch arena/run/a; git status")
    assert fingerprint.changes(repo, before, saved=tmp_path / "saved") == []


@pytest.mark.parametrize("deed", ["echo [broken >> .git/config", "echo x > .git/index"])
def test_a_repository_that_git_can_not_read_any_more_is_told(
    repo: git.Repository, tmp_path: Path, deed: str
) -> None:
    saved = tmp_path / "saved"
    before = fingerprint.take(repo, saved=saved)
    run(repo, deed)
    first, *rest = fingerprint.changes(repo, before, saved=saved)
    assert "can't read the repository any more" in first.what
    if "config" in deed:
        assert [one.what for one in rest] == [".git/config changed"]
        run(repo, rest[0].restore)
        assert fingerprint.changes(repo, before, saved=saved) == []
