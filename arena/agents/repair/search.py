"""In which order changes are tried.

Priority = suspiciousness of the statement x prior of the kind of change x a seeded factor near one, so that
another seed goes another way. No genetic part: PraPR and Qi et al., "The strength of random search on automated
program repair" (ICSE 2014) do as well or better without. A change that mends some of the failing tests
makes its neighbours more promising, and is tried together with them.
"""

import ast
import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, count

from .edits import propose
from .locate import Place
from .source import Edit, apply, overlap, parses

_SPREAD = 0.3  # of the logarithm of the seeded factor
_TASTE = 0.8  # of the logarithm of what an entry likes
_HIGHEST = 1.4  # what prior x seeded factor hardly ever exceeds
_LARGE = 60  # changes of one statement beyond which they share its weight
_MOST = 400  # changes of one statement that are kept
_PAIRS = 60  # partners tried with a change that mends a part
_LAST_PAIRS = 80  # changes of which pairs are made when no single change is left


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One or two edits of one file."""

    place: Place
    edits: tuple[Edit, ...]
    priority: float

    @property
    def text(self) -> str:
        """The changed file."""
        return apply(self.place.source.text, self.edits)

    @property
    def note(self) -> str:
        """What is changed, in words."""
        return "; ".join(edit.note for edit in self.edits)


def factor(seed: int, place: Place, edit: Edit) -> float:
    """A number near one that depends on the seed and the edit alone."""
    key = f"{seed}:{place.source.path.name}:{edit.start}:{edit.end}:{edit.text}"
    return random.Random(key).lognormvariate(0.0, _SPREAD) * taste(seed, edit.prior)


def taste(seed: int, prior: float) -> float:
    """How much an entry likes a kind of change. Seed 0 takes the priors as they are; others have tastes of their own,
    so that several entries for one task look in different directions first."""
    if seed == 0:
        return 1.0
    return random.Random(f"{seed}:{prior}").lognormvariate(-_TASTE * _TASTE, _TASTE)


def expand(place: Place, seed: int) -> list[Candidate]:
    """The changes of one statement, most promising first."""
    edits = list(propose(place.source, place.statement))
    shared = max(1.0, len(edits) / _LARGE) ** 0.5
    found = [
        Candidate(
            place=place,
            edits=(edit,),
            priority=place.score * edit.prior * factor(seed, place, edit) / shared,
        )
        for edit in edits
    ]
    return sorted(found, key=lambda c: -c.priority)[:_MOST]


def is_program(candidate: Candidate) -> bool:
    """Whether the changed top-level statements parse; the rest of the file is as it was."""
    source = candidate.place.source
    start, end = candidate.edits[0].start, candidate.edits[0].end
    for edit in candidate.edits:
        start, end = min(start, edit.start), max(end, edit.end)
    begin, stop = 0, len(source.text)
    for statement in source.tree.body:
        first, last = _line_span(candidate, statement)
        if first <= start:
            begin = first
        if last >= end:
            stop = last
            break
    inner = [
        replace(e, start=e.start - begin, end=e.end - begin) for e in candidate.edits
    ]
    return parses(apply(source.text[begin:stop], inner))


def _line_span(candidate: Candidate, statement: ast.stmt) -> tuple[int, int]:
    """From the first line of a top-level statement, decorators included, to its end."""
    source = candidate.place.source
    decorators = getattr(statement, "decorator_list", [])
    line = min([statement.lineno, *(d.lineno for d in decorators)])
    return source.starts[line - 1], source.span(statement)[1]


class Queue:
    """Candidates by priority. Statements are expanded only when their turn may have come."""

    def __init__(self, places: Sequence[Place], *, seed: int) -> None:
        self.seed = seed
        self.places = list(reversed(places))  # the most suspicious last
        self.heap: list[tuple[float, int, Candidate]] = []
        self.known: list[Candidate] = []  # all single changes so far
        self.number = count()
        self.paired = False

    def __iter__(self) -> Iterator[Candidate]:
        while self._fill():
            yield heapq.heappop(self.heap)[2]

    def push(self, candidate: Candidate) -> None:
        """Put a candidate in its place in the order."""
        heapq.heappush(self.heap, (-candidate.priority, next(self.number), candidate))

    def _fill(self) -> bool:
        while self.places and (
            not self.heap or self.places[-1].score * _HIGHEST > -self.heap[0][0]
        ):
            for candidate in expand(self.places.pop(), self.seed):
                self.known.append(candidate)
                self.push(candidate)
        if not self.heap and not self.paired:
            self.paired = True
            best = heapq.nlargest(_LAST_PAIRS, self.known, key=lambda c: c.priority)
            for one, other in combinations(best, 2):
                self._push_pair(one, other, 1.0)
        return bool(self.heap)

    def _push_pair(self, one: Candidate, other: Candidate, weight: float) -> None:
        near = (
            one.place.source is other.place.source
            and one.place.function is other.place.function
        )
        if near and not overlap(one.edits[0], other.edits[0]):
            priority = weight * min(one.priority, other.priority)
            self.push(
                Candidate(
                    place=one.place, edits=one.edits + other.edits, priority=priority
                )
            )

    def favour(self, partial: Candidate) -> None:
        """Take into account that a change mends some of the failing tests."""
        if len(partial.edits) > 1:
            return
        raised = []
        for _, number, candidate in self.heap:
            same = candidate.place.function is partial.place.function
            weight = (
                2.0
                if candidate.place.statement is partial.place.statement
                else 1.4
                if same
                else 1.0
            )
            changed = replace(candidate, priority=candidate.priority * weight)
            raised.append((-changed.priority, number, changed))
        heapq.heapify(raised)
        self.heap = raised
        near = (
            c
            for c in self.known
            if c.place.function is partial.place.function and c is not partial
        )
        for other in heapq.nlargest(_PAIRS, near, key=lambda c: c.priority):
            self._push_pair(partial, other, 0.5)
