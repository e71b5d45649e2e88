"""Documents for every state that a report can be in. All names and figures are invented."""

import copy
import random
from typing import Any

RUN = "20261121-1530-retry"

RUBRIC = {
    "name": "default",
    "about": "Merge only what does the job and breaks nothing; then prefer the better proven change.",
    "merge": "auto",
    "hash": "9d3c51aa07e2",
    "noise": 2.0,
    "gates": [
        {
            "measure": "integrity",
            "title": "Integrity",
            "condition": "is clean",
            "unless": None,
            "why": "Tampered results say nothing.",
        },
        {
            "measure": "regressions",
            "title": "Broken tests",
            "condition": "at most 0",
            "unless": None,
            "why": "Old tests keep passing.",
        },
        {
            "measure": "required.passed",
            "title": "Required tests passed",
            "condition": "all",
            "unless": "no required tests",
            "why": None,
        },
        {
            "measure": "merges",
            "title": "Merges cleanly",
            "condition": "is true",
            "unless": None,
            "why": None,
        },
    ],
    "criteria": [
        {
            "measure": "coverage.changed",
            "title": "Changed lines covered",
            "weight": 40.0,
            "zero": 0.0,
            "full": 0.8,
            "base": "absolute",
            "why": None,
            "unit": "share",
        },
        {
            "measure": "static.new",
            "title": "New findings",
            "weight": 25.0,
            "zero": 10.0,
            "full": 0.0,
            "base": "absolute",
            "why": None,
            "unit": "findings",
        },
        {
            "measure": "complexity.worst",
            "title": "Complexity: worst function",
            "weight": 20.0,
            "zero": 10.0,
            "full": -5.0,
            "base": "delta",
            "why": "Easier to change later.",
            "unit": "points",
        },
        {
            "measure": "tests.killed",
            "title": "Mutants killed",
            "weight": 15.0,
            "zero": 0.0,
            "full": 0.75,
            "base": "absolute",
            "why": None,
            "unit": "share",
        },
        {
            "measure": "diff.tokens",
            "title": "Size of the change",
            "weight": 0.0,
            "zero": 3000.0,
            "full": 300.0,
            "base": "absolute",
            "why": "Being small is not being right.",
            "unit": "tokens",
        },
    ],
}

BASE_VALUES = {"complexity.worst": 7, "static.new": 0}

OLD_CODE = [
    "import urllib.request",
    "",
    "class Client:",
    "    def fetch(self, url):",
    "        response = urllib.request.urlopen(url, timeout=5)",
    "        return response.read()",
    "",
    "    def close(self):",
    "        self.pool.clear()",
]
NEW_CODE = [
    "        delay = self.first_delay",
    "        for attempt in range(self.attempts):",
    "            try:",
    "                response = urllib.request.urlopen(url, timeout=self.timeout)",
    "                return response.read()",
    "            except urllib.error.URLError as error:",
    "                if attempt + 1 == self.attempts:",
    '                    raise GaveUp(f"{url}: {attempt + 1} attempts") from error',
    "                self.sleep(delay)",
    "                delay = min(delay * 2, self.longest_delay)",
]


def hexid(word: str) -> str:
    """A made-up object id that depends on `word` only."""
    return f"{random.Random(word).getrandbits(160):040x}"


def measurement(name: str, value: Any, why: str | None = None) -> dict[str, Any]:
    units = {
        "coverage.changed": "share",
        "static.new": "findings",
        "tests.killed": "share",
    }
    units |= {
        "required.passed": "share",
        "regressions": "tests",
        "diff.tokens": "tokens",
    }
    return {
        "value": value,
        "unit": units.get(name, "points"),
        "base": BASE_VALUES.get(name),
        "why_none": why if value is None else None,
    }


def fraction(criterion: dict[str, Any], entry: dict[str, Any]) -> float | None:
    value = entry["value"]
    if value is None:
        return None
    if criterion["base"] == "delta":
        value -= entry["base"]
    share = (value - criterion["zero"]) / (criterion["full"] - criterion["zero"])
    return min(1.0, max(0.0, share))


def candidate(
    label: str,
    *,
    coverage: float | None = 0.9,
    static: int | None = 0,
    complexity: int | None = 9,
    killed: float | None = 0.6,
    required: float | None = 1.0,
    regressions: int = 0,
    flags: list[dict[str, Any]] | None = None,
    agent: str | None = "claude",
) -> dict[str, Any]:
    integrity = (
        "clean" if not any(f["grade"] == "void" for f in flags or []) else "void"
    )
    values = {
        "integrity": measurement("integrity", integrity),
        "regressions": measurement("regressions", regressions),
        "required.passed": measurement(
            "required.passed", required, "no test is required"
        ),
        "merges": measurement("merges", True),
        "coverage.changed": measurement("coverage.changed", coverage, "no test ran"),
        "static.new": measurement("static.new", static, "the checker could not start"),
        "complexity.worst": measurement(
            "complexity.worst", complexity, "no function was changed"
        ),
        "tests.killed": measurement(
            "tests.killed", killed, "time limit 120 s after 20 of 31 mutants"
        ),
        "diff.tokens": measurement("diff.tokens", 480 + 7 * len(label)),
    }
    gates = [
        {
            "name": "integrity",
            "passed": integrity == "clean",
            "why": f"integrity is {integrity}",
        },
        {
            "name": "regressions",
            "passed": regressions == 0,
            "why": f"{regressions} tests broken, at most 0",
        },
        {
            "name": "required.passed",
            "passed": None if required is None else required == 1.0,
            "why": "no test is required"
            if required is None
            else f"{round(required * 12)} of 12, needs all",
        },
        {"name": "merges", "passed": True, "why": "merges without conflict"},
    ]
    failing = next((g for g in gates if g["passed"] is False), None)
    return {
        "label": label,
        "source": f"worktree of {agent}" if agent else f"branch feature/{label}",
        "agent": agent,
        "commit": hexid(f"commit {label}"),
        "tree": hexid(f"tree {label}"),
        "rank": None,
        "total": None,
        "excluded": f"{failing['name']}: {failing['why']}" if failing else None,
        "gates": gates,
        "flags": flags or [],
        "measurements": values,
        "points": {},
        "fractions": {},
        "attempt": {"outcome": "finished", "exit_code": 0, "why": ""}
        if agent
        else None,
        "message": f"Retry in fetch ({label})",
    }


def score(
    candidates: list[dict[str, Any]], rubric: dict[str, Any]
) -> list[dict[str, Any]]:
    """Fill in fractions, points, totals and ranks; ranked first, excluded last."""
    judged = [c for c in candidates if not c["excluded"]]
    used = []
    for criterion in rubric["criteria"]:
        name = criterion["measure"]
        shares = {
            c["label"]: fraction(criterion, c["measurements"][name]) for c in candidates
        }
        if any(shares[c["label"]] is None for c in judged):
            continue
        used.append(criterion)
        for c in candidates:
            if shares[c["label"]] is not None:
                c["fractions"][name] = shares[c["label"]]
                if criterion["weight"]:
                    c["points"][name] = criterion["weight"] * shares[c["label"]]
    whole = sum(c["weight"] for c in used)
    for c in judged:
        c["total"] = 100 * sum(c["points"].values()) / whole if whole else None
    judged.sort(key=lambda c: (-(c["total"] or 0.0), c["label"]))
    for rank, c in enumerate(judged, 1):
        c["rank"] = rank
    return judged + [c for c in candidates if c["excluded"]]


def matrix(
    labels: list[str], count: int = 214, *, broken: dict[str, int] | None = None
) -> dict[str, Any]:
    """Results of `count` tests; the first 12 are required: they fail on the base."""
    rng = random.Random(count * 1000 + len(labels))
    ids = [
        f"tests/test_client.py::TestRetry::test_case_{i:03d}[{rng.choice('abcdef')}]"
        for i in range(count)
    ]
    rows = []
    for i in range(count):
        if i < 12:
            rows.append(
                "F"
                + "".join(
                    "F" if i >= 12 - (broken or {}).get(x, 0) else "P" for x in labels
                )
            )
        elif i == 20:
            rows.append(
                "P" + "".join("F" if x in (broken or {}) else "P" for x in labels)
            )
        elif i == 40:
            rows.append("K" + "".join("PK"[k % 2] for k in range(len(labels))))
        else:
            rows.append(("S" if i % 50 == 49 else "P") * (len(labels) + 1))
    return {
        "columns": ["base", *labels],
        "ids": ids,
        "rows": rows,
        "required": list(range(min(12, count))),
    }


def diff_lines(keep: int = 10) -> list[list[Any]]:
    lines: list[list[Any]] = [["hunk", None, None, "@@ -1,9 +1,17 @@ class Client"]]
    lines += [["ctx", i, i, OLD_CODE[i - 1]] for i in range(1, 5)]
    lines += [["del", 5, None, OLD_CODE[4]], ["del", 6, None, OLD_CODE[5]]]
    lines += [["add", None, 5 + i, code] for i, code in enumerate(NEW_CODE[:keep])]
    lines += [["ctx", 7 + i, 5 + keep + i, code] for i, code in enumerate(OLD_CODE[6:])]
    return lines


def covered(c: dict[str, Any]) -> dict[str, Any]:
    """Eleven changed lines, of which as many ran as the measured share says."""
    hit = round(11 * (c["measurements"]["coverage.changed"]["value"] or 0))
    return {"covered": list(range(16 - hit, 16)), "missed": list(range(5, 16 - hit))}


def details(candidates: list[dict[str, Any]], tests: dict[str, Any]) -> dict[str, Any]:
    labels = [c["label"] for c in candidates]
    path = "src/client.py"
    names = dict.fromkeys(labels)
    return {
        "tests": tests,
        "behaviour": behaviour(["base", *labels]),
        "failures": {
            x: [
                {
                    "id": tests["ids"][i],
                    "message": f"E   assert 3 == {i}\ntests/test_client.py:{i}: AssertionError",
                }
            ]
            for k, x in enumerate(labels)
            for i in [
                next(
                    (i for i, row in enumerate(tests["rows"]) if row[k + 1] == "F"),
                    None,
                )
            ]
            if i is not None
        },
        "files": {
            x: [
                {
                    "path": path,
                    "status": "M",
                    "added": 10 - k % 4,
                    "removed": 2,
                    "kind": "source",
                },
                {
                    "path": f"tests/test_{x}.py",
                    "status": "A",
                    "added": 30 + k,
                    "removed": 0,
                    "kind": "test",
                },
            ]
            for k, x in enumerate(names)
        },
        "diffs": {
            x: [
                {
                    "path": path,
                    "old_path": None,
                    "lines": diff_lines(10 - k % 4),
                    "cut": 0,
                },
                {
                    "path": f"tests/test_{x}.py",
                    "old_path": None,
                    "lines": [
                        ["add", None, i, f"def test_{i}(): assert fetch({i!r})"]
                        for i in range(1, 6)
                    ],
                    "cut": 25 + k,
                },
            ]
            for k, x in enumerate(names)
        },
        "pairs": [
            {
                "a": labels[0],
                "b": labels[1],
                "files": [
                    {"path": path, "old_path": None, "lines": diff_lines(7), "cut": 0}
                ],
            }
        ]
        if len(labels) > 1
        else [],
        "coverage": {
            c["label"]: [{"path": path, "changed": list(range(5, 16)), **covered(c)}]
            for c in candidates
        },
        "complexity": {
            x: [
                {
                    "path": path,
                    "function": "Client.fetch",
                    "before": 7,
                    "after": 9 + k % 3,
                },
                {
                    "path": path,
                    "function": "Client._backoff",
                    "before": None,
                    "after": 2,
                },
            ]
            for k, x in enumerate(names)
        },
        "logs": {
            x: {
                "tail": f"{x}: edit src/client.py\n{x}: pytest -q\n",
                "where": "agent.log in the run folder",
                "cut": 0,
            }
            for x in names
        },
        "events": [
            {"at": "15:30:00", "text": "base judged: 214 tests"},
            *(
                {"at": f"15:3{1 + k % 8}:00", "text": f"{x}: working"}
                for k, x in enumerate(names)
            ),
            {"at": "15:52:10", "text": "verdict recorded"},
        ],
    }


def behaviour(columns: list[str]) -> dict[str, Any]:
    """An example that moves with the first candidate, a call that it answers alone, and a test of its own."""
    labels = columns[1:]
    return {
        "columns": columns,
        "rows": [
            {
                "call": "fetch('bad host')",
                "results": ["URLError", "GaveUp", *(None for _ in labels[1:])],
            }
        ],
        "examples": [
            {
                "job": "from client import fetch\nprint(fetch('x'))\n",
                "groups": [
                    {"with": ["base", *labels[1:]], "output": "3 retries\n"},
                    {"with": labels[:1], "output": "5 retries\n"},
                ],
            }
        ],
        "cross": [
            {
                "author": label,
                "test": "tests/test_new.py::test_gives_up",
                "results": [
                    "failed",
                    *(
                        "own"
                        if x == label
                        else ("passed", "failed", "n/a", None)[n % 4]
                        for n, x in enumerate(labels)
                    ),
                ],
            }
            for label in labels[:2]
        ],
    }


def nothing_measured(doc: dict[str, Any]) -> dict[str, Any]:
    """The same document with empty details and no times."""
    parts = ("failures", "files", "diffs", "coverage", "complexity", "logs")
    tests = {"columns": ["base"], "ids": [], "rows": [], "required": []}
    told = {"columns": ["base"], "rows": [], "examples": [], "cross": []}
    empty = {**{part: {} for part in parts}, "tests": tests, "pairs": [], "events": []}
    empty["behaviour"] = told
    timing = {"seconds": {}, "total": None, "judged_at": None}
    return {**doc, "details": empty, "timing": timing, "provenance": []}


def document(
    candidates: list[dict[str, Any]],
    verdict: dict[str, Any],
    *,
    tests: dict[str, Any] | None = None,
    rubric: dict[str, Any] | None = None,
    next_commands: list[tuple[str, str]] | None = None,
    mode: str = "run",
) -> dict[str, Any]:
    rubric = copy.deepcopy(rubric or RUBRIC)
    ordered = score(candidates, rubric)
    tests = tests or matrix([c["label"] for c in ordered])
    return {
        "arena": 1,
        "run": RUN,
        "mode": mode,
        "task": {
            "prompt": "Add retry with exponential backoff to Client.fetch\n\nGive up after 5 attempts.",
            "suite": ["tests/test_retry.py"],
            "checks": [],
            "target": "main",
            "approaches": [],
        },
        "base": {
            "commit": hexid("base"),
            "tree": hexid("base tree"),
            "green": True,
            "counts": {"passed": 202, "failed": 0, "skipped": 4},
            "flaky": tests["ids"][40:41],
            "name": "main",
        },
        "rubric": rubric,
        "candidates": ordered,
        "verdict": {
            "stage": "required",
            "lead": "",
            "runner_up": ordered[1]["label"] if len(ordered) > 1 else None,
            "tied": [],
            "not_measured": [
                "Performance: no benchmark",
                "Mutants: 11 of 31 not run (time limit)",
            ],
            "weights_first": {},
            "why_confidence": "all gates, 12 required tests, 91 % of the change covered",
            "blocks": [],
            **verdict,
        },
        "failed": [],
        "landed": None,
        "next": [
            {"command": command, "what": what} for command, what in next_commands or []
        ],
        "undo": None,
        "details": details(ordered, tests),
        "provenance": [
            ["base", hexid("base")],
            ["arena", "0.1.0"],
            ["python", "3.11.7"],
            ["isolation", "full (bubblewrap 0.8.0, no network)"],
            ["seed", "0"],
        ],
        "replay": f"arena judge {ordered[0]['commit'][:12]} --base {hexid('base')[:12]} --seed 0",
        "timing": {
            "seconds": {c["label"]: 312.0 / (k + 1) for k, c in enumerate(ordered)},
            "total": 1330.0,
            "judged_at": "2026-11-21 15:52 UTC",
        },
        "environment": {},
        "masked": 0,
        "report": f"reports/{RUN}/report.html",
    }


def three() -> list[dict[str, Any]]:
    return [
        candidate("claude-1", coverage=0.91, complexity=10, killed=0.65),
        candidate(
            "codex-1", coverage=0.55, complexity=12, killed=0.4, static=3, agent="codex"
        ),
        candidate(
            "aider-1",
            coverage=0.73,
            complexity=7,
            required=0.25,
            regressions=1,
            agent="aider",
        ),
    ]


WINNER = {
    "winner": "claude-1",
    "leader": "claude-1",
    "confidence": "decisive",
    "headline": "claude-1 wins, decisively.",
    "lead": "The only candidate that does the whole job and is well proven.",
    "reasons": [
        {
            "text": "Passes 12 of 12 required tests; aider-1 passes 3.",
            "anchor": "tests",
        },
        {
            "text": "Breaks none of the 202 tests that pass on the base.",
            "anchor": "scoreboard",
        },
        {
            "text": "Covers 91 % of its changed lines; codex-1 covers 55 %.",
            "anchor": "coverage",
        },
    ],
    "weights_first": {"claude-1": 0.96, "codex-1": 0.04},
}
MERGE = [(f"arena merge {RUN}", "tests the merged tree, then moves main")]


def winner() -> dict[str, Any]:
    tests = matrix(["claude-1", "codex-1", "aider-1"], broken={"aider-1": 9})
    return document(three(), WINNER, tests=tests, next_commands=MERGE)


def landed() -> dict[str, Any]:
    doc = winner()
    doc["landed"] = {"target": "main", "old": hexid("base"), "new": hexid("merge")}
    doc["undo"], doc["next"] = f"arena undo {RUN}", []
    return doc


def toss_up() -> dict[str, Any]:
    pair = [
        candidate("claude-1", coverage=0.6),
        candidate("codex-1", coverage=0.61, agent="codex"),
    ]
    verdict = {
        "winner": None,
        "leader": "codex-1",
        "confidence": "toss-up",
        "headline": "No clear winner: claude-1 and codex-1 are within noise.",
        "lead": "Both do the job; read both diffs and choose.",
        "runner_up": "claude-1",
        "tied": ["claude-1", "codex-1"],
        "reasons": [
            {
                "text": "Both pass 12 of 12 required tests and break none.",
                "anchor": "tests",
            },
            {"text": "Points differ by 0.5; noise is 2.0.", "anchor": "reasons"},
        ],
        "weights_first": {"codex-1": 0.52, "claude-1": 0.48},
        "why_confidence": "first in 52 % and 48 % of all weightings",
        "blocks": ["a toss-up never merges by itself"],
    }
    commands = [
        (f"arena merge {RUN} {label}", f"merges {label}")
        for label in ("claude-1", "codex-1")
    ]
    return document(pair, verdict, next_commands=commands)


def nobody() -> dict[str, Any]:
    losers = [
        candidate("claude-1", regressions=2),
        candidate("codex-1", regressions=4, agent="codex"),
        candidate("aider-1", regressions=1, agent="aider"),
    ]
    verdict = {
        "winner": None,
        "leader": None,
        "confidence": "none",
        "headline": "Nobody passes: all 3 break tests that pass on the base.",
        "lead": "The nearest is aider-1, which breaks 1.",
        "reasons": [
            {"text": "aider-1 breaks 1 test: test_case_020.", "anchor": "tests"}
        ],
        "why_confidence": "no candidate passed the gates",
    }
    tests = matrix(
        ["claude-1", "codex-1", "aider-1"],
        broken=dict.fromkeys(["claude-1", "codex-1", "aider-1"], 0),
    )
    return document(
        losers,
        verdict,
        tests=tests,
        next_commands=[("arena run --prompt-file task.md", "tries again")],
    )


def tampering() -> dict[str, Any]:
    void = {
        "id": "canary",
        "grade": "void",
        "summary": "a planted failing test was reported as passed",
        "evidence": [
            "src/conftest_hook.py:14: report.outcome = 'passed'",
            "canary must-fail: passed",
        ],
    }
    odd = {
        "id": "tests-edited",
        "grade": "suspicious",
        "summary": "edited 2 test files",
        "evidence": ["tests/a.py"],
    }
    note = {
        "id": "large-file",
        "grade": "note",
        "summary": "adds a file of 2 MB",
        "evidence": [],
    }
    both = [
        candidate("claude-1", flags=[void]),
        candidate("codex-1", flags=[odd, note], agent="codex", killed=None),
    ]
    verdict = {
        "winner": "codex-1",
        "leader": "codex-1",
        "confidence": "leaning",
        "headline": "codex-1 leads, but look before you merge.",
        "lead": "It is the only candidate left.",
        "runner_up": None,
        "reasons": [
            {
                "text": "claude-1 is excluded: a planted failing test was reported as passed.",
                "anchor": "flags",
            }
        ],
        "blocks": ["codex-1 has 1 suspicious flag"],
    }
    commands = [(f"arena merge {RUN} codex-1", "after you have looked at the flags")]
    return document(both, verdict, next_commands=commands)


def failed_entry() -> dict[str, Any]:
    doc = document(
        three()[:2],
        {**WINNER, "headline": "claude-1 wins, clearly.", "confidence": "clear"},
        next_commands=MERGE,
    )
    doc["failed"] = [
        {
            "label": "gemini-1",
            "agent": "gemini",
            "outcome": "silent",
            "why": "no output for 15 min",
            "log_tail": "reading src/client.py\nwaiting for the model",
        }
    ]
    return doc


def two() -> dict[str, Any]:
    return document(
        three()[:2],
        {**WINNER, "confidence": "clear", "headline": "claude-1 wins, clearly."},
        next_commands=MERGE,
    )


def one() -> dict[str, Any]:
    doc = document(
        [candidate("feature-x", agent=None)],
        {
            "winner": "feature-x",
            "leader": "feature-x",
            "confidence": "clear",
            "headline": "feature-x may be merged.",
            "lead": "It passes every gate.",
            "reasons": [{"text": "Breaks none of 202 tests.", "anchor": "tests"}],
            "weights_first": {"feature-x": 1.0},
        },
        next_commands=[
            (f"arena merge {RUN}", "tests the merged tree, then moves main")
        ],
        mode="judge",
    )
    doc["task"]["prompt"], doc["task"]["suite"] = None, []
    doc["details"]["logs"], doc["details"]["events"] = {}, []
    return doc


def large(candidates: int = 50, tests: int = 10_000) -> dict[str, Any]:
    rng = random.Random(7)
    labels = [f"c{i:02d}" for i in range(candidates)]
    entries = [
        candidate(
            x,
            coverage=rng.random(),
            complexity=rng.randint(6, 14),
            killed=rng.random() * 0.6,
        )
        if i % 9
        else candidate(x, regressions=1 + i % 3)
        for i, x in enumerate(labels)
    ]
    ordered = [c["label"] for c in score(copy.deepcopy(entries), RUBRIC)]
    table = matrix(ordered, tests)
    for i in rng.sample(range(100, tests), min(140, tests // 10)):
        table["rows"][i] = "P" + "".join(
            rng.choices("PFESNKX", weights=[60, 5, 1, 1, 1, 1, 1], k=candidates)
        )
    verdict = {
        "winner": ordered[0],
        "leader": ordered[0],
        "confidence": "clear",
        "headline": f"{ordered[0]} wins, clearly, of {candidates}.",
        "reasons": [
            {
                "text": f"First in 81 % of all weightings; next is {ordered[1]}.",
                "anchor": "reasons",
            }
        ],
        "weights_first": {
            x: 0.81 if not i else 0.19 / 9 for i, x in enumerate(ordered[:10])
        },
    }
    return document(entries, verdict, tests=table, next_commands=MERGE)


def zero_tests() -> dict[str, Any]:
    pair = [
        candidate("claude-1", coverage=None, killed=None, required=None),
        candidate("codex-1", coverage=None, killed=None, required=None, agent="codex"),
    ]
    doc = document(
        pair,
        {
            "winner": None,
            "leader": "claude-1",
            "confidence": "toss-up",
            "headline": "No clear winner: there was no test to tell them apart.",
            "tied": ["claude-1", "codex-1"],
            "reasons": [
                {"text": "pytest collected 0 tests (exit code 5).", "anchor": "tests"}
            ],
            "not_measured": ["Coverage: no test ran", "Mutants: no test ran"],
            "why_confidence": "nothing was run",
        },
        next_commands=[
            (f"arena merge {RUN} {x}", f"merges {x}") for x in ("claude-1", "codex-1")
        ],
    )
    doc["details"]["tests"] = {
        "columns": ["base", "claude-1", "codex-1"],
        "ids": [],
        "rows": [],
        "required": [],
    }
    doc["details"]["failures"], doc["details"]["coverage"] = {}, {}
    doc["base"]["counts"], doc["base"]["flaky"] = (
        {"passed": 0, "failed": 0, "skipped": 0},
        [],
    )
    return doc


def judge_only() -> dict[str, Any]:
    branches = [
        candidate("feature-a", agent=None, coverage=0.9),
        candidate("feature-b", agent=None, coverage=0.3),
    ]
    doc = document(
        branches,
        {
            **WINNER,
            "winner": "feature-a",
            "leader": "feature-a",
            "confidence": "clear",
            "headline": "feature-a wins, clearly.",
            "reasons": [
                {
                    "text": "Covers 90 % of its change; feature-b covers 30 %.",
                    "anchor": "coverage",
                }
            ],
            "weights_first": {"feature-a": 1.0},
        },
        next_commands=MERGE,
        mode="judge",
    )
    doc["task"].update(prompt=None, suite=[])
    doc["details"]["logs"], doc["details"]["events"] = {}, []
    doc["base"].update(green=False, counts={"passed": 200, "failed": 2, "skipped": 4})
    return doc


def exploration() -> dict[str, Any]:
    rubric = {
        **RUBRIC,
        "name": "exploration",
        "merge": "never",
        "about": "Compare approaches; merge nothing.",
    }
    doc = document(
        three()[:2],
        {
            "winner": "claude-1",
            "leader": "claude-1",
            "confidence": "leaning",
            "headline": "The token bucket (claude-1) looks best; 2 questions stay open.",
            "lead": "A sprint to learn, not to merge.",
            "reasons": [
                {
                    "text": "12 of 12 required tests with 1 file touched.",
                    "anchor": "files",
                }
            ],
            "weights_first": {"claude-1": 0.7, "codex-1": 0.3},
        },
        rubric=rubric,
        next_commands=[(f"arena restore {RUN} claude-1", "makes a branch of it")],
    )
    doc["task"].update(
        prompt="How should the limiter share state?",
        suite=[],
        approaches=["token bucket", "redis"],
    )
    return doc


HOSTILE = [
    "<script>window.PWN=1</script>",
    '"><img src=x onerror=window.PWN=2>',
    "'-alert(1)-'",
    "</script><script>window.PWN=3</script>",
    "{{7*7}}{% raw %}",
    "javascript:window.PWN=4",
    "<!--",
    "]]>",
    "</title><svg onload=window.PWN=5>",
    "\u202egnp.exe",
    "\x1b[31mred",
    "a\x00b",
    "=cmd|calc",
    "<style>*{display:none}</style>",
    "</style><h1>x",
    "&lt;b&gt;",
    "u2028\u2028u2029\u2029",
    "<base href=//evil>",
    "<meta http-equiv=refresh content=0;url=//evil>",
    "${7*7}",
    "é漢字🙂",
    "<iframe src=//evil>",
    '<a href="javascript:window.PWN=6">x</a>',
    "<form action=//evil>",
    "lone \ud800 surrogate",
    "tab\tnew\nline",
    "| pipe `tick` *bold* [x](y) @name #1",
]


def hostile() -> dict[str, Any]:
    """Every text that a candidate can write holds hostile strings."""
    labels = ["a" + HOSTILE[0], 'b"' + HOSTILE[1]]
    everything = " ".join(HOSTILE)
    flag = {
        "id": HOSTILE[1],
        "grade": "suspicious",
        "summary": everything,
        "evidence": list(HOSTILE),
    }
    doc = document(
        [candidate(labels[0], flags=[flag]), candidate(labels[1], coverage=0.2)],
        {
            "winner": labels[0],
            "leader": labels[0],
            "confidence": "leaning",
            "headline": f"{labels[0]} leads, but look before you merge.",
            "lead": everything,
            "reasons": [
                {"text": text, "anchor": "javascript:window.PWN=7"} for text in HOSTILE
            ],
            "not_measured": list(HOSTILE),
            "why_confidence": everything,
            "blocks": list(HOSTILE),
            "weights_first": {labels[0]: 0.9, labels[1]: 0.1},
        },
        next_commands=[(f"arena merge {RUN}", everything)],
    )
    doc["task"].update(prompt=everything, suite=list(HOSTILE), approaches=list(HOSTILE))
    part = doc["details"]
    for i, text in enumerate(HOSTILE):
        part["tests"]["ids"][i] = f"tests/x.py::{text}"
    part["failures"] = {x: [{"id": t, "message": t} for t in HOSTILE] for x in labels}
    results = [[t] * (1 + len(labels)) for t in HOSTILE]
    part["behaviour"]["rows"] = [{"call": r[0], "results": r} for r in results]
    part["behaviour"]["examples"] = [
        {"job": t, "groups": [{"with": [t], "output": t}]} for t in HOSTILE
    ]
    for row, t in zip(part["behaviour"]["cross"], HOSTILE, strict=False):
        row |= {"test": t, "author": t}
    for x in labels:
        part["files"][x] = [
            {"path": t, "status": "M", "added": 1, "removed": 1, "kind": t}
            for t in HOSTILE
        ]
        part["diffs"][x] = [
            {
                "path": t,
                "old_path": f"old {t}",
                "lines": [["del", 1, None, t], ["add", None, 1, t + t]],
                "cut": 1,
            }
            for t in HOSTILE
        ]
        part["coverage"][x] = [
            {"path": t, "changed": [1], "covered": [], "missed": [1]} for t in HOSTILE
        ]
        part["complexity"][x] = [
            {"path": t, "function": t, "before": 1, "after": 2} for t in HOSTILE
        ]
        part["logs"][x] = {"tail": "\n".join(HOSTILE), "where": HOSTILE[0], "cut": 9}
    part["pairs"] = [
        {"a": labels[0], "b": labels[1], "files": part["diffs"][labels[0]]}
    ]
    part["events"] = [{"at": t, "text": t} for t in HOSTILE]
    doc["failed"] = [
        {"label": t, "agent": t, "outcome": t, "why": t, "log_tail": t}
        for t in HOSTILE[:4]
    ]
    doc["provenance"] += [[t, t] for t in HOSTILE]
    doc["candidates"][1]["measurements"]["coverage.changed"].update(
        value=None, why_none=everything
    )
    for c in doc["candidates"]:
        c["source"] = c["message"] = everything
        c["gates"][0]["why"] = everything
    return doc


SCENARIOS = {
    "winner": winner,
    "landed": landed,
    "toss-up": toss_up,
    "nobody": nobody,
    "tampering": tampering,
    "failed": failed_entry,
    "two": two,
    "one": one,
    "large": large,
    "zero-tests": zero_tests,
    "judge-only": judge_only,
    "exploration": exploration,
    "hostile": hostile,
}
