"""The first screen: what was asked, who wins, how sure that is, why, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass

from arena.report import text
from arena.report.evidence import flag_counts
from arena.report.subject import Doc, candidates, details, failed, is_exploration, slugs

CONFIDENCE = ("none", "toss-up", "leaning", "clear", "decisive")
TITLE_LIMIT = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Title of the task and the facts under it."""

    run: str
    title: str
    prompt: str
    facts: tuple[str, ...]
    warning: str
    extras: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason; `anchor` is the address of its evidence, or nothing."""

    text: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command to copy, and what it does."""

    id: str
    command: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The whole first screen below the header."""

    headline: str
    lead: str
    confidence: str
    scale: tuple[str, ...]
    why_confidence: str
    stage: str
    reasons: tuple[Reason, ...]
    not_measured: tuple[str, ...]
    commands: tuple[Command, ...]
    undo: str
    flags: str
    blocks: tuple[str, ...]
    incomplete: str
    landed: str


def header(doc: Doc) -> Header:
    """The header of a prepared document."""
    task = doc["task"]
    prompt = str(task.get("prompt") or "").strip()
    title = (
        text.cut(prompt.split("\n")[0].strip(), TITLE_LIMIT) if prompt else _title(doc)
    )
    extras = [(name, task.get(key) or ()) for name, key in _EXTRAS]
    return Header(
        run=doc["run"],
        title=title,
        prompt=prompt if prompt != title else "",
        facts=tuple(_facts(doc)),
        warning=_base_warning(doc["base"]),
        extras=tuple((name, tuple(values)) for name, values in extras if values),
    )


_EXTRAS = (
    ("Required tests", "suite"),
    ("Checks", "checks"),
    ("Approaches", "approaches"),
)


def _title(doc: Doc) -> str:
    found, suite = candidates(doc), doc["task"].get("suite") or []
    if suite:
        return f"Make {', '.join(suite[:3])} pass"
    if len(found) == 1:
        target = doc["task"].get("target")
        return (
            f"May {found[0]['label']} be merged{f' into {target}' if target else ''}?"
        )
    if is_exploration(doc):
        return f"Which of {len(found)} approaches looks best?"
    return f"Which of {len(found)} candidates should be merged?"


def _facts(doc: Doc) -> list[str]:
    base, tests = doc["base"], details(doc, "tests") or {}
    name = f" ({base['name']})" if base.get("name") else ""
    judged = (doc.get("timing") or {}).get("judged_at")
    total = (doc.get("timing") or {}).get("total")
    return [
        f"{text.plural(len(candidates(doc)), 'candidate')} on base {str(base['commit'])[:10]}{name}",
        text.plural(len(tests.get("ids") or ()), "test"),
        *([f"{len(base['flaky'])} flaky on the base"] if base.get("flaky") else []),
        f"rubric {doc['rubric']['name']}",
        *([f"judged {judged}"] if judged else []),
        *([f"in {text.duration(total)}"] if total is not None else []),
    ]


def _base_warning(base: Doc) -> str:
    if base.get("green", True):
        return ""
    failing = (base.get("counts") or {}).get("failed") or 0
    if not failing:
        return "The tests of the base could not be run."
    return f"{text.plural(failing, 'test')} already fail{'s' if failing == 1 else ''} on the base."


def verdict(doc: Doc, anchors: frozenset[str]) -> Verdict:
    """The verdict of a prepared document; reasons link only to `anchors`, the addresses that the page has."""
    found = doc["verdict"]
    return Verdict(
        headline=found["headline"],
        lead=found.get("lead") or "",
        confidence=found["confidence"],
        scale=CONFIDENCE,
        why_confidence=found.get("why_confidence") or "",
        stage=found.get("stage") or "",
        reasons=tuple(_reason(r, anchors) for r in found.get("reasons") or []),
        not_measured=tuple(found.get("not_measured") or ()),
        commands=commands(doc),
        undo=doc.get("undo") or "",
        flags=flag_counts(doc),
        blocks=tuple(found.get("blocks") or ()),
        incomplete=incomplete(doc),
        landed=landed(doc),
    )


def _reason(reason: Doc, anchors: frozenset[str]) -> Reason:
    anchor = reason.get("anchor") or ""
    return Reason(text=reason["text"], anchor=anchor if anchor in anchors else "")


def commands(doc: Doc) -> tuple[Command, ...]:
    """The next commands as the document gives them; the report invents none."""
    found: Sequence[Doc] = doc.get("next") or []
    return tuple(
        Command(id=f"next-{i}", command=c["command"], what=c.get("what") or "")
        for i, c in enumerate(found, 1)
    )


def incomplete(doc: Doc) -> str:
    """Who gave nothing to judge: the sentence carries the count, nobody is hidden."""
    dead = failed(doc)
    if not dead:
        return ""
    names = ", ".join(f"{e['label']} ({e.get('outcome') or 'failed'})" for e in dead)
    judged = len(candidates(doc))
    return f"{judged} of {judged + len(dead)} could be judged; no result from {names}."


def landed(doc: Doc) -> str:
    """What was merged, if anything was."""
    done = doc.get("landed")
    return (
        f"Merged: {done['target']} moved from {done['old'][:10]} to {done['new'][:10]}."
        if done
        else ""
    )


def anchors(doc: Doc, sections: Sequence[str]) -> frozenset[str]:
    """All addresses that a reason may point to: the sections, and the rows of candidates."""
    return frozenset(sections) | {f"c-{slug}" for slug in slugs(doc).values()}
