"""The one data object that every format of the report is made from, and that `result.json` holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arena import __version__
from arena.evaluation.result import Evaluated, Evaluation
from arena.machine import records
from arena.machine.quarantine import Quarantine
from arena.report import patch
from arena.rubric import Rubric
from arena.scores import Score
from arena.task import Task
from arena.verdict import Verdict

LETTERS = {
    "passed": "P",
    "xpassed": "P",
    "failed": "F",
    "error": "E",
    "skipped": "S",
    "xfailed": "X",
}
WITH_DIFFS = 6  # candidates whose diffs stand in the page; the others are named with the command that shows them
TITLES = {
    "coverage.changed": "Changed lines covered",
    "coverage.files": "Coverage of changed files",
    "static.new": "New static findings",
    "static.undefined": "Undefined names",
    "complexity.worst": "Worst function",
    "complexity.mean": "Mean complexity",
    "diff.source_lines": "Changed lines of source",
    "diff.test_lines": "Changed lines of tests",
    "diff.files": "Changed files",
    "required.passed": "Required tests passed",
    "regressions": "Broken tests",
    "deps.added": "Dependencies added",
    "bench.seconds": "Benchmark time",
    "tests.fixed": "Tests mended",
    "integrity": "Integrity",
    "effective": "Changes code",
    "compiles": "Parses",
    "merges": "Merges cleanly",
    "import.proven": "Own code imported",
    "tests.intermittent": "Intermittent failures",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that a report tells. `failed` are entries that gave no candidate; `landed` is set after a merge."""

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
    failed: Sequence[Mapping[str, Any]] = ()
    attempts: Mapping[str, Mapping[str, Any]] | None = None
    logs: Mapping[str, Mapping[str, Any]] | None = None
    events: Sequence[Mapping[str, str]] = ()
    landed: Mapping[str, Any] | None = None
    timing: Mapping[str, Any] | None = None
    report: str | None = None


def build(story: Story, quarantine: Quarantine) -> dict[str, Any]:
    """The document of a story: JSON-safe, see the keys in `docs/result.md`."""
    evaluation, verdict = story.evaluation, story.verdict
    order = [*verdict.ranking, *verdict.same, *verdict.excluded]
    by_label = {e.candidate.label: e for e in evaluation.candidates}
    scores = {s.label: s for s in story.scores}
    return {
        "arena": 1,
        "run": story.run,
        "mode": story.mode,
        "task": {
            "prompt": story.task.prompt,
            "suite": sorted(story.task.suite),
            "checks": sorted([*story.task.checks, *story.task.holdouts]),
            "target": story.target_name,
            "approaches": list(story.task.approaches),
        },
        "base": _base(story),
        "rubric": _rubric(story),
        "candidates": [_candidate(story, by_label[n], scores[n]) for n in order],
        "verdict": _verdict(story),
        "failed": [dict(item) for item in story.failed],
        "landed": dict(story.landed) if story.landed else None,
        "next": _next(story),
        "undo": f"arena undo {story.run}" if story.landed else None,
        "details": _details(story, quarantine, order),
        "provenance": _provenance(story),
        "replay": story.replay,
        "timing": dict(story.timing or {}),
        "environment": dict(evaluation.facts),
        "report": story.report,
    }


def result(document: Mapping[str, Any]) -> dict[str, Any]:
    """What `result.json` and `--json` carry: the document without the parts that only a page needs."""
    return {key: value for key, value in document.items() if key != "details"}


def _base(story: Story) -> dict[str, Any]:
    outcomes = list(story.evaluation.base_tests.values())
    bad = sum(o in ("failed", "error") for o in outcomes)
    return {
        "commit": story.evaluation.base,
        "tree": story.evaluation.base_tree,
        "name": story.base_name,
        "green": story.evaluation.green,
        "counts": {
            "passed": sum(o in ("passed", "xpassed") for o in outcomes),
            "failed": bad,
            "skipped": sum(o in ("skipped", "xfailed") for o in outcomes),
        },
        "flaky": list(story.evaluation.flaky),
    }


def _rubric(story: Story) -> dict[str, Any]:
    rubric = story.rubric
    units = {
        m.name: m.unit for e in story.evaluation.candidates for m in e.measurements
    }
    return {
        "name": rubric.name,
        "about": rubric.about,
        "merge": rubric.merge,
        "hash": rubric.digest,
        "noise": rubric.noise,
        "gates": [
            {
                "measure": g.measure,
                "title": TITLES.get(g.measure, g.measure),
                "condition": g.condition,
                "unless": g.unless,
                "why": g.why,
            }
            for g in rubric.gates
        ],
        "criteria": [
            {
                "measure": c.measure,
                "title": TITLES.get(c.measure, c.measure),
                "weight": c.weight,
                "zero": c.zero,
                "full": c.full,
                "base": c.base,
                "why": c.why,
                "unit": units.get(c.measure, ""),
            }
            for c in rubric.criteria
        ],
    }


def _candidate(story: Story, evaluated: Evaluated, score: Score) -> dict[str, Any]:
    candidate, verdict = evaluated.candidate, story.verdict
    label = candidate.label
    weights = {c.measure: c.weight for c in story.rubric.criteria}
    twin = verdict.same.get(label)
    excluded = verdict.excluded.get(label) or (
        f"the same change as {twin}" if twin else None
    )
    return {
        "label": label,
        "source": candidate.source,
        "agent": candidate.agent,
        "commit": candidate.commit,
        "tree": candidate.tree,
        "message": candidate.message,
        "rank": verdict.ranking.index(label) + 1 if label in verdict.ranking else None,
        "total": None if score.total is None else round(score.total, 4),
        "excluded": excluded,
        "gates": [
            {"name": g.name, "passed": g.passed, "why": g.why} for g in score.gates
        ],
        "flags": [
            {
                "id": f.id,
                "grade": f.grade,
                "summary": f.summary,
                "evidence": list(f.evidence),
            }
            for f in evaluated.flags
        ],
        "measurements": {
            m.name: {
                "value": m.value,
                "unit": m.unit,
                "base": m.base,
                "why_none": m.why_none,
            }
            for m in evaluated.measurements
        },
        "points": {k: round(v, 4) for k, v in score.points.items() if weights.get(k)},
        "fractions": {
            k: round(v, 6) for k, v in score.fractions.items() if weights.get(k)
        },
        "attempt": dict((story.attempts or {}).get(label, {})) or None,
    }


def headline(story: Story) -> tuple[str, str]:
    """(verdict sentence, one sentence of explanation); the words are fixed so that people learn them."""
    verdict = story.verdict
    alone = len(story.evaluation.candidates) == 1 and not story.failed
    top = verdict.leader or ""
    if story.rubric.merge == "never" and verdict.confidence != "none":
        words = (
            f"{top} looks best."
            if verdict.winner
            else f"No clear best: {_names(verdict.tied or (top,))}."
        )
    elif verdict.confidence == "none":
        words = _nobody(story)
    elif verdict.confidence == "toss-up":
        words = f"No clear winner: {_names(verdict.tied or verdict.ranking[:2])} are within noise."
    elif verdict.confidence == "leaning":
        words = f"{top} {'passes' if alone else 'leads'}, but look before you merge."
    else:
        how = "decisively" if verdict.confidence == "decisive" else "clearly"
        words = f"{top} {'passes' if alone else 'wins'}, {how}."
    lead = verdict.why[:1].upper() + verdict.why[1:] + "."
    if story.failed:
        total = len(story.failed) + len(story.evaluation.candidates)
        lead += (
            f" {len(story.evaluation.candidates)} of {total} entries could be judged."
        )
    return words, lead


def _nobody(story: Story) -> str:
    out = story.verdict.excluded
    gates = [why.partition(":")[0] for why in out.values()]
    common = max(sorted(set(gates)), key=gates.count) if gates else ""
    if len(out) == 1:
        label, why = next(iter(out.items()))
        return f"{label} does not pass: {why}."
    if not out:
        return "Nobody passes: there is no candidate."
    return f"Nobody passes: {gates.count(common)} of {len(out)} fail at {common}."


def _names(labels: Sequence[str]) -> str:
    shown = list(labels[:4])
    if len(labels) > 4:
        return f"{', '.join(shown)} and {len(labels) - 4} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _verdict(story: Story) -> dict[str, Any]:
    verdict = story.verdict
    words, lead = headline(story)
    return {
        "winner": verdict.winner,
        "leader": verdict.leader,
        "runner_up": verdict.runner_up,
        "tied": list(verdict.tied),
        "confidence": verdict.confidence,
        "stage": verdict.stage,
        "headline": words,
        "lead": lead,
        "why_confidence": verdict.why,
        "reasons": [
            {"text": text, "anchor": anchor} for text, anchor in verdict.reasons
        ],
        "not_measured": list(verdict.not_measured),
        "weights_first": dict(verdict.shares),
        "blocks": list(verdict.blocks),
    }


def _next(story: Story) -> list[dict[str, str]]:
    verdict, run = story.verdict, story.run
    what = f"tests the merged tree, then moves {story.target_name}"
    if story.landed or story.target_name is None:
        return []
    if story.rubric.merge == "never" or verdict.confidence == "none":
        return []
    if verdict.winner and not verdict.blocks:
        return [{"command": f"arena merge {run}", "what": what}]
    labels = (
        [verdict.winner]
        if verdict.winner
        else [*(verdict.tied or (verdict.leader or "",))]
    )
    return [
        {"command": f"arena merge {run} {label}", "what": what}
        for label in labels[:6]
        if label
    ]


def _details(
    story: Story, quarantine: Quarantine, order: Sequence[str]
) -> dict[str, Any]:
    evaluation = story.evaluation
    by_label = {e.candidate.label: e for e in evaluation.candidates}
    shown = [label for label in order if label not in story.verdict.same][:WITH_DIFFS]
    base = evaluation.base_tree

    def every(key: str) -> dict[str, Any]:
        return {
            n: by_label[n].details[key] for n in order if by_label[n].details.get(key)
        }

    pairs = []
    if len(shown) > 1 and shown[1] in story.verdict.ranking:
        one, other = (by_label[label].candidate.tree for label in shown[:2])
        files = patch.parse(quarantine.patch(one, other))
        pairs.append({"a": shown[0], "b": shown[1], "files": files})
    return {
        "tests": _tests(evaluation, order),
        "failures": every("failures"),
        "files": every("files"),
        "diffs": {
            n: patch.parse(quarantine.patch(base, by_label[n].candidate.tree))
            for n in shown
        },
        "pairs": pairs,
        "coverage": every("coverage"),
        "complexity": every("complexity"),
        "logs": {k: dict(v) for k, v in (story.logs or {}).items()},
        "events": [dict(event) for event in story.events],
    }


def _tests(evaluation: Evaluation, order: Sequence[str]) -> dict[str, Any]:
    """Ids once, and one letter per column: base first, then the candidates in the order of the page."""
    by_label = {e.candidate.label: e.tests for e in evaluation.candidates}
    ids = sorted(
        {*evaluation.base_tests, *(i for tests in by_label.values() for i in tests)}
    )
    flaky = set(evaluation.flaky)
    places = {name: number for number, name in enumerate(ids)}
    rows = []
    for name in ids:
        base = (
            "K"
            if name in flaky
            else LETTERS.get(evaluation.base_tests.get(name, ""), "N")
        )
        others = (LETTERS.get(by_label[label].get(name, ""), "N") for label in order)
        rows.append(base + "".join(others))
    return {
        "columns": ["base", *order],
        "ids": ids,
        "rows": rows,
        "required": [places[name] for name in evaluation.required if name in places],
    }


def _provenance(story: Story) -> list[list[str]]:
    facts = [
        ["base", f"{story.evaluation.base} (tree {story.evaluation.base_tree[:12]})"],
        ["rubric", f"{story.rubric.name} ({story.rubric.digest})"],
        ["seed", str(story.seed)],
        ["arena", __version__],
    ]
    facts += [[key, value] for key, value in story.evaluation.facts.items()]
    for evaluated in story.evaluation.candidates:
        candidate = evaluated.candidate
        facts.append(
            [candidate.label, f"{candidate.commit} (tree {candidate.tree[:12]})"]
        )
    return records.to_json(facts)  # type: ignore[no-any-return]
