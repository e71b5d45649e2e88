"""Flags, logs, the timeline, where everything came from, and differences in behaviour."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from arena.report import text
from arena.report.subject import Doc, candidates, detailed, details, failed, slugs

EVIDENCE_SHOWN = 20
LOG_LINES = 200
LOG_LIMIT = 32_000
EVENTS_SHOWN = 400
CALLS_SHOWN = 40
_GRADES = ("void", "suspicious", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Something a human should know about a candidate, graded void, suspicious or note."""

    label: str
    slug: str
    grade: str
    id: str
    summary: str
    evidence: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The end of an agent's output; `cut` says what was left out."""

    label: str
    slug: str
    title: str
    tail: str
    cut: str
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call and what the base and each candidate answered."""

    call: str
    answers: tuple[str, ...]


def flags(doc: Doc) -> tuple[Flag, ...]:
    """All flags, void first, then in the order of the candidates."""
    names = slugs(doc)
    found = [
        _flag(c["label"], names, flag)
        for c in candidates(doc)
        for flag in c.get("flags") or []
    ]
    return tuple(
        sorted(
            found,
            key=lambda f: (
                _GRADES.index(f.grade) if f.grade in _GRADES else len(_GRADES)
            ),
        )
    )


def _flag(label: str, names: dict[str, str], flag: Doc) -> Flag:
    evidence = flag.get("evidence") or []
    lines = [evidence] if isinstance(evidence, str) else list(evidence)
    return Flag(
        label=label,
        slug=names[label],
        grade=flag["grade"],
        id=flag["id"],
        summary=flag.get("summary") or flag["id"],
        evidence=tuple(str(line) for line in lines[:EVIDENCE_SHOWN]),
        more=max(0, len(lines) - EVIDENCE_SHOWN),
    )


def flag_counts(doc: Doc) -> str:
    """`1 void, 2 suspicious`: the grades that need a look; empty when there are none."""
    counts = Counter(
        flag["grade"] for c in candidates(doc) for flag in c.get("flags") or []
    )
    return ", ".join(
        f"{counts[grade]} {grade}" for grade in _GRADES[:2] if counts[grade]
    )


def logs(doc: Doc) -> tuple[Log, ...]:
    """Logs of the entries that failed (open), then of the shown candidates."""
    names, recorded = slugs(doc), details(doc, "logs") or {}
    made = [
        _log(
            entry["label"],
            names,
            f"{entry.get('outcome') or 'failed'}: {entry.get('why') or 'no reason was recorded'}",
            {"tail": entry.get("log_tail") or ""},
        )
        for entry in failed(doc)
    ]
    for candidate in detailed(doc):
        if candidate["label"] in recorded:
            log = recorded[candidate["label"]]
            made.append(
                _log(
                    candidate["label"],
                    names,
                    _outcome(candidate.get("attempt") or {}),
                    log,
                )
            )
    return tuple(made)


def _outcome(attempt: Doc) -> str:
    """`finished, exit code 0`, with the detail where there is one."""
    code = attempt.get("exit_code")
    said = [
        attempt.get("outcome") or "log",
        f"exit code {code}" if code is not None else "",
    ]
    return ", ".join(filter(None, [*said, attempt.get("detail") or ""]))


def _log(label: str, names: dict[str, str], title: str, log: Doc) -> Log:
    tail = str(log.get("tail") or "")
    kept = "\n".join(tail.split("\n")[-LOG_LINES:])[-LOG_LIMIT:]
    left_out = int(log.get("cut") or 0) + len(tail) - len(kept)
    where = f"Whole log: {log['where']}." if log.get("where") else ""
    return Log(
        label=label,
        slug=names[label],
        title=title,
        tail=kept if kept.strip() else "The agent printed nothing.",
        cut=" ".join(
            filter(
                None,
                (
                    f"{text.value_text(left_out, 'bytes')} before this are left out."
                    if left_out
                    else "",
                    where,
                ),
            )
        ),
        open=not log.get("where"),
    )


def events(doc: Doc) -> tuple[Sequence[Doc], int]:
    """The last events of the run, and how many came before them."""
    all_events: Sequence[Doc] = details(doc, "events") or []
    return all_events[-EVENTS_SHOWN:], max(0, len(all_events) - EVENTS_SHOWN)


def behaviour(doc: Doc) -> tuple[tuple[str, ...], tuple[Call, ...]]:
    """Columns and calls on which candidates differ, smallest input first; empty where nothing was probed."""
    found = details(doc, "behaviour") or {}
    calls = tuple(
        Call(
            call=row["call"],
            answers=tuple("no answer" if r is None else str(r) for r in row["results"]),
        )
        for row in (found.get("rows") or [])[:CALLS_SHOWN]
    )
    return tuple(found.get("columns") or ()), calls


def provenance(doc: Doc) -> tuple[tuple[str, str], ...]:
    """Names and values needed to repeat the judgement; commits of all candidates at the end."""
    base = [(str(name), str(value)) for name, value in doc.get("provenance") or []]
    named = {name for name, _ in base}
    own = [
        ("base tests", _base_tests(doc["base"])),
        ("rubric hash", str(doc["rubric"].get("hash") or "not recorded")),
    ]
    commits = [
        (c["label"], f"{c['commit']} (tree {c['tree'][:12]})") for c in candidates(doc)
    ]
    return (*base, *((n, v) for n, v in own if n not in named), *commits)


def _base_tests(base: Doc) -> str:
    """`202 passed, 0 failed, 4 skipped; flaky: tests/x.py::test_y`, at most five names."""
    counts = base.get("counts") or {}
    flaky = list(base.get("flaky") or ())
    said = ", ".join(
        f"{counts[name]} {name}"
        for name in ("passed", "failed", "skipped")
        if name in counts
    )
    more = f" and {len(flaky) - 5} more" if len(flaky) > 5 else ""
    return (said or "not recorded") + (
        f"; flaky: {', '.join(flaky[:5])}{more}" if flaky else ""
    )
