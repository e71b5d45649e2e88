"""The worlds in which the bad inputs are tried."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def load(name: str):
    """A module beside the tests: the tests are no package."""
    spec = importlib.util.spec_from_file_location(f"badinput_{name}", HERE / f"{name}.py")  # fmt: skip
    module = sys.modules[f"badinput_{name}"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


for _name in ("tripwire", "world"):
    load(_name)
worlds = sys.modules["badinput_world"]


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """One cache of test results for all: the same trees need not be tested twice."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def template(tmp_path_factory, cache):
    return worlds.build(tmp_path_factory.mktemp("template"), cache)


@pytest.fixture
def world(template, cache, tmp_path):
    """A repository of its own for one row."""
    return worlds.copy(template, tmp_path, cache)


@pytest.fixture(scope="module")
def shared(template, cache, tmp_path_factory):
    """A repository that the rows of a module share."""
    return worlds.copy(template, tmp_path_factory.mktemp("shared"), cache)


@pytest.fixture(scope="session")
def _saved(tmp_path_factory, cache):
    """A repository with one judged run, and a copy of it and of all around it."""
    place = tmp_path_factory.mktemp("judged") / "place"
    place.mkdir()
    made = worlds.build(place, cache)
    more = dict.fromkeys(("new.txt", "new.log", "dist"), "of the candidate\n")
    made.branch("adds", {"calc.py": worlds.MENDED, **more})
    assert made.judge("adds", "worse").winner == "adds"
    shutil.copytree(place, place.with_name("saved"), symlinks=True)
    return made


@pytest.fixture
def judged(_saved):
    """The same repository with a judged run for each row, at the same path, since state goes by that."""
    shutil.rmtree(_saved.place)
    shutil.copytree(_saved.place.with_name("saved"), _saved.place, symlinks=True)
    return _saved
