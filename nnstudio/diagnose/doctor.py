"""The doctor: looks at a run from time to time, at a gentle pace, and tells each thing once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from time import perf_counter

from nnstudio.diagnose.case import Case
from nnstudio.diagnose.causes import EXPLAINS
from nnstudio.diagnose.facts import Facts
from nnstudio.diagnose.rules import diagnose
from nnstudio.graph import Network
from nnstudio.train.events import (
    Diagnosis,
    EpochEnded,
    Event,
    Gradients,
    NetworkChanged,
    PlanChanged,
    RunFailed,
    RunFinished,
)
from nnstudio.train.history import History

log = logging.getLogger(__name__)
#: Seconds between two visits of the doctor, and how much longer than the last visit took it stays away.
PAUSE, SPACING = 1.0, 50.0
#: Seconds that the doctor waits for what is being worked out of the data when a run has ended.
PATIENCE = 5.0


class Doctor:
    """Looks at a history from time to time and tells each thing once a run, and again after the plan or the network
    were changed in the middle of it.

    network: the plain network that is trained (blocks opened), where it is known. ``facts`` may be set at any time.
    """

    def __init__(self, history: History, network: Network | None = None, facts: Facts | None = None) -> None:
        self.history, self.network, self.facts = history, network, facts
        self._told: set[str] = set()
        self._run = ""
        self._next = 0.0
        self._studying: threading.Thread | None = None

    def study(self, work: Callable[[], Facts]) -> None:
        """Have what is known of the data worked out in a thread of its own."""

        def learn() -> None:
            try:
                self.facts = work()
            except Exception:  # the data may be anything; rules that need this then say nothing
                log.exception("what the data is like could not be worked out")

        self._studying = threading.Thread(target=learn, name="diagnosis of the data", daemon=True)
        self._studying.start()

    def visit(self, events: Iterable[Event]) -> list[Diagnosis]:
        """What :meth:`look` finds, where among the events that were just fed something was worth looking at (an epoch's
        end, gradients; at a gentle pace: it may be called in the window's thread) or the run ended; else nothing."""
        kinds = {type(event) for event in events}
        if kinds & {PlanChanged, NetworkChanged}:
            self._told.clear()
        ended = bool(kinds & {RunFinished, RunFailed})
        if not ended and (not kinds & {EpochEnded, Gradients} or perf_counter() < self._next):
            return []
        start = perf_counter()
        found = self.look()
        now = perf_counter()
        self._next = now + max(PAUSE, SPACING * (now - start))
        return found

    def wait(self) -> None:
        """Wait until what is being worked out of the data is there, for a moment at most."""
        if self._studying is not None:
            self._studying.join(PATIENCE)

    def look(self) -> list[Diagnosis]:
        """What was found since the last look. Feed it to the history and the run database like any event.

        What follows from a thing that was told already is not told.
        """
        run = self.history.started.run if self.history.started else ""
        if run != self._run:
            self._run = run
            self._told.clear()
        explained = {code for told in self._told for code in EXPLAINS.get(told, ())}
        roots = diagnose(Case(self.history, self.network, self.facts))
        found = [one for one in roots if one.code not in self._told and one.code not in explained]
        self._told.update(one.code for one in found)
        ended = self.history.ended
        told = ended.message if isinstance(ended, RunFailed) else None  # the failure itself has said it
        return [one for one in found if one.message != told]
