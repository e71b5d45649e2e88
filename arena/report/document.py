"""The one data object that every format of the report is made from, and that `result.json` holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arena import __version__
from arena.evaluation.result import Evaluated, Evaluation
from arena.machine import records
from arena.machine.quarantine import Quarantine
from arena.report import approaches, evidence, patch, text
from arena.rubric import Criterion, Gate, Rubric
from arena.scores import Score, asked_gates
from arena.task import Task
from arena.verdict import Verdict

LETTERS = {"passed": "P", "xpassed": "P", "failed": "F", "error": "E"}
LETTERS |= {"skipped": "S", "xfailed": "X"}
WITH_DIFFS = 6  # candidates whose diffs stand in the page; the others are named with the command that shows them
BASE = ""  # no label is empty
CRITERION = "measure weight zero full base why"
VERDICT = "winner leader runner_up tied confidence stage not_measured blocks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that a report tells. `approaches` are those of an exploration, `failed` entries that gave no candidate,
    `testers` those that wrote tests; `landed` is set after a merge."""

    run: str
    mode: str
    task: Task
    target_name: str | None
    base_name: str | None
    evaluation: Evaluation
    scores: Sequence[Score]
    verdict: Verdict
    rubric: Rubric
    seed: int
    replay: str
    approaches: Sequence[Mapping[str, Any]]
    failed: Sequence[Mapping[str, Any]]
    attempts: Mapping[str, Mapping[str, Any]]
    logs: Mapping[str, Mapping[str, Any]]
    events: Sequence[Mapping[str, str]]
    notes: Sequence[str] = ()
    testers: Sequence[Mapping[str, Any]] = ()
    landed: Mapping[str, Any] | None
    timing: Mapping[str, Any]
    report: str


def build(story: Story, quarantine: Quarantine) -> dict[str, Any]:
    """The document of a story: JSON-safe, see the keys in `docs/result.md`."""
    verdict, task, rubric = story.verdict, story.task, story.rubric
    order = [*verdict.ranking, *verdict.same, *verdict.excluded]
    by_label = {e.candidate.label: e for e in story.evaluation.candidates}
    ordered = [by_label[label] for label in order]
    words, lead = headline(story)
    reasons = [{"text": said, "anchor": anchor} for said, anchor in verdict.reasons]
    return {
        "arena": 1,
        **_some(
            story, "run mode landed replay timing report failed approaches testers"
        ),
        "task": {
            **_some(task, "prompt approaches"),
            "suite": sorted(task.suite),
            "checks": sorted([*task.checks, *task.holdouts]),
            "target": story.target_name,
        },
        "measures": approaches.measures(task.measures, ordered),
        "base": _base(story),
        "rubric": {
            **_some(rubric, "name about merge agreement noise"),
            "hash": rubric.digest,
            "gates": _rules(
                story, asked_gates(rubric, ordered), "measure condition unless why"
            ),
            "criteria": _rules(story, rubric.criteria, CRITERION),
        },
        "candidates": [_candidate(story, e) for e in ordered],
        "verdict": {
            **_some(verdict, VERDICT),
            "headline": words,
            "lead": lead,
            "why_confidence": verdict.why,
            "reasons": reasons,
            "weights_first": dict(verdict.shares),
        },
        "next": _next(story),
        "undo": f"arena undo {story.run}" if story.landed else None,
        "details": _details(story, quarantine, ordered),
        "provenance": _provenance(story),
        "environment": dict(story.evaluation.facts),
        "masked": 0,
    }


def result(document: Mapping[str, Any]) -> dict[str, Any]:
    """What `result.json` and `--json` carry: the document without the parts that only a page needs."""
    return {key: value for key, value in document.items() if key != "details"}


def _some(record: object, names: str) -> dict[str, Any]:
    """The named attributes of a record, safe for JSON."""
    return {name: records.to_json(getattr(record, name)) for name in names.split()}


def _base(story: Story) -> dict[str, Any]:
    evaluation = story.evaluation
    seen = Counter(LETTERS.get(o, "N") for o in evaluation.base_tests.values())
    failed, skipped = seen["F"] + seen["E"], seen["S"] + seen["X"]
    return {
        "commit": evaluation.base,
        "tree": evaluation.base_tree,
        "name": story.base_name,
        "counts": {"passed": seen["P"], "failed": failed, "skipped": skipped},
        **_some(evaluation, "green flaky"),
    }


def _rules(
    story: Story, rules: Sequence[Gate | Criterion], names: str
) -> list[dict[str, Any]]:
    """Gates or criteria, each with words for its measure and the unit in which that was measured."""
    candidates = story.evaluation.candidates
    units = {m.name: m.unit for e in candidates for m in e.measurements}
    return [
        {
            **_some(rule, names),
            "title": text.title(rule.measure),
            "unit": units.get(rule.measure, ""),
        }
        for rule in rules
    ]


def _candidate(story: Story, evaluated: Evaluated) -> dict[str, Any]:
    verdict, label = story.verdict, evaluated.candidate.label
    score = next(s for s in story.scores if s.label == label)
    weighted = {c.measure for c in story.rubric.criteria if c.weight}
    points = {k: round(v, 4) for k, v in score.points.items() if k in weighted}
    parts = {k: round(v, 6) for k, v in score.fractions.items() if k in weighted}
    excluded, rank = verdict.excluded.get(label), None
    if label in verdict.same:
        excluded = excluded or f"the same change as {verdict.same[label]}"
    if label in verdict.ranking:
        rank = verdict.ranking.index(label) + 1
    return {
        **_some(evaluated.candidate, "label source agent commit tree message"),
        "rank": rank,
        "total": None if score.total is None else round(score.total, 4),
        "excluded": excluded,
        "gates": records.to_json(score.gates),
        "flags": records.to_json(evaluated.flags),
        "measurements": {
            m.name: _some(m, "value unit base why_none") for m in evaluated.measurements
        },
        "points": points,
        "fractions": parts,
        "attempt": story.attempts.get(label),
    }


def headline(story: Story) -> tuple[str, str]:
    """(verdict sentence, one sentence of explanation); the words are fixed so that people learn them."""
    verdict, judged = story.verdict, len(story.evaluation.candidates)
    everyone = judged + len(story.failed)
    top, leaning = verdict.leader or "", verdict.confidence == "leaning"
    if verdict.confidence == "none":
        words = _nobody(verdict.excluded)
    elif story.rubric.merge == "never":
        tied = _names(verdict.tied or (top,))
        words = f"{top} looks best." if verdict.winner else f"No clear best: {tied}."
    elif verdict.confidence == "toss-up":
        tied = _names(verdict.tied or verdict.ranking[:2])
        words = f"No clear winner: {tied} are within noise."
    elif verdict.winner is None:
        words = f"{top} comes first, but is suspected: it wins only by your word."
    else:
        verb = "passes" if everyone == 1 else "leads" if leaning else "wins"
        sure = "decisively" if verdict.confidence == "decisive" else "clearly"
        words = f"{top} {verb}, {'but look before you merge' if leaning else sure}."
    lead = verdict.why[:1].upper() + verdict.why[1:] + "."
    if story.failed:
        lead += f" {judged} of {everyone} entries could be judged."
    return words, lead


def _nobody(excluded: Mapping[str, str]) -> str:
    if not excluded:
        return "Nobody passes: there is no candidate."
    if len(excluded) == 1:
        return "{} does not pass: {}.".format(*next(iter(excluded.items())))
    gates = sorted(why.partition(":")[0] for why in excluded.values())
    common, count = Counter(gates).most_common(1)[0]
    return f"Nobody passes: {count} of {len(gates)} fail at {common}."


def _names(labels: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b, c, d and 3 more`."""
    shown = [*labels[:4], *([f"{len(labels) - 4} more"] if len(labels) > 4 else [])]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _next(story: Story) -> list[dict[str, str]]:
    verdict = story.verdict
    if story.landed or story.target_name is None:
        return []
    if story.rubric.merge == "never" or verdict.confidence == "none":
        return []
    if verdict.winner:
        labels: Sequence[str] = (verdict.winner if verdict.blocks else "",)
    else:
        labels = verdict.tied or (verdict.leader or "",)
    what = f"tests the merged tree, then moves {story.target_name}"
    commands = [f"arena merge {story.run} {label}".rstrip() for label in labels[:6]]
    return [{"command": command, "what": what} for command in commands]


def _details(
    story: Story, quarantine: Quarantine, ordered: Sequence[Evaluated]
) -> dict[str, Any]:
    """What only the page needs: tests, diffs, and what measures found, by label."""
    verdict = story.verdict
    trees = {e.candidate.label: e.candidate.tree for e in ordered}
    shown = [label for label in trees if label not in verdict.same][:WITH_DIFFS]
    ranked = [label for label in shown if label in verdict.ranking]
    pairs = [(ranked[0], ranked[1])] if len(ranked) > 1 else []
    trees[BASE] = story.evaluation.base_tree
    wanted = [*((BASE, label) for label in shown), *pairs]
    patches = {(a, b): quarantine.patch(trees[a], trees[b]) for a, b in wanted}
    diffs = patch.parse_all(patches)
    found = {
        key: {e.candidate.label: e.details[key] for e in ordered if key in e.details}
        for key in ("failures", "files", "coverage", "complexity", "benchmarks")
    }
    return {
        **found,
        **_some(story, "logs events"),
        "tests": _tests(story.evaluation, ordered),
        "behaviour": evidence.behaviour(ordered),
        "diffs": {label: diffs[BASE, label] for label in shown},
        "pairs": [{"a": a, "b": b, "files": diffs[a, b]} for a, b in pairs],
    }


def _tests(evaluation: Evaluation, ordered: Sequence[Evaluated]) -> dict[str, Any]:
    """Ids once, and one letter per column: base first, then the candidates in the order of the page."""
    columns = [evaluation.base_tests, *(e.tests for e in ordered)]
    ids = sorted(set().union(*columns))
    rows = [[LETTERS.get(c.get(name, ""), "N") for c in columns] for name in ids]
    places = {name: place for place, name in enumerate(ids)}
    for name in set(evaluation.flaky) & places.keys():
        rows[places[name]][0] = "K"
    return {
        "columns": ["base", *(e.candidate.label for e in ordered)],
        "ids": ids,
        "rows": ["".join(row) for row in rows],
        "required": [places[name] for name in evaluation.required if name in places],
    }


def _provenance(story: Story) -> list[list[str]]:
    return [
        ["base", f"{story.evaluation.base} (tree {story.evaluation.base_tree[:12]})"],
        ["rubric", f"{story.rubric.name} ({story.rubric.digest})"],
        ["seed", str(story.seed)],
        ["arena", __version__],
        *(["note", text] for text in story.notes),
        *([key, value] for key, value in story.evaluation.facts.items()),
    ]
