"""The acceptance check, never shown to the agents: it tells a right patch from one that only fits the suite."""

import pytest
from parcel import quote


@pytest.mark.parametrize("value", [49.99, 49.5, 49, 45, 40])
def test_a_cent_less_is_not_free(value):
    assert quote(value, 1) == 4.90


@pytest.mark.parametrize("value", [50, 50.01, 51, 100])
def test_free_from_fifty_on(value):
    assert quote(value, 1) == 0


def test_weight_still_counts_below():
    assert quote(0, 1) == 4.90
    assert quote(49.99, 5) == 6.40
