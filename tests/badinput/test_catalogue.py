"""Each of the 102 bad inputs has a test; where arena answers otherwise than first planned, here is why."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = "tests/badinput"
LETTERS = {"R": 32, "N": 16, "T": 18, "A": 12, "J": 12, "X": 12}
IDS = {f"{letter}{n}" for letter, last in LETTERS.items() for n in range(1, last + 1)}
AGENTS, JUDGED, TREES, WORDS = (
    f"{HERE}/test_{name}.py" for name in ("agents", "judged", "trees", "words")
)
REPORT, BROWSER = f"{HERE}/test_report.py", "tests/report/test_browser.py"
# What has its test under its own id: the file by the first letter, unless it is named below.
FILES = {"R": f"{HERE}/test_repository.py", "N": WORDS, "T": TREES, "A": AGENTS, "J": JUDGED, "X": REPORT}  # fmt: skip
ELSEWHERE = {
    "N15": f"{JUDGED}::test_odd_row[N15]",
    "T3": f"{AGENTS}::test_row[T3]",
    "T4": f"{AGENTS}::test_row[T4]",
    "T7": f"{TREES}::test_row_t7",
    "T10": f"{AGENTS}::test_row[T10]",
    "T11": f"{AGENTS}::test_loud_row[T11]",
    "T12": f"{AGENTS}::test_row[T12]",
    "T13": f"{AGENTS}::test_row[T13]",
    "T14": f"{TREES}::test_row_t14",
    "A6": f"{AGENTS}::test_loud_row[A6]",
    "A7": f"{AGENTS}::test_loud_row[A7]",
    "A9": f"{AGENTS}::test_row_a9",
    "J2": f"{JUDGED}::test_row_j2",
    "J9": f"{JUDGED}::test_odd_row[J9]",
    "J10": f"{JUDGED}::test_odd_row[J10]",
    "J11": f"{JUDGED}::test_odd_row[J11]",
    # A browser is what proves that nothing runs, and that what is hidden is seen.
    "X1": f"{BROWSER}::test_hostile_text_appears_as_text",
    "X5": f"{BROWSER}::test_hostile_text_appears_as_text",
    "X11": f"{REPORT}::test_row_x11",
}
# What further proves a row.
ALSO = {
    "A4": "tests/cli/test_bad_agents.py::test_a_flood_is_cut_and_holds_nobody_up",
    "A5": "tests/cli/test_bad_agents.py::test_a_daemon_is_ended_and_counted",
    "J3": "tests/machine/test_sandbox.py::test_a_daemon_in_it_dies_with_it",
    "R30": "tests/cli/test_errors.py::test_a_full_disk",
    "T1": f"{TREES}::test_row_t1_path_that_no_system_takes",
    "T11": "tests/zoo/test_deeds.py::test_a_deed_gives_no_win_and_runs_nothing",
    "T16": "tests/zoo/test_cheats.py::test_a_cheat_does_not_win",
    "X1": f"{BROWSER}::test_injected_content_is_blocked",
}
# Where the answer differs from the catalogue, and why.
OTHERWISE = {
    "R10": "clean-up ends with 1: it did what could be done, and names what it kept and why",
    "R27": "alternates are followed: the objects of such a repository are nowhere else",
    "R31": "no network drive can be mounted in a test: another machine is another name and another start of its "
    "system; what may be alive there is never taken for dead",
    "N7": "a prompt above 100 KB is the agent's own affair: one that takes it as a word is told to take a file",
    "N13": "a suite may import what is still to be written, so a module that is missing is a red test; where all "
    "is skipped nobody passes, with exit code 1",
    "T1": "nothing is left out, so nothing is lost: large or many files are suspicious, and a lack of room is told",
    "T3": "left out as git does, without a note",
    "T4": "a repository in a worktree is in no snapshot: suspicious, never merged by itself, and kept by clean-up",
    "T7": "the user has named the candidate: exit code 2 names it with git's reason, and nothing is judged without it",
    "T11": "nothing of the user's is put back by arena itself: the command that does is told",
    "T12": "no note: nothing of its own git state is read",
    "A7": "as T11: told with the commands that take it back; suspicious, since nobody can prove who it was",
    "A8": "no periodic snapshots are taken: what was deleted before the agent ended is gone, and that is said",
    "J5": "the project is not there in the sandbox, so nothing is written and nothing is to be flagged",
    "X12": "masked by [secret]; what is masked in a log at once is not counted",
    "J11": "the small version: 2,000 tests; the limit of a whole run is J2's",
}


def test_all_rows_are_here():
    assert len(IDS) == 102
    assert ELSEWHERE.keys() | ALSO.keys() | OTHERWISE.keys() <= IDS


def test_each_row_has_a_test_that_exists():
    rows = {name: f"{FILES[name[0]]}::test_row[{name}]" for name in IDS} | ELSEWHERE
    wanted = {*rows.values(), *ALSO.values()}
    files = sorted({node.partition("::")[0] for node in wanted})
    command = [sys.executable, "-P", "-m", "pytest", "--collect-only", "-q", "-p", "no:xdist", *files]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # fmt: skip
    found = {line.strip() for line in done.stdout.splitlines()}
    found |= {line.partition("[")[0] for line in found}
    assert sorted(wanted - found) == []
