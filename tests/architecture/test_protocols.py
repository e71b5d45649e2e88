"""Each row of the five protocols has a test that names it, or a reason why there is none."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = {"a": 11, "b": 9, "c": 10, "d": 15, "e": 8}
# What is not built, and why.
NOT_BUILT = {
    "c2": "branches are arena/<run>/<label>: by this name clean-up, undo and prune know what is theirs",
    "d13": "nothing here needs a shell script or tmux, but no test runs on Windows",
}


def test_every_row_is_named_by_a_test_or_by_a_reason():
    named = {
        row
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def test((?:_[a-e]\d+)+)_", path.read_text(encoding="utf-8"), re.MULTILINE)
        for row in name.strip("_").split("_")
    }  # fmt: skip
    rows = {f"{letter}{n}" for letter, last in ROWS.items() for n in range(1, last + 1)}
    assert len(rows) == 53
    assert named <= rows
    assert rows - named == set(NOT_BUILT)
