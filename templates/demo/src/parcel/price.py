"""What it costs to send a parcel, in cents."""

FREE_FROM = 5000  # value of the goods, in cents
BASE = 490
PER_KILOGRAM = 50
INCLUDED = 2  # kilograms


def rate(weight):
    """Price for a weight in kilograms; every kilogram above the included ones costs extra."""
    if weight <= INCLUDED:
        return BASE
    return BASE + PER_KILOGRAM * (weight - INCLUDED)


def quote(value, weight):
    """Price of shipping: nothing from FREE_FROM on, else by weight."""
    if value > FREE_FROM:
        return 0
    return rate(weight)
