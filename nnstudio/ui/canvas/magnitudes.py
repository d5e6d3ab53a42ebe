"""How large each node's gradient is just now, on a log scale, at the display's pace."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from nnstudio.train.events import Event, Gradients, RunStarted

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Least time between two updates, in milliseconds.
PACE = 100
_DECADES = 2
#: The smallest gradient is this many decades above the lower end, so that its bar is seen.
_PAD = 0.6


class Magnitudes(QObject):
    """``shares``: for each node with a gradient its place from 0 to 1 between ``low`` and ``high`` (powers of ten).

    The range only grows during a run, so that colours do not jump.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.shares: dict[str, float] = {}
        self.low = self.high = 0
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.refresh)
        session.events_arrived.connect(self._events)

    @property
    def shown(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.shares)

    @property
    def range_text(self) -> str:
        """``1e-5 – 1e-1``."""
        return f"1e{self.low} – 1e{self.high}"

    def clear(self) -> None:
        """Show no gradients until new ones come."""
        self._timer.stop()
        self.low = self.high = 0
        if self.shares:
            self.shares = {}
            self.changed.emit()

    def _events(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, RunStarted):
                self.clear()
            elif isinstance(event, Gradients) and not self._timer.isActive():
                self._timer.start(PACE)

    def refresh(self) -> None:
        """Take the latest gradients of the session's history."""
        latest = self._drawn(getattr(self._session.history, "gradients", None) or {})
        sizes = {id: math.log10(size) for id, size in latest.items() if math.isfinite(size) and size > 0.0}
        if sizes:
            low, high = math.floor(min(sizes.values()) - _PAD), math.ceil(max(sizes.values()))
            known = self.low != self.high
            self.low = max(min(low, self.low) if known else low, -12)
            self.high = max(high, self.high) if known else high
            self.low = min(self.low, self.high - _DECADES)
        span = self.high - self.low or 1
        shares = {id: min(1.0, max(0.0, (size - self.low) / span)) for id, size in sizes.items()}
        for id, size in latest.items():
            if id not in shares:
                shares[id] = 1.0 if size == math.inf else 0.0
        if shares != self.shares:
            self.shares = shares
            self.changed.emit()

    def _drawn(self, latest: Mapping[str, float]) -> Mapping[str, float]:
        """Gradients by the nodes of the open scope; a block has the largest of those in it."""
        scope, nodes = self._session.scope, self._session.network.nodes
        if scope.block and not scope.path:
            return {}  # opened by its name alone: it may stand in many places
        found: dict[str, float] = {}
        for id, size in latest.items():
            if id.startswith(scope.prefix):
                own = id[len(scope.prefix) :].split("/", 1)[0]
                if own in nodes and not found.get(own, -1.0) >= size:
                    found[own] = size
        return found
