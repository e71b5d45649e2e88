"""How suspicious each statement is.

Ochiai: ef / sqrt((ef + nf) * (ef + ep)), where ef and ep are the failing and passing tests that execute a
statement and nf the failing ones that do not (Abreu, Zoeteweij & van Gemund, "On the accuracy of spectrum-based
fault localization", TAIC PART 2007). Two additions:

- A statement outside of functions runs at import, for every test alike. It is given the tests that execute
  something which mentions a name that it binds; so a table counts as executed where it is used.
- Statements in the traceback of a failing test are raised (Wong et al., "Boosting bug-report-oriented fault
  localization with segmentation and stack-trace analysis", ICSME 2014).
"""

import ast
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .run import Outcome
from .source import Function, Source, own_nodes

_IMPORTED = 0.7  # statements that run at import: their tests are inferred, not observed
_LAST_FRAME, _ANY_FRAME = 1.6, 1.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A statement with its suspiciousness."""

    source: Source
    statement: ast.stmt
    function: ast.AST | None
    score: float
    tests: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tests:
    """The tests whose executed lines are known."""

    failing: frozenset[str]
    passing: frozenset[str]

    def ochiai(self, executing: Iterable[str]) -> float:
        """The suspiciousness of something that exactly these tests execute."""
        seen = frozenset(executing)
        failing, passing = len(seen & self.failing), len(seen & self.passing)
        if not failing:
            return 0.0
        return failing / math.sqrt(len(self.failing) * (failing + passing))


def statements(source: Source) -> list[ast.stmt]:
    """All statements of a file in the order of the text, without docstrings, imports and scope words."""
    dull = ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal
    found = (
        n
        for n in ast.walk(source.tree)
        if isinstance(n, ast.stmt) and not isinstance(n, dull)
    )
    return sorted(
        (n for n in found if not _is_text(n)), key=lambda n: (n.lineno, n.col_offset)
    )


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def lines_of(statement: ast.stmt) -> set[int]:
    """The lines of the statement itself, without those of statements inside it."""
    lines = {statement.lineno}
    for node in own_nodes(statement):
        first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
        if first and last and not isinstance(node, ast.ExceptHandler):
            nested = node is statement and hasattr(statement, "body")
            lines.update(range(first, (first if nested else last) + 1))
    return lines


def executed(outcome: Outcome, path: Path) -> dict[int, set[str]]:
    """For one file: the tests that execute each line."""
    found: dict[int, set[str]] = defaultdict(set)
    for test, files in outcome.lines.items():
        if test:
            for line in files.get(str(path), ()):
                found[line].add(test)
    return found


def mentions(
    sources: Mapping[Path, Source], lines: Mapping[Path, dict[int, set[str]]]
) -> dict[str, set[str]]:
    """For each name: the tests that execute a line, in a function, that mentions it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path, source in sources.items():
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Name | ast.Attribute):
                continue
            tests = lines[path].get(node.lineno)
            if tests and source.function_of(node):
                found[node.id if isinstance(node, ast.Name) else node.attr] |= tests
    return found


def _bound(statement: ast.stmt) -> set[str]:
    """Names that a statement outside of functions binds, or touches when it binds none."""
    nodes = [n for n in own_nodes(statement) if isinstance(n, ast.Name)]
    stored = {n.id for n in nodes if isinstance(n.ctx, ast.Store)}
    return stored or {n.id for n in nodes}


def rank(outcome: Outcome, sources: Mapping[Path, Source], tests: Tests) -> list[Place]:
    """The suspicious statements of the sources, most suspicious first."""
    lines = {path: executed(outcome, path) for path in sources}
    used = mentions(sources, lines)
    raised = traceback_factors(outcome, tests.failing)
    places = []
    for path, source in sources.items():
        everything = frozenset().union(*lines[path].values())
        for statement in statements(source):
            function = source.function_of(statement)
            own = lines_of(statement)
            if function is not None and not isinstance(statement, Function):
                seen = frozenset().union(
                    *(lines[path].get(line, set()) for line in own)
                )
                factor = max(
                    (raised.get((str(path), line), 1.0) for line in own), default=1.0
                )
            else:
                seen = _inferred(statement, lines[path], used) or everything
                factor = _IMPORTED
            score = tests.ochiai(seen) * factor
            if score > 0:
                place = Place(
                    source=source,
                    statement=statement,
                    function=function,
                    score=score,
                    tests=seen,
                )
                places.append(place)
    return sorted(places, key=lambda place: -place.score)


def _inferred(
    statement: ast.stmt, lines: dict[int, set[str]], used: Mapping[str, set[str]]
) -> frozenset[str]:
    """Tests for what runs at import: of a definition those that enter it, else those that use its names."""
    if isinstance(statement, Function):
        body = range(statement.body[0].lineno, (statement.end_lineno or 0) + 1)
        return frozenset().union(*(lines.get(line, set()) for line in body))
    return frozenset().union(*(used.get(name, set()) for name in _bound(statement)))


def traceback_factors(
    outcome: Outcome, failing: Iterable[str]
) -> dict[tuple[str, int], float]:
    """Factors for lines that stand in tracebacks of failing tests; the innermost frame has the highest."""
    found: dict[tuple[str, int], float] = {}
    for test in failing:
        frames = outcome.frames.get(test, [])
        for place in frames:
            found[place] = max(found.get(place, 0.0), _ANY_FRAME)
        if frames:
            found[frames[-1]] = _LAST_FRAME
    return found
