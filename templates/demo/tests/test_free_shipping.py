"""Written first: what is wanted. Free shipping starts at exactly 50.00, and today it does not."""

from parcel import quote


def test_free_from_exactly_fifty():
    assert quote(5000, 1) == 0


def test_free_from_exactly_fifty_also_when_heavy():
    assert quote(5000, 12) == 0
