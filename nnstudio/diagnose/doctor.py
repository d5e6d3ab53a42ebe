"""The doctor: looks at a run from time to time, at a gentle pace, and tells each thing once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
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

    network: the plain network that is trained (blocks opened), where it is known; ``shared``: for each of its nodes
    that runs another's weights, that other. ``facts`` may be set at any time.
    """

    def __init__(
        self, history: History, network: Network | None = None, facts: Facts | None = None,
        shared: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.history, self.network, self.facts = history, network, facts
        self.shared: Mapping[str, str] = shared or {}
        self._told: set[str] = set()
        self._run = ""
        self._next = 0.0
        #: another one after each change of the plan or the network: what was found before it is no longer of interest
        self.turn = 0
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
        if not self.is_due(events):
            return []
        start = perf_counter()
        found = self.look()
        self.rest(perf_counter() - start)
        return found

    def is_due(self, events: Iterable[Event]) -> bool:
        """Whether a visit is due, now that the history was fed with these events."""
        kinds = {type(event) for event in events}
        if kinds & {PlanChanged, NetworkChanged}:
            self._told.clear()
            self.turn += 1
        ended = bool(kinds & {RunFinished, RunFailed})
        return ended or (bool(kinds & {EpochEnded, Gradients}) and perf_counter() >= self._next)

    def rest(self, seconds: float) -> None:
        """Stay away for a while, after a visit that took so long."""
        self._next = perf_counter() + max(PAUSE, SPACING * seconds)

    def wait(self) -> None:
        """Wait until what is being worked out of the data is there, for a moment at most."""
        if self._studying is not None:
            self._studying.join(PATIENCE)

    def look(self) -> list[Diagnosis]:
        """What was found since the last look. Feed it to the history and the run database like any event.

        What follows from a thing that was told already is not told.
        """
        return self.told(diagnose(Case(self.history, self.network, self.facts, shared=self.shared)))

    def examination(self) -> Callable[[], list[Diagnosis]]:
        """What finds all that is wrong now, for another thread: it does not see what is fed from now on. What it finds
        is for :meth:`told`, unless :attr:`turn` has become another."""
        case = Case(self.history.as_now(), self.network, self.facts, shared=self.shared)
        return lambda: diagnose(case)

    def told(self, roots: list[Diagnosis]) -> list[Diagnosis]:
        """Of what was found, what is to be told now."""
        run = self.history.started.run if self.history.started else ""
        if run != self._run:
            self._run = run
            self._told.clear()
        explained = {code for told in self._told for code in EXPLAINS.get(told, ())}
        found = [one for one in roots if one.code not in self._told and one.code not in explained]
        self._told.update(one.code for one in found)
        ended = self.history.ended
        said = ended.message if isinstance(ended, RunFailed) else None  # the failure itself has said it
        return [one for one in found if one.message != said]
