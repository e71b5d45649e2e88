"""The commits that land: a merge of the work, all of it as one commit, or its commits again on top of the target.

They are made in the quarantine, where no merge driver of the user's repository runs. Authors are kept: who wrote the
most is the author of a squashed commit, the others stand in it as co-authors.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from arena.errors import Refused
from arena.machine.checkout import some
from arena.machine.people import ARENA, Author, Identity
from arena.machine.quarantine import Quarantine
from arena.machine.user import Signing

CO_AUTHOR = re.compile(r"^co-authored-by:\s*(.+)$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How work lands: style (merge, squash, rebase), the branch as people call it, the message of what is made, and who
    commits and signs it."""

    style: str
    target: str
    message: str
    committer: Identity
    signing: Signing | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One commit to be made. Its parents are the step before, or the target, and `merged`; no `author` means that the
    committer wrote it."""

    tree: str
    message: str
    author: Author | None = None
    merged: str | None = None


@dataclass(frozen=True, slots=True)
class _Commit:
    """A commit of the work that lands."""

    oid: str
    parents: tuple[str, ...]
    author: Author
    message: str

    @property
    def signature(self) -> str:
        return f"{self.author.name} <{self.author.email}>"


def plan(inside: Quarantine, old: str, commit: str, how: How) -> tuple[Step, ...]:
    """The commits that bring `commit` to a branch that is at `old`; both are in the quarantine.

    Raises Refused if they conflict, or bring nothing that is not there.
    """
    steps = _rebased if how.style == "rebase" else _at_once
    made = steps(inside, old, commit, how)
    if how.style != "merge" and made[-1].tree == inside.tree_of(old):
        raise Refused(f"{commit[:12]} brings nothing that {how.target} does not have.")
    return made


def make(inside: Quarantine, old: str, steps: Sequence[Step], how: How) -> str:
    """Makes planned commits on top of `old`; returns the last one. Raises GitError if one can't be signed."""
    for step in steps:
        old = inside.commit(
            step.tree,
            parents=(old, step.merged) if step.merged else (old,),
            message=step.message,
            identity=how.committer,
            author=step.author,
            signing=how.signing,
        )
    return old


def _at_once(inside: Quarantine, old: str, commit: str, how: How) -> tuple[Step, ...]:
    tree = _merged(inside, old, commit, how, named=commit)
    if how.style == "merge":
        return (Step(tree, how.message, merged=commit),)
    found = _commits(inside, old, commit)
    people = Counter(c.signature for c in found if c.author.email != ARENA.email)
    first = people.most_common(1)[0][0] if people else ""
    author = next((c.author for c in found if c.signature == first), None)
    committer = f"{how.committer.name} <{how.committer.email}>"
    named = [m.strip() for c in found for m in CO_AUTHOR.findall(c.message)]
    others = dict.fromkeys(n for n in (*people, *named) if n not in (first, committer))
    credit = [f"Co-authored-by: {name}" for name in others]
    return (Step(tree, _one_message(inside, found, how.message, credit), author),)


def _one_message(
    inside: Quarantine, found: Sequence[_Commit], message: str, credit: Sequence[str]
) -> str:
    """What a person wrote for one commit, else `message` with what the commits say; trailers in one paragraph."""
    title, _, trailers = message.partition("\n\n")
    told = [c.message.strip() for c in found if c.author.email != ARENA.email]
    if len(told) == 1:
        title = told[0]
    elif told:
        subjects = "\n".join(f"* {words.partition(chr(10))[0]}" for words in told)
        title = f"{title}\n\n{subjects}"
    words = [
        w for line in (*trailers.splitlines(), *credit) for w in ("--trailer", line)
    ]
    text = f"{title}\n".encode("utf-8", "surrogateescape")
    said = inside.git.call(
        "interpret-trailers", "--if-exists=addIfDifferent", *words, stdin=text
    )
    return said.text + "\n"


def _merged(inside: Quarantine, ours: str, theirs: str, how: How, *, named: str) -> str:
    merged = inside.merge(ours, theirs)
    if merged.tree is None:
        cure = "Merge by hand, or run the task again."
        if how.style == "rebase":
            cure = "Try --style merge or squash."
        where = some(merged.conflicts)
        raise Refused(f"{named[:12]} conflicts with {how.target} in {where}. {cure}")
    return merged.tree


def _rebased(inside: Quarantine, old: str, commit: str, how: How) -> tuple[Step, ...]:
    tree, steps = inside.tree_of(old), list[Step]()
    for one in _commits(inside, old, commit):
        if len(one.parents) != 1:
            raise Refused(
                f"{one.oid[:12]} is a merge, which can't be rebased: --style merge or squash."
            )
        # `merge-tree` finds its base by history: three commits stand for the three sides.
        sides = (inside.tree_of(one.parents[0]), tree, inside.tree_of(one.oid))
        _, ours, theirs = _stand_ins(inside, *sides)
        made = _merged(inside, ours, theirs, how, named=one.oid)
        if made != tree or sides[0] == sides[2]:  # what was empty stays
            ours_is_author = one.author.email == ARENA.email
            author = None if ours_is_author else one.author
            steps.append(Step(made, one.message, author))
        tree = made
    return tuple(steps) or (Step(tree, how.message),)


def _stand_ins(inside: Quarantine, base: str, *sides: str) -> list[str]:
    first = inside.commit(base, parents=(), message="base")
    return [first, *(inside.commit(s, parents=(first,), message="side") for s in sides)]


def _commits(inside: Quarantine, old: str, commit: str) -> list[_Commit]:
    """The commits that the target does not have, the oldest first."""
    format_ = "%H%x1f%P%x1f%an%x1f%ae%x1f%ad%x1f%B"
    words = ("log", "-z", "--reverse", "--topo-order", "--date=raw")
    answer = inside.git.call(*words, f"--format={format_}", commit, f"^{old}")
    found = []
    for line in answer.text.rstrip("\0").split("\0"):
        oid, parents, name, email, date, message = line.split("\x1f", 5)
        author = Author(name or email, email, date)
        found.append(_Commit(oid, tuple(parents.split()), author, message))
    return found


def with_message(steps: Sequence[Step], message: str) -> tuple[Step, ...]:
    """The same, the last one with another message."""
    *before, last = steps
    return (*before, replace(last, message=message))
