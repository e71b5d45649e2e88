"""The store: atomic writes, locks, names, removal of stubborn folders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from arena.errors import ArenaError
from arena.machine import store

from .conftest import Project


def test_places_follow_the_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.state_dir() == tmp_path / "state"
    assert store.cache_dir() == tmp_path / "cache"
    monkeypatch.delenv("ARENA_STATE_DIR")
    monkeypatch.delenv("ARENA_CACHE_DIR")
    assert store.state_dir() == tmp_path / "home" / "arena"
    assert store.cache_dir() == tmp_path / "home" / "arena"


def test_a_write_replaces_whole_files_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file"
    store.write_text(path, "old ü\udcff\n")
    assert path.read_bytes() == b"old \xc3\xbc\\udcff\n"
    store.write_bytes(path, b"\0new")
    assert path.read_bytes() == b"\0new"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_readers_never_see_a_part(tmp_path: Path) -> None:
    path, over, seen = tmp_path / "file", threading.Event(), set()
    store.write_bytes(path, b"a" * 200_000)

    def read() -> None:
        while not over.is_set():
            data = path.read_bytes()
            seen.add((len(data), data[:1], data[-1:]))

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(60):
        store.write_bytes(path, (b"a" if n % 2 else b"b") * 200_000)
    over.set()
    reader.join()
    assert seen <= {(200_000, b"a", b"a"), (200_000, b"b", b"b")}


def test_writers_of_one_process_do_not_meet(tmp_path: Path) -> None:
    """Two threads that write the same file at once: one of the two contents, no error."""
    path, errors = tmp_path / "file", []

    def write(letter: bytes) -> None:
        try:
            for _ in range(40):
                store.write_bytes(path, letter * 50_000)
        except ArenaError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(x,)) for x in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(set(path.read_bytes())) == 1
    assert [p.name for p in tmp_path.iterdir() if "file" in p.name] == ["file"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_write_that_fails_keeps_the_old_content_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom arena.machine import store\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: store.write_bytes(Path(sys.argv[1]), b'x' * 5000)\n"
        "except Exception as e: print(type(e).__name__, e)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "file")], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert done.stdout.startswith("ArenaError can't write")
    assert "Free some space" in done.stdout
    assert (tmp_path / "file").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir() if "file" in p.name] == ["file"]


def test_json_is_the_same_bytes_for_the_same_content(tmp_path: Path) -> None:
    one, two = tmp_path / "1.json", tmp_path / "2.json"
    store.write_json(one, {"b": 1, "a": [1, None, "ü"]})
    store.write_json(two, {"a": [1, None, "ü"], "b": 1})
    assert one.read_bytes() == two.read_bytes()
    assert store.read_json(one) == {"a": [1, None, "ü"], "b": 1}
    with pytest.raises(ValueError):
        store.write_json(one, {"a": float("nan")})


def test_json_that_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="can't read"):
        store.read_json(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ArenaError, match="damaged"):
        store.read_json(tmp_path / "bad.json")


def test_the_shared_folder_of_a_repository_is_found_without_git(
    project: Project, tmp_path: Path
) -> None:
    main = project.path / ".git"
    project.git("worktree", "add", "-q", str(tmp_path / "linked"))
    project.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    assert store.common_dir(project.path) == main
    assert store.common_dir(project.path / "sub") == main
    assert store.common_dir(tmp_path / "linked" / "sub") == main
    assert store.common_dir(tmp_path / "bare.git" / "refs") == tmp_path / "bare.git"
    assert store.common_dir(tmp_path / "home") is None
    for path in (project.path, tmp_path / "linked"):
        assert Project(path).repo.common_dir == store.common_dir(path)


def test_the_shared_folder_of_a_submodule_and_a_broken_pointer(
    project: Project, tmp_path: Path
) -> None:
    project.git(
        "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(project.path), "part"
    )  # fmt: skip
    assert store.common_dir(project.path / "part") == project.path / ".git/modules/part"
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / ".git").write_text("nonsense\n")
    assert store.common_dir(tmp_path / "odd") is None


def test_a_repository_has_a_readable_stable_name(tmp_path: Path) -> None:
    name = store.repository_id(Path("/a/My Project/.git"))
    assert name == store.repository_id(Path("/a/My Project/.git"))
    assert name.startswith("my-project-")
    assert store.repository_id(Path("/b/My Project/.git")) != name
    assert store.repository_id(Path("/srv/lib.git")).startswith("lib-")
    assert store.repository_id(Path("/\udcff/.git")).startswith("repository-")


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Fix the Bug!", "fix-the-bug"),
        ("a..b", "a.b"),
        ("--x--", "x"),
        ("é", ""),
        ("x.lock", "x"),
        ("a/b\\c", "a-b-c"),
        ("w" * 50, "w" * 40),
        ("w" * 39 + "-x", "w" * 39),
    ],
)
def test_slugs(text: str, slug: str) -> None:
    assert store.slug(text) == slug


def test_a_lock_is_held_by_one_and_names_it(tmp_path: Path) -> None:
    path = tmp_path / "some" / "x.lock"
    holder = (
        "from pathlib import Path; import sys, time; from arena.machine import store\n"
    )
    holder += "with store.lock(Path(sys.argv[1]), who='run r1'): print('held', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(
                ArenaError, match=rf"run r1 \(process {other.pid}\) is at work"
            ),
            store.lock(path, who="me"),
        ):
            pass
        other.kill()  # the system frees it
    with store.lock(path, who="me", wait=5):
        pass
    with store.lock(path, who="me"):
        pass


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    path, order = tmp_path / "x.lock", []

    def hold() -> None:
        with store.lock(path, who="first"):
            order.append("first")
            ready.set()
            time.sleep(0.3)
            order.append("end")

    ready = threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    ready.wait()
    with store.lock(path, who="second", wait=10):
        order.append("second")
    thread.join()
    assert order == ["first", "end", "second"]


def test_a_lock_is_freed_when_the_body_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), store.lock(tmp_path / "l", who="me"):
        raise KeyError
    with store.lock(tmp_path / "l", who="me"):
        pass


def test_free_bytes_also_where_nothing_is_yet(tmp_path: Path) -> None:
    assert store.free_bytes(tmp_path / "not" / "yet") > 0


@pytest.fixture
def ordinary() -> Iterator[Path]:
    """A folder of an ordinary user, whose permissions count; root has to step down for it."""
    folder = Path(tempfile.mkdtemp())
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder)


def test_folders_without_permissions_are_removed(ordinary: Path) -> None:
    top = ordinary / "top"
    (top / "a" / "b").mkdir(parents=True)
    (top / "a" / "b" / "file").write_text("x")
    (top / "a" / "file").write_text("x")
    (ordinary / "kept").mkdir()
    (ordinary / "kept" / "file").write_text("x")
    (top / "link").symlink_to(ordinary / "kept")
    for path, mode in (("a/b", 0o000), ("a", 0o555), (".", 0o555)):
        (top / path).chmod(mode)
    (ordinary / "kept").chmod(0o555)
    store.remove_tree(top)
    assert not top.exists()
    assert (ordinary / "kept" / "file").exists()
    assert (ordinary / "kept").stat().st_mode & 0o777 == 0o555


def test_links_and_files_are_removed_themselves(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "dead").symlink_to(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    for name in ("link", "dead", "file", "none"):
        store.remove_tree(tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "home") == ["kept"]


def test_names_that_are_no_text_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for name in (b"\xff", b"a\nb", b"-rf"):
        with open(os.path.join(os.fsencode(folder), name), "wb"):
            pass
    store.remove_tree(folder)
    assert not folder.exists()
