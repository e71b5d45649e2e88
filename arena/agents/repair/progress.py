"""Progress lines on standard output, and a sign of life while nothing else is said."""

import threading
import time
from types import TracebackType


class Progress:
    """Says what is going on; repeats the present status when it has been quiet for a while."""

    def __init__(self, *, every: float = 10.0) -> None:
        self.every, self.status, self.began = every, "starting", time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "Progress":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began

    def say(self, text: str) -> None:
        """A line of its own; it is the status from now on."""
        self.status = text
        print(f"[{self.seconds:6.1f} s] {text}", flush=True)

    def _beat(self) -> None:
        while not self._over.wait(self.every):
            print(f"[{self.seconds:6.1f} s] {self.status}", flush=True)
