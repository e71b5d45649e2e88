#!/usr/bin/env python3
"""Measures the built-in repair agent on the defect corpus.

repair.py [ID ...] [--seconds 180] [--seeds 0,1,2] [--processes 2] [--out benchmarks/repair_results]

For each defect: its repository, one worktree per seed, one agent in each, at most `--processes` at a time. An
entry has mended the defect when on its commit every recorded failing test passes and no test fails that passed on
the base. Written: repair.json (all figures) and repair.md (the table).
"""

import argparse
import concurrent.futures
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
AGENT = HERE.parent / "arena" / "agents" / "repair"
sys.path.insert(0, str(HERE / "defects"))

import _suite  # noqa: E402 - beside us, in a folder that is no package
import materialise  # noqa: E402

SUITE_LIMIT = 120
Evaluate = Callable[[dict[str, Any], Path, set[str]], bool]


def git(tree: Path, *arguments: str) -> str:
    """The output of a git command."""
    command = ["git", "-c", "core.hooksPath=/dev/null", *arguments]
    done = subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True)
    return done.stdout


def whole_suite(made: dict[str, Any], worktree: Path, passing: set[str]) -> bool:
    """Whether an entry's commit mends the defect, by the whole suite on a fresh checkout of it."""
    if git(worktree, "rev-parse", "HEAD").strip() == made["base"]:
        return False
    with tempfile.TemporaryDirectory(prefix="repair-judge-") as scratch:
        tree = Path(scratch) / "tree"
        git(worktree, "worktree", "add", "--quiet", "--detach", str(tree), "HEAD")
        found = _suite.run_suite(made["python"], tree, SUITE_LIMIT)
        git(worktree, "worktree", "remove", "--force", str(tree))
    return {*made["failing"], *passing} <= set(found.ids("passed"))


def run_agent(
    made: dict[str, Any], worktree: Path, seed: int, seconds: float
) -> dict[str, Any]:
    """One entry; what the agent says of itself, and how long it took by our clock."""
    prompt = worktree.parent / f"prompt-{seed}.txt"
    prompt.write_text(made["prompt"], encoding="utf-8")
    command = [
        sys.executable,
        str(AGENT),
        "--worktree",
        str(worktree),
        "--python",
        made["python"],
    ]
    command += [
        "--seed",
        str(seed),
        "--seconds",
        str(seconds),
        "--prompt-file",
        str(prompt),
    ]
    begun = time.monotonic()
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds + 60, check=False
        )
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError) as problem:
        told = {
            "outcome": f"agent failed: {type(problem).__name__}",
            "tried": 0,
            "change": None,
        }
    return told | {"seed": seed, "seconds": round(time.monotonic() - begun, 1)}


def measure(
    name: str,
    *,
    seeds: Sequence[int],
    seconds: float,
    agents: ThreadPoolExecutor,
    evaluate: Evaluate,
) -> dict[str, Any]:
    """All entries of one defect."""
    with tempfile.TemporaryDirectory(prefix="repair-bench-") as scratch:
        made = materialise.make(materialise.find_entry(name), Path(scratch) / "repo")
        repository = Path(made["repo"])
        trees = {seed: Path(scratch) / f"entry-{seed}" for seed in seeds}
        for seed, tree in trees.items():
            git(
                repository,
                "worktree",
                "add",
                "--quiet",
                "-b",
                f"entry-{seed}",
                str(tree),
            )
        jobs = [
            agents.submit(run_agent, made, trees[seed], seed, seconds) for seed in seeds
        ]
        entries = [job.result() for job in jobs]
        base = agents.submit(
            _suite.run_suite, made["python"], repository, SUITE_LIMIT
        ).result()
        passing = set(base.ids("passed"))
        for entry in entries:
            tree = trees[entry["seed"]]
            entry["mended"] = agents.submit(evaluate, made, tree, passing).result()
            entry["patch"] = git(tree, "diff", made["base"], "HEAD")
            entry["clean"] = not git(tree, "status", "--porcelain").strip()
    return {
        "id": name,
        "kind": made["kind"],
        "entries": entries,
        "mended": any(entry["mended"] for entry in entries),
        "distinct": len({entry["patch"] for entry in entries if entry["patch"]}),
    }


def table(results: Sequence[dict[str, Any]]) -> str:
    """The results as Markdown."""
    lines = ["| id | mended | per seed | seconds | tried | change | distinct patches |"]
    lines.append("| --- | --- | --- | --- | --- | --- | ---: |")
    for result in results:
        entries = result["entries"]
        changes = dict.fromkeys(e["change"] for e in entries if e["change"])
        row = [
            result["id"],
            "yes" if result["mended"] else "no",
            " ".join("yes" if e["mended"] else e["outcome"] for e in entries),
            " ".join(f"{e['seconds']:.0f}" for e in entries),
            " ".join(str(e["tried"]) for e in entries),
            " / ".join(changes),
            str(result["distinct"]),
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return "\n".join(lines)


def report(document: dict[str, Any]) -> str:
    """All of it as Markdown; historical bugs apart from drawn mutations."""
    parts = ["# The repair agent on the defect corpus", ""]
    machine = document["machine"]
    parts += [
        (
            f"{document['seconds_per_entry']:g} s per entry, seeds {document['seeds']}, "
            f"{document['processes']} agents at a time; {machine['cpus']} shared cores, "
            f"load average {machine['load_before']} before and {machine['load_after']} after "
            f"(one minute), Python {machine['python']}, {document['minutes']} minutes in all."
        ),
        "",
    ]
    for kind, title in (
        ("mutation", "Drawn mutations"),
        ("historical", "Historical bugs"),
    ):
        chosen = [result for result in document["results"] if result["kind"] == kind]
        if chosen:
            mended = sum(result["mended"] for result in chosen)
            entries = [entry for result in chosen for entry in result["entries"]]
            each = sum(entry["mended"] for entry in entries)
            parts += [
                f"## {title}: {mended} of {len(chosen)} mended ({each} of {len(entries)} entries)",
                "",
                table(chosen),
                "",
            ]
    return "\n".join(parts)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure the repair agent.")
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=HERE / "repair_results")
    return parser.parse_args()


def main() -> None:
    """Measure and write."""
    options = parse()
    names = options.ids or [entry["id"] for entry in materialise.entries()]
    seeds = [int(seed) for seed in options.seeds.split(",")]
    load, begun, results = os.getloadavg()[0], time.monotonic(), []
    options.out.mkdir(parents=True, exist_ok=True)
    with (
        ThreadPoolExecutor(options.processes) as agents,
        ThreadPoolExecutor(2) as items,
    ):
        jobs = [
            items.submit(
                measure,
                name,
                seeds=seeds,
                seconds=options.seconds,
                agents=agents,
                evaluate=whole_suite,
            )
            for name in names
        ]
        for job in concurrent.futures.as_completed(jobs):
            results.append(job.result())
            results.sort(key=lambda result: names.index(result["id"]))
            print(table([job.result()]).splitlines()[-1], flush=True)
            document = {
                "seconds_per_entry": options.seconds,
                "seeds": seeds,
                "processes": options.processes,
                "minutes": round((time.monotonic() - begun) / 60, 1),
                "machine": {
                    "cpus": os.cpu_count(),
                    "load_before": round(load, 2),
                    "load_after": round(os.getloadavg()[0], 2),
                    "python": platform.python_version(),
                },
                "results": results,
            }
            text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
            (options.out / "repair.json").write_text(text, encoding="utf-8")
            (options.out / "repair.md").write_text(report(document), encoding="utf-8")


if __name__ == "__main__":
    main()
