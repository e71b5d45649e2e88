"""Measures every candidate beside the base. One module per measure; `evaluate.py` drives them."""
