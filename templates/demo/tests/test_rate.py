"""What works today."""

import pytest
from parcel import quote, rate


@pytest.mark.parametrize("weight", [0, 1, 2])
def test_light_parcels_cost_the_base_price(weight):
    assert rate(weight) == 490


def test_each_further_kilogram_costs_extra():
    assert rate(3) == 540
    assert rate(10) == 890


def test_cheap_goods_pay_for_shipping():
    assert quote(1000, 1) == 490
    assert quote(1000, 4) == 590


def test_dear_goods_travel_free():
    assert quote(9000, 1) == 0
    assert quote(5001, 30) == 0
