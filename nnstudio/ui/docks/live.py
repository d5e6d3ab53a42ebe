"""What every panel is: a widget that draws what the session holds, at most 30 times a second and only when seen."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QElapsedTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from nnstudio.ui import theme
from nnstudio.ui.afterwards import Afterwards

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Least time between two redraws, in milliseconds: of lines that grow; of snapshots; of what changes slowly.
PACE, SNAPSHOTS, SLOW = 33, 100, 200
#: Two widgets are not redrawn within so many milliseconds: together they would hold up the window.
TURN = 14
#: So many milliseconds after something was told, or done, a widget is redrawn at the soonest.
AT_LEAST = 4


class Live(QWidget):
    """A view of the session. It keeps nothing that matters: :meth:`refresh` draws everything anew from the session.

    A hidden widget does nothing; when it is shown it catches up. Subclasses connect the session's signals that
    concern them to :meth:`refresh_soon`.
    """

    #: Least time between two redraws of this widget, in milliseconds.
    pace = PACE
    #: When the next widget may be redrawn, of all there are, in seconds of the monotonic clock.
    _free: ClassVar[float] = 0.0

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._stale = True
        self._styled: tuple[str, float] | None = None
        self._since = QElapsedTimer()
        self._timer = Afterwards(self, self._take_turn, AT_LEAST)
        theme.changed.connect(self._theme_changed)

    #: Another way of looking was chosen: what :attr:`choices` gives is worth remembering.
    chose = Signal()

    @property
    def choices(self) -> dict[str, object]:
        """How the person has chosen to look at it, by name: plain values that go into the settings."""
        return {}

    def choose_again(self, choices: Mapping[str, object]) -> None:
        """Look at it as :attr:`choices` said before. What is not known, or is damaged, is passed over."""

    def refresh(self) -> None:
        """Draw what the session holds now."""

    def restyle(self) -> None:
        """Take the colours of the present theme; :meth:`refresh` follows."""

    def refresh_soon(self, *_: object) -> None:
        """Have it redrawn: soon when it is seen, else when it is shown."""
        self._stale = True
        if self.isVisible() and not self._timer.isActive():
            waited = self._since.elapsed() if self._since.isValid() else self.pace
            self._timer.soon(max(AT_LEAST, self.pace - int(waited)))

    def _take_turn(self) -> None:
        """Redraw, unless another widget just has: then in a moment."""
        wait = math.ceil(1000 * (Live._free - time.monotonic()))
        if wait > 0 and self.isVisible():
            self._timer.soon(wait)
            return
        Live._free = time.monotonic() + TURN / 1000
        self.catch_up()

    def catch_up(self) -> None:
        """Redraw at once where something has changed since the last time and the widget is seen."""
        self._timer.stop()
        if not self._stale or not self.isVisible():
            return
        self._stale = False
        if self._styled != theme.look():
            self._styled = theme.look()
            self.restyle()
        self.refresh()
        self._since.start()

    def _theme_changed(self, *_: object) -> None:
        self._stale = True
        self.catch_up()  # at once, like all the rest of the window

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.catch_up()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)
