"""The moment of the run that is shown: the newest while training goes on, or one that a person went back to.

It belongs to looking, not to the document: moving it is no step of undo.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from nnstudio.train.events import Event, RunStarted
from nnstudio.train.snapshots import Snapshot

if TYPE_CHECKING:
    from nnstudio.train.history import History
    from nnstudio.ui.session import Session

#: How long a replay takes, in milliseconds, and the least time that a moment is shown.
REPLAY, FRAME = 12_000, 60


class Moment(QObject):
    """``session.moment``. The session's ``moment_changed`` comes whenever another moment is chosen."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        #: The step that a person went back to; None: live, whatever is newest.
        self.step: int | None = None
        self._history: History | None = None
        self._known: tuple[object, ...] = ()
        self._snapshot = Snapshot()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._play_on)
        session.events_arrived.connect(self._events)
        session.run_changed.connect(self._follow)

    @property
    def live(self) -> bool:
        """Whether what is newest is shown."""
        return self.step is None

    @property
    def steps(self) -> list[int]:
        """The steps that one can go back to, rising."""
        return self._session.history.moments

    @property
    def snapshot(self) -> Snapshot:
        """What the run was like at the moment that is shown."""
        history = self._session.history
        known = (history, self.step, history.changes if self.step is None else len(history.moments))
        if known != self._known:
            self._known, self._snapshot = known, history.at(self.step)
        return self._snapshot

    @property
    def when(self) -> str:
        """``now``, or ``at step 120``."""
        return "now" if self.step is None else f"at step {self.step:,}"

    def go(self, step: int | None) -> None:
        """Show the run as it was at a step, or live (None)."""
        if step != self.step:
            self.step = step
            self._session.moment_changed.emit()

    def move(self, by: int) -> None:
        """Go on by so many of :attr:`steps`, back where it is negative. The last of them is live."""
        steps = self.steps
        if steps:
            last = len(steps) - 1
            at = last if self.step is None else max(0, bisect_right(steps, self.step) - 1)
            to = min(last, max(0, at + by))
            self.go(steps[to] if to < last else None)

    # -- replaying ------------------------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether the run is being replayed."""
        return self._timer.isActive()

    def play(self) -> None:
        """Replay from the moment that is shown, from the beginning where that is live; ends live."""
        steps = self.steps
        if len(steps) < 2:
            return
        if self.step is None or self.step >= steps[-1]:
            self.step = steps[0]
        self._timer.start(max(FRAME, REPLAY // len(steps)))
        self._session.moment_changed.emit()

    def pause(self) -> None:
        """Stand at the moment that is shown."""
        if self._timer.isActive():
            self._timer.stop()
            self._session.moment_changed.emit()

    def _play_on(self) -> None:
        self.move(1)
        if self.step is None:
            self._timer.stop()
            self._session.moment_changed.emit()

    # -- following the run ----------------------------------------------------------------------------------------

    def _events(self, events: Iterable[Event]) -> None:
        if any(isinstance(event, RunStarted) for event in events):
            self._follow()

    def _follow(self) -> None:
        """Another run is shown: live; a run that went back: no later than that."""
        history = self._session.history
        if history is not self._history:
            self._history = history
            self.leave()
        elif self.step is not None and self.step > history.step:
            self.go(None)

    def leave(self) -> None:
        """Be live, and play no longer: the run that is shown is another."""
        self._timer.stop()
        self.go(None)
