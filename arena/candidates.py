"""A candidate is a commit to be judged. This is where existing branches, commits and patch files become one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from arena.errors import ArenaError, GitError
from arena.machine import store
from arena.machine.checkout import some
from arena.machine.git import Repository
from arena.machine.quarantine import Quarantine
from arena.session import Session

# Fixed, so that the same patch always is the same commit.
DATE = "1577836800 +0000"
PULLS = ("pull/{}/head", "remotes/origin/pr/{}", "remotes/origin/pull/{}/head")
KINDS = {"refs/heads/": "branch", "refs/remotes/": "remote branch", "refs/tags/": "tag"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A commit under judgement. `agent` is the program that made it, None for an existing revision; `source` says
    in words where it comes from; `message` is its commit subject, the author's words; `changed` tells what changed in
    the repository while its agent worked."""

    label: str
    commit: str
    tree: str
    source: str
    message: str = ""
    agent: str | None = None
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """A candidate as the user named it: a commit of the repository, or a patch file."""

    label: str
    name: str
    commit: str | None
    patch: Path | None


def resolve(repo: Repository, names: Sequence[str], *, folder: Path) -> list[Named]:
    """Finds what the words on the command line mean: `label=rev`, branch, tag, commit, `pr/N`, patch file.

    Labels that were not given are made unique by a number. Raises ArenaError for a name that means nothing, or
    one given twice.
    """
    found: dict[str, Named] = {}
    for word in names:
        named = _resolve_one(repo, word, folder=folder)
        if named.name in {other.name for other in found.values()}:
            raise ArenaError(f"{named.name} is given twice. Name each candidate once.")
        if named.label in found and named.name != word:
            raise ArenaError(f"two candidates are called {named.label!r}. Rename one.")
        label, number = named.label, 1
        while label in found:
            number += 1
            label = f"{named.label}-{number}"
        found[label] = replace(named, label=label)
    return list(found.values())


def _resolve_one(repo: Repository, word: str, *, folder: Path) -> Named:
    given, equals, name = word.partition("=")
    if not equals or repo.resolve(word):
        given, name = "", word
    if given and not store.slug(given):
        raise ArenaError(f"{given!r} can't be a label. Use letters, digits or '-'.")
    number = re.fullmatch(r"pr/(\d+)", name)
    refs = [f"refs/{ref}".format(number[1]) for ref in PULLS] if number else []
    commit = next(filter(None, map(repo.resolve, [*refs, name])), None)
    path = folder / name
    if commit:
        label = store.slug(given or _short(name)) or commit[:8]
        return Named(label, name, commit, None)
    if path.is_file():
        return Named(store.slug(given or path.stem) or "patch", name, None, path)
    if number:
        fetch = f"git fetch origin pull/{number[1]}/head:{name}"
        raise ArenaError(f"{name} is not here. Fetch it first: {fetch}")
    raise ArenaError(_unknown(repo, name))


def _short(name: str) -> str:
    return re.sub(r"^(refs/)?(heads|tags|remotes)/", "", name).replace("/", "-")


def _unknown(repo: Repository, name: str) -> str:
    known = [re.sub(r"^refs/\w+/", "", ref) for ref in repo.refs(*KINDS)]
    near = difflib.get_close_matches(name, known, 1, 0.5)
    guess = f' Did you mean "{near[0]}"?' if near else " See them with: git branch -a"
    return f'no branch, commit or patch called "{name}".{guess}'


def choose_base(
    repo: Repository, named: Sequence[Named], *, given: str | None, target: str | None
) -> str:
    """The commit that all candidates are compared with: `given`, else where they left the target.

    Raises ArenaError if there is no such commit, or they left it at different ones.
    """
    main = target or "HEAD"
    tip = repo.resolve(given or main)
    if given and not tip:
        raise ArenaError(_unknown(repo, given))
    if not tip:
        raise ArenaError("there is no commit to compare with. Commit, or give --base.")
    commits = {n.label: n.commit for n in named if n.commit}
    if given or not commits:
        return tip
    bases = {label: repo.merge_bases(tip, commit) for label, commit in commits.items()}
    lost = [label for label, found in bases.items() if not found]
    if lost:
        why = f"{some(lost)} has no common history with {main}"
        if repo.ask("rev-parse", "--is-shallow-repository").text == "true":
            cure = "Bring the whole history: git fetch --unshallow"
            raise ArenaError(f"{why} in this shallow repository. {cure}")
        raise ArenaError(f"{why}. Choose a commit to compare with: --base REV.")
    first = next(iter(bases.values()))
    if len(first) > 1 or any(found != first for found in bases.values()):
        where = "; ".join(
            f"{label}: {' and '.join(base[:10] for base in found)}"
            for label, found in sorted(bases.items())
        )
        why = f"the candidates start from different commits ({where})"
        raise ArenaError(f"{why}. Choose one with --base REV.")
    return first[0]


def take(session: Session, named: Sequence[Named], *, base: str) -> list[Candidate]:
    """Brings the candidates' objects into the quarantine. Raises ArenaError if a patch does not apply."""
    if not named:
        return []
    quarantine, repo = session.quarantine, session.repo
    commits = {n.label: n.commit or _applied(session, n, base=base) for n in named}
    refs = {f"refs/arena/run/{session.run}/{n}": c for n, c in commits.items()}
    theirs = {n.commit for n in named}
    _take_all(quarantine, {ref: c for ref, c in refs.items() if c in theirs})
    quarantine.keep_all({ref: c for ref, c in refs.items() if c not in theirs})
    trees = quarantine.git.trees(*commits.values())
    subjects = quarantine.git.subjects(*commits.values())
    known = repo.refs(*(prefix + n.name for n in named for prefix in KINDS))
    return [
        Candidate(
            label=one.label,
            commit=commits[one.label],
            tree=trees[commits[one.label]],
            source=_words(one, known),
            message=subjects[commits[one.label]],
        )
        for one in named
    ]


def _take_all(quarantine: Quarantine, wanted: Mapping[str, str]) -> None:
    """Takes commits by one fetch. Raises ArenaError naming the candidate whose tree git refuses."""
    try:
        quarantine.take_all(wanted)
    except GitError:
        for ref, commit in wanted.items():
            try:
                quarantine.take(commit, ref=ref)
            except GitError as error:
                label = ref.rpartition("/")[2]
                why = f"{label} can't be judged, so leave it out: {error}"
                raise ArenaError(why) from error


def _applied(session: Session, named: Named, *, base: str) -> str:
    """The commit that a patch file makes of the base."""
    assert named.patch is not None
    words, message = named.patch.read_bytes(), f"Patch {named.patch.name}\n"
    try:
        return session.quarantine.apply(words, base=base, message=message, date=DATE)
    except GitError as error:
        why = f"patch {named.name} does not apply to {base[:10]}: {error}"
        raise ArenaError(why) from error


def _words(named: Named, known: Container[str]) -> str:
    """Where a candidate comes from; `known` are the refs of the repository that the candidates' names could mean."""
    if named.patch:
        return f"patch {named.name}"
    found = [kind for prefix, kind in KINDS.items() if prefix + named.name in known]
    return f"{found[0] if found else 'commit'} {named.name}"
