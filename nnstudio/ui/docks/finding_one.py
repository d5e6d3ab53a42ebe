"""A popup list in which one of very many things is found by a few letters."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSortFilterProxyModel, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from nnstudio.ui import theme
from nnstudio.ui.parts import column
from nnstudio.ui.search_popup import SearchPopup

#: Rows that are seen at once.
ROWS = 10


class FindOne(SearchPopup):
    """The list under a search field. ``found`` tells the place of what was clicked, or entered; Escape closes it."""

    found = Signal(int)

    def __init__(self, items: Sequence[str], place: int, parent: QWidget) -> None:
        self.list = QListView()
        super().__init__(self.list, "What there is", parent)
        self._left = QSortFilterProxyModel(self)
        self._left.setSourceModel(QStringListModel(list(items), self))
        self._left.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.list.setModel(self._left)
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFixedHeight(ROWS * theme.scaled(26))
        self.list.setCurrentIndex(self._left.index(max(0, place), 0))
        self.list.clicked.connect(lambda _: self._take())
        self.setLayout(column(self.search, self.list, spacing=6, margins=(8, 8, 8, 8)))
        self.setFixedWidth(theme.scaled(240))

    def popup(self, below: QWidget) -> None:
        super().popup(below)
        self.list.scrollTo(self.list.currentIndex(), QAbstractItemView.ScrollHint.PositionAtCenter)

    def narrow(self, text: str) -> None:
        """Show the things that this is a part of, the first one marked."""
        self._left.setFilterFixedString(text.strip())
        self.list.setCurrentIndex(self._left.index(0, 0))

    def _take(self) -> None:
        """Tell what is marked, and go."""
        place = self._left.mapToSource(self.list.currentIndex()).row()
        if place >= 0:
            self.close()
            self.found.emit(place)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """From the search field: Enter takes what is marked, the arrow keys mark another."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return False
        key, row = event.key(), self.list.currentIndex().row()
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -ROWS, Qt.Key.Key_PageDown: ROWS}
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take()
        elif (by := steps.get(Qt.Key(key))) is not None:
            row = min(self._left.rowCount() - 1, max(0, row + by))
            self.list.setCurrentIndex(self._left.index(row, 0))
        else:
            return False
        return True
