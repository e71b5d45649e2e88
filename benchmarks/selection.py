"""Runs `arena judge` over the cases of a selection benchmark and compares its choices with simple rules.

    selection.py --bench DIR --work DIR [--out DIR] [--limit SECONDS] [--jobs N] [--check DIR] [CASE ...]

DIR of --bench holds `selbench.py` (list, unpack, score) and its cases. The judge sees the repository at the base,
the issue's text, the candidates' branches and the tests that existed then; never the hidden tests. Cases that are
named on the command line are run, else all. `--check DIR`: acceptance checks `DIR/<case>.py`, written from the issue
text alone. Results: `choices.json`, `rankings.json`, `verdicts.json`, `score.txt` and `table.md` in --out.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def unpack(bench: Path, case: str, work: Path) -> Path:
    """The folder with the case's repository, made on first use."""
    folder = work / "cases" / case
    if not (folder / "task.json").exists():
        command = [
            sys.executable,
            str(bench / "selbench.py"),
            "unpack",
            case,
            str(folder),
        ]
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    return folder


def test_words(task: dict[str, Any]) -> tuple[list[str], list[str]]:
    """(options of `arena judge` for the case's test command, names of variables to let through)."""
    variables = [name for name in task["environ"] if not name.startswith("PYTHON")]
    if task["runner"] == "pytest":
        words = task["test_command"][1:]
        known = set(task["visible_tests"])
        kept = [w for w in words if not w.endswith(".py") or w in known]
        return ["--test", shlex.join(["python", *kept])], variables
    fill = {"{repo}": ".", "{python}": task["python"], "{junit}": "junit.xml"}
    words = [_filled(word, fill) for word in task["junit_command"]]
    return ["--test", shlex.join(words), "--junit", "junit.xml"], variables


def _filled(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word


def judge(
    bench: Path,
    case: str,
    work: Path,
    *,
    limit: float,
    check: Path | None,
    more: list[str],
) -> dict[str, Any]:
    """Judges one case; the verdict with the ranking, or the error."""
    folder = unpack(bench, case, work)
    task = json.loads((folder / "task.json").read_text())
    options, variables = test_words(task)
    for name in variables:
        options += ["--env", name]
    name = f"{case.removeprefix('same--')}.py"
    if check is not None and (check / name).exists():
        options += ["--check", str(check / name)]
    command = [
        sys.executable,
        "-P",
        "-m",
        "arena",
        "-q",
        "judge",
        *task["branches"],
        "--base",
        task["base"],
    ]
    command += [
        "--prompt-file",
        str(folder / "issue.md"),
        "--python",
        task["python"],
        "--json",
        *options,
        *more,
    ]
    env = {
        **os.environ,
        **task["environ"],
        "ARENA_STATE_DIR": str(work / "state"),
        "ARENA_MERGE": "never",
    }
    begun = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=folder / "repo",
            env=env,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {
            "case": case,
            "error": f"no verdict within {limit:.0f} s",
            "seconds": limit,
        }
    seconds = round(time.monotonic() - begun, 1)
    if done.returncode not in (0, 1):
        return {"case": case, "error": done.stderr.strip()[-600:], "seconds": seconds}
    found = json.loads(done.stdout)
    return {"case": case, "seconds": seconds, **facts(found)}


def facts(found: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a result."""
    verdict = found["verdict"]
    names = {c["label"]: c["source"].rpartition("/")[2] for c in found["candidates"]}
    ranking = [names[c["label"]] for c in found["candidates"]]
    leader = verdict["leader"] or (
        found["candidates"][0]["label"] if found["candidates"] else None
    )
    return {
        "choice": names.get(leader),
        "winner": names.get(verdict["winner"]),
        "confidence": verdict["confidence"],
        "stage": verdict["stage"],
        "why": verdict["why_confidence"],
        "ranking": ranking,
        "excluded": {
            names[c["label"]]: c["excluded"]
            for c in found["candidates"]
            if c["excluded"]
        },
        "flags": {
            names[c["label"]]: [f"{f['grade']} {f['id']}" for f in c["flags"]]
            for c in found["candidates"]
        },
        "measurements": {
            names[c["label"]]: {k: m["value"] for k, m in c["measurements"].items()}
            for c in found["candidates"]
        },
        "base": found["base"]["counts"],
        "report": found["report"],
    }


def truth(bench: Path, case: str) -> set[str]:
    """Names of the right candidates: for the table only, after the verdict."""
    data = json.loads((bench / "cases" / f"{case}.json").read_text())
    return {name for name, right in _right(data) if right}


def _right(data: dict[str, Any]) -> list[tuple[str, bool]]:
    found = data["private"]["truth"]
    return [
        (name, bool(v["right"] if isinstance(v, dict) else v))
        for name, v in found.items()
    ]


def table(bench: Path, results: list[dict[str, Any]]) -> str:
    """One Markdown row a case."""
    lines = [
        "| case | choice | right | confidence | stage | s |",
        "| --- | --- | --- | --- | --- | ---: |",
    ]
    for r in results:
        if "error" in r:
            lines.append(
                f"| {r['case']} | error: {r['error'][:80]} | no | | | {r['seconds']} |"
            )
            continue
        right = "yes" if r["choice"] in truth(bench, r["case"]) else "no"
        lines.append(
            f"| {r['case']} | {r['choice']} | {right} | {r['confidence']} | {r['stage']} | {r['seconds']} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Words in, files out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--limit", type=float, default=1200)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--check", type=Path)
    parser.add_argument(
        "--option", action="append", default=[], help="further option of arena judge"
    )
    given = parser.parse_args()
    for name in ("bench", "work", "out", "check"):
        path = getattr(given, name)
        # The judge works in the case's folder.
        setattr(given, name, path and path.resolve())
    out = given.out or given.work / "out"
    out.mkdir(parents=True, exist_ok=True)
    listed = subprocess.run(
        [sys.executable, str(given.bench / "selbench.py"), "list"],
        capture_output=True,
        text=True,
        check=True,
    )
    cases = given.cases or [
        line.split()[0] for line in listed.stdout.splitlines() if line.strip()
    ]
    results: list[dict[str, Any]] = []
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        jobs = [
            pool.submit(
                judge,
                given.bench,
                c,
                given.work,
                limit=given.limit,
                check=given.check,
                more=given.option,
            )
            for c in cases
        ]
        for job in concurrent.futures.as_completed(jobs):
            results.append(job.result())
            r = results[-1]
            print(
                r["case"],
                r.get("choice"),
                r.get("confidence"),
                r.get("stage"),
                r.get("error", ""),
                flush=True,
            )
    results.sort(key=lambda r: r["case"])
    choices = {r["case"]: r.get("choice") for r in results}
    (out / "choices.json").write_text(json.dumps(choices, indent=1))
    (out / "rankings.json").write_text(
        json.dumps({r["case"]: r.get("ranking") for r in results}, indent=1)
    )
    (out / "verdicts.json").write_text(json.dumps(results, indent=1))
    (out / "table.md").write_text(table(given.bench, results))
    score = [
        sys.executable,
        str(given.bench / "selbench.py"),
        "score",
        str(out / "choices.json"),
        "--only-given",
    ]
    said = subprocess.run(score, capture_output=True, text=True, check=False)
    (out / "score.txt").write_text(said.stdout + said.stderr)
    print((out / "table.md").read_text())
    print(said.stdout[:3000])


if __name__ == "__main__":
    main()
