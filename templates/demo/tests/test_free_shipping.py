"""Written first: what is wanted. Shipping is free from exactly 50 on, and today it is not."""

from parcel import quote


def test_free_from_exactly_fifty():
    assert quote(50, 1) == 0


def test_free_from_exactly_fifty_also_when_heavy():
    assert quote(50, 12) == 0
