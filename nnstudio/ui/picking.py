"""Picking nodes by their names: a button that says which are chosen, and a list with a search field that it opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QPushButton, QSizePolicy, QWidget

from nnstudio.ui import theme
from nnstudio.ui.parts import button, column
from nnstudio.ui.search_popup import SearchPopup

_ID = Qt.ItemDataRole.UserRole
#: Rows of the list that are seen at once, and how many names a button's tip has.
_ROWS, _NAMED = 10, 20


@dataclass(frozen=True)
class Offer:
    """What can be picked: ids and what they are called. nothing: what it means that none is picked. last: the ids that
    were selected on the canvas last, of those that can be picked."""

    names: Mapping[str, str]
    nothing: str
    last: tuple[str, ...] = ()


class Picker(SearchPopup):
    """A popup list with boxes to check. ``picked(ids)`` comes with each change, in the order of the list."""

    picked = Signal(tuple)

    def __init__(self, offer: Offer, chosen: Sequence[str], parent: QWidget) -> None:
        self.list = QListWidget()
        super().__init__(self.list, "What can be picked; Space checks", parent)
        self.setObjectName("picker")
        self.list.setUniformItemSizes(True)
        for id, name in {**offer.names, **{id: f"{id} (gone)" for id in chosen if id not in offer.names}}.items():
            item = QListWidgetItem(name)
            item.setData(_ID, id)
            item.setSizeHint(QSize(0, theme.scaled(24)))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if id in chosen else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.itemChanged.connect(lambda _: self._tell())
        parts: list[QWidget] = [self.search, self.list]
        if offer.last:
            named = ", ".join(offer.names[id] for id in offer.last)
            title = f"Use what was selected last ({len(offer.last)})"
            made = button(title, lambda: self._use(offer.last), "link", tooltip=named)
            made.setObjectName("use_selected")
            parts.append(made)
        clear = button(offer.nothing[:1].upper() + offer.nothing[1:], lambda: self._use(()), "link")
        clear.setObjectName("use_none")
        parts.append(clear)
        self.setLayout(column(*parts, spacing=6, margins=(8, 8, 8, 8)))
        self._fit(offer)

    def _fit(self, offer: Offer) -> None:
        rows = max(2, min(_ROWS, len(offer.names)))
        self.list.setFixedHeight(rows * theme.scaled(24) + 8)
        self.setFixedWidth(max(theme.scaled(240), self.parentWidget().width()))

    def chosen(self) -> tuple[str, ...]:
        """The ids that are checked."""
        items = (self.list.item(place) for place in range(self.list.count()))
        return tuple(item.data(_ID) for item in items if item.checkState() == Qt.CheckState.Checked)

    def _use(self, ids: Sequence[str]) -> None:
        self.list.blockSignals(True)
        for place in range(self.list.count()):
            item = self.list.item(place)
            item.setCheckState(Qt.CheckState.Checked if item.data(_ID) in ids else Qt.CheckState.Unchecked)
        self.list.blockSignals(False)
        self._tell()

    def _tell(self) -> None:
        self.picked.emit(self.chosen())

    def narrow(self, text: str) -> None:
        """Show the names that this is a part of."""
        first = -1
        for place in range(self.list.count()):
            found = text.strip().lower() in self.list.item(place).text().lower()
            self.list.setRowHidden(place, not found)
            first = place if found and first < 0 else first
        self.list.setCurrentRow(first)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """From the search field: *Enter* checks what is marked, the arrow keys go into the list."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            item = self.list.currentItem()
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if item is not None:
                    on = item.checkState() == Qt.CheckState.Checked
                    item.setCheckState(Qt.CheckState.Unchecked if on else Qt.CheckState.Checked)
                return True
            if event.key() == Qt.Key.Key_Down:
                self.list.setFocus()
                return True
        return False


class PickButton(QPushButton):
    """Says which nodes are chosen; pressed, it lets others be picked. ``picked(ids, stint)``: what is picked in one
    opening shares a stint, so that it is one step of undo."""

    picked = Signal(tuple, int)

    def __init__(self, title: str, nothing: str, called: Callable[[str], str], offer: Callable[[], Offer]) -> None:
        """``nothing``: what it means that none is chosen. ``called``: the name of an id; "" where it is gone."""
        super().__init__()
        self._title, self._nothing, self._called, self._offer = title, nothing, called, offer
        self._chosen: tuple[str, ...] = ()
        self._stint = 0
        self.setProperty("role", "pick")
        self.setAutoDefault(False)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._open)

    def show_chosen(self, ids: Sequence[str]) -> None:
        """Show that these are chosen."""
        self._chosen = tuple(ids)
        names = [self._called(id) or f"{id} (gone)" for id in ids[:_NAMED]]
        more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
        told = ", ".join(names) + more if names else self._nothing
        room = max(40, self.width() - theme.scaled(34))
        self.setText(f"{self.fontMetrics().elidedText(told, Qt.TextElideMode.ElideRight, room)} ▾")
        self.setToolTip(told)
        self.setAccessibleName(f"{self._title}: {told}")

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.show_chosen(self._chosen)

    def _open(self) -> None:
        self._stint += 1
        stint = self._stint
        picker = Picker(self._offer(), self._chosen, self)
        picker.picked.connect(lambda ids: self.picked.emit(ids, stint))
        picker.popup(self)
