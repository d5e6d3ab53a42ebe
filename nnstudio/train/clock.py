"""The run's clock: seconds since it began, pauses left out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter, thread_time


class Clock:
    """Seconds of training."""

    def __init__(self, already: float = 0.0) -> None:
        self._origin = perf_counter() - already
        self._stood: float | None = None

    def now(self) -> float:
        """Seconds since the run began; stands while the run does."""
        return (self._stood if self._stood is not None else perf_counter()) - self._origin

    def stand(self) -> None:
        """A pause begins."""
        if self._stood is None:
            self._stood = perf_counter()

    def go_on(self) -> None:
        """A pause ends."""
        if self._stood is not None:
            self._origin += perf_counter() - self._stood
            self._stood = None


def busy_clock(device: str) -> Callable[[], float]:
    """The clock by which a trainer that works on this type of device counts what it does, in seconds.

    On the CPU it is the processor time of the thread, so that whatever else the machine is doing at the moment is taken
    for neither a step nor a look; but Windows counts that by 16 ms. A GPU is waited for, so there it is the wall's.
    """
    return thread_time if device == "cpu" and sys.platform != "win32" else perf_counter
