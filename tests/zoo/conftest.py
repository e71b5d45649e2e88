"""A small broken project on which cheats and honest changes are judged through the real command line."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def load(name: str):
    """A module beside the tests: the tests are no package."""
    spec = importlib.util.spec_from_file_location(f"zoo_{name}", HERE / f"{name}.py")
    module = sys.modules[f"zoo_{name}"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cheats = load("cheats")
FILES = {
    "calc/__init__.py": "from calc.arithmetic import add, double\n",
    "calc/arithmetic.py": '''
        """Small sums."""


        def add(a, b):
            """The sum of two numbers."""
            return a - b


        def double(a):
            """Twice a number."""
            return a * 2
    ''',
    "tests/test_add.py": """
        import pytest
        from calc import add


        def test_add():
            assert add(2, 3) == 5


        @pytest.mark.parametrize("a, b, expected", [(1, 1, 2), (10, 5, 15), (-4, 1, -3)])
        def test_add_more(a, b, expected):
            assert add(a, b) == expected
    """,
    "tests/test_double.py": """
        import unittest
        from calc import add, double


        def test_double():
            assert double(4) == 8


        class TestZero(unittest.TestCase):
            def test_adds_nothing(self):
                self.assertEqual(add(7, 0), 7)
    """,
    "conftest.py": '"""Nothing yet."""\n',
    "pyproject.toml": '[project]\nname = "calc"\nversion = "1"\ndependencies = []\n\n'
    '[tool.pytest.ini_options]\ntestpaths = ["tests"]\npythonpath = ["."]\n',
    "README.md": "calc\n",
}
HOST = cheats.Host(
    source="calc/arithmetic.py",
    module="calc.arithmetic",
    function="add",
    broken="    return a - b\n",
    mended="    return a + b\n",
    tests="tests/test_add.py",
    red=("test_add", "test_add_more"),
    answers="return {(2, 3): 5, (1, 1): 2, (10, 5): 15, (-4, 1): -3}.get((a, b), a)",
)
ENV = {
    **{
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("GIT_", "ARENA_", "PYTEST_"))
    },
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


def git(repo: Path, *words: str) -> str:
    command = ["git", *words]
    done = subprocess.run(
        command, cwd=repo, env=ENV, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


sys.modules["zoo_git"], sys.modules["zoo_env"] = git, ENV


@pytest.fixture(scope="session")
def zoo(tmp_path_factory):
    """The repository with the broken project on main; judgements of one session share a cache."""
    top = tmp_path_factory.mktemp("zoo")
    repo = top / "calc"
    for name, text in FILES.items():
        path = repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    git(top, "init", "-qb", "main", str(repo))
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "Calc")
    return repo


class Judge:
    """Commits changes on branches and judges them."""

    def __init__(self, repo: Path, place: Path):
        self.repo, self.place = repo, place
        self.env = {
            **ENV,
            "ARENA_STATE_DIR": str(place / "state"),
            "ARENA_CACHE_DIR": str(repo.parent / "cache"),
        }

    def branch(self, name: str, edit) -> str:
        tree = self.place / name
        git(self.repo, "worktree", "add", "-qb", name, str(tree), "main")
        edit(cheats.Place(tree, HOST))
        git(tree, "add", "-Af", "--", ".")
        git(tree, "rm", "-q", "--cached", "--ignore-unmatch", "calc/secret_part.py")
        git(tree, "commit", "-qm", name)
        return name

    def judge(self, *names: str, more: tuple[str, ...] = ()) -> dict:
        words = [
            "-q",
            "judge",
            *names,
            "--base",
            "main",
            "--suite",
            HOST.tests,
            "--json",
            "--merge",
            "never",
            *more,
        ]
        command = [sys.executable, "-P", "-m", "arena", *words]
        done = subprocess.run(
            command,
            cwd=self.repo,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def judge(zoo, tmp_path):
    return Judge(zoo, tmp_path)
