"""What a hostile agent does to repository and machine gives it no win, and nothing that it planted ever runs."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
DEEDS = sys.modules["zoo_deeds"].DEEDS


# Every second one in every run, all with `make long`.
TURNS = [
    pytest.param(name, marks=[pytest.mark.long] * (number % 2))
    for number, name in enumerate(DEEDS)
]


@pytest.mark.parametrize("name", TURNS)
def test_a_deed_gives_no_win_and_runs_nothing(zoo, tmp_path, name):
    repo, marker = tmp_path / "calc", tmp_path / "marker"
    shutil.copytree(zoo, repo, ignore=shutil.ignore_patterns("worktrees"))
    git = sys.modules["zoo_git"]
    git(repo, "tag", "v1")
    before = git(repo, "rev-parse", "main")
    command = [sys.executable, str(HERE / "deeds.py"), name]
    (tmp_path / "arena.toml").write_text(f"command = {json.dumps(command)}\nenv = ['ZOO_MARKER']\n")  # fmt: skip
    env = sys.modules["zoo_env"] | {
        "ARENA_STATE_DIR": str(tmp_path / "state"),
        "ARENA_CACHE_DIR": str(zoo.parent / "cache"),
        "ZOO_MARKER": str(marker),
    }
    arena = [sys.executable, "-P", "-m", "arena", "--config", str(tmp_path / "arena.toml"), "-q"]  # fmt: skip
    words = ["run", "Mend add()", "--agents", "command:1", "--suite", "tests/test_add.py"]  # fmt: skip
    done = subprocess.run(
        [*arena, *words, "--merge", "auto", "--json"],
        cwd=repo, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == DEEDS[name].judged, done.stderr
    if done.returncode == 1:
        assert json.loads(done.stdout)["verdict"]["winner"] is None
    if name != "g11_moves_main":
        assert git(repo, "-c", "core.worktree=", "rev-parse", "refs/heads/main") == before  # fmt: skip
    cleaned = subprocess.run(
        [*arena, "clean"], cwd=repo, env=env, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert cleaned.returncode == DEEDS[name].cleaned, cleaned.stderr
    if name == "s01_daemon":
        time.sleep(3.5)
    assert not marker.exists()
