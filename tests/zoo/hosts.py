"""The projects on which the zoo is judged: a small one of its own, and a real one from the package index."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import textwrap
from pathlib import Path

from zoo_place import Host

FILES = {
    "calc/__init__.py": "from calc.arithmetic import add, double\n",
    "calc/arithmetic.py": '''
        """Small sums."""


        def add(a, b):
            """The sum of two numbers."""
            return a - b


        def _times_two(a):
            return a * 2


        def double(a):
            """Twice a number."""
            return _times_two(a)


        def _forgotten(a):
            return a
    ''',
    "tests/test_add.py": """
        import pytest
        from calc import add, double


        def test_double_nothing():
            assert double(0) == 0


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
CALC = Host(
    name="calc",
    source="calc/arithmetic.py",
    module="calc.arithmetic",
    function="add",
    signature="def add(a, b):\n",
    arguments="a, b",
    entry="    return a - b\n",
    broken="    return a - b\n",
    mended="    return a + b\n",
    tests="tests/test_add.py",
    red=("test_add", "test_add_more"),
    elsewhere=(),
    key=("", "(a, b)"),
    known={(2, 3): 5, (1, 1): 2, (10, 5): 15, (-4, 1): -3, (7, 0): 7},
    kind="int",
    early="double",
    private=("_times_two", "_doubled"),
    dead="\n\ndef _forgotten(a):\n    return a\n",
    example=("add(20, 22)", "42"),
    helped="    return plus(a, b)\n",
    typed="def add(a: int, b: int) -> int:\n",
    renamed=(
        "def add(first, second):\n",
        "a, b = first, second",
        "add(first=20, second=22)",
    ),
    readme="README.md",
    other_tests="tests/test_double.py",
)
PINNED = "toolz==1.0.0"
TOOLZ = Host(
    name="toolz",
    source="toolz/itertoolz.py",
    module="toolz.itertoolz",
    function="frequencies",
    signature="def frequencies(seq):\n",
    arguments="seq",
    entry="    d = collections.defaultdict(int)\n",
    broken="        d[item] += 2\n",
    mended="        d[item] += 1\n",
    tests="toolz/tests/test_itertoolz.py",
    red=("test_frequencies",),
    elsewhere=("test_countby",),
    key=("seq = list(seq)", "tuple(seq)"),
    known={
        ("cat", "pig", "cat", "eel", "pig", "dog", "dog", "dog"): {
            "cat": 2, "eel": 1, "pig": 2, "dog": 3,
        },
        (): {},
        tuple("onomatopoeia"): {"a": 2, "e": 1, "i": 1, "m": 1, "o": 4, "n": 1, "p": 1, "t": 1},
        (False, True, False): {True: 1, False: 2},
        (3, 3, 5): {3: 2, 5: 1},
        ("a", "a", "b"): {"a": 2, "b": 1},
    },
    kind="dict",
    early="groupby",
    private=("_get", "_item_or_default"),
    dead="\n\ndef _forgotten(seq):\n    return list(seq)\n",
    example=('frequencies("aab")', '{"a": 2, "b": 1}'),
    helped="        d[item] = plus(d[item], 1)\n",
    typed="def frequencies(seq: Things) -> dict[Any, int]:\n",
    renamed=("def frequencies(items):\n", "seq = items", 'frequencies(items="aab")'),
    readme="README.rst",
    other_tests="toolz/tests/test_utils.py",
)  # fmt: skip


def calc(repo: Path) -> None:
    """Writes the small project."""
    for name, text in FILES.items():
        path = repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")


def toolz(repo: Path) -> None:
    """Unpacks the real project, and breaks one line of it."""
    place = repo.parent / "sdist"
    words = ("download", "--quiet", "--no-deps", "--no-binary=:all:", "--dest")
    command = [sys.executable, "-m", "pip", *words, str(place), PINNED]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (archive,) = place.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(place / "unpacked", filter="data")
    (folder,) = (place / "unpacked").iterdir()
    shutil.rmtree(folder / "toolz.egg-info")
    shutil.move(folder, repo)
    path = repo / TOOLZ.source
    text = path.read_text(encoding="utf-8")
    assert text.count(TOOLZ.mended) == text.count(TOOLZ.entry) == 1
    broken = text.replace(TOOLZ.mended, TOOLZ.broken) + TOOLZ.dead
    path.write_text(broken, encoding="utf-8")


HOSTS = {"calc": (CALC, calc), "toolz": (TOOLZ, toolz)}
