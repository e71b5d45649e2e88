"""Wall time of `arena judge` against a plain script that does the same without gates, in turn, on real projects.

    speed.py --baseline SCRIPT --work DIR [--rounds N] [--out FILE] PROJECT==VERSION[:EXTRA,...] ...

SCRIPT is called as `SCRIPT [-P K] REPOSITORY BASE BRANCH...` with PY, TESTS, SRC, PPATH and OUT in its environment.
Every project's source distribution becomes a repository with three candidate branches, and gets an environment of
its own with arena's plugins, so that both sides use the same interpreter. A round runs the script one by one, the
script with two at a time, arena with an empty cache, and arena again; what counts is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tarfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

TOOLS = ("pytest", "pytest-json-report", "coverage", "radon")
BARS = {"sequential": 0.9, "two": 1.7}


def run(*words: object, **named: Any) -> subprocess.CompletedProcess[str]:
    """A command that must succeed."""
    argv = [str(word) for word in words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **named)
    if done.returncode:
        sys.exit(
            f"{argv}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        )
    return done


def prepare(pinned: str, extra: list[str], work: Path) -> tuple[Path, Path]:
    """(repository with branches c1 to c3, interpreter), made on first use."""
    place = work / pinned.replace("==", "-")
    repo, python = place / "repository", place / "env" / "bin" / "python"
    if (place / "ready").exists():
        return repo, python
    shutil.rmtree(place, ignore_errors=True)
    words = ("download", "--quiet", "--no-deps", "--no-binary=:all:", "--dest")
    run(sys.executable, "-m", "pip", *words, place / "sdist", pinned)
    (archive,) = (place / "sdist").glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(place / "unpacked", filter="data")
    (folder,) = (place / "unpacked").iterdir()
    shutil.move(folder, repo)
    run(sys.executable, "-m", "venv", place / "env")
    run(python, "-m", "pip", "install", "--quiet", *TOOLS, *extra)
    branches(repo)
    (place / "ready").touch()
    return repo, python


def branches(repo: Path) -> None:
    """Commits the base and three candidates: each adds a function to the largest module."""
    git = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-C", repo)
    run(*git, "init", "-q", "-b", "main")
    run(*git, "add", "-A", "-f")
    run(*git, "commit", "-q", "-m", "base")
    inside = source(repo)
    module = max((repo / inside).rglob("*.py"), key=lambda path: path.stat().st_size)
    for number in (1, 2, 3):
        run(*git, "checkout", "-q", "-b", f"c{number}", "main")
        text = (
            f"\n\ndef _added(value):\n    return value + {number} if value else None\n"
        )
        module.write_text(module.read_text(encoding="utf-8") + text, encoding="utf-8")
        run(*git, "commit", "-q", "-a", "-m", f"candidate {number}")
    run(*git, "checkout", "-q", "main")


def source(repo: Path) -> str:
    """The folder of the project's package, relative to the repository."""
    found = [p.parent for p in repo.glob("src/*/__init__.py")]
    found += [p.parent for p in repo.glob("*/__init__.py")]
    kept = [p for p in found if p.name not in ("tests", "docs")]
    return str(kept[0].relative_to(repo))


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds of a command: by the clock, and of processors in all its processes."""

    wall: float
    cpu: float


def used() -> float:
    """Processor seconds of all processes that we waited for."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def timed(*words: object, **named: Any) -> tuple[Cost, str]:
    """(cost, standard output) of a command; its exit code may be 1."""
    begun, before = time.monotonic(), used()
    argv = [str(word) for word in words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **named)
    cost = Cost(wall=time.monotonic() - begun, cpu=used() - before)
    if done.returncode > 1:
        sys.exit(f"{argv}: {done.returncode}\n{done.stderr[-2000:]}")
    return cost, done.stdout


def by_hand(script: Path, repo: Path, python: Path, out: Path, *options: str) -> Cost:
    """What the plain script costs."""
    shutil.rmtree(out, ignore_errors=True)
    inside = source(repo)
    path = "src" if inside.startswith("src/") else "."
    env = {**os.environ, "PY": str(python), "SRC": inside, "PPATH": path}
    env |= {"OUT": str(out), "TESTS": "tests"}
    candidates = ("main", "c1", "c2", "c3")
    return timed("bash", script, *options, repo, *candidates, env=env)[0]


def judge(repo: Path, python: Path, cache: Path) -> tuple[Cost, dict[str, int]]:
    """(cost of `arena judge`, number of processes by role)."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("ARENA_")}
    env |= {
        "ARENA_CACHE_DIR": str(cache),
        "ARENA_STATE_DIR": str(cache.parent / "state"),
    }
    words = ("judge", "c1", "c2", "c3", "--base", "main", "--test", "pytest tests")
    argv = (sys.executable, "-P", "-m", "arena", "-q", *words, "--python", python)
    cost, said = timed(*argv, "--json", cwd=repo, env=env)
    run_id = json.loads(said)["run"]
    (journal,) = (cache.parent / "state").glob(f"*/runs/{run_id}/journal.log")
    roles: dict[str, int] = {}
    for line in journal.read_text(encoding="utf-8").splitlines():
        event = json.loads(line.partition(" ")[2])
        if event["kind"] == "process":
            role = event["data"]["role"]
            roles[role] = roles.get(role, 0) + 1
    return cost, roles


def measure(script: Path, repo: Path, python: Path, rounds: int) -> dict[str, Any]:
    """All rounds of one project."""
    cache, out = repo.parent / "cache", repo.parent / "by-hand"
    rows = []
    for number in range(rounds):
        shutil.rmtree(cache, ignore_errors=True)
        kinds = ["sequential", "two", "arena"]
        row: dict[str, Any] = {"load": os.getloadavg()[0]}
        for kind in kinds[number % 3 :] + kinds[: number % 3]:
            if kind == "arena":
                cost, row["processes"] = judge(repo, python, cache)
            else:
                options = ("-P", "2") if kind == "two" else ()
                cost = by_hand(script, repo, python, out, *options)
            row[kind] = asdict(cost)
        cost, row["again_processes"] = judge(repo, python, cache)
        row["again"] = asdict(cost)
        print(json.dumps(row), flush=True)
        rows.append(row)
    return {"rounds": rows, "ratios": {k: ratio(rows, k, "wall") for k in BARS}}


def ratio(rows: list[dict[str, Any]], rival: str, what: str) -> float:
    """Arena's median cost over the rounds against a rival's: one slow round of either is no ratio."""
    ours, theirs = ([r[kind][what] for r in rows] for kind in ("arena", rival))
    return statistics.median(ours) / statistics.median(theirs)


def table(found: dict[str, Any]) -> str:
    """Medians by project; the processors' time is what a noisy machine can be compared by."""
    kinds = ("sequential", "two", "arena", "again")
    heads = [*kinds, *(f"against {rival} (bar {bar})" for rival, bar in BARS.items())]
    lines = ["| project | " + " | ".join([*heads, "processes"]) + " |"]
    lines.append("| --- |" + " ---: |" * 7)
    for name, one in found.items():
        rows = one["rounds"]
        cells = []
        for kind in kinds:
            wall = statistics.median(r[kind]["wall"] for r in rows)
            cpu = statistics.median(r[kind]["cpu"] for r in rows)
            cells.append(f"{wall:.1f} s (cpu {cpu:.1f})")
        for rival in BARS:
            wall, cpu = (ratio(rows, rival, what) for what in ("wall", "cpu"))
            cells.append(f"{wall:.2f} (cpu {cpu:.2f})")
        cells.append(f"{rows[-1]['processes']}, then {rows[-1]['again_processes']}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Words in, a table out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("projects", nargs="+")
    parser.add_argument("--baseline", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = {}
    for word in given.projects:
        pinned, _, extra = word.partition(":")
        needs = re.findall(r"[^,]+", extra)
        repo, python = prepare(pinned, needs, given.work.resolve())
        found[pinned] = measure(given.baseline.resolve(), repo, python, given.rounds)
    print(table(found))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
