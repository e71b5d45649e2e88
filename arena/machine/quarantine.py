"""A bare repository of ours that takes objects by id and nothing else: no hooks, configuration, attributes, refs.

Agents can write to the user's repository, even to its object store (git reads a loose object without checking its
hash), so from the moment that an agent has ended everything is done here. Recipes measured with git 2.39.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from arena.errors import ArenaError, GitError, one_line
from arena.machine import git, raw, scratch, store, transfer
from arena.machine.changes import EXECUTABLE, GITLINK, LINK, Change, parse_changes
from arena.machine.git import Repository
from arena.machine.people import ARENA, Author, Identity
from arena.machine.user import Signing

# Stronger than any .gitattributes in a tree. Unspecified diff and merge (`!`) are git's own: `-diff` would make
# everything binary, `-merge` everything a conflict.
ATTRIBUTES = "* -text -filter !diff !merge -ident -export-ignore -export-subst -working-tree-encoding\n"
DIFF = ("diff-tree", "-r", "-M", "--no-ext-diff", "--no-textconv")


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a tree: git's mode, object id and path (undecodable bytes as surrogates)."""

    mode: str
    oid: str
    path: str


@dataclass(frozen=True, slots=True)
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
        self.git = Repository(path, None)
        # Ids name content: what was read once is read for good. A start of git costs as much as 1000 look-ups.
        self._listing = functools.lru_cache(maxsize=16)(self._list)
        self._content = functools.lru_cache(maxsize=256)(self._blob)
        self._index = functools.lru_cache(maxsize=2)(self._index_of)
        self._changed = functools.lru_cache(maxsize=128)(self._compare)
        self.tree_of = functools.lru_cache(maxsize=1024)(self.git.tree_of)
        with store.lock(path.with_suffix(".lock"), who="arena", wait=60):
            if not (path / "HEAD").exists():
                path.mkdir(parents=True, exist_ok=True)
                kind = source.ask("rev-parse", "--show-object-format").text or "sha1"
                words = ("--bare", "--template=", f"--object-format={kind}")
                self.git.call("init", "-q", *words)
            store.write_text(path / "info" / "attributes", ATTRIBUTES)
            store.write_text(path / "info" / "exclude", "")

    def take(self, commit: str, *, ref: str, depth: int | None = None) -> None:
        """Fetches a commit by id from the user's repository and holds it under `ref`.

        Raises GitError if the objects did not arrive whole.
        """
        self.take_all({ref: commit}, depth=depth)

    def take_all(self, wanted: Mapping[str, str], *, depth: int | None = None) -> None:
        """As `take`, for ref → commit, by one fetch."""
        if not wanted:
            return
        shallow = depth is not None and not self.git.holds(*wanted.values())
        option = f"--depth={depth}" if shallow else "--update-shallow"
        cure = "In a partial clone run: git fetch --refetch --no-filter"
        specs = [f"+{commit}:{ref}" for ref, commit in wanted.items()]
        commits = [*wanted.values()]
        transfer.copy(self.source, self.git, commits, option, specs=specs, cure=cure)

    def deepen(self, *commits: str) -> None:
        """Brings the history of these commits that a shallow `take` left out; merge bases need it."""
        shallow = self.git.ask("rev-parse", "--is-shallow-repository").text == "true"
        if commits and shallow:
            answer = transfer.fetch(self.git, self.source, "--unshallow", specs=commits)
            if answer.code != 0:
                raise GitError(f"git fetch failed: {one_line(answer.err)}")

    def holds(self, commit: str) -> bool:
        """Whether the commit and its tree are here."""
        return self.git.holds(commit)

    def keep(self, commit: str, *, ref: str) -> None:
        """Holds an object of ours under a ref, so that no clean-up of git drops it."""
        self.keep_all({ref: commit})

    def keep_all(self, held: Mapping[str, str]) -> None:
        """As `keep`, for ref → object."""
        if not held:
            return
        lines = "".join(f"update {ref}\0{oid}\0\0" for ref, oid in held.items())
        self.git.call("update-ref", "--stdin", "-z", stdin=lines.encode())

    def give(self, *commits: str) -> None:
        """Copies commits of ours into the user's repository, where no ref names them yet."""
        if transfer.whole(self.source, *commits):
            return  # the judge of existing branches: everything is there
        cure = "Run git fsck there; nothing was changed."
        transfer.copy(self.git, self.source, commits, specs=commits, cure=cure)

    def entries(self, tree: str) -> list[TreeEntry]:
        """All files of a tree, recursively, links and submodules included."""
        return list(self._listing(tree).values())

    def _list(self, tree: str) -> dict[str, TreeEntry]:
        found = {}
        for line in self.git.call("ls-tree", "-r", "-z", tree).fields:
            head, _, path = line.partition("\t")
            mode, _, oid = head.split(" ")
            found[path] = TreeEntry(mode, oid, path)
        return found

    def _blob(self, oid: str) -> bytes:
        return next(self.blobs([oid]))

    def blobs(self, oids: list[str]) -> Iterator[bytes]:
        """Contents of blobs, in order, by one git process."""
        return raw.contents(self.git, oids)

    def read(self, tree: str, path: str) -> bytes | None:
        """Content of one file of a tree, None if it is not there (or is no plain file)."""
        entry = self._listing(tree).get(path)
        if entry is None or entry.mode in (LINK, GITLINK):
            return None
        return self._content(entry.oid)

    def after(self, change: Change) -> bytes:
        """Content of a changed file on the new side, empty where it is gone (or is no plain file)."""
        plain = change.status != "D" and change.mode not in (LINK, GITLINK)
        return self._content(change.oid) if plain else b""

    def export(self, tree: str, target: Path) -> None:
        """Writes the raw files of a tree into an empty folder: no filter, attribute or hook acts.

        Links that leave the tree and submodules are left out. Raises BadTreeError for names that no folder can hold,
        ArenaError when the disk is full.
        """
        where: dict[str, list[TreeEntry]] = {}
        for entry in self.entries(tree):
            if entry.mode != GITLINK:
                where.setdefault(entry.oid, []).append(entry)
        target.mkdir(parents=True, exist_ok=True)
        try:
            for oid, content in zip(where, self.blobs(list(where)), strict=True):
                for e in where[oid]:
                    kind = {"link": e.mode == LINK, "executable": e.mode == EXECUTABLE}
                    raw.place(target, e.path, content, **kind)
        except OSError as error:
            if error.errno in raw.UNFIT:
                raise raw.BadTreeError(
                    f"can't be exported: {error.strerror}."
                ) from error
            raise ArenaError(
                f"can't export a tree to {target}: {error.strerror}. Free some space there."
            ) from error

    def changes(self, old: str, new: str) -> list[Change]:
        """What differs between two trees, sorted by path, renames found."""
        return list(self._changed(old, new))

    def _compare(self, old: str, new: str) -> tuple[Change, ...]:
        words = (*DIFF, "-z", "--raw", "--numstat", old, new)
        return parse_changes(self.git.call(*words).fields)

    def patch(self, old: str, new: str) -> bytes:
        """The unified diff of two trees, with git's own headers."""
        return self.git.call(*DIFF, "-p", old, new).out

    def content(self, folder: Path, *, base: str) -> str:
        """The tree of what is in `folder` and not ignored by its `.gitignore` files; the index begins as `base`.

        The folder's own git state (index, flags, hooks, filters, HEAD) is neither read nor touched.
        """
        place = {"GIT_WORK_TREE": str(folder)}
        return self._rewritten(base, "add", "-A", "--", ".", env=place)

    def snapshot(self, folder: Path, *, base: str, message: str) -> str:
        """A commit on `base` with the content of `folder`."""
        content = self.content(folder, base=base)
        return self.commit(content, parents=(base,), message=message)

    def apply(
        self, patch: bytes, *, base: str, message: str, date: str | None = None
    ) -> str:
        """A commit on `base` with a patch applied to it. Raises GitError if it does not apply."""
        words = ("apply", "--cached", "--whitespace=nowarn", "-")
        tree = self._rewritten(base, *words, stdin=patch)
        return self.commit(tree, parents=(base,), message=message, date=date)

    def edit(
        self,
        tree: str,
        *,
        put: Iterable[TreeEntry] = (),
        drop: Iterable[str] = (),
        files: Mapping[str, bytes] = {},
    ) -> str:
        """The id of `tree` with entries put in, paths dropped, and files of given content added."""
        nothing = "0" * len(tree)
        lines = [f"0 {nothing}\t{path}\0" for path in drop]
        lines += [f"{e.mode} {e.oid}\t{e.path}\0" for e in put]
        for path, content in sorted(files.items()):
            words = ("hash-object", "-w", "--stdin", "--no-filters")
            oid = self.git.call(*words, stdin=content).text
            lines.append(f"100644 {oid}\t{path}\0")
        data = "".join(lines).encode("utf-8", "surrogateescape")
        update = ("update-index", "-z", "--index-info")
        return self._rewritten(tree, *update, stdin=data) if data else tree

    def _rewritten(
        self, start: str, *command: str, stdin: bytes = b"", env: git.Env = git.NOTHING
    ) -> str:
        """The tree that a command makes of `start` in a fresh index."""
        with scratch.folder() as folder:
            (folder / "index").write_bytes(self._index(start))
            env = {**env, "GIT_INDEX_FILE": str(folder / "index")}
            self.git.call(*command, stdin=stdin, env=env)
            return self.git.call("write-tree", env=env).text

    def _index_of(self, start: str) -> bytes:
        with scratch.folder() as folder:
            index = folder / "index"
            self.git.call("read-tree", start, env={"GIT_INDEX_FILE": str(index)})
            return index.read_bytes()

    def commit(
        self,
        tree: str,
        *,
        parents: tuple[str, ...],
        message: str,
        identity: Identity = ARENA,
        date: str | None = None,
        author: Author | None = None,
        signing: Signing | None = None,
    ) -> str:
        """Makes a commit object; `date` in git's format, now by default; `author` if that is not who commits.

        Raises GitError if it can't be signed.
        """
        env = identity.variables()
        if date is not None:
            env |= {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        if author is not None:
            env |= author.variables()
        links = [word for parent in parents for word in ("-p", parent)]
        text = message.encode("utf-8", "surrogateescape")
        options, sign = (signing.options, ["-S"]) if signing else ((), [])
        env |= signing.env if signing else {}
        words = (*options, "commit-tree", tree, *sign, *links)
        return self.git.call(*words, stdin=text, env=env).text

    def merge(self, ours: str, theirs: str) -> Merge:
        """Merges two commits in memory; merge drivers of the user's repository do not run here."""
        self._complete(ours, theirs)
        words = ("merge-tree", "--write-tree", "-z", "--name-only", ours, theirs)
        answer = self.git.ask(*words)
        if answer.code not in (0, 1):
            raise GitError(f"can't merge {theirs[:12]}: {one_line(answer.err)}")
        tree, *names = answer.fields
        if answer.code == 0:
            return Merge(tree, ())
        end = names.index("") if "" in names else len(names)  # messages follow
        return Merge(None, tuple(dict.fromkeys(names[:end])))

    def _complete(self, ours: str, theirs: str) -> None:
        """Brings what lies behind a commit that a shallow `take` cut off and only one of these two contains."""
        edge = self.git.git_dir / "shallow"
        if edge.exists():
            cut = set(edge.read_text(encoding="ascii").split())
            apart = self.git.ask("rev-list", f"{ours}...{theirs}").text.split()
            self.deepen(*cut.intersection(apart))
