"""Judge several implementations of one task on evidence, and merge the one that deserves it."""

__version__ = "0.1.0"
