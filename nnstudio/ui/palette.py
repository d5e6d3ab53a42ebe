"""The palette: every layer type by family, to be found, dragged onto the canvas, or added with Enter."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, QPointF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QDrag, QFocusEvent, QHoverEvent, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QLabel,
    QLineEdit,
    QListView,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from nnstudio.ui import theme
from nnstudio.ui.layer_list import LayerDelegate, LayerListModel, LayerType, find_layers
from nnstudio.ui.offered import key_of, types_for
from nnstudio.ui.session import Session
from nnstudio.ui.shelf import Shelf


class _Search(QLineEdit):
    """A search field whose arrow keys go on to the list below it."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_PageDown):
            self.left.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class _LayerList(QListView):
    """A list from which layer types are dragged. The canvas shows where one would stand, so no picture hides it."""

    def startDrag(self, actions: Qt.DropAction) -> None:
        drag = QDrag(self)
        drag.setMimeData(self.model().mimeData(self.selectedIndexes()))
        nothing = QPixmap(1, 1)
        nothing.fill(Qt.GlobalColor.transparent)
        drag.setPixmap(nothing)
        drag.exec(Qt.DropAction.CopyAction)
        QTimer.singleShot(0, self, self.forget)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.selectionModel().select(self.currentIndex(), QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self.forget()

    def forget(self) -> None:
        """Mark no row: neither as chosen nor as under the pointer, which a drag has taken away unseen."""
        self.clearSelection()
        nowhere = QPointF(-1, -1)
        QApplication.sendEvent(self.viewport(), QHoverEvent(QEvent.Type.HoverLeave, nowhere, nowhere, nowhere))


class PalettePanel(QWidget):
    """Search field and list. ``chosen(name)`` is emitted by a double click and by Enter: add it to the canvas."""

    chosen = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.search = _Search()
        self.search.setPlaceholderText("Find a layer")
        self.search.setAccessibleName("Find a layer")
        self.search.setClearButtonEnabled(True)
        self.model = LayerListModel(self, headings=True)
        self.shelf = Shelf(session, self)
        self.list = self._make_list()
        self._nothing = QLabel()
        self._nothing.setProperty("role", "muted")
        self._nothing.setWordWrap(True)
        self._nothing.setTextFormat(Qt.TextFormat.PlainText)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._nothing.setContentsMargins(12, 8, 12, 8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 12, 0, 0)
        layout.setSpacing(8)
        field = QVBoxLayout()
        field.setContentsMargins(12, 0, 12, 0)
        field.addWidget(self.search)
        layout.addLayout(field)
        self._pages = QStackedLayout()
        layout.addLayout(self._pages)  # first, else it shows what it is given as windows
        self._pages.addWidget(self.list)
        self._pages.addWidget(self._nothing)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._choose_first)
        self.search.left.connect(self._enter_list)
        self.list.activated.connect(self._choose)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.shelf.changed.connect(lambda: self._filter(self.search.text()))
        theme.changed.connect(self._restyle)
        session.changed.connect(self._refresh)
        session.scope_changed.connect(self._refresh)
        self._known = session.scope.block, session.sheet.network.blocks
        self._filter("")

    def _make_list(self) -> QListView:
        made = _LayerList()
        made.setModel(self.model)
        made.setItemDelegate(LayerDelegate(made))
        made.setAccessibleName("Layer types")
        made.setDragEnabled(True)
        made.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        made.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        made.setMouseTracking(True)
        made.setFrameShape(QListView.Shape.NoFrame)
        made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        return made

    def sizeHint(self) -> QSize:
        return QSize(216, 480)

    def minimumSizeHint(self) -> QSize:
        return QSize(150, 120)

    def focus_search(self) -> None:
        """Put the cursor into the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _types(self) -> list[LayerType]:
        """All that can be added to what is open."""
        return types_for(self.session.sheet.network, self.session.scope.block)

    def _refresh(self, *_: object) -> None:
        """Show the blocks as they are now."""
        now = self.session.scope.block, self.session.sheet.network.blocks
        if now[0] != self._known[0] or now[1] is not self._known[1]:
            self._known = now
            self._filter(self.search.text())

    def _filter(self, text: str) -> None:
        found = find_layers(text, self._types())
        self.model.show(found)
        self._nothing.setText(f"No layer is called “{text.strip()}”. Try another word, such as “dense” or “pool”.")
        self._pages.setCurrentIndex(0 if found else 1)

    def _enter_list(self) -> None:
        row = self.model.first()
        if row >= 0:
            self.list.setFocus(Qt.FocusReason.TabFocusReason)
            self.list.setCurrentIndex(self.model.index(row))

    def _choose_first(self) -> None:
        found = find_layers(self.search.text(), self._types())
        if found and self.search.text().strip():
            self.chosen.emit(key_of(found[0]))

    def _choose(self, index: QModelIndex) -> None:
        cls = self.model.type_at(index)
        if cls is not None:
            self.chosen.emit(key_of(cls))

    def _show_menu(self, at: QPoint) -> None:
        """What can be done with the block under the pointer, or with the chosen one where a key asks."""
        index = self.list.indexAt(at)
        if not index.isValid():
            index = self.list.currentIndex()
        cls = self.model.type_at(index)
        menu = self.shelf.menu_for(cls) if cls is not None else None
        if menu is not None:
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.list.viewport().mapToGlobal(at))

    def _restyle(self) -> None:
        self.list.viewport().update()
