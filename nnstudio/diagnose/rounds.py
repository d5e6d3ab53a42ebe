"""The doctor's visits in a thread of their own: of a large network one takes too long for the thread of a window."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from time import monotonic, perf_counter

from nnstudio.diagnose.doctor import Doctor
from nnstudio.train.events import Diagnosis, Event, RunFailed, RunFinished

log = logging.getLogger(__name__)
#: Seconds for which the end of a run waits for the last visit.
LAST = 2.0


class Rounds:
    """Has a doctor visit a run, one visit at a time. All but the visit itself happens in the thread that calls this,
    which feeds the history and never waits."""

    def __init__(self, doctor: Doctor) -> None:
        self.doctor = doctor
        self._visit: _Visit | None = None
        self._again = False
        self._until = float("inf")

    def after(self, events: Iterable[Event]) -> list[Diagnosis]:
        """What a visit has found that came to its end since this was asked last. A visit begins where one is due, now
        that the history was fed with these events; where one is under way at the end of the run, another follows it."""
        told = list(events)
        wanted = self.doctor.is_due(told)
        found = self._come()
        if any(isinstance(event, RunFinished | RunFailed) for event in told):
            self._again, self._until = True, monotonic() + LAST
        if self._visit is None and (wanted or self._again):
            self._visit, self._again = _Visit(self.doctor), False
        return found

    @property
    def busy(self) -> bool:
        """Whether something is still to be told; no longer so when the end of the run has waited for long."""
        return (self._visit is not None or self._again) and monotonic() < self._until

    def _come(self) -> list[Diagnosis]:
        visit = self._visit
        if visit is None or visit.thread.is_alive():
            return []
        self._visit = None
        self.doctor.rest(visit.seconds)
        return self.doctor.told(visit.found) if visit.turn == self.doctor.turn else []


class _Visit:
    """One visit: what the history holds now is looked at in a thread."""

    def __init__(self, doctor: Doctor) -> None:
        self.found: list[Diagnosis] = []
        self.seconds = 0.0
        self.turn = doctor.turn
        self._look = doctor.examination()
        self.thread = threading.Thread(target=self._work, name="nnstudio doctor", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        start = perf_counter()
        try:
            self.found = self._look()
        except Exception:  # the run goes on undiagnosed
            log.exception("a run could not be diagnosed")
        self.seconds = perf_counter() - start
