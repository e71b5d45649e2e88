"""Judges several implementations of one task on evidence, and merges the winner."""
