"""Rows A1 to A12, and the T rows that only a worktree can hold: agents that do odd things, one entry each."""

from __future__ import annotations

import os
import sys

import pytest

worlds = sys.modules["badinput_world"]
LANDED, MENDED, CALC = worlds.LANDED, worlds.MENDED, worlds.CALC
MADE = r"\.git/(logs/)?refs/heads/arena(/.*)?|\.git/worktrees(/.*)?"
# Who may read everything.
ROOT = os.getuid() == 0

DEEDS = (
    '''
import os, pathlib, shutil, signal, socket, subprocess, sys, time

LABEL, PLACE = sys.argv[1], pathlib.Path(os.environ["PLACE"])
HERE, TOP = pathlib.Path.cwd(), PLACE / "project"


def git(*words, check=True):
    own = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "core.hooksPath=/dev/null"]
    return subprocess.run(["git", *own, *words], check=check, capture_output=True, text=True).stdout.strip()


def mend():
    pathlib.Path("calc.py").write_text(MENDED + f"# {LABEL}\\n")


def a1():
    pass


def a2():
    mend()
    sys.exit(1)


def a3():
    mend()
    said = [sys.stdin.read()]
    pathlib.Path("said.txt").write_text(repr(said))
    time.sleep(300)


def a4():
    mend()
    print("\\x1b]52;c;ZWNobyBvd25lZA==\\x07\\x1b]0;owned\\x07\\x1b[2J" + "y" * 100_000)
    for _ in range(600):
        os.write(1, b"x" * 65535 + b"\\n")


def a8():
    mend()
    shutil.rmtree(HERE)


def a10():
    mend()
    time.sleep(0.1)
    sys.stderr.write("HTTP 429 Too Many Requests: rate limit exceeded\\n")
    sys.exit(1)


def a11():
    mend()
    hook = pathlib.Path(git("rev-parse", "--git-dir")) / "own-hooks" / "pre-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\\nexit 1\\n")
    hook.chmod(0o755)
    git("-c", f"core.hooksPath={hook.parent}", "commit", "-qam", "x", check=False)
    (hook.parent.parent / "index.lock").touch()


def a12():
    mend()
    if os.fork() == 0:
        os.setsid()
        for number in range(3000):
            (HERE / "late.txt").write_text(str(number))
            time.sleep(0.1)
        os._exit(0)
    while not (HERE / "late.txt").exists():
        time.sleep(0.01)


def t1():
    mend()
    (HERE / "large.bin").write_bytes(os.urandom(6 << 20))
    deep = HERE.joinpath(*["deep"] * 200)
    deep.mkdir(parents=True)
    (deep / "a.txt").write_text("x")
    sparse = (HERE / "sparse.bin").open("wb")
    sparse.truncate(64 << 20)


def t3():
    mend()
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket")


def t4():
    mend()
    git("init", "-q", "inner")
    pathlib.Path("inner/code.py").write_text("x = 1\\n")
    git("-C", "inner", "add", "-A")
    git("-C", "inner", "commit", "-qm", "x")
    pathlib.Path("inner/more.py").write_text("y = 1\\n")


def t10():
    mend()
    for name, mode in (("setuid", 0o4755), ("world", 0o666)):
        pathlib.Path(name).write_text("x\\n")
        os.chmod(name, mode)
    pathlib.Path("closed").write_text("x\\n")
    os.chmod("closed", 0)
    os.mkdir("shut")
    pathlib.Path("shut/a.txt").write_text("x\\n")
    os.chmod("shut", 0o600)


def t12():
    os.unlink(".git")
    git("init", "-q")
    mend()
    git("add", "-A")
    git("commit", "-qm", "of its own")


def t13():
    git("checkout", "-q", "--detach")
    mend()
    for number in range(5):
        git("commit", "-q", "--allow-empty", "-am", str(number))
    git("branch", "-m", f"arena/{os.environ['ARENA_RUN']}/{LABEL}", "renamed/elsewhere")


def a6():
    mend()
    (TOP / "calc.py").write_text("taken over\\n")
    (TOP / "planted.txt").write_text("of the agent\\n")


def a7():
    mend()
    git("commit", "-qam", "mine")
    git("update-ref", "refs/heads/main", "HEAD")
    git("update-ref", "-d", "refs/heads/worse")
    git("gc", "-q", "--prune=now")


def t11():
    mend()
    hook = TOP / ".git" / "hooks" / "pre-push"
    hook.write_text(f"#!/bin/sh\\ntouch {PLACE}/hook-ran\\n")
    hook.chmod(0o755)
    git("config", "core.fsmonitor", str(hook))


def a9():
    """Kills arena, and everything else that started it."""
    mend()
    parent = os.getppid()
    while parent > 1:
        words = pathlib.Path(f"/proc/{parent}/cmdline").read_bytes().split(b"\\0")
        if b"arena" in words and b"run" in words:
            os.kill(parent, signal.SIGKILL)
            break
        parent = int(pathlib.Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()[1])
    time.sleep(300)


globals()[os.environ["DEEDS"].split()[int(LABEL.rpartition("-")[2]) - 1]]()
'''
).replace("MENDED", repr(MENDED), 1)
QUIET = ["a1", "a2", "a3", "a4", "a8", "a10", "a11", "a12", "t1", "t3", "t4", "t10", "t12", "t13"]  # fmt: skip
LOUD = ["a6", "a7", "t11"]


class Run:
    """What became of a run with one entry a deed."""

    def __init__(self, world, deeds, may):
        self.deeds = deeds
        there = world.with_agent(
            DEEDS, env=["PLACE", "DEEDS"], silence="3s", backoff="1s", retries=1
        )
        self.world = there.with_env(PLACE=str(world.place), DEEDS=" ".join(deeds))
        words = ["run", "mend", "--agents", f"command:{len(deeds)}", "--json"]
        auto = ["--merge", "auto"]
        self.done = self.world.call(*words, *auto, code=None, may=[MADE, *may])

    def label(self, deed):
        return f"command-{self.deeds.index(deed) + 1}"

    def attempt(self, deed):
        events = self.world.events("attempt", "*mend*")
        return next(e["data"] for e in events if e["label"] == self.label(deed))

    def failed(self, deed):
        events = self.world.events("attempt-failed", "*mend*")
        found = [e["data"]["why"] for e in events if e["label"] == self.label(deed)]
        return found[0] if found else ""

    def candidate(self, deed):
        return self.done.candidate(self.label(deed))

    def flags(self, deed):
        return self.done.flags(self.label(deed))

    def kept(self, deed):
        """The files of what is archived, by name."""
        commit = self.world.archived()[self.label(deed)]
        said = self.world.git("ls-tree", "-r", "-z", commit)
        rows = (line.split("\t", 1) for line in said.split("\0")[:-1])
        return {path: head.split(" ")[0] for head, path in rows}


@pytest.fixture(scope="module")
def quiet(shared):
    """Deeds that leave the repository alone, and the clean-up after them."""
    renamed = r"\.git/(logs/)?refs/heads/renamed(/.*)?"
    run = Run(shared, QUIET, [renamed])
    run.cleaned = run.world.call("clean", code=1, may=[MADE])
    yield run
    for folder in shared.place.rglob("shut"):  # else nobody can remove it
        folder.chmod(0o755)


@pytest.fixture
def loud(world):
    return Run(world, LOUD, [r"calc\.py", r"planted\.txt", r"\.git/.*"])


ROWS = {}


def row(function):
    ROWS[function.__name__.upper()] = function
    return function


def test_all_are_judged_and_nothing_is_lost(quiet):
    assert quiet.done.code == 1, "nobody wins where somebody changed the repository"
    main = quiet.world.git("rev-parse", "main")
    assert main == quiet.done.document["base"]["commit"]
    for name in set(QUIET) - {"a1", "a8"} - ({"t10"} if not ROOT else set()):
        commit = quiet.world.archived()[quiet.label(name)]
        assert MENDED in quiet.world.git("show", f"{commit}:calc.py")
        assert quiet.candidate(name)["excluded"] is None


@pytest.mark.parametrize("name", [n.upper() for n in (*QUIET, "a5")])
def test_row(quiet, name):
    ROWS[name](quiet)


@row
def a1(run):
    assert run.attempt("a1")["outcome"] == "no-change"
    failed = [one["label"] for one in run.done.document["failed"]]
    assert run.label("a1") in failed


@row
def a2(run):
    assert run.attempt("a2")["exit_code"] == 1
    assert run.candidate("a2")["attempt"]["outcome"] == "crashed"


@row
def a3(run):
    assert run.attempt("a3")["outcome"] == "silent"
    assert run.attempt("a3")["seconds"] < 60
    assert "said.txt" in run.kept("a3")
    assert run.world.git("show", run.world.archived()[run.label("a3")] + ":said.txt") == "['']"  # fmt: skip


@row
def a4(run):
    """A flood of hundreds of MB is cut in tests/cli/test_bad_agents.py."""
    log = run.world.run_folder("*mend*") / "logs" / f"{run.label('a4')}.stdout.log"
    assert log.stat().st_size < 33 << 20
    page = (log.parents[1] / "report.html").read_bytes()
    said = (run.done.out + run.done.err).encode() + page
    assert b"\x1b" not in said
    assert b"\x07" not in said


@row
def a5(run):
    """That daemons end is proven by processes in tests/cli/test_bad_agents.py; here is the count."""
    assert run.attempt("a12")["left_processes"] == 1


@row
def a8(run):
    assert "removed or replaced it" in run.failed("a8")


@row
def a10(run):
    assert run.attempt("a10")["outcome"] == "quota"
    waits = run.world.events("agent-waiting", "*mend*")
    assert run.label("a10") in [event["label"] for event in waits]


@row
def a11(run):
    assert run.attempt("a11")["outcome"] == "finished"
    assert set(run.kept("a11")) == set(worlds.BASE)


@row
def a12(run):
    """It was dead before its work was collected, and what was collected is what is judged."""
    assert run.attempt("a12")["left_processes"] == 1
    commit = run.world.archived()[run.label("a12")]
    assert int(run.world.git("show", f"{commit}:late.txt")) < 50
    assert run.candidate("a12")["commit"] == commit


@row
def t1(run):
    assert run.flags("t1")["large-files"] == "suspicious"
    assert {"large.bin", "sparse.bin", "/".join(["deep"] * 200) + "/a.txt"} <= set(run.kept("t1"))  # fmt: skip


@row
def t3(run):
    assert set(run.kept("t3")) == set(worlds.BASE)


@row
def t4(run):
    """What is in a repository of its own is in no snapshot: a person must look, and clean-up keeps it."""
    assert run.flags("t4")["submodule-changed"] == "suspicious"
    (line,) = [li for li in run.cleaned.err.splitlines() if run.label("t4") in li and "kept" in li]  # fmt: skip
    assert "repository of its own" in line
    (more,) = run.world.run_folder("*mend*").rglob("inner/more.py")
    assert more.read_text() == "y = 1\n"


@row
def t10(run):
    if not ROOT:
        assert "Permission denied" in run.failed("t10")
        assert (
            run.world.run_folder("*mend*") / "worktrees" / run.label("t10")
        ).is_dir()
        assert run.label("t10") in run.cleaned.err
        return
    modes = run.kept("t10")
    assert modes["setuid"] == "100755"
    assert modes["world"] == modes["closed"] == modes["shut/a.txt"] == "100644"


@row
def t12(run):
    assert set(run.kept("t12")) == set(worlds.BASE)


@row
def t13(run):
    """Commits that no snapshot holds are archived when the worktree goes."""
    assert set(run.kept("t13")) == set(worlds.BASE)
    kept = run.world.archived()
    own = [kept[name] for name in kept if name.startswith(run.label("t13") + ".")]
    assert "4" in run.world.git("log", "--format=%s", *own).split("\n")


def _told(run, what):
    """The commands that are told with what changed."""
    lines = [line for line in run.done.err.splitlines() if "To take it back: " in line]
    return [line.rpartition("To take it back: ")[2] for line in lines if what in line]


@pytest.mark.parametrize("name", ["A6", "A7", "T11"])
def test_loud_row(loud, name):
    """Named, with what takes it back, and held against all, since nobody can tell who it was; nothing is undone."""
    assert loud.done.code == 1
    assert loud.done.winner is None
    for deed in LOUD:
        assert loud.flags(deed)["repository-changed"] == "suspicious"
    assert loud.done.document["landed"] is None
    world, path = loud.world, loud.world.path
    assert (path / "calc.py").read_text() == "taken over\n"
    telling = {
        "A6": ["calc.py in the checkout", "planted.txt in the checkout"],
        "A7": ["refs/heads/main was", "refs/heads/worse was"],
        "T11": ["hooks/pre-push changed", ".git/config changed"],
    }
    for what in telling[name]:
        (command,) = _told(loud, what)
        assert world.program("sh", "-c", command).returncode == 0
    if name == "A6":
        assert not (path / "planted.txt").exists()
    elif name == "A7":
        assert world.git("rev-parse", "main") == loud.done.document["base"]["commit"]
        assert world.git("show", "worse:calc.py") + "\n" == worlds.WORSE
    else:
        assert not (path / ".git/hooks/pre-push").exists()
        assert "fsmonitor" not in (path / ".git/config").read_text()


def test_row_a9(world):
    """Who kills arena ends with it or is found out, and what it made is judged by `arena resume`."""
    there = world.with_agent(DEEDS, env=["PLACE", "DEEDS"])
    there = there.with_env(PLACE=str(world.place), DEEDS="a9")
    words = ["run", "mend", "--merge", "never"]
    killed = there.call(*words, code=-9, may=[MADE])
    assert killed.out == ""
    done = there.call("resume", may=[MADE])
    assert "command-1 passes" in done.out
    world.call("merge", may=[MADE, *LANDED])
