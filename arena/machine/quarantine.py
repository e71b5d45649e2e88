"""A bare repository of ours that takes objects by id and nothing else: no hooks, configuration, attributes, refs.

Agents can write to the user's repository, even to its object store (git reads a loose object without checking its
hash), so from the moment that an agent has ended everything is done here. Recipes measured with git 2.39.
"""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from arena.errors import ArenaError, GitError, one_line
from arena.machine import git, store
from arena.machine.git import Repository

# `merge` is git's own text merge; `-merge` would call every file that both sides changed a conflict.
# Stronger than any .gitattributes in a tree. Unspecified diff and merge (`!`) are git's own: binary by content,
# three-way by line; `-diff` would make everything binary, `-merge` everything a conflict.
ATTRIBUTES = "* -text -filter !diff !merge -ident -export-ignore -export-subst -working-tree-encoding\n"
LINK, GITLINK, EXECUTABLE = "120000", "160000", "100755"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """One file of a tree: git's mode, object id and path (undecodable bytes as surrogates)."""

    mode: str
    oid: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One path that differs between two trees. `status` is A, M, D, T or R; `old_path` is set for R.

    `added` and `removed` count lines, None for binary content."""

    status: str
    path: str
    old_path: str | None
    old_mode: str
    mode: str
    old_oid: str
    oid: str
    added: int | None
    removed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Outcome of a three-way merge made without a work tree: the merged tree, or the paths in conflict."""

    tree: str | None
    conflicts: tuple[str, ...]


class Quarantine:
    """The quarantine of one user repository, kept between runs (a second fetch then costs 0.05 s)."""

    def __init__(self, source: Repository) -> None:
        self.source = source
        name = store.repository_id(source.common_dir)
        path = store.cache_dir() / "quarantine" / f"{name}.git"
        self.git = git.at(path)
        self._scratch = path.parent / f"{name}.index"
        # Ids name content: what was read once is read for good. A start of git costs as much as 1000 look-ups.
        self._listing = functools.lru_cache(maxsize=16)(self._list)
        self._content = functools.lru_cache(maxsize=64)(
            lambda oid: next(self.blobs([oid]))
        )
        with store.lock(path.with_suffix(".lock"), who="arena", wait=60):
            if not (path / "HEAD").exists():
                self._create(path)
            self._seal(path / "info")

    def _create(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        kind = self.source.ask("rev-parse", "--show-object-format").text or "sha1"
        self.git.call("init", "-q", "--bare", "--template=", f"--object-format={kind}")

    @staticmethod
    def _seal(info: Path) -> None:
        info.mkdir(exist_ok=True)
        for name, text in (("attributes", ATTRIBUTES), ("exclude", "")):
            path = info / name
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                store.write_text(path, text)

    def take(self, commit: str, *, ref: str, depth: int | None = None) -> None:
        """Fetches a commit by id from the user's repository and holds it under `ref`.

        Raises GitError if the objects did not arrive whole (`fetch` alone can end with 0 and bring nothing).
        """
        options = ["--no-tags", "--no-write-fetch-head", "--no-auto-gc"]
        if depth is not None and not self.holds(commit):
            options.append(f"--depth={depth}")
        else:
            options.append("--update-shallow")
        url = "file://" + str(self.source.common_dir)
        answer = self.git.ask("fetch", "-q", *options, url, f"+{commit}:{ref}")
        if answer.code != 0 or not self.holds(commit):
            raise GitError(
                f"can't copy commit {commit[:12]} out of {self.source.git_dir}: "
                f"{one_line(answer.err) or 'it did not arrive'}. "
                "In a partial clone run: git fetch --refetch --no-filter"
            )

    def deepen(self, *commits: str) -> None:
        """Brings the history of these commits that a shallow `take` left out; merge bases need it."""
        if self.git.ask("rev-parse", "--is-shallow-repository").text != "true":
            return
        url = "file://" + str(self.source.common_dir)
        options = ("-q", "--unshallow", "--no-tags", "--no-write-fetch-head")
        self.git.call("fetch", *options, "--no-auto-gc", url, *commits)

    def holds(self, commit: str) -> bool:
        """Whether the commit and its tree are here."""
        return self.git.ask("cat-file", "-e", commit + "^{tree}").code == 0

    def keep(self, commit: str, *, ref: str) -> None:
        """Holds an object of ours under a ref, so that no clean-up of git drops it."""
        self.git.call("update-ref", ref, commit)

    def give(self, commit: str) -> None:
        """Copies a commit of ours into the user's repository, where no ref names it yet."""
        if self.source.ask("rev-list", "--objects", "-n", "1", commit).code == 0:
            return  # the judge of existing branches: everything is there
        url = "file://" + str(self.git.git_dir)
        # A pruning set in the user's configuration must not reach their remote-tracking branches.
        options = ("-q", "--no-tags", "--no-write-fetch-head", "--no-auto-gc")
        answer = self.source.ask("fetch", "--no-prune", *options, url, commit)
        if (
            answer.code != 0
            or self.source.ask("cat-file", "-e", commit + "^{tree}").code != 0
        ):
            raise GitError(
                f"can't copy commit {commit[:12]} into {self.source.git_dir}: {one_line(answer.err)}. "
                "Run git fsck there; nothing was changed."
            )

    def entries(self, tree: str) -> list[TreeEntry]:
        """All files of a tree, recursively, links and submodules included."""
        return list(self._listing(tree).values())

    def _list(self, tree: str) -> dict[str, TreeEntry]:
        found = {}
        for line in self.git.call("ls-tree", "-r", "-z", tree).fields:
            head, _, path = line.partition("\t")
            mode, _, oid = head.split(" ")
            found[path] = TreeEntry(mode=mode, oid=oid, path=path)
        return found

    def blobs(self, oids: list[str]) -> Iterator[bytes]:
        """Contents of blobs, in order, by one git process."""
        return _blobs(self.git, oids)

    def untrue(self, old: str, new: str) -> list[str]:
        """What the user's object store holds of `new` with other content than its id says, among what changed.

        Git reads a loose object without checking its hash, and agents can write to that store.
        """
        found = [
            name
            for name, command in (
                ("the commit", ("cat-file", "commit", new)),
                ("the tree", ("ls-tree", "-r", "-t", "-z", new)),
            )
            if self.source.ask(*command).out != self.git.call(*command).out
        ]
        if found:
            return found
        changes = [c for c in self.changes(old, new) if c.status != "D"]
        changes = [c for c in changes if c.mode != GITLINK]
        theirs = _blobs(self.source, [c.oid for c in changes])
        ours = self.blobs([c.oid for c in changes])
        for change, one, other in zip(changes, theirs, ours, strict=True):
            if one != other:
                found.append(change.path)
        return found

    def read(self, tree: str, path: str) -> bytes | None:
        """Content of one file of a tree, None if it is not there (or is no plain file)."""
        entry = self._listing(tree).get(path)
        if entry is None or entry.mode in (LINK, GITLINK):
            return None
        return self._content(entry.oid)

    def export(self, tree: str, target: Path) -> None:
        """Writes the raw files of a tree into an empty folder: no filter, attribute or hook acts.

        Links that leave the tree and submodules are left out. Raises ArenaError when the disk is full.
        """
        entries = [e for e in self.entries(tree) if e.mode != GITLINK]
        unique = list(dict.fromkeys(entry.oid for entry in entries))
        where: dict[str, list[TreeEntry]] = {}
        for entry in entries:
            where.setdefault(entry.oid, []).append(entry)
        target.mkdir(parents=True, exist_ok=True)
        try:
            for oid, content in zip(unique, self.blobs(unique), strict=True):
                for entry in where[oid]:
                    _place(target, entry, content)
        except OSError as error:
            raise ArenaError(
                f"can't export a tree to {target}: {error.strerror}. Free some space there."
            ) from error

    def changes(self, old: str, new: str) -> list[Change]:
        """What differs between two trees, sorted by path, renames found."""
        raw = iter(
            self.git.call("diff-tree", "-r", "-z", "-M", "--raw", old, new).fields
        )
        sizes = self._sizes(old, new)
        found = []
        for head in raw:
            old_mode, mode, old_oid, oid, status = head[1:].split(" ")
            path = next(raw)
            old_path = None
            if status[0] in "RC":
                old_path, path = path, next(raw)
            added, removed = sizes.get(path, (None, None))
            found.append(
                Change(
                    status=status[0],
                    path=path,
                    old_path=old_path,
                    old_mode=old_mode,
                    mode=mode,
                    old_oid=old_oid,
                    oid=oid,
                    added=added,
                    removed=removed,
                )
            )
        return sorted(found, key=lambda change: change.path)

    def _sizes(self, old: str, new: str) -> dict[str, tuple[int | None, int | None]]:
        fields = iter(
            self.git.call(
                "diff-tree", "-r", "-z", "-M", "--numstat", "--no-ext-diff", old, new
            ).fields
        )
        sizes: dict[str, tuple[int | None, int | None]] = {}
        for field in fields:
            added, removed, path = field.split("\t", 2)
            if not path:  # a rename: the two names follow
                next(fields)
                path = next(fields)
            sizes[path] = (
                None if added == "-" else int(added),
                None if removed == "-" else int(removed),
            )
        return sizes

    def patch(self, old: str, new: str, *, context: int = 3) -> bytes:
        """The unified diff of two trees, with git's own headers."""
        return self.git.call(
            "diff-tree",
            "-r",
            "-p",
            "-M",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            f"-U{context}",
            old,
            new,
        ).out

    def snapshot(self, folder: Path, *, base: str, message: str) -> str:
        """A commit on `base` with the content of `folder` as it is, made with an index of our own.

        The folder's own git state (index, flags, hooks, filters, HEAD) is neither read nor touched; what the
        `.gitignore` files in it ignore is left out.
        """
        with self._index() as env:
            env["GIT_WORK_TREE"] = str(folder)
            self.git.call("read-tree", base, env=env)
            self.git.call("add", "-A", "--", ".", env=env)
            tree = self.git.call("write-tree", env=env).text
        return self.commit(tree, parents=(base,), message=message)

    def apply(
        self, patch: bytes, *, base: str, message: str, date: str | None = None
    ) -> str:
        """A commit on `base` with a patch applied to it. Raises GitError if it does not apply."""
        with self._index() as env:
            self.git.call("read-tree", base, env=env)
            self.git.call(
                "apply", "--cached", "--whitespace=nowarn", "-", stdin=patch, env=env
            )
            tree = self.git.call("write-tree", env=env).text
        return self.commit(tree, parents=(base,), message=message, date=date)

    def edit(
        self,
        tree: str,
        *,
        put: Iterable[TreeEntry] = (),
        drop: Iterable[str] = (),
        files: Mapping[str, bytes] | None = None,
    ) -> str:
        """The id of `tree` with entries put in, paths dropped, and files of given content added."""
        nothing = "0" * len(tree)
        lines = [f"0 {nothing}\t{path}\0" for path in drop]
        lines += [f"{e.mode} {e.oid}\t{e.path}\0" for e in put]
        for path, content in sorted((files or {}).items()):
            oid = self.git.call(
                "hash-object", "-w", "--stdin", "--no-filters", stdin=content
            ).text
            lines.append(f"100644 {oid}\t{path}\0")
        if not lines:
            return tree
        with self._index() as env:
            self.git.call("read-tree", tree, env=env)
            data = "".join(lines).encode("utf-8", "surrogateescape")
            self.git.call("update-index", "-z", "--index-info", stdin=data, env=env)
            return self.git.call("write-tree", env=env).text

    def commit(
        self,
        tree: str,
        *,
        parents: tuple[str, ...],
        message: str,
        identity: git.Identity = git.ARENA,
        date: str | None = None,
    ) -> str:
        """Makes a commit object; `date` in git's format, now by default."""
        env = identity.variables()
        if date is not None:
            env |= {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        links = [word for parent in parents for word in ("-p", parent)]
        text = message.encode("utf-8", "surrogateescape")
        return self.git.call("commit-tree", tree, *links, stdin=text, env=env).text

    def merge(self, ours: str, theirs: str) -> Merge:
        """Merges two commits in memory; merge drivers of the user's repository do not run here."""
        answer = self.git.ask(
            "merge-tree", "--write-tree", "-z", "--name-only", ours, theirs
        )
        fields = answer.fields
        if answer.code == 0:
            return Merge(
                tree=fields[0] if fields else answer.text.strip("\0"), conflicts=()
            )
        if answer.code == 1:
            end = fields.index("") if "" in fields else len(fields)
            return Merge(tree=None, conflicts=tuple(dict.fromkeys(fields[1:end])))
        raise GitError(f"can't merge {theirs[:12]}: {one_line(answer.err)}")

    def _index(self) -> _Index:
        return _Index(self._scratch)


def _blobs(repo: Repository, oids: list[str]) -> Iterator[bytes]:
    wanted = "".join(oid + "\n" for oid in oids).encode()
    data = repo.call("cat-file", "--batch", stdin=wanted).out
    position = 0
    for oid in oids:
        end = data.index(b"\n", position)
        head = data[position:end].split()
        if len(head) != 3:
            raise GitError(f"object {oid} is missing from {repo.git_dir}")
        size = int(head[2])
        yield data[end + 1 : end + 1 + size]
        position = end + 2 + size


class _Index:
    """A fresh index file for one operation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> dict[str, str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._dir = tempfile.TemporaryDirectory(dir=self.folder)
        return {"GIT_INDEX_FILE": str(Path(self._dir.name) / "index")}

    def __exit__(self, *_: object) -> None:
        self._dir.cleanup()


def _place(target: Path, entry: TreeEntry, content: bytes) -> None:
    path = os.path.join(os.fsencode(target), os.fsencode(entry.path))  # noqa: PTH118 - raw names
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
    if entry.mode == LINK:
        if _stays_inside(entry.path, os.fsdecode(content)):
            os.symlink(content, path)  # noqa: PTH211
        return
    mode = 0o755 if entry.mode == EXECUTABLE else 0o644
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb"
    ) as file:
        file.write(content)


def _stays_inside(link: str, destination: str) -> bool:
    joined = os.path.normpath(os.path.join(os.path.dirname(link), destination))  # noqa: PTH118, PTH120
    return not destination.startswith("/") and joined.split("/")[0] != ".."
