"""The base's pytest configuration: what is taken over, what the judge owns, what counts as a test."""

from __future__ import annotations

import pytest

from arena.errors import ArenaError
from arena.evaluation import pytest_config
from arena.evaluation.pytest_config import TestFiles


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("-x -n 4 -vv -q -ra -l", ""),
        ("--cov=a --cov-report term --no-cov -p xdist", "-p xdist"),
        ("--maxfail 2 --maxfail=2 -k name", "-k name"),
        ("--strict-markers --import-mode=importlib", "--strict-markers --import-mode=importlib"),
        ("--durations 5 tests --tb short --junitxml=x --ff", "tests"),
        ("-c other.ini --rootdir . -m 'not slow'", "-m,not slow"),
        ("--reruns 3 --randomly-seed=1 --benchmark-skip", ""),
    ],
)  # fmt: skip
def test_options_that_the_judge_owns_are_dropped(given: str, kept: str) -> None:
    import shlex

    expected = tuple(kept.split(",")) if "," in kept else tuple(kept.split())
    assert pytest_config.filter_options(shlex.split(given)) == expected


@pytest.mark.parametrize(
    ("files", "source", "ini"),
    [
        ({"pytest.ini": "[pytest]\nxfail_strict = 1\n"}, "pytest.ini", {"xfail_strict": "1"}),
        ({"pytest.ini": "", "tox.ini": "[pytest]\nmarkers = a\n"}, "pytest.ini", {}),
        ({"tox.ini": "[tox]\n", "setup.cfg": "[tool:pytest]\nmarkers = a\n"}, "setup.cfg", {"markers": "a"}),
        ({"pytest.toml": "[pytest]\nxfail_strict = true\n"}, "pytest.toml", {"xfail_strict": "true"}),
        ({"pyproject.toml": "[tool.pytest.ini_options]\nmarkers=['a','b']"}, "pyproject.toml", {"markers": "\na\nb"}),
        ({"pyproject.toml": "[tool.pytest]\nmarkers=['a']\n"}, "pyproject.toml", {"markers": "\na"}),
        ({"pyproject.toml": "[project]\nname = 'a'\n"}, None, {}),
        ({}, None, {}),
    ],
)  # fmt: skip
def test_the_configuration_is_found_as_pytest_does(
    files: dict[str, str], source: str | None, ini: dict[str, str]
) -> None:
    read = {path: text.encode() for path, text in files.items()}.get
    for folder in ("", "a/b"):
        found = pytest_config.read_config(read, folder)
        assert (found.source, found.ini) == (source, ini)


def test_words_of_the_configuration() -> None:
    text = (
        "[pytest]\naddopts = -q --strict-markers\n  --cov=x\ntestpaths = tests more\n"
        "python_files = check_*.py\npythonpath = src\ncache_dir = x\nmarkers =\n  one: 1\n  two\n"
    )
    found = pytest_config.read_config({"sub/pytest.ini": text.encode()}.get, "sub")
    assert found.source == "sub/pytest.ini"
    assert found.options == ("--strict-markers",)
    assert found.testpaths == ("tests", "more")
    assert found.python_files == ("check_*.py",)
    assert found.pythonpath == ("src",)
    ini = pytest_config.ini_text(found, pythonpath=("/t/src",))
    assert "cache_dir" not in ini
    assert "pythonpath = \n    /t/src\n" in ini
    assert "    one: 1\n    two\n    no_cover: (pytest-cov)\n" in ini
    assert "python_files = check_*.py\n" in ini


@pytest.mark.parametrize("name", ["pytest.ini", "pyproject.toml"])
def test_a_damaged_configuration_is_refused(name: str) -> None:
    with pytest.raises(ArenaError, match=f"{name} on the base can't be read"):
        pytest_config.read_config({name: b"[broken\n= 1"}.get, "")


def test_tests_are_told_from_source() -> None:
    config = pytest_config.read_config({}.get, "")
    base = ["django/test/client.py", "tests/test_a.py", "tests/data/a.txt", "a/tests/conftest.py"]  # fmt: skip
    files = TestFiles(config, base)
    tests = ("tests/test_a.py", "tests/data/a.txt", "tests/new.py",
             "x/test_b.py", "b_test.py", "x/conftest.py", "a/tests/x.py")  # fmt: skip
    source = ("django/test/client.py", "a/b.py", "testing.py", "x/tests/y.py")
    assert [p for p in tests if not files.is_test(p)] == []
    assert [p for p in source if files.is_test(p)] == []
    assert files.is_test_module("tests/test_a.py")
    assert not files.is_test_module("tests/new.py")
    named = pytest_config.read_config(
        {"pytest.ini": b"[pytest]\ntestpaths = mytests\npython_files = check/*.py\n"}.get, ""
    )  # fmt: skip
    files = TestFiles(named, ["mytests/conftest.py"])
    assert files.is_test("mytests/any.txt")
    assert files.is_test("x/check/y.py")
    assert not files.is_test("x/y.py")
