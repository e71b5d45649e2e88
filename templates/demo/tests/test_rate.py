"""What works today."""

import pytest
from parcel import quote, rate


@pytest.mark.parametrize("weight", [0, 1, 2])
def test_light_parcels_cost_the_base_price(weight):
    assert rate(weight) == 4.90


def test_each_further_kilogram_costs_extra():
    assert rate(3) == 5.40
    assert rate(10) == 8.90


def test_cheap_goods_pay_for_shipping():
    assert quote(10, 1) == 4.90
    assert quote(10, 4) == 5.90


def test_dear_goods_travel_free():
    assert quote(90, 1) == 0
    assert quote(50.01, 30) == 0
