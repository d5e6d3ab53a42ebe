"""The table of columns in the data dialog: what was detected, and what the person chooses instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from nnstudio.data.reference import KINDS, ROLES, SCALINGS
from nnstudio.ui.icons import icon

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset

HEADINGS = ("Column", "Kind", "Role", "Numbers", "Missing", "First values")
#: Which part of a `ColumnChoice` a table column edits, and what may be chosen.
EDITED = {1: ("kind", KINDS), 2: ("role", ROLES), 3: ("scaling", SCALINGS)}
PREVIEWED = 6

_Index = QModelIndex | QPersistentModelIndex


class _Choices(QStyledItemDelegate):
    """Edits a cell with a combo box that opens at once."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        box = QComboBox(parent)
        box.addItems(list(EDITED[index.column()][1]))
        box.activated.connect(lambda _: (self.commitData.emit(box), self.closeEditor.emit(box)))
        return box

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        super().paint(painter, option, index)
        if index.data(Qt.ItemDataRole.DisplayRole):
            rect: QRect = option.rect  # type: ignore[attr-defined]
            icon("down", "muted").paint(painter, QRect(rect.right() - 24, rect.center().y() - 6, 14, 14))

    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        assert isinstance(editor, QComboBox)
        editor.setCurrentText(str(index.data(Qt.ItemDataRole.UserRole)))
        editor.showPopup()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: _Index) -> None:
        assert isinstance(editor, QComboBox)
        model.setData(index, editor.currentText(), Qt.ItemDataRole.UserRole)


class Columns(QTableWidget):
    """A row for each column. ``chosen(column, part, value)`` when a person sets its kind, role or scaling."""

    chosen = Signal(str, str, str)

    def __init__(self) -> None:
        super().__init__(0, len(HEADINGS))
        self.setAccessibleName("Columns of the data")
        self.setHorizontalHeaderLabels(HEADINGS)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(30)
        self.setShowGrid(False)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.setEditTriggers(
            QTableWidget.EditTrigger.SelectedClicked
            | QTableWidget.EditTrigger.CurrentChanged
            | QTableWidget.EditTrigger.EditKeyPressed
        )
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        for place, width in enumerate((180, 100, 84, 106, 66)):
            header.resizeSection(place, width)
        header.setSectionResizeMode(len(HEADINGS) - 1, QHeaderView.ResizeMode.Stretch)
        delegate = _Choices(self)
        for place in EDITED:
            self.setItemDelegateForColumn(place, delegate)
        self.itemChanged.connect(self._edited)

    def show_dataset(self, dataset: Dataset) -> None:
        """Show the columns of this data."""
        self.blockSignals(True)
        firsts = list(zip(*dataset.cells(0, PREVIEWED), strict=True))
        self.setRowCount(len(dataset.columns))
        for place, (name, column) in enumerate(dataset.columns.items()):
            choice = dataset.reference.fields.get(name)
            scaled = "standardise" if column.standardise else "none"
            texts = (
                name, column.kind, column.role, scaled if column.kind == "number" else "",
                f"{column.missing:,}" if column.missing else "", " · ".join(firsts[place]) if firsts else "",
            )  # fmt: skip
            for at, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled)
                if at in EDITED:
                    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsSelectable)
                    item.setData(Qt.ItemDataRole.UserRole, getattr(choice, EDITED[at][0], "auto"))
                    item.setToolTip("Click to choose something else than what was detected")
                elif at in (0, len(texts) - 1):
                    item.setToolTip(text)
                self.setItem(place, at, item)
        self.blockSignals(False)

    def _edited(self, item: QTableWidgetItem) -> None:
        name = self.item(item.row(), 0)
        if name is not None and item.column() in EDITED:
            self.chosen.emit(name.text(), EDITED[item.column()][0], str(item.data(Qt.ItemDataRole.UserRole)))
