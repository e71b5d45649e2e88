"""The one door to git, on GitPython, sealed: the user's configuration, hooks, filters and environment never act.

GitPython starts programs with our own environment plus additions, so what it starts is `env -i`, which lets nothing
through but what we name, and then git with pinned options; no file of ours takes part that somebody could change.
Options alone would not do (measured: a clean filter from the shared configuration still ran), and neither would an
environment alone (a leaked GIT_DIR has made tools commit onto the real branch).
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena.errors import ArenaError, GitError, one_line
from arena.machine import store
from arena.machine.people import Identity

OLDEST = (2, 38)  # merge-tree --write-tree
# Old histories have the three faults that fsck may ignore; the content is not in doubt. LFS content stays a
# pointer: without git-lfs its filter would stop every checkout.
PINNED = """
core.hooksPath=/dev/null core.attributesFile=/dev/null core.excludesFile=/dev/null core.fsmonitor=false
core.untrackedCache=false core.splitIndex=false core.ignoreStat=false core.autocrlf=false core.safecrlf=false
core.quotePath=false core.pager=cat gc.auto=0 maintenance.auto=false commit.gpgSign=false diff.renames=true
protocol.version=2 protocol.allow=never protocol.file.allow=always
fetch.recurseSubmodules=false submodule.recurse=false transfer.fsckObjects=true fetch.fsck.badTimezone=ignore
fetch.fsck.zeroPaddedFilemode=ignore fetch.fsck.missingSpaceBeforeDate=ignore
filter.lfs.smudge= filter.lfs.process= filter.lfs.required=false
"""
SEALED = """
HOME=/nonexistent LANG=C.UTF-8 LC_ALL=C.UTF-8 GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 GIT_OPTIONAL_LOCKS=0
GIT_NO_REPLACE_OBJECTS=1 GIT_GRAFT_FILE=/nonexistent GIT_LITERAL_PATHSPECS=1 GIT_ADVICE=0 GIT_ASKPASS=/bin/false
SSH_ASKPASS=/bin/false
"""
# Where git finds the user's settings; let through for a question about them, and only then.
USERS = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM")
Env = Mapping[str, str]
Words = Sequence[str]
NOTHING: Env = {}
FULL = 25  # SIGXFSZ, which Windows does not know


@functools.cache
def _launcher(*, as_user: bool = False) -> tuple[str, ...]:
    """The start of every command line; `as_user` makes the one that may read the user's settings."""
    # The only global settings that git sees say whose repositories it may read; mostly there is no such file.
    _trusted().parent.mkdir(parents=True, exist_ok=True)  # for indexes of callers too
    sealed = dict(word.split("=", 1) for word in SEALED.split())
    sealed["GIT_CONFIG_GLOBAL"] = str(_trusted())
    if as_user:
        kept = {name: os.environ[name] for name in USERS if name in os.environ}
        sealed = {k: v for k, v in sealed.items() if k not in USERS} | kept
    words = [f"{name}={value}" for name, value in sealed.items()]
    return ("/usr/bin/env", "-i", *words)


def _trusted() -> Path:
    return store.cache_dir() / "git" / "gitconfig"


def _start(
    folder: Path, args: Words, env: Env, *, session: bool = False, as_user: bool = False
) -> Any:
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # a missing git is ours to say
    import git

    words = [f"{k}={v}" for k, v in {"PATH": os.environ.get("PATH", ""), **env}.items()]
    options = [word for option in PINNED.split() for word in ("-c", option)]
    # -C, not GitPython's working folder: that expands `$` and `~`, and is ours where the folder is missing.
    command = [*_launcher(as_user=as_user), *words, "git", "-C", str(folder), *options]
    # -1 is subprocess.PIPE, which only the door to processes may name.
    how: Any = {"istream": -1, "as_process": True, "start_new_session": session}
    return git.Git(folder.anchor).execute([*command, *args], **how)


def _answer(child: Any, stdin: bytes = b"") -> Answer:
    process, child.proc = child.proc, None  # GitPython would end it if interrupted
    out, err = process.communicate(stdin)
    return Answer(process.returncode, out, err.decode("utf-8", "backslashreplace"))


@dataclass(frozen=True, slots=True)
class Answer:
    """Exit code and raw output of one git command."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """The output without its last newline; bytes that are no UTF-8 survive as surrogates."""
        return self.out.decode("utf-8", "surrogateescape").rstrip("\n")

    @property
    def fields(self) -> list[str]:
        """The NUL-terminated fields of an answer to a `-z` command."""
        return self.out.decode("utf-8", "surrogateescape").split("\0")[:-1]


@dataclass(frozen=True)
class Repository:
    """A repository addressed by its git directory, never by a search from a folder.

    `top` is the root of its work tree, None for a bare one; `options` stand before every command.
    """

    git_dir: Path
    top: Path | None
    options: tuple[str, ...] = ()

    @functools.cached_property
    def common_dir(self) -> Path:
        """The directory that all worktrees share."""
        found = self.ask("rev-parse", "--git-common-dir").text
        return (self.git_dir / found).resolve()

    def _start(self, args: Words, env: Env = NOTHING, **how: bool) -> Any:
        # The git directory would do as folder, but relative worktree paths need the top.
        place = {"GIT_WORK_TREE": str(self.top)} if self.top else {}
        env = {"GIT_DIR": str(self.git_dir), **place, **env}
        return _start(self.top or self.git_dir, (*self.options, *args), env, **how)

    def ask(
        self, *args: str, stdin: bytes = b"", env: Env = NOTHING, session: bool = False
    ) -> Answer:
        """Runs git and returns its answer, whatever the exit code.

        `session` starts it in a session of its own, which a kill of our process group does not reach.
        """
        return _answer(self._start(args, env, session=session), stdin)

    def call(
        self, *args: str, stdin: bytes = b"", env: Env = NOTHING, session: bool = False
    ) -> Answer:
        """As `ask`. Raises GitError with git's own words when it fails."""
        answer = self.ask(*args, stdin=stdin, env=env, session=session)
        if answer.code != 0:
            why = one_line(answer.err) or f"exit code {answer.code}"
            if answer.code == -FULL:
                why = "no room: the system lets it write no more. Free some space."
            raise GitError(f"git {args[0]} failed: {why}")
        return answer

    def start(self, *args: str, env: Env = NOTHING) -> Any:
        """Starts git in a session of its own, with pipes; for a conversation such as `update-ref --stdin`.

        It sees the end of its input when we die, also by a kill of our process group, and cleans up.
        """
        return self._start(args, env, session=True)

    def unfiltered(self) -> Repository:
        """The same repository with every filter driver of its own configuration switched off.

        Agents can write that configuration, and a checkout or a status would start what it names.
        """
        keys = self.ask("config", "-z", "--name-only", "--get-regexp", r"^filter\.")
        names = {key.partition(".")[2].rpartition(".")[0] for key in keys.fields}
        options: list[str] = []
        for name in sorted(names | {"lfs"}):
            for key in ("smudge=", "clean=", "process=", "required=false"):
                options += ["-c", f"filter.{name}.{key}"]
        return Repository(self.git_dir, self.top, tuple(options))

    def resolve(self, revision: str) -> str | None:
        """The object id of the commit that `revision` names, or None."""
        wanted = ("--end-of-options", revision + "^{commit}")
        answer = self.ask("rev-parse", "-q", "--verify", *wanted)
        return answer.text or None

    def holds(self, *commits: str) -> bool:
        """Whether these commits and their trees are here."""
        return self.trees(*commits).keys() >= {*commits}

    def trees(self, *commits: str) -> dict[str, str]:
        """Commit → tree, of those commits that are here with their tree; by one git process."""
        wanted = "".join(commit + "^{tree}\n" for commit in commits).encode()
        words = ("cat-file", "--batch-check=%(objectname)")
        said = self.call(*words, stdin=wanted).text.splitlines()
        return {c: t for c, t in zip(commits, said, strict=True) if " " not in t}

    def tree_of(self, commit: str) -> str:
        """The tree id of a commit."""
        return self.call("rev-parse", "--verify", commit + "^{tree}").text

    def subjects(self, *commits: str) -> dict[str, str]:
        """Commit → first line of its message."""
        words = ("log", "--no-walk=unsorted", "-z", "--format=%H %s", *commits)
        return dict(line.split(" ", 1) for line in self.call(*words).fields)

    def refs(self, *patterns: str) -> dict[str, str]:
        """Full ref name → object id."""
        format_ = "--format=%(refname)%00%(objectname)"
        lines = self.call("for-each-ref", format_, *patterns).text.splitlines()
        return dict(line.split("\0") for line in lines)

    def branch(self) -> str | None:
        """Full name of the branch that HEAD is on, None when detached."""
        return self.ask("symbolic-ref", "-q", "HEAD").text or None

    def merge_bases(self, one: str, other: str) -> list[str]:
        """All best common ancestors of two commits."""
        return self.ask("merge-base", "--all", one, other).text.splitlines()

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` contains `old`."""
        return self.ask("merge-base", "--is-ancestor", old, new).code == 0

    def setting(self, key: str, *options: str, outside: bool = False) -> str:
        """The value of a key of the user's configuration, "" if there is none.

        `outside` takes only what stands outside of the repository, where agents do not write.
        """
        words = ("config", "-z", "--show-scope", *options, "--get-all", key)
        fields = _answer(self._start(words, as_user=True)).fields
        found = list(zip(fields[::2], fields[1::2], strict=True))
        # `command` are our own pinned options.
        barred = ("command", "local", "worktree") if outside else ("command",)
        kept = [value for scope, value in found if scope not in barred]
        return kept[-1] if kept else ""

    def changed_files(self) -> list[str]:
        """Tracked files of the checkout that differ from HEAD; empty for a bare repository."""
        if self.top is None:
            return []
        fields = iter(self.call("status", "--porcelain", "-z", "-uno").fields)
        changed = []
        for field in fields:
            changed.append(field[3:])
            if "R" in field[:2] or "C" in field[:2]:
                next(fields)  # its old name
        return changed


def version() -> tuple[int, ...]:
    """Git's version, for example (2, 39, 5). Raises ArenaError if git is missing or too old."""
    said = _answer(_start(Path("/"), ("--version",), NOTHING))
    if said.code != 0:
        raise ArenaError("git is not installed. Install it: apt install git")
    numbers = tuple(int(n) for n in re.findall(r"\d+", said.text)[:3])
    if numbers[:2] < OLDEST:
        has, wanted = (".".join(map(str, v)) for v in (numbers, OLDEST))
        raise ArenaError(f"git {has} is too old: arena needs {wanted} or newer.")
    return numbers


def open_repository(start: Path) -> Repository:
    """The repository around `start`. Raises ArenaError if there is none, or it belongs to someone else."""
    if not start.is_dir():
        raise ArenaError(f"{start} is not a folder. Name one with -C.")
    version()

    def ask(*words: str) -> Answer:
        # Git's own search upwards, with the user's settings for their safe.directory.
        return _answer(_start(start.absolute(), words, NOTHING, as_user=True))

    said = ask("rev-parse", "--absolute-git-dir", "--is-inside-work-tree")
    if "dubious ownership" in said.err:
        raise ArenaError(
            f"git does not trust {start}, which belongs to another user. "
            f"If you do: git config --global --add safe.directory {start}"
        )
    if said.code != 0:
        if "not a git repository" not in said.err:
            raise ArenaError(f"git can't read {start}: {one_line(said.err)}")
        raise ArenaError(
            f"{start} is not in a git repository. Name one with -C DIR, or make one: git init, then commit."
        )
    git_dir, _, inside = said.text.rpartition("\n")
    if Path(git_dir).stat().st_uid != os.getuid():
        # The user's exceptions count for us too, also for the process that serves a fetch from the git directory.
        names = ask("config", "--global", "--get-all", "safe.directory").text
        place = "\tdirectory = {0}\n\tdirectory = {0}/.git\n"
        lines = "".join(place.format(name) for name in names.splitlines())
        store.write_text(_trusted(), f"[safe]\n{lines}")
    top = ask("rev-parse", "--show-toplevel").text if inside == "true" else None
    return Repository(Path(git_dir), Path(top) if top else None)


def create(folder: Path, *, message: str, identity: Identity) -> Repository:
    """A new repository in `folder`, with all that is in it as the first commit on `main`."""
    repo = Repository(folder / ".git", folder)
    repo.call("init", "-q", "-b", "main")
    repo.call("add", "-A")
    repo.call("commit", "-q", "-m", message, env=identity.variables())
    return repo
