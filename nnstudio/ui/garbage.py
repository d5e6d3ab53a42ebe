"""Garbage is collected on a timer in the window's thread, where Qt objects may be destroyed (DESIGN 10)."""

from __future__ import annotations

import gc
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

#: Milliseconds between two collections.
PAUSE = 500
#: How often edits may put a collection off.
PUT_OFF = 20
#: So many new objects between two collections come from an import.
IN_BULK = 10_000
#: Every so often the old objects are looked through too.
THOROUGH = 60


class Garbage(QTimer):
    """Collects as long as it runs; not in the turn of an edit, nor in the one in which its types arrive. ``let_go`` is
    called before each time."""

    def __init__(self, parent: QObject, let_go: Callable[[], object]) -> None:
        super().__init__(parent, interval=PAUSE)
        self._let_go = let_go
        self._collections = self._put_off = 0
        self.timeout.connect(self.collect)

    def put_off(self) -> None:
        """Something was edited: collect later, unless edits never rest."""
        if self._put_off < PUT_OFF and self.isActive() and self.remainingTime() < PAUSE // 2:
            self._put_off += 1
            self.start()

    def collect(self) -> None:
        """Collect what is garbage now.

        What comes in bulk (a library that was imported, torch above all) is there to stay: it is set aside instead of
        being looked through, which would take a tenth of a second.
        """
        self._collections += 1
        self._put_off = 0
        self._let_go()
        if gc.get_count()[0] > IN_BULK:
            gc.freeze()
        else:
            gc.collect(1 if self._collections % THOROUGH else 2)
