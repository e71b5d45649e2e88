"""Faults and kills from outside: how many, and the place where they happen."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import pytest

HERE = Path(__file__).parent


def load(name: str) -> Any:
    """A module beside the tests: the tests are no package."""
    spec = importlib.util.spec_from_file_location(f"torture_{name}", HERE / f"{name}.py")  # fmt: skip
    module = sys.modules[f"torture_{name}"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


place_module = load("place")
promises = load("promises")
rounds = load("rounds")


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    """The program that calls arena."""
    server = place_module.Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory, server: Any) -> Any:
    """A place in which everything was judged once, so that its cache knows all results; and how that ended."""
    place = place_module.build(tmp_path_factory.mktemp("torture") / "place", server)
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with filelock.FileLock(shared / "known.lock"):
        return place_module.warm_up(place, shared / "known")


@pytest.fixture
def place(warm: Any) -> Any:
    """A place of its own for a test that breaks nothing else."""
    return warm.again()
