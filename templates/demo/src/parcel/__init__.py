"""Shipping prices."""

from parcel.price import quote, rate

__all__ = ["quote", "rate"]
