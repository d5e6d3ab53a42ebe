"""The run's clock: seconds since it began, pauses left out."""

from __future__ import annotations

from time import perf_counter


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
