"""What each column is and what it is for, and how rows are split: both can be changed, and undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractItemModel, QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QScrollArea,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from nnstudio.data.reference import ColumnChoice, DataReference, Split
from nnstudio.ui import theme
from nnstudio.ui.forms import Form, title_of
from nnstudio.ui.parts import label

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.ui.session import Session

HEADINGS = ("column", "kind", "role", "missing", "as tensor")
#: Columns of the table that can be changed, and the parameter of ColumnChoice that they set.
EDITED = {1: "kind", 2: "role"}
Index = QModelIndex | QPersistentModelIndex


class FieldsModel(QAbstractTableModel):
    """A row for each column of the data. Kind and role can be edited; an edit is one undoable step of the session."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._dataset: Dataset | None = None
        self._names: list[str] = []

    def show_dataset(self, dataset: Dataset | None) -> None:
        """Show another data set."""
        self.beginResetModel()
        self._dataset = dataset
        self._names = list(dataset.columns) if dataset is not None else []
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._names)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[section]
        return Qt.AlignmentFlag.AlignLeft if role == Qt.ItemDataRole.TextAlignmentRole else None

    def chosen(self, row: int, parameter: str) -> str:
        """What the person chose for a column; ``auto`` where nothing."""
        reference = self._session.reference
        choice = reference.fields.get(self._names[row]) if reference is not None else None
        return str(getattr(choice, parameter)) if choice is not None else "auto"

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self._dataset is None:
            return None
        name, section = self._names[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(name, section)
        if role == Qt.ItemDataRole.EditRole and section in EDITED:
            return self.chosen(index.row(), EDITED[section])
        if role == Qt.ItemDataRole.ToolTipRole and section in EDITED:
            return "Click to change it" if self.chosen(index.row(), EDITED[section]) == "auto" else "Chosen by you"
        if role == Qt.ItemDataRole.ForegroundRole:
            tokens = theme.current()
            mine = section in EDITED and self.chosen(index.row(), EDITED[section]) != "auto"
            return QColor(tokens.accent if mine else tokens.text if section == 0 else tokens.muted)
        return None

    def _text(self, name: str, section: int) -> str:
        assert self._dataset is not None
        column = self._dataset.columns[name]
        if section in EDITED:
            return f"{getattr(column, EDITED[section])} ▾"
        if section == 4:
            type = self._dataset.types.get(name)
            return type.described() if type is not None else "not fed on its own"
        return name if section == 0 else (f"{column.missing:,}" if column.missing else "")

    def flags(self, index: Index) -> Qt.ItemFlag:
        editable = Qt.ItemFlag.ItemIsEditable if index.column() in EDITED else Qt.ItemFlag.NoItemFlags
        return super().flags(index) | editable

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        reference, parameter = self._session.reference, EDITED.get(index.column())
        if parameter is None or reference is None or role != Qt.ItemDataRole.EditRole:
            return False
        name = self._names[index.row()]
        if value == self.chosen(index.row(), parameter):
            return False
        changed = reference.with_choice(name, **{parameter: value}).with_(types={})
        return self._session.do(f"Change {parameter} of “{name}”", data=changed)


class ChoiceDelegate(QStyledItemDelegate):
    """Edits kind and role with a list that drops down at once."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        box = QComboBox(parent)
        box.addItems(list(ColumnChoice.params[EDITED[index.column()]].choices))
        box.activated.connect(lambda _: self._finish(box))
        QTimer.singleShot(0, box, box.showPopup)
        return box

    def _finish(self, box: QComboBox) -> None:
        self.commitData.emit(box)
        self.closeEditor.emit(box)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QComboBox):
            editor.setCurrentText(index.data(Qt.ItemDataRole.EditRole))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentText())


class FieldsView(QTableView):
    """The table of columns. A click on a kind or role offers others."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fields = FieldsModel(session, self)
        self.setModel(self.fields)
        self.setItemDelegate(ChoiceDelegate(self))
        self.setShowGrid(False)
        self.setFont(theme.ui_font(12))
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.EditKeyPressed | triggers.AnyKeyPressed)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.clicked.connect(self._edit_at)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(28)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setStretchLastSection(True)
        for section, width in enumerate((160, 96, 88, 72)):
            self.setColumnWidth(section, width)

    def _edit_at(self, index: QModelIndex) -> None:
        if index.column() in EDITED:
            self.edit(index)


class FieldsPage(QWidget):
    """Columns at the left; how rows are split at the right."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.table = FieldsView(session)
        self.split = Form("Split", Split.params)
        self.split.edited.connect(self._edited)
        side = QWidget()
        side.setProperty("role", "scrolled")
        column = QVBoxLayout(side)
        column.setContentsMargins(16, 4, 16, 8)
        column.addWidget(label("How rows are split", "heading"))
        column.addWidget(self.split)
        column.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Fields of the data")
        scroll.setFixedWidth(320)
        scroll.setWidget(side)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 0, 0)
        row.addWidget(self.table, 1)
        row.addWidget(scroll)

    def show_dataset(self, dataset: Dataset | None) -> None:
        """Show another data set."""
        self.table.fields.show_dataset(dataset)

    def show_split(self, reference: DataReference) -> None:
        """Show how rows are split."""
        self.split.show_values(reference.split.values())

    def _edited(self, name: str, value: object) -> None:
        reference = self._session.reference
        if reference is not None:
            split = reference.split.with_(**{name: value})
            title = title_of(name, Split.params[name]).lower()
            self._session.do(f"Change split: {title}", None, ("split", name), data=reference.with_(split=split))
