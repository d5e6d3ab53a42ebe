"""Quick-add: a layer by a few letters of its name, where the pointer is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListView, QVBoxLayout, QWidget

from nnstudio.ui.layer_list import LayerDelegate, LayerListModel, LayerType, find_layers

_WIDTH, _ROWS, _ROW = 300, 8, 25


class _Field(QLineEdit):
    """Gives word when the focus goes elsewhere."""

    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self.left.emit()


class QuickAdd(QFrame):
    """A field with the layer types below it. ``chosen(name, wired)`` by Enter or click; ``wired`` is false with Shift.

    Escape, a click elsewhere or a choice close it. It is a child of the canvas, not a window.
    """

    chosen = Signal(str, bool)
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self._hint = ""
        self._tallest = 0
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._types: Sequence[LayerType] = ()
        self.field = _Field()
        self.field.setAccessibleName("Add a layer by name")
        self.model = LayerListModel(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(LayerDelegate(self.list))
        self.list.setAccessibleName("Layers that can be added")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setMouseTracking(True)
        self.hint = QLabel()
        self.hint.setProperty("role", "faint")
        self.hint.setTextFormat(Qt.TextFormat.PlainText)
        self.hint.setWordWrap(True)
        self.hint.setContentsMargins(6, 0, 6, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        for part in (self.field, self.list, self.hint):
            layout.addWidget(part)
        self.field.textChanged.connect(self._filter)
        self.field.left.connect(self.close_quietly)
        self.field.installEventFilter(self)
        self.list.clicked.connect(self._choose)
        self.hide()

    def offer(self, at: QPoint, types: Sequence[LayerType], title: str, hint: str = "") -> None:
        """Open at a point of the parent, with these types to choose from."""
        self._types = types
        self._hint = hint
        self.field.clear()
        self.field.setPlaceholderText(title)
        self._filter("")
        room = self._parent.size()
        width = min(_WIDTH, room.width() - 16)
        height = min(self._height(), room.height() - 16)
        left = max(8, min(at.x(), room.width() - width - 8))
        top = max(8, min(at.y(), room.height() - height - 8))
        self.setGeometry(left, top, width, height)
        self._tallest = height
        self._fit_height()
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _height(self) -> int:
        rows = max(3, min(_ROWS, self.model.rowCount()))
        return rows * _ROW + 70 + (18 if self._hint else 0)

    def _fit_height(self) -> None:
        """As tall as what was found; the field stays where it is."""
        self.resize(self.width(), min(self._height(), self._tallest))

    def _filter(self, text: str) -> None:
        found = find_layers(text, self._types)
        self.model.show(found)
        if found:
            self.list.setCurrentIndex(self.model.index(0))
            self.hint.setText(self._hint)
        else:
            self.hint.setText(f"No layer that fits here is called “{text.strip()}”." if text else "No layer fits here.")
        self.hint.setVisible(bool(self.hint.text()))
        self._fit_height()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        own = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)
        overrides = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if overrides and event.key() in own:  # type: ignore[attr-defined]
            event.accept()
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        rows = self.model.rowCount()
        here = self.list.currentIndex().row()
        match event.key():
            case Qt.Key.Key_Escape | Qt.Key.Key_Tab:
                self.close_quietly()
            case Qt.Key.Key_Down if rows:
                self.list.setCurrentIndex(self.model.index((here + 1) % rows))
            case Qt.Key.Key_Up if rows:
                self.list.setCurrentIndex(self.model.index((here - 1) % rows))
            case Qt.Key.Key_PageDown if rows:
                self.list.setCurrentIndex(self.model.index(min(here + _ROWS, rows - 1)))
            case Qt.Key.Key_PageUp if rows:
                self.list.setCurrentIndex(self.model.index(max(here - _ROWS, 0)))
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._choose(self.list.currentIndex(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
            case _:
                return False
        return True

    def _choose(self, index: QModelIndex, alone: bool = False) -> None:
        cls = self.model.type_at(index) if index.isValid() else None
        if cls is not None:
            self.close_quietly()
            self.chosen.emit(cls.type_name(), not alone)

    def close_quietly(self) -> None:
        """Close without a choice."""
        if self.isVisible():
            self.hide()
            self.closed.emit()
