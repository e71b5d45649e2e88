"""A plan over a real project: streams, sync points, a contract, and agents that fail in all the usual ways."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(900)]

AGENT = r"""#!/bin/sh
printf '%s\n' "$1" | sed -n 's/^do: //p' | sh -e
"""
PLAN = """
[plan]
name = "toolz"
verify = "python -c 'import toolz.extra.a, toolz.extra.b'"
shared = ["pyproject.toml", "setup.py"]

[[stream]]
name = "core"
owns = ["/toolz/extra/"]
commit_prefix = ["core:"]

[[stream]]
name = "checks"
owns = ["/checks/"]
commit_prefix = ["test:"]

[[stream]]
name = "docs"
owns = ["/handbook/"]
commit_prefix = ["docs:"]

[[contract]]
path = "contracts.json"
policy = "additive"

[[sync]]
name = "first"
after = ["core-a", "core-b", "checks-a", "docs-a"]

[[sync]]
name = "second"
after = ["core-c", "checks-b", "docs-b"]
"""


def task(name: str, stream: str, do: str, **keys: object) -> str:
    rows = [
        f'[[task]]\nid = "{name}"\nstream = "{stream}"\nprompt = """\ndo: {do}\n"""'
    ]
    rows += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join(rows) + "\n"


def add(key: str) -> str:
    """A shell command that adds a key to the contract."""
    return (
        f'python3 -c \'import json; d = json.load(open(\\"contracts.json\\")); d[\\"{key}\\"] = 1;'
        ' json.dump(d, open(\\"contracts.json\\", \\"w\\"), indent=2)\''
    ).replace('\\\\"', '\\"')


def test_a1_b7_three_streams_nine_tasks_and_everything_that_goes_wrong(project, tmp_path: Path) -> None:  # fmt: skip
    made = project("toolz==1.0.0")
    (made.path / "contracts.json").write_text('{\n  "version": 1\n}\n')
    made.git("add", "-A")
    made.git("commit", "-q", "-m", "contract")
    program, marks = tmp_path / "agent.sh", tmp_path / "marks"
    program.write_text(AGENT)
    program.chmod(0o755)
    marks.mkdir()
    extra = "mkdir -p toolz/extra; touch toolz/extra/__init__.py"
    twice = f"if [ $(ls {marks} | grep -c two) -lt 2 ]; then mktemp {marks}/two.XXXX > /dev/null; exit 3; fi"
    once = "test -e {0} || {{ touch {0}; {1}; exit {2}; }}"
    stray = once.format(marks / "stray", "echo x >> README.rst", 0)
    limit = once.format(marks / "limit", "echo HTTP 429: slow down", 1)
    note = tmp_path / "note.md"
    note.write_text(
        "### For core:\n- File: `toolz/extra/wish.py`\n- Change: do: echo w = 1 > toolz/extra/wish.py\n"
        "- Reason: the handbook tells of it\n- Blocking: Yes\n"
    )
    shared = {"contracts": ["contracts.json"]}
    tasks = [
        task("core-a", "core", f"{extra}; echo a = 1 > toolz/extra/a.py; {add('a')}", **shared, parallel_ok=False),
        task("core-b", "core", f"{twice}; echo b = 1 > toolz/extra/b.py", depends_on=["core-a"]),
        task("checks-a", "checks", f"mkdir checks; echo 1 > checks/a.txt; {add('checks')}", **shared),
        task("docs-a", "docs", f"{stray}; mkdir handbook; echo 1 > handbook/a.md; {add('docs')}", **shared),
        task("core-c", "core", f"{limit}; echo c = 1 > toolz/extra/c.py", depends_on=["first"]),
        task("checks-b", "checks", "echo 2 > checks/b.txt", depends_on=["first"]),
        task("docs-b", "docs", f"echo 2 > handbook/b.md; cp {note} HANDOFF_FROM_DOCS.md", depends_on=["first"]),
        task("checks-c", "checks", "echo 3 > checks/c.txt", depends_on=["second"]),
        task("docs-c", "docs", "cat toolz/extra/wish.py > handbook/c.md", depends_on=["second"]),
    ]  # fmt: skip
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN + "".join(tasks))
    settings = tmp_path / "arena.toml"
    settings.write_text(
        f'command = ["{program}", "{{prompt}}"]\nagent = "command"\nbackoff = "0.3s"\nretries = 1\nfast = true\n'
    )
    env = os.environ | {
        "ARENA_STATE_DIR": str(tmp_path / "state"),
        "ARENA_CACHE_DIR": str(tmp_path / "cache"),
    }
    arena = [sys.executable, "-P", "-m", "arena", "-C", str(made.path), "--config", str(settings)]  # fmt: skip

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*arena, *words], env=env, capture_output=True, text=True, check=False)  # fmt: skip

    done = call("run", "--plan", str(plan))
    assert done.returncode == 0, done.stdout + done.stderr
    said = call("handoff").stdout
    for words in (
        "> **Status:** Completed",
        "| FAILED | core-b |",
        "territory: 1, needs at most 0",
        "| HANDOFF | docs-b | do: echo w = 1",
        "| STARTED | docs-b-handoff-1 |",
        "| 1 | first |",
        "| 2 | second |",
    ):
        assert words in said, said
    assert said.count("| FAILED | core-b |") == 2
    assert said.count("| STARTED | core-b |") == 3
    assert "core-c: met a rate limit" in done.stderr or "| STARTED | core-c |" in said
    files = made.git("ls-tree", "-r", "--name-only", "main").split()
    assert {"toolz/extra/wish.py", "handbook/c.md", "checks/c.txt"} <= set(files)
    assert "HANDOFF_FROM_DOCS.md" not in files
    contract = json.loads(made.git("show", "main:contracts.json"))
    assert contract == {"version": 1, "a": 1, "checks": 1, "docs": 1}
    subjects = made.git("log", "--format=%s", "main").splitlines()
    assert any(line.startswith("core: Merge core-b") for line in subjects)
    assert any(line.startswith("docs: Merge docs-c") for line in subjects)
