"""The evidence that comes from comparing candidates with each other, as pure functions of what was found for each.

So that a verdict which rests on it can be tried without each of the others: `without` is the evaluation as it would
be had one of them never been there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from arena.evaluation.measurement import Value, missing, value
from arena.evaluation.result import Evaluated, Evaluation

WITNESSES = 3  # fewer independent ones can't agree about anything
FEW = missing(f"fewer than {WITNESSES} independent witnesses")
Found = Mapping[str, Mapping[str, Any]]  # label → details of its measures
Values = dict[str, dict[str, Value]]  # label → name of a measurement → its value


def without(evaluation: Evaluation, label: str) -> Evaluation:
    """The evaluation with one candidate left out, and everything measured again that looks at the others."""
    rest = [e for e in evaluation.candidates if e.candidate.label != label]
    found = {e.candidate.label: e.details for e in rest}
    parts = [compare(found) for compare in (outputs, cross, places)]

    def renewed(one: Evaluated) -> Evaluated:
        new = {k: v for part in parts for k, v in part[one.candidate.label].items()}
        told = (
            replace(m, value=new[m.name].value) if m.name in new else m
            for m in one.measurements
        )
        return replace(one, measurements=tuple(told))

    return replace(evaluation, candidates=tuple(map(renewed, rest)))


def outputs(found: Found) -> Values:
    """How many other witnesses have the very output of a candidate, where the task's examples moved cleanly.

    Details: `outputs` (per telling example: a hash of the output, "" where it did not move cleanly), `witness`.
    """
    told = {label: one["outputs"] for label, one in found.items() if "outputs" in one}
    witness = {label: found[label]["witness"] for label in told}
    result = {}
    for label in found:
        agreed = missing("no example of the task's text came out differently")
        if any(told.get(label, ())):
            others = set(witness.values()) - {witness[label]}
            shares = [
                len(_same(told, witness, number, output) & others) / len(others)
                if output and others
                else 0.0
                for number, output in enumerate(told[label])
            ]
            agreed = value(round(sum(shares) / len(shares), 4))
        result[label] = {"reproduction.agreed": agreed}
    return result


def _same(
    told: Mapping[str, list[str]], witness: Mapping[str, str], number: int, output: str
) -> set[str]:
    return {witness[label] for label, those in told.items() if those[number] == output}


def cross(found: Found) -> Values:
    """Mean over the other authors of the share of their applicable tests that a candidate passes.

    Details: `cross` (author → test → passed, failed or n/a). A sole author, who has no vote on their own change,
    ranks with the mean of the rest.
    """
    result: Values = {}
    for label, one in found.items():
        shares = []
        for author, tests in one.get("cross", {}).items():
            applicable = [told for told in tests.values() if told != "n/a"]
            if author in found and applicable:
                shares.append(applicable.count("passed") / len(applicable))
        passed = missing("no test of another candidate applies to this one")
        if shares:
            passed = value(round(sum(shares) / len(shares), 4))
        result[label] = {"cross.passed": passed, "cross.authors": value(len(shares))}
    passes = [values["cross.passed"].value for values in result.values()]
    known = [float(one) for one in passes if isinstance(one, int | float)]
    mean = value(round(sum(known) / len(known), 4)) if known else missing("no votes")
    for values in result.values():
        passed = values["cross.passed"]
        values["cross.rank"] = mean if passed.value is None else passed
    return result


def places(found: Found) -> Values:
    """Share of the agreed units that a candidate changes. Details: `where` (its units), `witness`."""
    changed = {label: frozenset(one.get("where", ())) for label, one in found.items()}
    witness = {label: one.get("witness", label) for label, one in found.items()}
    return {
        label: {"where.agreed": FEW if share is None else value(round(share, 4))}
        for label, share in consensus(changed, witness).items()
    }


def consensus(
    changed: Mapping[str, frozenset[Any]], witness: Mapping[str, str]
) -> dict[str, float | None]:
    """Label → share of the agreed units that the candidate changes; None where fewer than three witnesses are.

    A unit is agreed if at least half of the *other* witnesses change it. A witness is one agent program with all its
    entries: it changes what any of them changes.
    """
    groups: dict[str, set[Any]] = {}
    for label, found in changed.items():
        groups.setdefault(witness[label], set()).update(found)
    if len(groups) < WITNESSES:
        return dict.fromkeys(changed)
    return {
        label: _covered(own, witness[label], groups) for label, own in changed.items()
    }


def _covered(own: frozenset[Any], mine: str, groups: Mapping[str, set[Any]]) -> float:
    others = [found for name, found in groups.items() if name != mine]
    votes = Counter(unit for found in others for unit in found)
    agreed = {unit for unit, count in votes.items() if 2 * count >= len(others)}
    return len(agreed & own) / len(agreed) if agreed else 0.0
