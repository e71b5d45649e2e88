"""The one door to git, on GitPython, sealed: the user's configuration, hooks, filters and environment never act.

GitPython starts git with our own environment plus additions, so the executable that it starts is a launcher of
ours: it empties the environment, lets through what we pass as `ARENA_GIT_*`, and pins the options. Options alone
would not do (measured: a clean filter from the shared configuration still ran), and neither would an environment
alone (a leaked GIT_DIR has made tools commit onto the real branch).
"""

from __future__ import annotations

import functools
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena.errors import ArenaError, GitError, one_line
from arena.machine import store

OLDEST = (2, 38)  # merge-tree --write-tree
PINNED = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.autocrlf=false",
    "core.safecrlf=false",
    "core.ignoreStat=false",  # would hide edits from us
    "core.quotePath=false",
    "core.pager=cat",
    "gc.auto=0",
    "maintenance.auto=false",
    "commit.gpgSign=false",
    "protocol.version=2",
    "protocol.allow=never",
    "protocol.file.allow=always",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "transfer.fsckObjects=true",
    "fetch.fsck.zeroPaddedFilemode=ignore",  # old histories have them; the content is not in doubt
    "fetch.fsck.missingSpaceBeforeDate=ignore",
    "fetch.fsck.badTimezone=ignore",
    "diff.renames=true",
    # LFS content stays a pointer: without git-lfs its filter would stop every checkout.
    "filter.lfs.smudge=",
    "filter.lfs.process=",
    "filter.lfs.required=false",
)
SEALED = {
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_ADVICE": "0",
    "GIT_ASKPASS": "/bin/false",
    "SSH_ASKPASS": "/bin/false",
}
PASSED = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_DATE",
    "GIT_CEILING_DIRECTORIES",
)
ZERO = "0" * 40


def _launcher_text(*, user_config: bool, global_config: Path) -> str:
    keep = " ".join(f'${{ARENA_{name}+"{name}=$ARENA_{name}"}}' for name in PASSED)
    sealed = dict(SEALED, GIT_CONFIG_GLOBAL=str(global_config))
    if user_config:
        for name in ("HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"):
            sealed.pop(name)
        keep += ' "HOME=$HOME" ${XDG_CONFIG_HOME+"XDG_CONFIG_HOME=$XDG_CONFIG_HOME"}'
        keep += ' ${GIT_CONFIG_GLOBAL+"GIT_CONFIG_GLOBAL=$GIT_CONFIG_GLOBAL"}'
    fixed = " ".join(f"'{name}={value}'" for name, value in sealed.items())
    options = " ".join(f"-c '{option}'" for option in PINNED)
    return f'#!/bin/sh\nexec env -i "PATH=$PATH" {fixed} {keep} git {options} "$@"\n'


@functools.cache
def _launcher(*, user_config: bool = False) -> str:
    """Path of the launcher; `user_config` makes the one that may read (only read) the user's settings."""
    folder = store.cache_dir() / "git"
    config = folder / "gitconfig"
    if not config.exists():
        store.write_text(config, "")
    path = folder / ("ask-user" if user_config else "sealed")
    text = _launcher_text(user_config=user_config, global_config=config)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        store.write_text(path, text)
        path.chmod(0o700)
    return str(path)


@functools.cache
def _gitpython() -> Any:
    """The `git` package of GitPython, told to start nothing but our launcher."""
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"
    try:
        import git
    except ImportError as error:
        raise ArenaError(f"GitPython can't be imported: {error}.") from error
    git.refresh(_launcher())
    return git


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who commits."""

    name: str
    email: str

    def variables(self) -> dict[str, str]:
        """As the environment of `git commit-tree`."""
        return {
            "GIT_AUTHOR_NAME": self.name,
            "GIT_AUTHOR_EMAIL": self.email,
            "GIT_COMMITTER_NAME": self.name,
            "GIT_COMMITTER_EMAIL": self.email,
        }


ARENA = Identity(name="arena", email="arena@localhost")


class Repository:
    """A repository addressed by its git directory, never by a search from a folder.

    `top` is the root of its work tree, None for a bare one.
    """

    def __init__(
        self, git_dir: Path, top: Path | None, *, options: Sequence[str] = ()
    ) -> None:
        self.git_dir, self.top, self.options = git_dir, top, tuple(options)

    def __repr__(self) -> str:
        return f"Repository({str(self.git_dir)!r})"

    @functools.cached_property
    def python(self) -> Any:
        """GitPython's view (`git.Repo`); for what neither sha256 nor raw names can reach."""
        return _gitpython().Repo(self.git_dir)

    @functools.cached_property
    def common_dir(self) -> Path:
        """The directory that all worktrees share."""
        found = self.ask("rev-parse", "--git-common-dir").text
        return (self.git_dir / found).resolve()

    def ask(
        self,
        *args: str,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        user_config: bool = False,
        session: bool = False,
    ) -> Answer:
        """Runs git and returns its answer, whatever the exit code.

        `session` starts it in a session of its own, which a kill of our process group does not reach.
        """
        with tempfile.TemporaryFile() as source:
            source.write(stdin or b"")
            source.seek(0)
            code, out, err = self._worker().execute(
                [_launcher(user_config=user_config), *self.options, *args],
                istream=source,
                env=self._passed(env),
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                start_new_session=session,
            )
        return Answer(code=code, out=out, err=_text(err))

    def start(self, *args: str, env: Mapping[str, str] | None = None) -> Any:
        """Starts git in a session of its own, with pipes; for a conversation such as `update-ref --stdin`.

        It sees the end of its input when we die, also by a kill of our process group, and cleans up.
        """
        return self._worker().execute(
            [_launcher(), *self.options, *args],
            istream=-1,  # subprocess.PIPE, which only the door to processes may name
            env=self._passed(env),
            as_process=True,
            start_new_session=True,
        )

    def _worker(self) -> Any:
        # The git directory would do as working directory, but relative worktree paths need the top.
        return _gitpython().Git(str(self.top or self.git_dir))

    def _passed(self, env: Mapping[str, str] | None) -> dict[str, str]:
        variables = {"GIT_DIR": str(self.git_dir), **(env or {})}
        if self.top is not None:
            variables.setdefault("GIT_WORK_TREE", str(self.top))
        return {f"ARENA_{name}": value for name, value in variables.items()}

    def unfiltered(self) -> Repository:
        """The same repository with every filter driver of its own configuration switched off.

        Agents can write that configuration, and a checkout or a status would start what it names.
        """
        keys = self.ask("config", "-z", "--name-only", "--get-regexp", r"^filter\.")
        names = {key[len("filter.") :].rpartition(".")[0] for key in keys.fields}
        options = []
        for name in sorted(names | {"lfs"}):
            for key in ("smudge=", "clean=", "process=", "required=false"):
                options += ["-c", f"filter.{name}.{key}"]
        return Repository(self.git_dir, self.top, options=options)

    def call(
        self,
        *args: str,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        session: bool = False,
    ) -> Answer:
        """As `ask`. Raises GitError with git's own words when it fails."""
        answer = self.ask(*args, stdin=stdin, env=env, session=session)
        if answer.code != 0:
            raise GitError(
                f"git {args[0]} failed: {one_line(answer.err) or f'exit code {answer.code}'}"
            )
        return answer

    def resolve(self, revision: str) -> str | None:
        """The object id of the commit that `revision` names, or None."""
        if revision.startswith("-"):
            return None
        answer = self.ask(
            "rev-parse", "-q", "--verify", "--end-of-options", revision + "^{commit}"
        )
        return answer.text if answer.code == 0 and answer.text else None

    def tree_of(self, commit: str) -> str:
        """The tree id of a commit."""
        return self.call("rev-parse", "--verify", commit + "^{tree}").text

    def subject(self, commit: str) -> str:
        """First line of the commit's message."""
        return self.call("log", "-1", "--format=%s", commit).text

    def refs(self, *patterns: str) -> dict[str, str]:
        """Full ref name → object id."""
        lines = self.call(
            "for-each-ref", "--format=%(refname)%00%(objectname)", *patterns
        ).text
        return dict(line.split("\0") for line in lines.splitlines())

    def branch(self) -> str | None:
        """Full name of the branch that HEAD is on, None when detached."""
        answer = self.ask("symbolic-ref", "-q", "HEAD")
        return answer.text if answer.code == 0 else None

    def merge_bases(self, one: str, other: str) -> list[str]:
        """All best common ancestors of two commits."""
        answer = self.ask("merge-base", "--all", one, other)
        return answer.text.splitlines() if answer.code == 0 else []

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` contains `old`."""
        return self.ask("merge-base", "--is-ancestor", old, new).code == 0

    def identity(self) -> Identity:
        """The user's name and address, read from their own configuration; ours where they have none."""
        name = self.ask("config", "--get", "user.name", user_config=True).text
        email = self.ask("config", "--get", "user.email", user_config=True).text
        return Identity(name=name or ARENA.name, email=email or ARENA.email)

    def changed_files(self) -> list[str]:
        """Tracked files of the checkout that differ from HEAD; empty for a bare repository."""
        if self.top is None:
            return []
        fields = iter(
            self.call("status", "--porcelain=v2", "-z", "--untracked-files=no").fields
        )
        changed = []
        for field in fields:
            kind = field[:1]
            if kind == "1":
                changed.append(field.split(" ", 8)[8])
            elif kind == "2":
                changed.append(field.split(" ", 9)[9])
                next(fields, None)
            elif kind == "u":
                changed.append(field.split(" ", 10)[10])
        return changed

    def move_refs(self, moves: Sequence[tuple[str, str, str]], *, why: str) -> None:
        """Moves refs from the values that we saw to new ones, all or none.

        Each move is (ref, new id, old id); an empty old id means "must not exist", an empty new id deletes.
        Raises GitError if any of them is not what we saw; then nothing has moved.
        """
        if not moves:
            return
        lines = []
        for ref, new, old in moves:
            if new and old:
                lines.append(f"update {ref}\0{new}\0{old}\0")
            elif new:
                lines.append(f"create {ref}\0{new}\0")
            else:
                lines.append(f"delete {ref}\0{old}\0")
        self.call(
            "update-ref",
            "--stdin",
            "-z",
            "--create-reflog",
            "-m",
            why,
            stdin="".join(lines).encode("utf-8", "surrogateescape"),
            env=ARENA.variables(),
        )


def _text(data: bytes | str) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "backslashreplace")


def version() -> tuple[int, ...]:
    """Git's version, for example (2, 39, 5). Raises ArenaError if git is missing or too old."""
    from arena.machine import process

    found = process.which("git")
    if not found:
        raise ArenaError(
            "git is not installed. Install it, for example: apt install git"
        )
    said = process.capture(["git", "--version"]).stdout
    numbers = tuple(int(n) for n in re.findall(r"\d+", said)[:3])
    if numbers[:2] < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise ArenaError(
            f"git {'.'.join(map(str, numbers))} is too old: arena needs {wanted} or newer."
        )
    return numbers


def open_repository(start: Path) -> Repository:
    """The repository around `start`. Raises ArenaError if there is none, or it belongs to someone else."""
    if not start.is_dir():
        raise ArenaError(f"{start} is not a folder. Name one with -C.")
    version()
    said = _ask_at(
        start,
        "rev-parse",
        "--absolute-git-dir",
        "--is-bare-repository",
        "--is-inside-work-tree",
    )
    if said.code != 0:
        if "dubious ownership" in said.err:
            raise ArenaError(
                f"git does not trust {start}, which belongs to another user. "
                f"If you do: git config --global --add safe.directory {start}"
            )
        raise ArenaError(
            f"{start} is not in a git repository. Run arena inside one, or name one with -C DIR "
            "(a new one: git init, then commit)."
        )
    git_dir, bare, inside = said.text.splitlines()[:3]
    _trust_like_the_user(Path(git_dir))
    if bare == "true" or inside != "true":
        return Repository(Path(git_dir), None)
    top = _ask_at(start, "rev-parse", "--show-toplevel").text
    return Repository(Path(git_dir), Path(top))


def _trust_like_the_user(git_dir: Path) -> None:
    """Takes over the user's own safe.directory exceptions; our sealed configuration would hide them."""
    if os.name != "posix" or git_dir.stat().st_uid == os.getuid():
        return
    said = _ask_at(git_dir, "config", "--global", "--get-all", "safe.directory")
    lines = "".join(f"\tdirectory = {name}\n" for name in said.text.splitlines())
    store.write_text(store.cache_dir() / "git" / "gitconfig", f"[safe]\n{lines}")


def _ask_at(folder: Path, *args: str) -> Answer:
    """A question that needs git's own search upwards: with the user's settings, for safe.directory."""
    git = _gitpython()
    code, out, err = git.Git(str(folder)).execute(
        [_launcher(user_config=True), *args],
        with_extended_output=True,
        with_exceptions=False,
        stdout_as_string=False,
        strip_newline_in_stdout=False,
    )
    return Answer(code=code, out=out, err=_text(err))


def create(folder: Path, *, message: str, identity: Identity) -> Repository:
    """A new repository in `folder`, with all that is in it as the first commit on `main`."""
    version()
    repo = Repository(folder / ".git", folder)
    repo.call("init", "-q", "-b", "main")
    repo.call("add", "-A")
    repo.call("commit", "-q", "-m", message, env=identity.variables())
    return repo


def at(git_dir: Path) -> Repository:
    """A bare repository of ours."""
    return Repository(git_dir, None)
