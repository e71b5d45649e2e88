"""What the end of a run needs and takes long to load, loaded beside its beginning, which mostly waits for programs."""

from __future__ import annotations

import importlib
import threading

from arena.machine import resources

# In one thread: packages with circular imports come apart when several threads import them at once (seen with
# coverage.parser).
HEAVY = (
    "coverage.parser",
    "pyflakes.checker",
    "radon.complexity",
    "radon.visitors",
    "pandas",
)
_lock = threading.Lock()


def start() -> None:
    """Begins to load in the background."""
    threading.Thread(target=load, daemon=True).start()


def load() -> None:
    """Loads what is not loaded yet; returns when all is there."""
    with _lock:
        for name in HEAVY:
            importlib.import_module(name)
        resources.compile_pages()
