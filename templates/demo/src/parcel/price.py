"""What it costs to send a parcel."""

FREE_FROM = 50  # value of the goods
BASE = 4.90
PER_KILOGRAM = 0.50
INCLUDED = 2  # kilograms


def rate(weight):
    """Price for a weight in kilograms; every kilogram above the included ones costs extra."""
    if weight <= INCLUDED:
        return BASE
    return round(BASE + PER_KILOGRAM * (weight - INCLUDED), 2)


def quote(value, weight):
    """Price of shipping: nothing from FREE_FROM on, else by weight."""
    if value > FREE_FROM:
        return 0
    return rate(weight)
