"""Real agents are no part of a run without them: nothing is skipped, they are not asked for."""

from pathlib import Path

import pytest


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    # This hook sees the items of all folders.
    here = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
    absent = [one for one in here if "[none" in one.name or "-none]" in one.name]
    if absent:
        config.hook.pytest_deselected(items=absent)
        items[:] = [item for item in items if item not in absent]
