"""Diffs as rows of two sides, with the words that changed marked and the lines that no test ran."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from arena.report.board import line_counts
from arena.report.subject import Doc, detailed, details, slugs

# Measured: 2,000 rows in one page open in under a second, 10,000 take eight.
ROWS_PER_FILE = 400
ROWS_PER_DIFF = 2_000
ROWS_PER_PAGE = 8_000
LINE_LIMIT = 2_000
# Comparing words of longer lines costs more than the marks are worth.
WORDS_LIMIT = 400

Segments = tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a row: line number, text in segments (True = changed words), and hit or miss."""

    number: int | None
    segments: Segments
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Rows of one kind: ctx, chg or hunk; a side of a row is None where it has no line."""

    kind: str
    rows: tuple[tuple[Side | None, Side | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDiff:
    """A file's diff; `more` counts the lines left out; a new or deleted file is one-sided."""

    title: str
    counts: str
    runs: tuple[Run, ...]
    size: int
    more: int
    one_sided: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """A diff of two versions, called `left` and `right`; its address is `id`; `message` is the author's."""

    id: str
    left: str
    right: str
    counts: str
    files: tuple[FileDiff, ...]
    open: bool
    marked: bool
    command: str
    message: str


def diffs(doc: Doc) -> tuple[Diff, ...]:
    """Base against each shown candidate, then pairs of candidates; all within one budget of rows."""
    budget, made = ROWS_PER_PAGE, []
    for make in _plans(doc):
        diff = make.build(min(budget, ROWS_PER_DIFF))
        budget -= sum(file.size for file in diff.files)
        made.append(diff)
    return tuple(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A diff to be built: what it compares, its files, and coverage by path."""

    id: str
    left: str
    right: str
    files: Sequence[Doc]
    sizes: dict[str, Doc]
    coverage: dict[str, Doc]
    open: bool
    command: str
    message: str = ""

    def build(self, limit: int) -> Diff:
        """The diff with at most `limit` rows."""
        built, left_over = [], limit
        for file in self.files:
            tally = self.sizes.get(file["path"]) or _tally(file)
            covered = self.coverage.get(file["path"])
            built.append(_file(file, tally, covered, min(left_over, ROWS_PER_FILE)))
            left_over -= built[-1].size
        added, removed = line_counts(
            [self.sizes.get(f["path"]) or _tally(f) for f in self.files]
        )
        # Lines that were cut away can't be counted here; only the list of files knows them.
        partly = any(f.get("cut") and f["path"] not in self.sizes for f in self.files)
        return Diff(
            id=self.id,
            left=self.left,
            right=self.right,
            counts=f"{'at least ' if partly else ''}+{added} \u2212{removed}",
            files=tuple(built),
            open=self.open,
            marked=bool(self.coverage),
            command=self.command,
            message=self.message,
        )


def _plans(doc: Doc) -> Iterator[_Plan]:
    names, verdict = slugs(doc), doc["verdict"]
    by_label, pairs = details(doc, "diffs") or {}, details(doc, "pairs") or []
    covered, sizes = details(doc, "coverage") or {}, details(doc, "files") or {}
    tie = verdict.get("confidence") == "toss-up" and bool(pairs)
    commits = {c["label"]: str(c.get("commit") or "")[:12] for c in doc["candidates"]}
    first = verdict.get("winner") or verdict.get("leader")
    for candidate in detailed(doc):
        label = candidate["label"]
        if label not in by_label:
            continue
        yield _Plan(
            id=f"diff-{names[label]}",
            left="base",
            right=label,
            files=by_label[label],
            sizes={
                f["path"]: f
                for f in sizes.get(label) or ()
                if f.get("added") is not None
            },
            coverage={f["path"]: f for f in covered.get(label) or ()},
            open=not tie and (label == first or len(by_label) == 1),
            command=f"git diff {doc['base']['commit'][:12]} {commits[label]}",
            message=_short(str(candidate.get("message") or "").strip()),
        )
    for pair in pairs:
        if pair["a"] in names and pair["b"] in names:
            yield _Plan(
                id=f"pair-{names[pair['a']]}-{names[pair['b']]}",
                left=pair["a"],
                right=pair["b"],
                files=pair["files"],
                sizes={},
                coverage={},
                open=tie,
                command=f"git diff {commits.get(pair['a'], '')} {commits.get(pair['b'], '')}",
            )


def _tally(file: Doc) -> Doc:
    kinds = [line[0] for line in file["lines"]]
    return {"added": kinds.count("add"), "removed": kinds.count("del")}


def _file(file: Doc, tally: Doc, coverage: Doc | None, limit: int) -> FileDiff:
    lines, old = file["lines"], file.get("old_path")
    title = f"{old} → {file['path']}" if old and old != file["path"] else file["path"]
    return FileDiff(
        title=title,
        counts=f"+{tally.get('added') or 0} \u2212{tally.get('removed') or 0}",
        runs=tuple(_runs(lines[: max(0, limit)], coverage)),
        size=min(len(lines), max(0, limit)),
        more=max(0, len(lines) - max(0, limit)) + int(file.get("cut") or 0),
        one_sided=len({line[0] for line in lines} - {"hunk"}) == 1,
    )


def _runs(lines: Sequence[Sequence[object]], coverage: Doc | None) -> Iterator[Run]:
    marks = _marks(coverage)
    for kind, group in groupby(
        lines, key=lambda line: "chg" if line[0] in ("add", "del") else str(line[0])
    ):
        part = list(group)
        if kind == "chg":
            yield Run(kind=kind, rows=_changed(part, marks))
        else:
            yield Run(kind=kind, rows=tuple(_both(line) for line in part))


def _marks(coverage: Doc | None) -> dict[int, str]:
    if not coverage:
        return {}
    hit = dict.fromkeys(coverage.get("covered") or (), "hit")
    return {**hit, **dict.fromkeys(coverage.get("missed") or (), "miss")}


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _both(line: Sequence[object]) -> tuple[Side, Side]:
    segments = ((_short(str(line[3])), False),)
    return (
        Side(number=_number(line[1]), segments=segments),
        Side(number=_number(line[2]), segments=segments),
    )


def _changed(
    lines: Sequence[Sequence[object]], marks: dict[int, str]
) -> tuple[tuple[Side | None, Side | None], ...]:
    """Removed lines beside added ones, in order; only lines that resemble each other get word marks."""
    removed = [line for line in lines if line[0] == "del"]
    added = [line for line in lines if line[0] == "add"]
    return tuple(_pair(old, new, marks) for old, new in zip_longest(removed, added))


def _pair(
    old: Sequence[object] | None, new: Sequence[object] | None, marks: dict[int, str]
) -> tuple[Side | None, Side | None]:
    before, after = (
        _short(str(old[3])) if old else "",
        _short(str(new[3])) if new else "",
    )
    left, right = (
        changed_words(before, after)
        if old and new
        else (((before, False),), ((after, False),))
    )
    number = _number(new[2]) if new else None
    mark = marks.get(number, "") if number is not None else ""
    return (
        Side(number=_number(old[1]), segments=left) if old else None,
        Side(number=number, segments=right, mark=mark) if new else None,
    )


def _short(line: str) -> str:
    line = line.rstrip("\n")
    if len(line) <= LINE_LIMIT:
        return line
    return f"{line[:LINE_LIMIT]} … {len(line) - LINE_LIMIT} more characters"


def changed_words(before: str, after: str) -> tuple[Segments, Segments]:
    """Both lines in segments; a segment is True where its words differ. Unlike lines get no marks."""
    plain: tuple[Segments, Segments] = (((before, False),), ((after, False),))
    if max(len(before), len(after)) > WORDS_LIMIT:
        return plain
    old, new = (re.findall(r"\w+|\s+|[^\w\s]", line) for line in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if matcher.quick_ratio() < 0.5 or matcher.ratio() < 0.5:
        return plain
    codes = matcher.get_opcodes()
    left = tuple(
        ("".join(old[a:b]), tag != "equal") for tag, a, b, _, _ in codes if a < b
    )
    right = tuple(
        ("".join(new[c:d]), tag != "equal") for tag, _, _, c, d in codes if c < d
    )
    return left, right
