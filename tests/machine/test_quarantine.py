"""The quarantine: objects by id, raw exports, snapshots without the worktree's git, results equal to git's own."""

from __future__ import annotations

import os
import stat
import subprocess
import zlib
from pathlib import Path

import pytest

from arena.errors import ArenaError, GitError
from arena.machine import transfer
from arena.machine.changes import GITLINK, LINK, Change
from arena.machine.quarantine import Quarantine, TreeEntry

from .conftest import Project, new_project
from .test_git import ODD, bait


def untrue(inside: Quarantine, old: str, new: str) -> list[str]:
    changed = inside.changes(old, new)
    return transfer.untrue(inside.source, inside.git, new, changed)


def take(project: Project, commit: str | None = None) -> tuple[Quarantine, str]:
    """The quarantine with a commit in it, and the tree of that commit."""
    quarantine = project.quarantine
    commit = commit or project.git("rev-parse", "HEAD")
    quarantine.take(commit, ref=f"refs/arena/{commit}")
    return quarantine, quarantine.git.tree_of(commit)


def files(folder: Path) -> dict[bytes, bytes]:
    """Raw names and contents of all files below a folder."""
    top, found = os.fsencode(folder), {}
    for where, _, names in os.walk(top):
        for name in names:
            path = os.path.join(where, name)
            if not os.path.islink(path):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, top)] = file.read()
    return found


def test_a_commit_is_taken_by_id_also_when_no_ref_names_it(project: Project) -> None:
    commit = project.commit({"lost": b"lost"})
    project.git("reset", "-q", "--hard", "HEAD~1")
    quarantine, tree = take(project, commit)
    assert quarantine.holds(commit)
    assert quarantine.read(tree, "lost") == b"lost"
    assert quarantine.git.refs() == {f"refs/arena/{commit}": commit}


def test_nothing_else_comes_along(project: Project, tmp_path: Path) -> None:
    program, mark = bait(tmp_path)
    project.git("tag", "v1")
    for name in ("upload-pack", "pack-objects"):
        project.git("config", f"uploadpack.{name}Hook", str(program))
    project.git("config", "--global", "uploadpack.packObjectsHook", str(program))
    quarantine, _ = take(project)
    assert list(quarantine.git.refs()) == [
        f"refs/arena/{project.git('rev-parse', 'HEAD')}"
    ]
    assert not (quarantine.git.git_dir / "hooks").exists()
    assert not (quarantine.git.git_dir / "objects/info/alternates").exists()
    assert not mark.exists()


def test_a_second_quarantine_is_the_same(project: Project) -> None:
    quarantine, _ = take(project)
    (quarantine.git.git_dir / "info/attributes").write_text("* filter=x\n")
    again = Quarantine(project.repo)
    assert again.git.git_dir == quarantine.git.git_dir
    assert again.holds(project.git("rev-parse", "HEAD"))
    assert "-filter" in (quarantine.git.git_dir / "info/attributes").read_text()


def test_what_is_not_there_can_not_be_taken(project: Project) -> None:
    with pytest.raises(GitError, match="can't copy commit 1234"):
        project.quarantine.take("1234" * 10, ref="refs/arena/x")


def test_a_sha256_repository_is_taken(tmp_path: Path) -> None:
    project = new_project(tmp_path / "long", "--object-format=sha256")
    quarantine, tree = take(project)
    assert quarantine.read(tree, "sub/b.txt") == b"b\n"
    new = quarantine.edit(tree, drop=["a.txt"], files={"c": b"c"})
    assert [e.path for e in quarantine.entries(new)] == ["c", "sub/b.txt"]
    commit = quarantine.commit(
        new, parents=(project.git("rev-parse", "HEAD"),), message="m"
    )
    quarantine.give(commit)
    assert project.git("cat-file", "-t", commit) == "commit"


def test_a_false_loose_object_is_refused(project: Project, tmp_path: Path) -> None:
    commit = project.commit({"c.txt": b"true\n"})
    oid = project.git("rev-parse", f"{commit}:c.txt")
    path = project.path / ".git/objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(b"blob 6\0false\n"))
    assert project.git("cat-file", "blob", oid) == "false"
    with pytest.raises(GitError, match="can't copy commit"):
        take(project, commit)


def test_what_the_users_store_lies_about_is_named(project: Project) -> None:
    old = project.git("rev-parse", "HEAD")
    new = project.commit({"c.txt": b"true\n", "d.txt": b"d\n"})
    quarantine, _ = take(project, new)
    assert untrue(quarantine, old, new) == []
    oid = project.git("rev-parse", f"{new}:c.txt")
    path = project.path / ".git/objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(b"blob 6\0false\n"))
    assert untrue(quarantine, old, new) == ["c.txt"]


def test_a_tree_with_a_git_folder_in_it_is_refused(project: Project) -> None:
    blob = project.git("rev-parse", "HEAD:a.txt")
    inner = project.git("mktree", stdin=f"100644 blob {blob}\tconfig\n".encode())
    tree = project.git("mktree", stdin=f"040000 tree {inner}\t.git\n".encode())
    commit = project.git("commit-tree", "-m", "evil", tree)
    with pytest.raises(GitError, match="can't copy commit"):
        take(project, commit)


def test_a_shallow_take_can_be_deepened(project: Project) -> None:
    root = project.git("rev-parse", "HEAD")
    project.commit({"c": b"c"})
    tip = project.commit({"d": b"d"})
    quarantine = project.quarantine
    quarantine.take(tip, ref="refs/arena/tip", depth=1)
    assert not quarantine.holds(root)
    quarantine.take(tip, ref="refs/arena/again", depth=1)
    quarantine.deepen(tip)
    assert quarantine.holds(root)
    quarantine.deepen(tip)


def test_a_shallow_repository_is_taken(project: Project, tmp_path: Path) -> None:
    project.commit({"c": b"c"})
    project.git(
        "clone", "-q", "--depth=1", "file://" + str(project.path), str(tmp_path / "s")
    )
    quarantine, tree = take(Project(tmp_path / "s"))
    assert quarantine.read(tree, "c") == b"c"


def test_a_commit_of_ours_is_given_back_without_a_ref(
    project: Project, tmp_path: Path
) -> None:
    quarantine, tree = take(project)
    head = project.git("rev-parse", "HEAD")
    commit = quarantine.commit(tree, parents=(head,), message="ours", date="@1 +0000")
    quarantine.keep(commit, ref="refs/arena/ours")
    project.git("config", "fetch.prune", "true")
    before = project.git("for-each-ref")
    quarantine.give(commit)
    assert (
        project.git("log", "-1", "--format=%s %an %ad", "--date=unix", commit)
        == "ours arena 1"
    )
    assert project.git("for-each-ref") == before
    with pytest.raises(GitError, match="can't copy commit"):
        quarantine.give("1" * 40)


def test_an_export_is_raw(project: Project, tmp_path: Path) -> None:
    program, mark = bait(tmp_path)
    attributes = b"* text=auto eol=crlf filter=bait ident\nhidden export-ignore\nkey export-subst\n"
    content = {
        b".gitattributes": attributes,
        b"crlf": b"a\r\nb\n",
        b"hidden": b"$Id$\n",
        b"key": b"$Format:%H$\n",
        b"empty": b"",
        b"binary": bytes(range(256)),
        b"same": b"$Id$\n",
        **{b"d/" + name: name for name in ODD},
    }
    lines = "".join(
        f"100644 {project.git('hash-object', '-w', '--stdin', '--no-filters', stdin=data)}\t"
        f"{os.fsdecode(name)}\0"
        for name, data in content.items()
    )
    project.git("read-tree", "--empty")
    project.git("update-index", "-z", "--index-info", stdin=os.fsencode(lines))
    commit = project.git("commit-tree", "-m", "m", project.git("write-tree"))
    for key in ("smudge", "clean"):
        project.git("config", "filter.bait." + key, str(program))
    quarantine, tree = take(project, commit)
    quarantine.export(tree, tmp_path / "out" / "deep")
    assert files(tmp_path / "out" / "deep") == content
    assert not mark.exists()


def test_an_export_keeps_modes_and_inner_links_only(
    project: Project, tmp_path: Path
) -> None:
    top = project.path
    (top / "run.sh").write_text("x")
    (top / "run.sh").chmod(0o755)
    links = {"in": "a.txt", "sub/up": "../a.txt", "dead": "none", "self": ".",
             "out": "../x", "sub/far": "../../x", "abs": "/etc/passwd", "tricky": "sub/../../x"}  # fmt: skip
    for name, target in links.items():
        (top / name).symlink_to(target)
    part = "160000 " + "1" * 40 + "\tpart\0"
    project.git("add", "-A")
    project.git("update-index", "-z", "--index-info", stdin=part.encode())
    project.git("commit", "-qm", "m")
    quarantine, tree = take(project)
    kinds = {e.path: e.mode for e in quarantine.entries(tree)}
    assert (kinds["in"], kinds["part"], kinds["run.sh"]) == (LINK, GITLINK, "100755")
    out = tmp_path / "out"
    quarantine.export(tree, out)
    assert {n: os.readlink(out / n) for n in links if (out / n).is_symlink()} == {
        n: links[n] for n in ("in", "sub/up", "dead", "self")
    }
    assert not (out / "part").exists()
    assert stat.S_IMODE((out / "run.sh").stat().st_mode) & 0o111
    assert not stat.S_IMODE((out / "a.txt").stat().st_mode) & 0o111


def test_an_export_never_follows_a_link_of_the_tree(
    project: Project, tmp_path: Path
) -> None:
    """A tree that git itself would not make: a link and, by another name of the same place, a file below it."""
    (tmp_path / "elsewhere").mkdir()
    quarantine, tree = take(project)
    link = project.git("hash-object", "-w", "--stdin", stdin=b"sub")
    quarantine.git.call("hash-object", "-w", "--stdin", stdin=b"sub")
    new = quarantine.edit(tree, put=[TreeEntry(mode=LINK, oid=link, path="z")])
    quarantine.export(new, tmp_path / "out")
    assert (tmp_path / "out" / "z" / "b.txt").read_bytes() == b"b\n"
    with pytest.raises(ArenaError, match="can't be exported"):
        quarantine.export(new, tmp_path / "out")


def test_an_export_to_an_impossible_place_says_so(
    project: Project, tmp_path: Path
) -> None:
    quarantine, tree = take(project)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").write_text("a file where a folder must be")
    with pytest.raises(ArenaError, match="can't be exported"):
        quarantine.export(tree, tmp_path / "out")


def test_reading_one_file(project: Project) -> None:
    (project.path / "link").symlink_to("a.txt")
    project.commit({b"*": b"star", b"-x": b"dash"})
    quarantine, tree = take(project)
    assert quarantine.read(tree, "sub/b.txt") == b"b\n"
    assert quarantine.read(tree, "*") == b"star"
    assert quarantine.read(tree, "-x") == b"dash"
    for path in ("none", "sub", "link", "sub/b"):
        assert quarantine.read(tree, path) is None
    wanted = ("a.txt", "sub/b.txt")
    oids = [e.oid for e in quarantine.entries(tree) if e.path in wanted]
    assert list(quarantine.blobs([*oids, oids[0]])) == [
        b"one\ntwo\nthree\n", b"b\n", b"one\ntwo\nthree\n",
    ]  # fmt: skip
    with pytest.raises(GitError, match="is missing"):
        list(quarantine.blobs(["1" * 40]))
    assert list(quarantine.blobs([])) == []


def test_changes_are_those_that_git_names(project: Project) -> None:
    old = project.commit(
        {"moved.py": b"x = 1\n" * 30, "gone": b"gone\n", "bin": b"\0\1", "mode": b"m\n",
         "kind": b"k\n", **dict.fromkeys(ODD, b"1\n")}
    )  # fmt: skip
    project.git("mv", "moved.py", "new name.py")
    (project.path / "mode").chmod(0o755)
    (project.path / "kind").unlink()
    (project.path / "kind").symlink_to("a.txt")
    new = project.commit(
        {"gone": None, "bin": b"\0\2", "added": b"a\nb\n", "a.txt": b"one\n2\nthree\n4\n",
         "new name.py": b"x = 1\n" * 30 + b"y = 2\n", **dict.fromkeys(ODD, b"1\n2\n")}
    )  # fmt: skip
    quarantine, tree = take(project, new)
    found = quarantine.changes(quarantine.git.tree_of(old), tree)
    names = {c.path: (c.status, c.old_path, c.added, c.removed) for c in found}
    assert names == {
        "a.txt": ("M", None, 2, 1),
        "added": ("A", None, 2, 0),
        "bin": ("M", None, None, None),
        "gone": ("D", None, 0, 1),
        "kind": ("T", None, 1, 1),
        "mode": ("M", None, 0, 0),
        "new name.py": ("R", "moved.py", 1, 0),
        **{os.fsdecode(name): ("M", None, 1, 0) for name in ODD},
    }
    assert [c.path for c in found] == sorted(names)
    by_path = {c.path: c for c in found}
    assert (by_path["mode"].old_mode, by_path["mode"].mode) == ("100644", "100755")
    kind = by_path["kind"]
    assert (kind.old_mode, kind.mode) == ("100644", LINK)
    assert kind.oid == project.git("rev-parse", f"{new}:kind")
    assert kind.old_oid == project.git("rev-parse", f"{old}:kind")
    assert isinstance(kind, Change)
    assert quarantine.changes(tree, tree) == []


def test_a_patch_is_gits_own(project: Project, tmp_path: Path) -> None:
    program, mark = bait(tmp_path)
    old = project.git("rev-parse", "HEAD")
    new = project.commit({"a.txt": b"one\n2\nthree\n", "bin": b"\0", "n\nl": b"x\n"})
    quarantine, tree = take(project, new)
    wanted = subprocess.run(
        ["git", "-c", "core.quotePath=false", "diff-tree", "-r", "-p", "-M", old, new],
        cwd=project.path, capture_output=True, check=True,
    ).stdout  # fmt: skip
    project.git("config", "--global", "diff.external", str(program))
    project.git("config", "--global", "diff.noprefix", "true")
    old_tree = quarantine.git.tree_of(old)
    assert quarantine.patch(old_tree, tree) == wanted
    assert not mark.exists()


def test_a_patch_of_a_project_that_calls_its_text_binary(project: Project) -> None:
    old = project.commit({".gitattributes": b"* -diff -merge\n"})
    new = project.commit({"a.txt": b"one\n2\nthree\n"})
    quarantine, tree = take(project, new)
    old_tree = quarantine.git.tree_of(old)
    assert b"+2\n" in quarantine.patch(old_tree, tree)
    assert quarantine.changes(old_tree, tree)[0].added == 1


def test_a_snapshot_is_the_folder_as_it_is(project: Project, tmp_path: Path) -> None:
    program, mark = bait(tmp_path)
    base = project.commit(
        {".gitignore": b"*.log\n", "hidden.txt": b"old\n", b"b\xff": b"1"}
    )
    quarantine, _ = take(project)
    tree = tmp_path / "tree"
    project.git("worktree", "add", "-q", "--detach", str(tree), base)
    work = Project(tree)
    # What would keep git from seeing the truth, or would run something.
    work.git("update-index", "--skip-worktree", "hidden.txt")
    work.git("update-index", "--assume-unchanged", "a.txt")
    for key in ("clean", "smudge"):
        work.git("config", f"filter.bait.{key}", str(program))
    work.git("config", "core.fsmonitor", str(program))
    work.git("config", "core.excludesFile", str(tmp_path / "excludes"))
    (tmp_path / "excludes").write_text("new*\n")
    (project.path / ".git/info/exclude").write_text("new*\n")
    (project.path / ".git/info/attributes").write_text("* filter=bait\n")
    for name in ("pre-commit", "post-index-change", "reference-transaction"):
        (project.path / ".git/hooks" / name).symlink_to(program)
    mark.unlink(missing_ok=True)
    index = (project.path / ".git/worktrees/tree/index").read_bytes()
    head = (project.path / ".git/worktrees/tree/HEAD").read_bytes()
    (tree / ".gitattributes").write_text("* text eol=lf filter=bait\n")
    (tree / "hidden.txt").write_bytes(b"changed\r\n")
    (tree / "a.txt").write_text("changed\n")
    (tree / "new\nfile").write_text("new\n")
    (tree / "noise.log").write_text("noise\n")
    (tree / "run").write_text("#!/bin/sh\n")
    (tree / "run").chmod(0o755)
    (tree / "link").symlink_to("/etc/passwd")
    (tree / "sub" / "b.txt").unlink()
    commit = quarantine.snapshot(tree, base=base, message="snapshot of x\n")
    found = {e.path: e.mode for e in quarantine.entries(quarantine.git.tree_of(commit))}
    assert found == {
        ".gitattributes": "100644", ".gitignore": "100644", "a.txt": "100644",
        "hidden.txt": "100644", "new\nfile": "100644", "run": "100755", "link": LINK,
        "b\udcff": "100644",
    }  # fmt: skip
    taken = quarantine.git.tree_of(commit)
    assert quarantine.read(taken, "hidden.txt") == b"changed\r\n"
    assert quarantine.git.call("log", "-1", "--format=%P %an %s", commit).text == (
        f"{base} arena snapshot of x"
    )
    assert not mark.exists()
    assert (project.path / ".git/worktrees/tree/index").read_bytes() == index
    assert (project.path / ".git/worktrees/tree/HEAD").read_bytes() == head
    assert list((quarantine.git.git_dir.parent).glob("*.index/*")) == []


def test_a_snapshot_does_not_need_the_worktrees_git(
    project: Project, tmp_path: Path
) -> None:
    quarantine, base_tree = take(project)
    base = project.git("rev-parse", "HEAD")
    quarantine.export(base_tree, tmp_path / "tree")
    (tmp_path / "tree" / ".git").write_text("gitdir: /nonexistent\n")
    commit = quarantine.snapshot(tmp_path / "tree", base=base, message="m")
    assert quarantine.git.tree_of(commit) == base_tree


def test_edit_puts_drops_and_adds(project: Project) -> None:
    project.commit({"dir/x": b"x"})
    quarantine, tree = take(project)
    (entry,) = (e for e in quarantine.entries(tree) if e.path == "a.txt")
    put = [TreeEntry(mode="100755", oid=entry.oid, path="sub/\udcff")]
    new = quarantine.edit(
        tree,
        put=put,
        drop=["a.txt", "none"],
        files={"n\n": b"\r\n", "dir": b"now a file"},
    )
    assert [(e.path, e.mode) for e in quarantine.entries(new)] == [
        ("dir", "100644"), ("n\n", "100644"), ("sub/b.txt", "100644"), ("sub/\udcff", "100755"),
    ]  # fmt: skip
    assert quarantine.read(new, "n\n") == b"\r\n"
    assert quarantine.edit(tree) == tree
    assert quarantine.edit(tree, drop=["none"]) == tree


def test_a_patch_file_is_applied_or_refused(project: Project) -> None:
    base = project.git("rev-parse", "HEAD")
    new = project.commit({"a.txt": b"one\n2 \nthree\n", "new": b"n\n"})
    patch = subprocess.run(
        ["git", "diff", base, new], cwd=project.path, capture_output=True, check=True
    ).stdout
    quarantine, tree = take(project, new)
    dates = {"message": "m", "date": "@7 +0000"}
    one = quarantine.apply(patch, base=base, **dates)
    assert quarantine.git.tree_of(one) == tree
    assert one == quarantine.apply(patch, base=base, **dates)
    with pytest.raises(GitError, match="git apply failed"):
        quarantine.apply(patch, base=new, message="m")
    evil = patch.replace(b"b/new", b"b/../new").replace(b"a/new", b"a/../new")
    with pytest.raises(GitError, match="git apply failed"):
        quarantine.apply(evil, base=base, message="m")


def sides(project: Project, ours: bytes, theirs: bytes) -> tuple[str, str]:
    base = project.git("rev-parse", "HEAD")
    one = project.commit({"a.txt": ours, "ours": b"o"})
    project.git("checkout", "-q", "--detach", base)
    return one, project.commit({"a.txt": theirs, "theirs": b"t"})


def test_a_merge_is_gits_own(project: Project) -> None:
    one, two = sides(project, b"1\ntwo\nthree\n", b"one\ntwo\n3\n")
    quarantine, _ = take(project, one)
    take(project, two)
    merged = quarantine.merge(one, two)
    project.git("merge", "-q", "-m", "m", one)
    assert merged.conflicts == ()
    assert merged.tree == project.git("rev-parse", "HEAD^{tree}")
    assert quarantine.read(merged.tree, "a.txt") == b"1\ntwo\n3\n"


def test_conflicts_are_named_and_no_driver_of_the_user_runs(
    project: Project, tmp_path: Path
) -> None:
    program, mark = bait(tmp_path)
    project.commit({".gitattributes": b"* merge=bait\n", "n\nl": b"0\n"})
    base = project.git("rev-parse", "HEAD")
    one = project.commit({"a.txt": b"1\n", "n\nl": b"1\n"})
    project.git("checkout", "-q", "--detach", base)
    two = project.commit({"a.txt": b"2\n", "n\nl": b"2\n", "fine": b"f"})
    project.git("config", "--global", "merge.bait.driver", f"{program} %A")
    quarantine, _ = take(project, one)
    take(project, two)
    merged = quarantine.merge(one, two)
    assert (merged.tree, merged.conflicts) == (None, ("a.txt", "n\nl"))
    assert not mark.exists()


def test_histories_without_a_common_start_are_not_merged(project: Project) -> None:
    one = project.git("rev-parse", "HEAD")
    project.git("checkout", "-q", "--orphan", "alone")
    two = project.commit({"x": b"x"})
    quarantine, _ = take(project, one)
    take(project, two)
    with pytest.raises(GitError, match="can't merge"):
        quarantine.merge(one, two)
