"""Documents of every state, built once; tests that ask for `scenario` run for each of them."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "report_sample", Path(__file__).with_name("sample.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SAMPLE = _load()
_DOCUMENTS: dict[str, Any] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scenario" in metafunc.fixturenames:
        metafunc.parametrize("scenario", list(SAMPLE.SCENARIOS))


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    return SAMPLE


@pytest.fixture(scope="session")
def document() -> Callable[[str], dict[str, Any]]:
    """The document of a scenario by name; shared, so tests must not change it."""

    def get(name: str) -> dict[str, Any]:
        if name not in _DOCUMENTS:
            _DOCUMENTS[name] = SAMPLE.SCENARIOS[name]()
        return _DOCUMENTS[name]

    return get


@pytest.fixture
def doc(scenario: str, document: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return document(scenario)
