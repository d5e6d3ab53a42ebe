"""Editing a note's Markdown where it stands."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

_WIDE, _HIGH = 220, 110


class NoteEditor(QPlainTextEdit):
    """A field over a note. Ctrl+Enter, or leaving it, takes the text; Escape leaves the old one."""

    def __init__(self, parent: QWidget, closed: Callable[[], object]) -> None:
        super().__init__(parent)
        self._closed = closed
        self._take: Callable[[str], object] = lambda _: None
        self.setAccessibleName("Note, Markdown")
        self.setPlaceholderText("Markdown: **bold**, *italic*, # title, - list. Ctrl+Enter when done")
        self.setToolTip("Ctrl+Enter: done · Esc: as it was")
        self.setTabChangesFocus(True)
        self.hide()

    def edit(self, area: QRect, text: str, take: Callable[[str], object]) -> None:
        """Open over an area of the parent, within what is seen of it."""
        self._take = take
        self.setPlainText(text)
        self.moveCursor(QTextCursor.MoveOperation.End)
        room = self.parentWidget().rect().adjusted(4, 4, -4, -4)
        width, height = min(room.width(), max(_WIDE, area.width())), min(room.height(), max(_HIGH, area.height()))
        left = max(room.left(), min(area.left(), room.right() - width))
        top = max(room.top(), min(area.top(), room.bottom() - height))
        self.setGeometry(left, top, width, height)
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._end(taken=True)
        elif event.key() == Qt.Key.Key_Escape:
            self._end(taken=False)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self._end(taken=True, back=False)

    def _end(self, *, taken: bool, back: bool = True) -> None:
        if self.isHidden():
            return
        self.hide()
        if taken:
            self._take(self.toPlainText())
        if back:
            self._closed()
