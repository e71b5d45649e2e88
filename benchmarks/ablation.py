"""What each stage of the verdict is worth on judged cases of a selection benchmark: alone, and all without it.

    ablation.py --bench DIR --state DIR [--rubric NAME] [--since SECONDS]

--state is the state folder that `selection.py` judged in: the latest run of every case is read from it, and nothing
is run. Accuracy is the exact expectation with ties drawn at random, so it does not hang on a coin. `triples` is the
mean over all mixed triples of a case, with everything measured again that looks at the other candidates; `confidence`
tells the classes of the verdicts on all cases and on all triples, those without any right candidate too. `order
chosen elsewhere` takes, for each issue, the best of all orders of the evidence by the other issues.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from arena import rubric, scores, verdict
from arena.commands.judge import shipped_rubrics
from arena.evaluation import compared, measures
from arena.evaluation.result import Evaluation
from arena.machine import records
from arena.stages import STAGES, Player, Stage, players

EVIDENCE = (
    "reproduction",
    "same output",
    "cross-run",
    "touched",
    "agreement",
    "likeness",
)
Case = tuple[str, list[Player], set[str]]  # name, players, labels of the right ones


def cases(bench: Path, state: Path, since: float) -> dict[str, Path]:
    """Case → folder of its latest run."""
    found: dict[str, Path] = {}
    known = {path.stem for path in (bench / "cases").glob("*.json")}
    for path in state.glob("*/runs/*/evaluation.json.gz"):
        first = (path.parent / "journal.log").read_text().splitlines()[0]
        repository = json.loads(first.partition(" ")[2])["data"]["repository"]
        case = Path(repository).parent.name
        newer = case not in found or path.stat().st_mtime > found[case].stat().st_mtime
        if case in known and newer and path.stat().st_mtime > since:
            found[case] = path
    return found


def right(bench: Path, case: str, evaluation: Evaluation) -> set[str]:
    """Labels of the right candidates."""
    told = json.loads((bench / "cases" / f"{case}.json").read_text())["private"][
        "truth"
    ]
    good = {n for n, v in told.items() if (v["right"] if isinstance(v, dict) else v)}
    return {
        e.candidate.label
        for e in evaluation.candidates
        if e.candidate.source.rpartition("/")[2] in good
    }


def seen(evaluation: Evaluation, name: str) -> list[Player]:
    """The candidates as the stages see them, those that fail gates behind the others."""
    rules = rubric.load(shipped_rubrics()[name], name=name, known=measures.KNOWN)
    return players(evaluation, scores.score(evaluation, rules), rules, 0)


def level(field: Sequence[Player], order: Iterable[Stage]) -> list[Player]:
    """Those that no stage separates from the first."""
    fewest = min(len(p.score.failed_gates) for p in field)
    left = [p for p in field if len(p.score.failed_gates) == fewest]
    for stage in order:
        best = max(stage.key(p) for p in left)
        left = [p for p in left if (stage.most or stage.key)(p) >= best]
    return left


def expected(case: Case, order: Sequence[Stage]) -> float:
    """Chance that the first is right."""
    _, field, good = case
    left = level(field, order)
    return sum(p.label in good for p in left) / len(left)


def mean(all_cases: Sequence[Case], order: Sequence[Stage]) -> float:
    """Mean over cases."""
    return statistics.mean(expected(case, order) for case in all_cases)


def issue(name: str) -> str:
    """Cases of one issue are not independent."""
    return name.removeprefix("same--")


def elsewhere(all_cases: Sequence[Case]) -> float:
    """Accuracy with the order of the evidence chosen without the issue that is scored."""
    head = [s for s in STAGES if s.name not in (*EVIDENCE, "quality")]
    some = {s.name: s for s in STAGES if s.name in (*EVIDENCE, "quality")}
    orders = [
        [*head, *(some[n] for n in names)]
        for size in (3, 4, 5)
        for names in itertools.permutations(some, size)
    ]
    table = [[expected(case, order) for case in all_cases] for order in orders]
    found = []
    for number, (name, _, _) in enumerate(all_cases):
        others = [n for n, c in enumerate(all_cases) if issue(c[0]) != issue(name)]
        best = max(range(len(orders)), key=lambda o: sum(table[o][n] for n in others))
        found.append(table[best][number])
    return statistics.mean(found)


def triples(
    evaluations: dict[str, Evaluation], bench: Path, name: str, order: Sequence[Stage]
) -> float:
    """Mean over cases of the mean over their mixed triples."""
    found = []
    for case, evaluation in evaluations.items():
        good = right(bench, case, evaluation)
        labels = sorted(e.candidate.label for e in evaluation.candidates)
        chances = []
        for three in itertools.combinations(labels, 3):
            if 0 < len(good & set(three)) < 3:
                part = evaluation
                for label in labels:
                    part = part if label in three else compared.without(part, label)
                chances.append(expected((case, seen(part, name), good), order))
        found += [statistics.mean(chances)] if chances else []
    return statistics.mean(found)


def confidence(
    evaluations: dict[str, Evaluation], bench: Path, name: str, size: int | None
) -> list[str]:
    """Rows of a table: per class, its share of the verdicts and how often the first is right there; every case
    weighs the same. `size`: of all groups of so many candidates, None: of all candidates together."""
    rules = rubric.load(shipped_rubrics()[name], name=name, known=measures.KNOWN)
    told: dict[str, list[tuple[float, bool]]] = {}
    for case, evaluation in evaluations.items():
        good = right(bench, case, evaluation)
        labels = sorted(e.candidate.label for e in evaluation.candidates)
        groups = list(itertools.combinations(labels, size or len(labels)))
        for group in groups:
            part = evaluation
            for label in set(labels) - set(group):
                part = compared.without(part, label)
            found = verdict.decide(part, scores.score(part, rules), rules, seed=0)
            row = (1 / len(groups) / len(evaluations), found.leader in good)
            told.setdefault(found.confidence, []).append(row)
    return [
        f"| {name} | {sum(w for w, _ in rows):.2f} | {len(rows)} | "
        f"{sum(w for w, ok in rows if ok) / sum(w for w, _ in rows):.2f} |"
        for name in ("decisive", "clear", "leaning", "toss-up", "none")
        if (rows := told.get(name))
    ]


def main() -> None:
    """Words in, tables out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--rubric", default="default")
    parser.add_argument("--since", type=float, default=0.0)
    given = parser.parse_args()
    evaluations = {
        case: records.from_json(Evaluation, json.loads(gzip.decompress(p.read_bytes())))
        for case, p in sorted(cases(given.bench, given.state, given.since).items())
    }
    everything: list[Case] = [
        (case, seen(e, given.rubric), right(given.bench, case, e))
        for case, e in evaluations.items()
    ]
    sets = {
        "all": everything,
        "different agents": [c for c in everything if not c[0].startswith("same--")],
        "same agent": [c for c in everything if c[0].startswith("same--")],
    }
    tests = [s for s in STAGES if s.name in ("required", "regressions", "mended")]
    rows: dict[str, Sequence[Stage]] = {
        "random": [],
        "gates and existing tests": tests,
        **{f"tests, then {s.name}": [*tests, s] for s in STAGES if s not in tests},
        "all stages": STAGES,
        **{f"all but {s.name}": [o for o in STAGES if o != s] for s in STAGES},
    }
    print("| rule | " + " | ".join(f"{k} ({len(v)})" for k, v in sets.items()) + " |")
    print("| --- |" + " ---: |" * len(sets))
    for name, order in rows.items():
        some = "  ".join("") or " | ".join(
            f"{mean(c, order) if name != 'random' else _random(c):.3f}" if c else "-"
            for c in sets.values()
        )
        print(f"| {name} | {some} |")
    print(f"\norder chosen elsewhere: {elsewhere(everything):.3f}")
    print(f"triples: {triples(evaluations, given.bench, given.rubric, STAGES):.3f}")
    for size in (None, 3):
        print(f"\n| confidence, {size or 'all'} | share | n | right |")
        print("| --- | ---: | ---: | ---: |")
        print("\n".join(confidence(evaluations, given.bench, given.rubric, size)))
    for case in everything:
        left = level(case[1], STAGES)
        print(f"{case[0]}: {expected(case, STAGES):.2f} of {len(left)} level")


def _random(some: Sequence[Case]) -> float:
    return statistics.mean(len(good) / len(field) for _, field, good in some)


if __name__ == "__main__":
    main()
