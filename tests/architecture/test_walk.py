"""The walk test: one candidate on its way through `race.py`, over a real repository and a real agent program."""

import json
import os
import subprocess
import sys
from pathlib import Path

WALK = Path(__file__).parent / "walk.py"
# The story in order. Everything else that race.py touches is the run's own record.
STORY = ["attempts.run_all", "evaluation.evaluate", "scores.score", "verdict.decide", "publish.write"]  # fmt: skip


def test_one_candidate_takes_few_hops_and_goes_not_deep(tmp_path):
    repo = tmp_path / "project"
    (repo / "tests").mkdir(parents=True)
    (repo / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    (repo / "tests" / "test_calc.py").write_text(
        "from calc import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n"
    )
    (repo / "arena.toml").write_text(
        'command = ["/bin/sh", "-c", "sed -i s/-/+/ calc.py", "{prompt}"]\n'
    )
    for words in (["init", "-qb", "main"], ["add", "-A"], ["commit", "-qm", "first"]):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words]
        subprocess.run(command, cwd=repo, check=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "ARENA_"))}
    env |= {"ARENA_STATE_DIR": f"{tmp_path}/s", "ARENA_CACHE_DIR": f"{tmp_path}/c"}
    out = tmp_path / "walk.json"
    words = ["run", "--agents", "command:1", "--merge", "never", "mend add"]
    command = [sys.executable, "-P", WALK, out, *words]
    done = subprocess.run(
        command, cwd=repo, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    walked = json.loads(out.read_text())
    assert walked["code"] == 0, done.stderr
    steps = [hop for hop in walked["hops"] if hop in STORY]
    assert steps == STORY
    assert len(walked["hops"]) <= 10, walked["hops"]
    assert len(walked["deepest"]) - 1 <= 4, walked["deepest"]
