"""Alt by itself, which opens the menu: only when nothing else is pressed while it is held."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

#: What makes Alt part of something else.
_NOT_ALONE = (
    QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel,
    QEvent.Type.WindowDeactivate, QEvent.Type.Shortcut,
)  # fmt: skip


class LoneAlt(QObject):
    """Watches, while Alt is held, whether anything else is pressed. ``pressed``: it was let go alone."""

    pressed = Signal()

    def begin(self) -> None:
        """Alt was pressed."""
        QApplication.instance().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Alt:
            self._end()
            QTimer.singleShot(0, self, self.pressed.emit)
        elif kind in _NOT_ALONE and not (isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Alt):
            self._end()
        return False

    def _end(self) -> None:
        QApplication.instance().removeEventFilter(self)
