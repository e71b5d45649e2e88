"""Processor time of a judgement per candidate, against one plain run of the project's tests.

    cost.py --work DIR [--rounds N] [--out FILE] DEFECT ...

A defect of the corpus gives the base, with tests that fail; three candidates mend it, each with some more code of its
own, so that every control has something to do. The base is judged before, since its results are kept for all runs.
A round runs the plain tests once, then judges the three with and without `--fast`, each with an empty cache but for the
base; what counts is the median of the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "defects")]

import _store  # noqa: E402 - beside us, in a folder that is no package
import _tree  # noqa: E402 - as above
import materialise  # noqa: E402 - beside us, in a folder that is no package
from speed import timed  # noqa: E402 - as above

BARS = {"--fast": 2.2, "default": 4.0}
GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def prepare(defect: str, work: Path) -> dict[str, Any]:
    """The defective project with branches c0 to c3 that mend it."""
    entry = materialise.find_entry(defect)
    place = work / defect
    shutil.rmtree(place, ignore_errors=True)
    made = materialise.make(entry, place / "repo")
    repo = Path(made["repo"])
    file = repo / entry["file"]
    sound = _store.unpack(_tree.release_of(entry), place / "sound") / entry["file"]
    original = sound.read_bytes()
    subprocess.run([*GIT, "branch", "-q", "-f", "base"], cwd=repo, check=True)
    for number in range(4):
        subprocess.run([*GIT, "checkout", "-q", "-b", f"c{number}", "base"], cwd=repo, check=True)  # fmt: skip
        more = f"\n\ndef _added(value):\n    return value + {number} if value else None\n"  # fmt: skip
        file.write_bytes(original + more.encode())
        subprocess.run([*GIT, "commit", "-q", "-a", "-m", f"c{number}"], cwd=repo, check=True)  # fmt: skip
    subprocess.run([*GIT, "checkout", "-q", "base"], cwd=repo, check=True)
    return made


def cpu(*words: object, **named: Any) -> float:
    """Processor seconds of a command and all its processes."""
    return timed(*words, **named)[0].cpu


def measure(defect: str, work: Path, rounds: int) -> list[dict[str, float]]:
    """Seconds of one plain run, and per candidate of a judgement of three."""
    made = prepare(defect, work)
    repo, python, cache = Path(made["repo"]), made["python"], work / defect / "cache"
    arena = (sys.executable, "-P", "-m", "arena", "-q", "judge", "--base", "base")
    rows = []
    for _ in range(rounds):
        row = {}
        tree = work / defect / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        subprocess.run([*GIT, "worktree", "prune"], cwd=repo, check=True)
        subprocess.run([*GIT, "worktree", "add", "-q", "--detach", tree, "c1"], cwd=repo, check=True)  # fmt: skip
        paths = os.pathsep.join(str(tree / name) for name in ("src", "."))
        env = {**os.environ, "PYTHONPATH": paths}
        row["plain"] = cpu(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tree, env=env)  # fmt: skip
        for name, options in (("--fast", ("--fast",)), ("default", ())):
            shutil.rmtree(cache, ignore_errors=True)
            env = {**os.environ, "ARENA_CACHE_DIR": str(cache), "ARENA_STATE_DIR": str(work / "state")}  # fmt: skip
            words = (*arena, "--python", python, "--prompt", made["prompt"], *options)
            known = cpu(*words, "c0", cwd=repo, env=env)
            again = cpu(*words, "c0", cwd=repo, env=env)
            three = cpu(*words, "c1", "c2", "c3", cwd=repo, env=env)
            # What an invocation costs with nothing to run is no candidate's.
            row[name] = (three - again) / 3
            row[f"{name} first"] = known
        print(defect, json.dumps(row), flush=True)
        rows.append(row)
    return rows


def main() -> None:
    """Words in, a table out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("defects", nargs="+")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = {d: measure(d, given.work.resolve(), given.rounds) for d in given.defects}
    ratios = {
        level: {
            d: statistics.median(r[level] / r["plain"] for r in rows)
            for d, rows in found.items()
        }
        for level in BARS
    }
    for level, bar in BARS.items():
        middle = statistics.median(ratios[level].values())
        each = ", ".join(f"{d} {ratio:.2f}" for d, ratio in ratios[level].items())
        print(f"{level}: median {middle:.2f} x a plain run (bar {bar}): {each}")
    if given.out:
        given.out.write_text(json.dumps({"rows": found, "ratios": ratios}, indent=1))


if __name__ == "__main__":
    main()
