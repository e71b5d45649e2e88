"""What the words on the command line mean, where candidates start from, and how they reach the quarantine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from arena import candidates
from arena.candidates import Candidate, Named
from arena.errors import ArenaError

MAIN = "refs/heads/main"


def resolve(project: Any, *names: str) -> list[Named]:
    return candidates.resolve(project.repo, names, folder=project.path)


def base_of(
    project: Any, *names: str, given: str | None = None, target: str | None = MAIN
) -> str:
    found = resolve(project, *names)
    return candidates.choose_base(project.repo, found, given=given, target=target)


def take(project: Any, name: str) -> Candidate:
    """As `arena judge NAME` does it."""
    base = base_of(project, name)
    project.quarantine.take(base, ref="refs/arena/base", depth=1)
    return candidates.take(project.session, resolve(project, name), base=base)[0]


def branch(project: Any, name: str, *, start: str = "main", **files: str) -> str:
    """A branch with one commit; main stays checked out."""
    project.git("checkout", "-q", "-b", name, start)
    commit = project.commit(**files)
    project.git("checkout", "-q", "main")
    return commit


def patch_file(project: Any, name: str = "fix.patch", *, add: str = "NEW") -> Path:
    text = f"--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+{add}\n three\n"
    (project.path / name).write_text(text)
    return project.path / name


def test_branch_tag_commit_and_remote_branch(project: Any) -> None:
    commit = branch(project, "feature/One", **{"b.txt": "b\n"})
    project.git("tag", "-a", "v1", "-m", "annotated", commit)
    project.git("update-ref", "refs/remotes/origin/x", commit)
    names = ["feature/One", "v1", commit[:12], "origin/x", "refs/heads/feature/One"]
    found = resolve(project, *names)
    assert [n.commit for n in found] == [commit] * 5
    labels = ["feature-one", "v1", commit[:12], "origin-x", "feature-one-2"]
    assert [n.label for n in found] == labels
    sources = [take(project, name).source for name in names[:4]]
    kinds = ["branch feature/One", "tag v1", f"commit {commit[:12]}"]
    assert sources == [*kinds, "remote branch origin/x"]


def test_taking_a_branch_leaves_the_repository_alone(project: Any) -> None:
    commit = branch(project, "one", **{"b.txt": "b\n"})
    before = project.repo.refs(), project.files()
    found = take(project, "one")
    assert (project.repo.refs(), project.files()) == before
    assert (found.label, found.commit) == ("one", commit)
    assert found.tree == project.git("rev-parse", "one^{tree}")
    assert (found.message, found.agent) == ("change b.txt", None)
    assert project.quarantine.git.refs("refs/arena/run/r1/one") == {
        "refs/arena/run/r1/one": commit
    }


@pytest.mark.parametrize(
    "ref",
    [
        "refs/pull/7/head",
        "refs/remotes/origin/pr/7",
        "refs/remotes/origin/pull/7/head",
        "refs/heads/pr/7",
    ],
)
def test_pull_request(project: Any, ref: str) -> None:
    commit = branch(project, "x", **{"b.txt": "b\n"})
    project.git("update-ref", ref, commit)
    found = resolve(project, "pr/7")[0]
    assert (found.label, found.commit) == ("pr-7", commit)
    assert take(project, "pr/7").commit == commit


def test_pull_request_that_is_not_here(project: Any) -> None:
    with pytest.raises(ArenaError, match="git fetch origin pull/7/head:pr/7"):
        resolve(project, "pr/7")


def test_labels(project: Any) -> None:
    commit = branch(project, "one", **{"b.txt": "b\n"})
    found = resolve(project, "mine=one", "it=HEAD~0")
    assert [n.label for n in found] == ["mine", "it"]
    assert found[0].commit == commit
    assert [n.label for n in resolve(project, "Its Mine=one")] == ["its-mine"]
    with pytest.raises(ArenaError, match="can't be a label"):
        resolve(project, "??=one")


def test_branch_with_an_equals_sign(project: Any) -> None:
    commit = branch(project, "a=b", **{"b.txt": "b\n"})
    assert resolve(project, "a=b")[0] == Named(
        label="a-b", name="a=b", commit=commit, patch=None
    )


def test_the_same_twice(project: Any) -> None:
    branch(project, "one", **{"b.txt": "b\n"})
    with pytest.raises(ArenaError, match="one is given twice"):
        resolve(project, "one", "x=one")
    with pytest.raises(ArenaError, match="two candidates are called 'x'"):
        resolve(project, "x=one", "x=main")


def test_names_that_give_the_same_label_are_numbered(project: Any) -> None:
    for name in ("a/b", "a-b", "A-B"):
        project.git("branch", name)
    found = resolve(project, "a/b", "a-b", "A-B")
    assert [n.label for n in found] == ["a-b", "a-b-2", "a-b-3"]


def test_unknown_names(project: Any) -> None:
    branch(project, "feature", **{"b.txt": "b\n"})
    with pytest.raises(ArenaError, match=r'called "featur". Did you mean "feature"'):
        resolve(project, "featur")
    with pytest.raises(ArenaError, match="git branch -a"):
        resolve(project, "qqqq")
    with pytest.raises(ArenaError, match=r'called "--all"'):
        resolve(project, "--all")


def test_patch_file(project: Any) -> None:
    patch_file(project)
    found = take(project, "fix.patch")
    assert (found.label, found.source) == ("fix", "patch fix.patch")
    inside = project.quarantine
    assert inside.read(found.tree, "a.txt") == b"one\nNEW\nthree\n"
    assert inside.git.merge_bases(found.commit, project.git("rev-parse", "main"))
    assert take(project, "fix.patch").commit == found.commit  # whenever it is made
    assert take(project, "mine=fix.patch").label == "mine"
    assert project.files()["a.txt"] == b"one\ntwo\nthree\n"


def test_patches_of_one_name(project: Any) -> None:
    for folder in "xy":
        (project.path / folder).mkdir()
        patch_file(project, f"{folder}/fix.patch", add=folder)
    found = resolve(project, "x/fix.patch", "y/fix.patch")
    assert [n.label for n in found] == ["fix", "fix-2"]


def test_patch_that_does_not_apply(project: Any) -> None:
    patch_file(project)
    project.commit(**{"a.txt": "other\n"})
    with pytest.raises(ArenaError, match=r"fix\.patch does not apply to \w{10}"):
        take(project, "fix.patch")
    (project.path / "empty.patch").write_text("")
    with pytest.raises(ArenaError, match="does not apply"):
        take(project, "empty.patch")


def test_base_is_where_one_candidate_left_the_target(project: Any) -> None:
    start = project.git("rev-parse", "main")
    branch(project, "one", **{"b.txt": "b\n"})
    project.commit(**{"later.txt": "l\n"})
    assert base_of(project, "one") == start
    assert base_of(project, "one", target=None) == start
    assert base_of(project, "one", given="main") == project.git("rev-parse", "main")
    with pytest.raises(ArenaError, match=r'called "mainn". Did you mean "main"'):
        base_of(project, "one", given="mainn")


def test_base_of_patches_alone_is_the_target(project: Any) -> None:
    patch_file(project)
    assert base_of(project, "fix.patch") == project.git("rev-parse", "main")


def test_candidates_that_start_from_different_commits(project: Any) -> None:
    first = project.git("rev-parse", "main")
    branch(project, "one", **{"b.txt": "b\n"})
    second = project.commit(**{"later.txt": "l\n"})
    branch(project, "two", **{"c.txt": "c\n"})
    with pytest.raises(ArenaError, match=r"different commits.*--base") as caught:
        base_of(project, "one", "two")
    for word in (f"one: {first[:10]}", f"two: {second[:10]}"):
        assert word in str(caught.value)


def test_several_merge_bases_are_refused_by_name(project: Any) -> None:
    one = branch(project, "one", **{"b.txt": "b\n"})
    two = project.commit(**{"c.txt": "c\n"})
    project.git("checkout", "-q", "one")
    project.git("merge", "-q", "--no-edit", two)
    project.git("checkout", "-q", "main")
    project.git("merge", "-q", "--no-edit", one)
    with pytest.raises(ArenaError, match="--base") as caught:
        base_of(project, "one")
    assert one[:10] in str(caught.value)
    assert two[:10] in str(caught.value)
    assert base_of(project, "one", given=two) == two


def test_unrelated_history(project: Any) -> None:
    project.git("checkout", "-q", "--orphan", "alone")
    project.commit(**{"z.txt": "z\n"})
    project.git("checkout", "-q", "main")
    with pytest.raises(ArenaError, match=r"alone has no common history with .*--base"):
        base_of(project, "alone")


def test_no_commit_to_compare_with(project: Any) -> None:
    branch(project, "one", **{"b.txt": "b\n"})
    project.git("checkout", "-q", "--orphan", "empty")
    with pytest.raises(ArenaError, match="no commit to compare with"):
        base_of(project, "one", target=None)
