"""Rows T1 to T18: what the tree of a candidate may hold. Each row's candidate mends the defect as well.

What agents leave in their worktrees is tried in `test_agents.py`, by one run.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

worlds = sys.modules["badinput_world"]
LANDED, MENDED, CALC = worlds.LANDED, worlds.MENDED, worlds.CALC
BODY = "b3BlbnNzaC1rZXktdjEAAAAA" * 3
KEY = (
    f"-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}\n-----END OPENSSH PRIVATE KEY-----\n"
)
TOKEN = "ghp_" + "a1B2c3D4e5" * 4


# Pip asks rustc for its version, and where that is rustup's, it makes its settings.
RUSTUP = [r"\.rustup(/.*)?"]


def grow(world):
    """A branch for each row, named like it, and some of its variants."""
    link, module = "120000", "160000"

    def branch(name, files=None, **how):
        world.branch(name, {"calc.py": MENDED} | (files or {}), **how)

    deep = "/".join(["deep"] * 200)
    many = {f"many/{n // 100}/{n}.txt": f"{n}\n" for n in range(2100)}
    branch("t1", many | {"large.bin": os.urandom(6 << 20), f"{deep}/a.txt": "x"})
    targets = {"passwords": "/etc/passwd", "rival": "../t5/calc.py", "loop": "loop"}
    links = [(link, world.blob(target), name) for name, target in targets.items()]
    branch("t2", entries=links)
    url = "ext::sh -c touch% " + str(world.path / "ext-ran")
    modules = f'[submodule "x"]\n\tpath = x\n\turl = {url}\n'
    branch("t5", {".gitmodules": modules}, entries=[(module, "1" * 40, "x")])
    rules = (
        "* filter=evil diff=evil merge=evil ident\n*.py working-tree-encoding=UTF-16\n"
    )
    branch("t6", {".gitattributes": rules, "id.txt": "$Id$\n"})
    branch("t8", {"A.py": "", "a.py": "", "caf\u00e9.txt": "1", "cafe\u0301.txt": "2"})
    odd: list[bytes] = [b"new\nline.txt", b"tab\t\"q'.txt", b"bad\xff.txt", b"-rf"]
    odd += [b"esc\x1b[31m.txt", "rtl\u202etxt.bin".encode()]
    branch("t9", dict.fromkeys(odd, "x\n"))
    branch("t15-syntax", {"calc.py": MENDED + "def broken(:\n"})
    branch("t15-bytes", {"other.py": b"x = '\xff'\n"})
    branch("t15-null", {"other.py": b"x = 1\0\n"})
    branch("t15-bom", {"calc.py": b"\xef\xbb\xbf" + MENDED.encode()})
    branch("t15-line", {"other.py": "x = [" + "1, " * 33_000 + "]\n"})
    points = "[pytest11]\nevil = evil\n"
    cheats = dict.fromkeys(("pytest.py", "json.py", "sitecustomize.py"), "raise SystemExit(0)\n")  # fmt: skip
    branch("t16", {**cheats, "evil.egg-info/entry_points.txt": points})
    declared = (
        worlds.BASE["pyproject.toml"] + '[project]\nname = "calc"\nversion = "1"\n'
    )
    declared += 'dependencies = ["no-such-package-anywhere>=9"]\n'
    branch("t17", {"pyproject.toml": declared, "uv.lock": "version = 1\n"})
    branch("t18", {".env": f"GITHUB_TOKEN={TOKEN}\n", "id_rsa": KEY})


@pytest.fixture(scope="module")
def seen(shared):
    """All rows' candidates, judged at once."""
    grow(shared)
    shared.git("config", "filter.evil.clean", f"touch {shared.path}/clean-ran; cat")
    shared.git("config", "filter.evil.smudge", f"touch {shared.path}/smudge-ran; cat")
    shared.git("config", "diff.evil.textconv", f"touch {shared.path}/textconv-ran; cat")
    shared.git("config", "merge.evil.driver", f"touch {shared.path}/merge-ran")
    names = shared.git("for-each-ref", "--format=%(refname:short)", "refs/heads/t*")
    return shared.judge(
        *names.split(), "good", "--target", "main", code=None, may=RUSTUP
    )


ROWS = {}


def row(function):
    ROWS[function.__name__.upper()] = function
    return function


@pytest.mark.parametrize(
    "name", ["T1", "T2", "T5", "T6", "T8", "T9", "T15", "T16", "T17", "T18"]
)
def test_row(seen, name):
    assert seen.candidate("good")["excluded"] is None
    assert seen.candidate("good")["flags"] == []
    ROWS[name](seen)


def evidence(seen, label, flag):
    (found,) = [f for f in seen.candidate(label)["flags"] if f["id"] == flag]
    return " ".join(found["evidence"]) if isinstance(found["evidence"], list) else found["evidence"]  # fmt: skip


@row
def t1(seen):
    flags = seen.flags("t1")
    assert flags["large-files"] == flags["many-files"] == "suspicious"
    assert seen.candidate("t1")["excluded"] is None


@row
def t2(seen):
    assert seen.flags("t2")["link-out-of-tree"] == "suspicious"
    assert "passwords" in evidence(seen, "t2", "link-out-of-tree")
    assert "rival" in evidence(seen, "t2", "link-out-of-tree")


@row
def t5(seen):
    assert seen.flags("t5")["submodule-changed"] == "suspicious"
    assert "build-hooks" in seen.flags("t5")


@row
def t6(seen):
    """Whatever the drivers in the configuration would run leaves a file, which the tripwire tells."""
    assert seen.candidate("t6")["excluded"] is None
    assert "build-hooks" in seen.flags("t6")


@row
def t8(seen):
    assert seen.flags("t8")["case-clash"] == "note"
    found = evidence(seen, "t8", "case-clash")
    assert "A.py = a.py" in found
    assert "cafe\u0301.txt" in found


@row
def t9(seen):
    assert seen.candidate("t9")["excluded"] is None
    page = Path(seen.document["report"]).read_bytes()
    for raw in (b"\x1b", "\u202e".encode(), b"bad\xff", b"new\nline"):
        assert raw not in page
        assert raw.decode("utf-8", "replace") not in seen.err
    page.decode("utf-8")
    assert rb"esc\x1b[31m.txt" in page


@row
def t15(seen):
    for name in ("t15-syntax", "t15-bytes", "t15-null"):
        assert seen.candidate(name)["excluded"].startswith("compiles")
        measured = seen.candidate(name)["measurements"].values()
        assert all(m["value"] is not None or m["why_none"] for m in measured)
    for name in ("t15-bom", "t15-line"):
        assert seen.candidate(name)["excluded"] is None


@row
def t16(seen):
    """That such files don't act is proven by cheats of their kind in tests/zoo/test_cheats.py."""
    flags = seen.flags("t16")
    for name in ("start-up-code", "shadowed-name", "package-metadata"):
        assert flags[name] == "suspicious"
    assert seen.candidate("t16")["measurements"]["import.proven"]["value"] is True


@row
def t17(seen):
    assert seen.flags("t17")["no-environment"] == "note"
    assert seen.candidate("t17")["measurements"]["deps.added"]["value"] == 1


@row
def t18(seen):
    assert seen.flags("t18")["secret-added"] == "suspicious"
    assert ".env" in evidence(seen, "t18", "secret-added")
    assert "id_rsa" in evidence(seen, "t18", "secret-added")
    place = Path(seen.document["report"]).parents[3]
    for path in place.glob("state/*/runs/*/*"):
        if path.is_file() and path.suffix != ".gz":
            text = path.read_text(encoding="utf-8")
            assert TOKEN not in text, path
            assert BODY not in text, path


def test_row_t7(world):
    """What only a hand-made tree holds: git refuses it, and the candidate is named."""
    for number, name in enumerate((".git", ".GIT", "git~1", "..")):
        blob = world.blob("x")
        inner = world.git("mktree", input=f"100644 blob {blob}\tconfig\n")
        calc = world.blob(MENDED)
        lines = f"040000 tree {inner}\t{name}\n100644 blob {calc}\tcalc.py\n"
        commit = world.grow(world.git("mktree", input=lines), ["main"])
        world.git("update-ref", f"refs/heads/evil{number}", commit)
    for number in (0, 3):
        says = [f"evil{number} can't be judged", "leave it out", "fsck error"]
        world.refused("judge", "good", f"evil{number}", says=says)
    for number in (1, 2):
        world.refused("judge", f"evil{number}", says=[f"evil{number} can't be judged"])


def test_row_t1_path_that_no_system_takes(world):
    long = "/".join(["long-name-of-folder"] * 230) + "/a.txt"
    world.branch("long", {"calc.py": MENDED, long: "x"})
    done = world.judge("long", "good", "worse")
    assert done.winner == "good"
    assert done.candidate("long")["excluded"]


def test_row_t14(world):
    """A commit on the newest base with the content of an old one takes back what came between."""
    lines = "".join(f"def new_{n}():\n    return {n}\n" for n in range(40))
    world.write("more.py", "x = 1\n")
    world.git("add", "more.py")
    world.commit("more")
    stale = world.git("rev-parse", "main^{tree}")
    world.write("more.py", lines)
    world.write("calc.py", CALC + "# newer\n")
    world.commit("newer work")
    tree = world.git("rev-parse", "main^{tree}")
    assert tree != stale
    entries = world.git("ls-tree", stale).replace(world.blob(CALC), world.blob(MENDED))
    old = world.git("mktree", input=entries + "\n")
    world.git("update-ref", "refs/heads/stale", world.grow(old, ["main"]))
    world.branch("fresh", {"calc.py": MENDED + "# newer\n"})
    done = world.judge("stale", "fresh")
    assert done.winner == "fresh"
    assert done.flags("stale")["stale-commit"] == "suspicious"
    assert "more.py" in evidence(done, "stale", "stale-commit")
    assert not {"stale-commit", "puts-back"} & set(done.flags("fresh"))
