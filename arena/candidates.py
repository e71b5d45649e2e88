"""A candidate is a commit to be judged. This is where existing branches, commits and patch files become one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arena.errors import ArenaError, GitError
from arena.machine import store
from arena.machine.git import Repository
from arena.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A commit under judgement. `agent` is the program that made it, None for an existing revision; `source` says
    in words where it comes from; `message` is its commit subject, the author's words."""

    label: str
    commit: str
    tree: str
    source: str
    message: str = ""
    agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A candidate as the user named it: a commit of the repository, or a patch file."""

    label: str
    name: str
    commit: str | None
    patch: Path | None


def resolve(repo: Repository, names: Sequence[str], *, folder: Path) -> list[Named]:
    """Finds what the words on the command line mean: `label=rev`, branch, tag, commit, `pr/N`, patch file.

    Raises ArenaError for a name that means nothing, or one given twice.
    """
    found = [_resolve_one(repo, word, folder=folder) for word in names]
    labels: set[str] = set()
    for position, named in enumerate(found):
        if named.name in {other.name for other in found[:position]}:
            raise ArenaError(f"{named.name} is given twice. Name each candidate once.")
        if named.label in labels and "=" in names[position]:
            raise ArenaError(
                f"two candidates are called {named.label!r}. Give each a label of its own."
            )
        labels.add(named.label)
    return _distinct(found)


def _distinct(found: list[Named]) -> list[Named]:
    """The same with labels made unique by a number where two names give the same slug."""
    used: set[str] = set()
    result = []
    for named in found:
        label, number = named.label, 2
        while label in used:
            label, number = f"{named.label}-{number}", number + 1
        used.add(label)
        result.append(
            Named(label=label, name=named.name, commit=named.commit, patch=named.patch)
        )
    return result


def _resolve_one(repo: Repository, word: str, *, folder: Path) -> Named:
    given, equals, name = word.partition("=")
    if not equals or repo.resolve(word):
        given, name = "", word
    if given and not store.slug(given):
        raise ArenaError(
            f"{given!r} can't be a label. Use letters, digits, '.', '_' or '-'."
        )
    commit = repo.resolve(_pull_request(repo, name) or name)
    path = folder / name
    if commit is None and path.is_file():
        label = store.slug(given or path.stem) or "patch"
        return Named(label=label, name=name, commit=None, patch=path)
    if commit is None:
        raise ArenaError(_unknown(repo, name))
    return Named(
        label=store.slug(given or _short(name)) or commit[:8],
        name=name,
        commit=commit,
        patch=None,
    )


def _short(name: str) -> str:
    return re.sub(r"^(refs/)?(heads|tags|remotes)/", "", name).replace("/", "-")


def _pull_request(repo: Repository, name: str) -> str | None:
    """The ref of `pr/N`, where a fetch has brought it; None if `name` is no such name."""
    number = re.fullmatch(r"pr/(\d+)", name)
    if not number:
        return None
    places = (
        "refs/pull/{}/head",
        "refs/remotes/origin/pr/{}",
        "refs/remotes/origin/pull/{}/head",
    )
    for place in places:
        ref = place.format(number[1])
        if repo.resolve(ref):
            return ref
    if repo.resolve(name):
        return name
    raise ArenaError(
        f"{name} is not here. Fetch it first: git fetch origin pull/{number[1]}/head:{name}"
    )


def _unknown(repo: Repository, name: str) -> str:
    known = [
        _short(ref) for ref in repo.refs("refs/heads", "refs/remotes", "refs/tags")
    ]
    near = difflib.get_close_matches(name, known, 1, 0.5)
    guess = f' Did you mean "{near[0]}"?' if near else " See them with: git branch -a"
    return f'no branch, commit or patch called "{name}".{guess}'


def choose_base(
    repo: Repository, named: Sequence[Named], *, given: str | None, target: str | None
) -> str:
    """The commit that all candidates are compared with: `given`, else where they left the target.

    Raises ArenaError if there is no such commit, or they left it at different ones.
    """
    if given:
        commit = repo.resolve(given)
        if commit is None:
            raise ArenaError(_unknown(repo, given))
        return commit
    commits = {n.label: n.commit for n in named if n.commit}
    main = target or "HEAD"
    tip = repo.resolve(main)
    if tip is None:
        raise ArenaError(
            "this repository has no commit to compare with. Make a first commit, or give --base."
        )
    bases: dict[str, list[str]] = {}
    for label, commit in commits.items():
        found = repo.merge_bases(tip, commit)
        if not found:
            raise ArenaError(
                f"{label} has no common history with {main}. Give the commit to compare with: --base"
            )
        bases.setdefault(" ".join(sorted(found)), []).append(label)
    if not bases:
        return tip
    if len(bases) > 1 or " " in next(iter(bases)):
        where = "; ".join(
            f"{', '.join(labels)}: {base[:10]}"
            for base, labels in sorted(bases.items())
        )
        raise ArenaError(
            f"the candidates start from different commits ({where}). Choose one with --base REV."
        )
    return next(iter(bases))


def take(session: Session, named: Named, *, base: str) -> Candidate:
    """Brings a candidate's objects into the quarantine. Raises ArenaError if a patch does not apply."""
    repo, quarantine = session.repo, session.quarantine
    ref = f"refs/arena/run/{session.run}/{named.label}"
    if named.commit is not None:
        quarantine.take(named.commit, ref=ref)
        commit = named.commit
    else:
        assert named.patch is not None
        try:
            commit = quarantine.apply(
                named.patch.read_bytes(),
                base=base,
                message=f"Patch {named.patch.name}\n",
                date=PATCH_DATE,
            )
        except GitError as error:
            raise ArenaError(
                f"patch {named.name} does not apply to {base[:10]}: {error}"
            ) from error
        quarantine.keep(commit, ref=ref)
    return Candidate(
        label=named.label,
        commit=commit,
        tree=quarantine.git.tree_of(commit),
        source=f"patch {named.name}" if named.patch else _words(repo, named.name),
        message=quarantine.git.subject(commit),
    )


PATCH_DATE = (
    "1577836800 +0000"  # fixed, so that the same patch always is the same commit
)


def _words(repo: Repository, name: str) -> str:
    kinds = (
        ("refs/heads/", "branch"),
        ("refs/remotes/", "remote branch"),
        ("refs/tags/", "tag"),
    )
    for prefix, word in kinds:
        if repo.ask("show-ref", "--verify", "-q", prefix + name).code == 0:
            return f"{word} {name}"
    return f"commit {name}"
