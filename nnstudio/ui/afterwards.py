"""What may wait until the canvas has shown what was done."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


class Afterwards(QTimer):
    """Calls something once, ``wait`` milliseconds after the present turn of the event loop is over, however long that
    turn takes: a plain timer that falls due meanwhile would make it longer still."""

    def __init__(self, parent: QObject, call: Callable[[], object], wait: int) -> None:
        super().__init__(parent, singleShot=True)
        self._call = call
        self._wait = self._still = wait
        self.timeout.connect(self._fall_due)

    def soon(self, wait: int | None = None) -> None:
        """Have it called; where it is to be called already, it is put off. ``wait``: not as long as usual."""
        self._still = self._wait if wait is None else wait
        self.start(0)

    def _fall_due(self) -> None:
        wait, self._still = self._still, 0
        if wait:
            self.start(wait)
        else:
            self._call()


__all__ = ["Afterwards"]
