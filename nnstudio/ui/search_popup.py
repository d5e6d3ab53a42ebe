"""A popup with a search field over a list, opened by a button."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QLineEdit, QWidget


class SearchPopup(QFrame):
    """``search`` is in no layout yet, nor is the list. What is typed goes to :meth:`narrow`; keys of the field pass
    ``eventFilter``. It is gone when it is closed."""

    def __init__(self, view: QAbstractItemView, called: str, parent: QWidget) -> None:
        """``view``: the list; ``called``: what it is for a screen reader."""
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "popup")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find by name")
        self.search.setAccessibleName("Find by name")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.narrow)
        self.search.installEventFilter(self)
        view.setAccessibleName(called)

    def narrow(self, text: str) -> None:
        """Show what this is a part of."""
        raise NotImplementedError

    def popup(self, below: QWidget) -> None:
        """Open under a widget, or over it where there is no room below."""
        self.adjustSize()
        at, room = below.mapToGlobal(QPoint(0, below.height() + 2)), below.screen().availableGeometry()
        if at.y() + self.height() > room.bottom():
            at.setY(max(room.top(), at.y() - below.height() - self.height() - 4))
        at.setX(max(room.left(), min(at.x(), room.right() - self.width())))
        self.move(at)
        self.show()
        self.search.setFocus()
