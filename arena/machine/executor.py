"""Jobs side by side: a local pool behind one `submit`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def default_jobs() -> int:
    """Number of processors that we may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Executor:
    """At most `jobs` jobs at a time, started in the order of submission. Threads: the work is in processes."""

    def __init__(self, jobs: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="arena")

    def submit(self, function: Callable[..., R], *args: Any, **named: Any) -> Future[R]:
        """Starts `function` as soon as a place is free."""
        return self._pool.submit(function, *args, **named)

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Results in the order of `items`; the first exception is raised after all have ended."""
        futures = [self.submit(function, item) for item in items]
        return [future.result() for future in futures]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=kind is not None)
