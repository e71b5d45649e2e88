"""Rows R1 to R32: repositories, checkouts and places in every state that a user may bring along."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import pytest

worlds = sys.modules["badinput_world"]
ADDED, LANDED = worlds.ADDED, worlds.LANDED
MENDED, CALC = worlds.MENDED, worlds.CALC
ROWS = {}


def row(function, fixture="world"):
    """Registers a row under its id, which is the function's name, with what it is tried on."""
    ROWS[function.__name__.upper()] = function, fixture
    return function


judged = partial(row, fixture="judged")


@pytest.mark.parametrize("name", [f"R{n}" for n in range(1, 33)])
def test_row(request, name):
    function, fixture = ROWS[name]
    function(request.getfixturevalue(fixture))


@row
def r1(world):
    nowhere = world.place / "nowhere"
    nowhere.mkdir()
    for words in (["judge", "good"], ["clean"]):
        says = ["not in a git repository", "-C DIR", str(nowhere)]
        world.at(nowhere).refused(*words, says=says)


@row
def r2(world):
    empty = world.place / "empty"
    world.git("init", "-q", empty)
    for words in (["judge", "good"], ["run", "x", "--base", "HEAD"]):
        world.at(empty).refused(*words, says=["commit"])


@row
def r3(world):
    names = [f"file{n}.txt" for n in range(7)]
    for name in names:
        world.write(name, "old\n")
    world.git("add", *names)
    world.commit()
    for name in names:
        world.write(name, "new\n")
    said = world.refused("run", "x", "--agents", "repair:1", says=["--base HEAD", "stash"])  # fmt: skip
    assert sum(name in said.err for name in names) == 5
    assert "7 files" in said.err


@row
def r4(world):
    world.write("calc.py", CALC + "# not done yet\n")
    done = world.judge("good", "worse")
    assert done.winner == "good"
    assert "calc.py" in done.err
    assert "not part of what is judged" in done.err


def _stands_in_the_way(world, place):
    """The user has something at `place` where the merge brings a file."""
    world.write(place, "precious\n")
    world.refused("merge", says=[place, "in the way"])


@judged
def r5(world):
    _stands_in_the_way(world, "new.txt")


@judged
def r6(world):
    _stands_in_the_way(world, "new.log")
    world.write("new.log", None)
    # A folder that is ignored as a whole, where the merge brings a file.
    _stands_in_the_way(world, "dist/more.bin")


@judged
def r7(world):
    world.git("checkout", "-q", "-b", "other")
    world.write("calc.py", CALC.replace("Sums", "More sums"))
    theirs = world.commit("theirs")
    world.git("checkout", "-q", "main")
    base = world.git("rev-parse", "main")
    world.write("calc.py", CALC.replace("Sums", "Other sums"))
    ours = world.commit("ours")
    patch = world.git("format-patch", "--stdout", f"{base}..{theirs}")
    (world.place / "theirs.patch").write_text(patch + "\n")
    for busy, begin, end in (
        ("merge", ["merge", "other"], ["merge", "--abort"]),
        ("rebase", ["rebase", "other"], ["rebase", "--abort"]),
        ("cherry-pick", ["cherry-pick", "other"], ["cherry-pick", "--abort"]),
        ("revert", ["revert", "--no-edit", base], ["revert", "--abort"]),
        ("am", ["am", "-3", world.place / "theirs.patch"], ["am", "--abort"]),
        ("bisect", ["bisect", "start", ours, base], ["bisect", "reset"]),
    ):
        world.git(*begin, code=None)
        if busy == "rebase":
            done = world.judge("good", "worse", "--base", base, "--target", "main")
            assert done.winner == "good"
        words = [] if busy != "bisect" else ["--target", "main"]
        world.refused("merge", *words, says=[busy, "in progress"])
        world.git(*end)
    assert world.git("rev-parse", "main") == ours


@judged
def r8(world):
    world.write(".git/index.lock", "")
    assert world.judge("good").winner == "good"
    world.refused("merge", says=["index.lock", "exists since", "ps -C git", "remove"])


KILLED = """case " $* " in *" read-tree -m -u "*) echo $$ > "$STOP.part"; mv "$STOP.part" "$STOP"; exec sleep 300;; esac
exec $GIT "$@"
"""


@judged
def r9(world):
    """Killed together with its git in the middle of a landing; what is left is mended, and a foreign lock is not."""
    stop = world.place / "stopped"
    going = world.with_git(KILLED, STOP=stop).start("merge")
    worlds.wait_for(stop.exists, unless=going)
    (landing,) = world.events("landing")
    gits = [pid for pid, _ in landing["data"]["processes"] if pid != going.pid]
    worlds.kill(going.pid, int(stop.read_text()), *gits)
    going.communicate()
    lock = world.path / ".git/refs/heads/main.lock"
    assert lock.exists(), "the landing was not caught in the middle"
    locks = (r"\.git/(HEAD|refs/heads/main|index)\.lock",)
    os.utime(lock, (1, 1))
    world.refused("merge", says=["main.lock"])
    os.utime(lock)
    world.call("merge", may=(*ADDED, *locks))
    assert world.git("status", "--porcelain", "-uno") == ""
    assert not lock.exists()
    assert (world.path / "calc.py").read_text() == MENDED


MENDS = f"from pathlib import Path\nPath('calc.py').write_text({MENDED!r})\n"
# What a run makes, and what it leaves if it is not cleaned.
MADE = r"\.git/(logs/)?refs/heads/arena(/.*)?|\.git/worktrees(/.*)?"


@row
def r10(world):
    world.git("pack-refs", "--all")
    world.write(".git/packed-refs.lock", "")
    agent = world.with_agent(MENDS)
    agent.call("run", "mend", "--merge", "never", may=[MADE])
    assert "command-1" in world.archived()
    assert world.git("for-each-ref", "refs/heads/arena")
    done = world.call("clean", code=1, may=[MADE])
    assert "kept" in done.err
    assert "packed-refs.lock" in done.err
    assert world.git("for-each-ref", "refs/heads/arena")
    world.write(".git/packed-refs.lock", None)
    world.call("clean", may=[MADE, r"\.git/packed-refs"])
    assert not world.git("for-each-ref", "refs/heads/arena")


@judged
def r11(world):
    other = world.place / "other"
    world.git("checkout", "-q", "-b", "mine")
    world.git("worktree", "add", "-q", other, "main")
    world = world.at(world.path, other)
    (other / "calc.py").write_text("work\n")
    world.refused("merge", "--target", "main", says=[str(other), "calc.py"])
    world.git("-C", other, "checkout", "-q", "calc.py")
    moved = [r"\.git/(logs/)?refs/heads/main", r"\.git/worktrees/other/.*", *ADDED[2:]]
    world.call("merge", "--target", "main", may=moved)
    assert (other / "calc.py").read_text() == MENDED
    assert (world.path / "calc.py").read_text() == CALC


@row
def r12(world):
    world.git("checkout", "-q", "--detach")
    assert world.judge("good").winner == "good"
    world.refused("merge", says=["detached", "--target BRANCH"])
    world.refused("judge", "good", "--merge", "auto", says=["detached", "--target BRANCH"])  # fmt: skip


@row
def r13(world):
    bare = world.place / "bare.git"
    world.git("clone", "-q", "--bare", world.path, bare)
    there = world.at(bare)
    before = there.git("rev-parse", "main")
    assert there.judge("good", "worse").winner == "good"
    there.call("merge", may=[r"(logs/)?refs/heads(/main)?", "logs/HEAD"])
    assert there.git("rev-parse", "main^1") == before
    assert there.git("show", "main:calc.py") + "\n" == MENDED


@row
def r14(world):
    linked = world.place / "linked"
    world.git("worktree", "add", "-q", "--detach", linked)
    there = world.at(linked, world.path)
    assert there.judge("good", "--target", "main").winner == "good"
    (run,) = [one["run"] for one in world.call("list", "--json").document]
    there.call("merge", run, "--target", "main", may=LANDED)
    assert (linked / "calc.py").read_text() == CALC
    assert (world.path / "calc.py").read_text() == MENDED


@row
def r15(world):
    for number in range(3):
        world.write("notes.md", f"{number}\n")
        world.git("add", "notes.md")
        world.commit(f"note {number}")
    shallow = world.place / "shallow"
    world.git("clone", "-q", "--depth", "1", "--no-single-branch", f"file://{world.path}", shallow)  # fmt: skip
    there = world.at(shallow)
    there.branch("mended", message="mine")
    assert there.judge("mended").winner == "mended"
    there.call("merge", may=LANDED)
    there.git("branch", "-q", "good", "origin/good")
    there.refused("judge", "good", says=["shallow", "git fetch --unshallow"])


@row
def r16(world):
    world.git("config", "uploadpack.allowFilter", "true")
    partial = world.place / "partial"
    words = [
        "clone",
        "-q",
        "--filter=blob:none",
        "--no-checkout",
        f"file://{world.path}",
    ]
    world.git(*words, partial)
    there = world.at(partial)
    there.refused("judge", "origin/good", says=["partial clone", "git fetch --refetch --no-filter"])  # fmt: skip


@row
def r17(world):
    modern = world.place / "modern"
    world.git("init", "-q", "--object-format=sha256", modern)
    there = world.at(modern)
    for name, text in worlds.BASE.items():
        there.write(name, text)
    there.git("add", "-A")
    there.commit("first")
    there.git("checkout", "-q", "-b", "good")
    there.write("calc.py", MENDED)
    there.commit("good")
    there.git("checkout", "-q", "main")
    done = there.judge("good")
    assert done.winner == "good"
    assert len(done.candidate("good")["commit"]) == 64
    there.call("merge", may=LANDED)


@row
def r18(world):
    world.write("docs/a.md", "a\n")
    world.write("docs/deep/b.md", "b\n")
    world.git("add", "docs")
    world.commit()
    world.git("sparse-checkout", "set", "tests")
    assert not (world.path / "docs").exists()
    world = world.with_agent(MENDS)
    done = world.call("run", "mend", "--merge", "never", "--json", may=[MADE])
    assert done.winner == "command-1"
    kept = world.archived()["command-1"]
    assert world.git("diff", "--name-only", "main", kept) == "calc.py"
    assert "docs/deep/b.md" in world.git("ls-tree", "-r", "--name-only", kept)
    world.call("merge", may=[MADE, *LANDED])
    assert not (world.path / "docs").exists()


@row
def r19(world):
    part = world.place / "part"
    world.git("init", "-q", part)
    world.git("-C", part, "commit", "-q", "--allow-empty", "-m", "first")
    world.git(
        "-c", "protocol.file.allow=always", "submodule", "add", "-q", part, "part"
    )
    world.commit("submodule")
    there = world.with_agent(MENDS)
    done = there.call("run", "mend", "--merge", "never", "--json", may=[MADE])
    assert done.winner == "command-1"
    assert "submodules are not initialised" in done.err


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12\n".format("1" * 64)  # fmt: skip


@row
def r20(world):
    world.git("config", "filter.lfs.smudge", "git-lfs smudge -- %f")
    world.git("config", "filter.lfs.required", "true")
    needs = (
        "\n\ndef test_data():\n    assert open('data.bin').read() == 'big content\\n'\n"
    )
    files = {".gitattributes": "*.bin filter=lfs\n", "data.bin": POINTER}
    files["tests/test_calc.py"] = worlds.TESTS + needs
    world.git("update-ref", "refs/heads/large", world.make(files))
    world.branch("mended", base="large")
    done = world.judge("mended", "--target", "large")
    assert done.winner == "mended"
    assert "LFS" in done.err
    assert done.candidate("mended")["measurements"]["regressions"]["value"] == 0
    there = world.with_agent(MENDS)
    done = there.call("run", "mend", "--base", "large", "--merge", "never", "--json", may=[MADE])  # fmt: skip
    assert done.winner == "command-1"
    assert "LFS" in done.err
    kept = world.archived()["command-1"]
    assert world.git("diff", "--name-only", "large", kept) == "calc.py"


@row
def r21(world):
    says = ["belongs to another user", "git config --global --add safe.directory"]
    # Git's own way to test this without being root; as root also with a real owner.
    env = 'exec env GIT_TEST_ASSUME_DIFFERENT_OWNER=1 $GIT "$@"'
    world.with_git(env).refused("judge", "good", says=says)
    if os.getuid() == 0:
        for path in (world.path, *world.path.rglob("*")):
            os.chown(path, 65534, 65534, follow_symlinks=False)
        world.refused("judge", "good", says=says)


READ_ONLY = 'mount --bind "$ONLY" "$ONLY" && mount -o remount,ro,bind "$ONLY" && cd "$ONLY" && exec "$@"'


@row
def r22(world):
    there = world.with_env(ONLY=str(world.path))
    through = ["unshare", "-rm", "sh", "-c", READ_ONLY, "sh"]
    done = there.judge("good", "worse", through=through)
    assert done.winner == "good"
    assert done.document["report"].startswith(str(world.place / "state"))
    there.refused("merge", through=through, says=["Read-only file system"])
    there.call("merge", may=LANDED)


# Before each merge that arena makes, the target gets another commit, as long as $MOVES holds a line.
MOVING = """case " $* " in *" merge-tree --write-tree "*)
if [ -s "$MOVES" ]; then
    sed -i 1d "$MOVES"
    own="env -u GIT_DIR -u GIT_WORK_TREE -u GIT_INDEX_FILE $GIT -c user.name=Ada -c user.email=ada@example.org"
    own="$own -c core.hooksPath=/dev/null -C $HERE"
    $own update-ref refs/heads/main "$($own commit-tree -m moved -p main 'main^{tree}' 2>&1)"
fi
esac
exec $GIT "$@"
"""


@judged
def r23(world):
    moves = world.place / "moves"
    there = world.with_git(MOVING, MOVES=moves, HERE=world.path)
    # The last move comes after the merge was made, and so before it lands.
    world.git("checkout", "-q", "--detach")
    moves.write_text("1\n" * 9)
    may = [r"\.git/(logs/)?refs/heads/main"]
    done = there.call("merge", "--target", "main", code=1, may=may)
    assert "main keeps moving" in done.err
    assert "3 merges were tested" in done.err
    tip = world.git("rev-parse", "main")
    moves.write_text("1\n")
    there.call("merge", "--target", "main", may=may)
    assert world.git("log", "-1", "--format=%s", "main^1") == "moved"
    assert world.git("rev-parse", "main^1^1") == tip
    assert world.git("show", "main:calc.py") + "\n" == MENDED


# As soon as arena has taken the candidates, the branch $GONE is deleted.
DELETING = """case " $* " in *" merge-tree --write-tree "*)
env -u GIT_DIR -u GIT_WORK_TREE $GIT -c core.hooksPath=/dev/null -C "$HERE" update-ref -d "refs/heads/$GONE"
esac
exec $GIT "$@"
"""


@row
def r24(world):
    there = world.with_git(DELETING, GONE="good", HERE=world.path)
    gone = [r"\.git/(logs/)?refs/heads/good"]
    done = there.judge("good", "worse", may=gone)
    assert not world.git("for-each-ref", "refs/heads/good")
    assert done.winner == "good"
    world.call("merge", may=LANDED)
    assert (world.path / "calc.py").read_text() == MENDED


WAITS = (
    MENDS
    + """
import os, pathlib, time
pathlib.Path(os.environ["BEGUN"]).touch()
while not pathlib.Path(os.environ["GO"]).exists():
    time.sleep(0.05)
"""
)


def _working(world, *, through=(), **env):
    """A run whose agent has mended and waits: (world, process, what lets it go on)."""
    begun, go = world.place / "begun", world.place / "go"
    there = world.with_agent(WAITS, env=["BEGUN", "GO"])
    there = there.with_env(BEGUN=str(begun), GO=str(go), **env)
    words = ["run", "mend", "--merge", "never", "--json"]
    going = there.start(*words, through=through)
    worlds.wait_for(begun.exists, unless=going)
    return there, going, go


@row
def r25(world):
    there, going, go = _working(world)
    run = there.run_folder("*mend*").name
    says = [f"run {run} is active", "process", f"arena stop {run}"]
    world.refused("clean", run, says=says)
    world.refused("merge", run, says=[run, "is active"])
    assert world.judge("good", "worse").winner == "good"
    go.touch()
    out, err = going.communicate(timeout=60)
    assert going.returncode == 0, err
    assert '"winner": "command-1"' in out


@row
def r26(world):
    _, going, go = _working(world)
    world.git("gc", "-q", "--prune=now")
    go.touch()
    _, err = going.communicate(timeout=60)
    assert going.returncode == 0, err
    world.git("gc", "-q", "--prune=now")
    assert (
        world.git("show", world.archived()["command-1"] + ":calc.py") + "\n" == MENDED
    )
    world.call("merge", may=[MADE, *LANDED, r"\.git/packed-refs"])
    assert world.git("fsck", "--no-dangling") == ""


@row
def r27(world):
    """What replaces objects, or adds parents or objects, is not what was committed."""
    good, worse = world.git("rev-parse", "good:calc.py"), world.git("rev-parse", "worse:calc.py")  # fmt: skip
    world.git("replace", worse, good)
    (world.path / ".git/info/grafts").write_text(world.git("rev-parse", "good") + "\n")
    done = world.judge("good", "worse")
    assert done.winner == "good"
    assert done.candidate("worse")["measurements"]["tests.fixed"]["value"] == 0
    assert done.candidate("good")["measurements"]["tests.fixed"]["value"] == 1
    assert "git replace, grafts" in done.err
    world.call("merge", may=LANDED)


CUT = MENDS + "import os\nos.unlink('.git')\n"


@row
def r28(world):
    """State, worktrees and project inside of another repository, whose tree a search upwards would find."""
    outer = world.place / "outer"
    world.git("init", "-q", outer)
    world.git("-C", outer, "commit", "-q", "--allow-empty", "-m", "outer")
    (outer / "calc.py").write_text("of the outer one\n")
    inner = outer / "inner"
    world.path.rename(inner)
    state = {"ARENA_STATE_DIR": str(outer / "state")}
    there = world.at(inner, outer).with_env(**state).with_agent(CUT)
    inside = (
        rf"{MADE}|reports(/.*)?|\.git/objects(/.*)?|\.git/(logs/)?refs(/arena(/.*)?)?"
    )
    may = [r"state(/.*)?", f"(inner/)?({inside})"]
    done = there.call("run", "mend", "--merge", "never", "--json", may=may)
    assert done.winner == "command-1"
    landed = [f"(inner/)?{pattern}" for pattern in LANDED]
    there.call("merge", may=[*may, *landed])
    assert (inner / "calc.py").read_text() == MENDED
    assert (outer / "calc.py").read_text() == "of the outer one\n"


@row
def r29(world):
    odd = (
        world.place
        / ("long" * 60)
        / os.fsdecode(b"-rf 'q\" $HOME ~\n\xff\x1b[31m tab\t*")
        / "deep"
    )
    odd.parent.mkdir(parents=True)
    world.path.rename(odd)
    there = world.at(odd)
    assert len(os.fsencode(odd)) > 300
    done = there.call("judge", "good", "--fast")
    assert "\x1b" not in done.out + done.err
    there.call("merge", may=LANDED)
    assert (odd / "calc.py").read_text() == MENDED
    agent = there.with_agent(MENDS)
    agent.write("calc.py", CALC)
    agent.commit("broken again")
    done = agent.call("run", "mend", "--merge", "never", may=[MADE])
    assert "\x1b" not in done.out + done.err
    done = agent.call("merge", may=[MADE, *LANDED])
    assert "\x1b" not in done.out + done.err
    assert (odd / "calc.py").read_text() == MENDED
    done = there.call("-C", odd / "nowhere", "judge", "good", code=2)
    assert "is not a folder" in done.err
    assert "\x1b" not in done.err


FULL = 'mount -t tmpfs -o size="$SIZE" full "$ARENA_STATE_DIR" && exec "$@"'


@row
def r30(world):
    state = Path(world.env["ARENA_STATE_DIR"])
    state.mkdir()
    through = ["unshare", "-rm", "sh", "-c", FULL, "sh"]
    done = world.with_env(SIZE="16k").refused("judge", "good", through=through)
    assert "No space left" in done.err
    agent = world.with_agent(MENDS).with_env(SIZE="16k")
    says = ["too little disk", "MB are needed", "MB are free", "arena clean"]
    agent.refused("run", "mend", through=through, says=says)
    # During a run; its state is on a drive of its own, which lives as long as both calls.
    filler = state / "filler"
    fills = f"{MENDS}import os\nwith open({str(filler)!r}, 'wb') as file:\n"
    fills += "    try:\n        while file.write(b'x' * 4096): file.flush()\n    except OSError: os._exit(0)\n"
    agent = world.with_agent(fills).with_env(SIZE="64m")
    both = f'"$@" run mend --merge never; echo "code $?" >&2; rm {filler}; "$@" resume mend'
    run = [*worlds.ARENA, "--config", world.place / "arena.toml"]
    script = FULL.replace('exec "$@"', both.replace("resume mend", "resume"))
    before = worlds.tripwire.picture(world.roots)
    done = agent.program("unshare", "-rm", "sh", "-c", script, "sh", *run)
    done = agent.told(["run", "resume"], done, before, code=0, may=[MADE])
    assert "code 2\n" in done.err
    assert "No space left" in done.err
    assert "command-1 passes" in done.out
    assert "command-1" in world.archived()


# Another machine: another name, and another start of its system.
ELSEWHERE = 'hostname elsewhere && mount --bind "$BOOT" /proc/sys/kernel/random/boot_id && exec "$@"'


@row
def r31(world):
    """State on a drive that machines share: nobody can tell here whether what runs there is alive."""
    boot = world.place / "boot_id"
    boot.write_text("00000000-0000-4000-8000-000000000000\n")
    through = ["unshare", "-rmu", "sh", "-c", ELSEWHERE, "sh"]
    there, going, go = _working(world, through=through, BOOT=str(boot))
    run = there.run_folder("*mend*").name
    says = [run, "on elsewhere", "arena --yes clean"]
    world.refused("clean", run, says=says)
    go.touch()
    _, err = going.communicate(timeout=60)
    assert going.returncode == 0, err
    # A landing that is under way there is not taken for a dead one here.
    stop = world.place / "stopped"
    script = world.with_git(KILLED, STOP=stop).with_env(BOOT=str(boot))
    going = script.start("merge", through=through)
    worlds.wait_for(stop.exists, unless=going)
    says = ["at work"]
    world.refused("merge", says=says)
    worlds.kill(int(stop.read_text()))
    going.communicate(timeout=60)
    # What is over is over, wherever it was.
    world.call("merge", run, may=[MADE, *LANDED])


@row
def r32(world):
    old = world.with_git(
        'case "$*" in *--version) echo git version 2.30.2;; *) exec $GIT "$@";; esac'
    )
    for words in (["judge", "good"], ["run", "x"], ["merge"]):
        old.refused(*words, says=["2.30.2", "2.38"])
