"""The acceptance check: never shown to the agents. It separates a right patch from one that fits the suite only."""

import pytest
from parcel import quote


@pytest.mark.parametrize("value", [4999, 4998, 4990, 4900])
def test_one_cent_less_is_not_free(value):
    assert quote(value, 1) == 490


@pytest.mark.parametrize("value", [5000, 5001, 5002, 10000])
def test_free_from_fifty_on(value):
    assert quote(value, 1) == 0


def test_weight_still_counts_below():
    assert quote(0, 1) == 490
    assert quote(4999, 5) == 640
