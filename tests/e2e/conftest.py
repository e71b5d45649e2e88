"""Real agents are no part of a run without them: nothing is skipped, they are not asked for."""

import pytest


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    absent = [item for item in items if "[none" in item.name or "-none]" in item.name]
    if absent:
        config.hook.pytest_deselected(items=absent)
        items[:] = [item for item in items if item not in absent]
