"""Frames and notes of what is open, below the outline: frames by title with their layers in them, notes by first line.

For the keyboard and for screen readers, always in step with the canvas. It knows no canvas: it tells what was chosen,
and is told what is marked there.
"""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QFrame, QTreeWidget, QTreeWidgetItem, QWidget

from nnstudio.graph import Network
from nnstudio.graph.view import View
from nnstudio.ui import theme
from nnstudio.ui.docks.outline_model import flow_order

#: So many rows are seen at once.
ROWS = 8
_KEY = Qt.ItemDataRole.UserRole
#: What a row stands for: ``frame``, ``note`` or ``node``, and its id.
Key = tuple[str, str]


class _Line(NamedTuple):
    """One row: what it stands for, what it shows and what a screen reader says, and the rows in it."""

    key: Key
    text: str
    told: str
    inside: tuple[_Line, ...] = ()


class MarksList(QTreeWidget):
    """``chosen(kind, id)`` when a person goes to a row, ``opened`` with Enter or a double click, ``edit_wanted`` with
    F2, ``menu_wanted(kind, point on the screen)`` for its menu."""

    chosen = Signal(str, str)
    opened = Signal(str, str)
    edit_wanted = Signal()
    menu_wanted = Signal(str, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("outline_marks")
        self.setAccessibleName("Frames and notes")
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setExpandsOnDoubleClick(False)
        self._lines: list[_Line] = []
        self._known: tuple[object, ...] = ()
        self._items: dict[Key, QTreeWidgetItem] = {}
        self._following = False
        self.currentItemChanged.connect(self._chosen)
        self.itemActivated.connect(lambda item, _: self.opened.emit(*item.data(0, _KEY)))
        self.itemExpanded.connect(self._fit)
        self.itemCollapsed.connect(self._fit)
        self.customContextMenuRequested.connect(self._ask)
        self.hide()

    def show_view(self, view: View, network: Network) -> None:
        """List the frames and notes of this view of a network."""
        known = view.frames, view.notes, network.nodes, network.wires
        if len(self._known) == len(known) and all(a is b for a, b in zip(known, self._known, strict=True)):
            return
        self._known = known
        lines = _lines(view, network)
        if lines != self._lines:
            self._lines = lines
            self._fill()

    def follow(self, kind: str, id: str) -> None:
        """Mark the row of what is marked on the canvas; none for "", unless the person is here."""
        item = self._items.get((kind, id))
        if item is None and self.hasFocus():
            return
        self._following = True
        try:
            self.setCurrentItem(item)  # type: ignore[arg-type]
            if item is None:
                self.clearSelection()
        finally:
            self._following = False

    def _fill(self) -> None:
        """Make the rows anew; frames that were open stay so, and the current row stays the current one."""
        current = self.currentItem()
        here: Key | None = current.data(0, _KEY) if current is not None else None
        opened = {key for key, item in self._items.items() if item.isExpanded()}
        self._following = True
        try:
            self.clear()
            self._items = {}
            for line in self._lines:
                item = self._made(line)
                self.addTopLevelItem(item)
                self._items[line.key] = item
                item.setExpanded(line.key in opened)
            if here is not None and (here[0], here[1]) in self._items:
                self.setCurrentItem(self._items[here[0], here[1]])
        finally:
            self._following = False
        self._fit()
        self.setVisible(bool(self._lines))

    def _made(self, line: _Line) -> QTreeWidgetItem:
        item = QTreeWidgetItem([line.text])
        item.setData(0, _KEY, line.key)
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, line.told)
        item.setToolTip(0, line.told)
        item.addChildren([self._made(each) for each in line.inside])
        return item

    def _fit(self, *_: object) -> None:
        """As tall as its rows, and no taller than a few."""
        rows, index = 0, self.model().index(0, 0)
        while index.isValid() and rows < ROWS:
            rows, index = rows + 1, self.indexBelow(index)
        height = max(self.sizeHintForRow(0), QFontMetrics(self.font()).height() + theme.scaled(8))
        self.setFixedHeight(rows * height + 4)

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and not self._following:
            self.chosen.emit(*item.data(0, _KEY))

    def _ask(self, at: QPoint) -> None:
        item = self.itemAt(at) or self.currentItem()
        if item is not None:
            self.setCurrentItem(item)
            self.menu_wanted.emit(item.data(0, _KEY)[0], self.viewport().mapToGlobal(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.key() == Qt.Key.Key_F2 and item is not None and item.data(0, _KEY)[0] != "node":
            self.edit_wanted.emit()
        else:
            super().keyPressEvent(event)


def _lines(view: View, network: Network) -> list[_Line]:
    """Frames in the order of their first layers, then notes from top to bottom."""
    rank = {id: place for place, id in enumerate(flow_order(network))} if view.frames else {}
    found = []
    for frame in view.frames.values():
        ids = sorted((id for id in frame.members if id in rank), key=rank.__getitem__)
        inside = tuple(_of_node(network, id) for id in ids)
        count = f"{len(ids)} layer{'' if len(ids) == 1 else 's'}"
        told = f"frame {frame.title}, {count}, {'folded' if frame.folded else 'open'}"
        first = rank[ids[0]] if ids else len(rank)
        found.append((first, _Line(("frame", frame.id), f"▢ {frame.title} · {count}", told, inside)))
    frames = [line for _, line in sorted(found, key=lambda each: each[0])]
    notes = sorted(view.notes.values(), key=lambda note: (note.y, note.x, note.id))
    return frames + [
        _Line(("note", note.id), f"✎ {first_line(note.text)}", f"note: {first_line(note.text)}") for note in notes
    ]


def _of_node(network: Network, id: str) -> _Line:
    node = network.nodes[id]
    return _Line(("node", id), node.name, f"{node.name}, {node.layer.subtitle()}")


def first_line(text: str) -> str:
    """The first line of a note that says anything, without the signs of Markdown before it."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line.lstrip("#>*- ").strip() or line
