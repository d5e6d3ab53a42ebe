"""The rows behind a figure: pictures as tiles, other rows as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QScrollArea, QStackedLayout, QTableView, QWidget

from nnstudio.project.judging.judge import OBJECTS
from nnstudio.project.judging.telling import answer_texts
from nnstudio.ui import theme
from nnstudio.ui.announce import describe
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.data_pictures import GAP, Grid, picture_field
from nnstudio.ui.parts import ElidedLabel, column, row

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.project.judging.judge import Judged

#: Rows that are shown at most.
MOST = 500
Index = QModelIndex | QPersistentModelIndex
#: How wide a column of the data is in the table, by its kind, in pixels at 100 %.
WIDE = {"text": 260, "category": 160, "time": 150, "number": 90}
#: The first columns of the table, and how many of them are numbers.
HEADS, NUMBERS = ("row", "loss", "right", "predicted"), 2
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class SampleGrid(Grid):
    """Pictures of judged rows, each with what is right and what was said. ``chosen`` tells the place of one."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.places: list[int] = []
        self.current = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("The pictures behind the figure")

    def show_judged(self, dataset: Dataset, field: str, judged: Judged, places: list[int]) -> None:
        """Show these rows of what was judged."""
        self.places, self.current = places, -1
        self.show_rows(dataset, field, judged.rows[places])
        self._labels = [short(judged, place) for place in places]
        metrics = QFontMetrics(theme.ui_font(11))
        if any(metrics.horizontalAdvance(label) > self.side for label in self._labels):
            self._labels = [label.replace(" → ", "\n→ ") for label in self._labels]
        self._fit()

    def box(self, place: int) -> QRect:
        """Where a picture with its label is."""
        line, at = divmod(place, self.across)
        side, below = self.side, self.below
        return QRect(GAP + at * (side + GAP), GAP + line * (side + below + GAP), side, side + below)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if 0 <= self.current < len(self.places):
            painter = QPainter(self)
            painter.setPen(QPen(QColor(theme.current().accent), 2))
            painter.drawRect(self.box(self.current).adjusted(-2, -2, 2, 0))
            painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = next(
            (place for place in range(len(self.places)) if self.box(place).contains(event.position().toPoint())), -1
        )
        if at >= 0:
            self._go(at)
            self.chosen.emit(self.places[at])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -self.across, Qt.Key.Key_Down: self.across}
        step = steps.get(Qt.Key(event.key()))
        if step is not None and self.places:
            self._go(min(len(self.places) - 1, max(0, self.current + step)))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.current >= 0:
            self.chosen.emit(self.places[self.current])
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self.current < 0 and self.places:
            self._go(0)

    def _go(self, place: int) -> None:
        self.current = place
        describe(self, self.label(place).replace("\n", " "))
        scroll = self.parent().parent() if self.parent() is not None else None
        if isinstance(scroll, QScrollArea):
            box = self.box(place)
            scroll.ensureVisible(box.center().x(), box.center().y(), self.side, self.side)
        self.update()


class SampleModel(QAbstractTableModel):
    """Judged rows: number, loss, what is right, what was said, and the values in the file."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.dataset: Dataset | None = None
        self.judged: Judged | None = None
        self.places: list[int] = []
        self._names: list[str] = []
        self._cells: dict[int, tuple[str, ...]] = {}

    def show_judged(self, dataset: Dataset, judged: Judged, places: list[int]) -> None:
        """Show these rows."""
        self.beginResetModel()
        self.dataset, self.judged, self.places, self._cells = dataset, judged, places, {}
        self._names = list(dataset.columns)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.places)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or self.judged is None else len(HEADS) + len(self._names)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and self._is_number(section):
            return RIGHT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return (*HEADS, *self._names)[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole and self._is_number(index.column()):
            return RIGHT
        if role != Qt.ItemDataRole.DisplayRole or self.judged is None:
            return None
        place, section = self.places[index.row()], index.column()
        if section == 0:
            return f"{self.judged.rows[place]:,}"
        if section == 1:
            return numbers.figure(float(self.judged.losses[place]))
        if section < len(HEADS):
            return answer_texts(self.judged, place)[section - 2]
        text = self._values(int(self.judged.rows[place]))[section - len(HEADS)]
        return text.replace("\n", " ⏎ ")  # a line of the table is one line

    def _is_number(self, section: int) -> bool:
        """Whether there are numbers in a column, which stand below one another."""
        if self.judged is None or self.dataset is None or section < NUMBERS:
            return section < NUMBERS
        if section < len(HEADS):
            return self.judged.kind == "numbers" and self.judged.target.shape[1] == 1
        return self.dataset.columns[self._names[section - len(HEADS)]].kind == "number"

    def _values(self, row: int) -> tuple[str, ...]:
        if row not in self._cells:
            assert self.dataset is not None
            self._cells[row] = next(iter(self.dataset.cells(row, row + 1)), ("",) * len(self._names))
        return self._cells[row]


class SamplesView(QWidget):
    """Rows of what was judged, with a title. ``chosen`` tells the place of the one that was clicked, or entered."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.note = ElidedLabel("", "heading"), ElidedLabel("", "faint")
        self.grid = SampleGrid()
        self.grid.setProperty("role", "scrolled")
        self.grid.chosen.connect(self.chosen)
        self.area = QScrollArea(widgetResizable=True)
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self.grid)
        self.model = SampleModel(self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("The rows behind the figure")
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.activated.connect(lambda index: self.chosen.emit(self.model.places[index.row()]))
        self.table.clicked.connect(lambda index: self.chosen.emit(self.model.places[index.row()]))
        inside = QWidget()
        self.stack = QStackedLayout(inside)
        self.stack.addWidget(self.area)
        self.stack.addWidget(self.table)
        self.head = row(self.title, self.note, spacing=10, margins=(8, 4, 8, 2))
        self.head.setStretch(1, 1)
        self.setLayout(column(self.head, inside, spacing=0))
        self.layout().setStretch(1, 1)  # type: ignore[call-overload]
        self.restyle()

    def restyle(self) -> None:
        """Take the fonts of the present size of text."""
        self.table.setFont(theme.ui_font(12))
        self.table.verticalHeader().setDefaultSectionSize(theme.scaled(24))
        self.grid.update()

    @property
    def places(self) -> list[int]:
        """The rows that are shown, by their places in what was judged."""
        return self.model.places

    def show_places(self, dataset: Dataset, judged: Judged, places: np.ndarray, title: str) -> None:
        """Show these rows of what was judged, as many as are looked at."""
        shown = [int(place) for place in places[:MOST]]
        reads, field = judged.subject.reads, picture_field(dataset)
        field = field if field in reads or not reads else ""  # no picture that the network has not seen
        self.title.setText(title)
        more = f"the first {MOST} of {numbers.count(len(places), 'row')}" if len(places) > MOST else ""
        self.note.setText(more or numbers.count(len(places), "row"))
        self.model.show_judged(dataset, judged, shown)
        if field:
            self.grid.show_judged(dataset, field, judged, shown)
        else:
            widths = (70, 70, 110, 150)
            own = [WIDE.get(each.kind, 100) for each in dataset.columns.values()]
            for section, width in enumerate((*widths, *own)):
                self.table.setColumnWidth(section, theme.scaled(width))
        self.stack.setCurrentWidget(self.area if field else self.table)

    def at(self, place: int) -> QPoint:
        """The middle of a row that is shown, in the pixels of what shows it (``grid`` or the table's viewport)."""
        if self.stack.currentWidget() is self.area:
            return self.grid.box(place).center()
        return self.table.visualRect(self.model.index(place, 0)).center()


def short(judged: Judged, place: int) -> str:
    """What is right and what was said, in a few letters: ``5 → 9``; only what is right where that was said."""
    if judged.kind == "classes":
        right = judged.classes[judged.target[place]] if judged.target[place] >= 0 else "does not count"
        said = judged.classes[judged.predicted[place]]
        return right if right == said else f"{right} → {said}"
    if judged.kind == "losses":
        return numbers.figure(float(judged.losses[place]))
    if judged.kind == "numbers":
        if judged.target.shape[1] == 1:
            return f"{numbers.figure(float(judged.predicted[place, 0] - judged.target[place, 0]))} off"
        return f"loss {numbers.figure(float(judged.losses[place]))}"
    if judged.kind in OBJECTS:
        return answer_texts(judged, place)[1].replace(" of them", "")
    known = judged.target[place] >= 0
    hits = int(((judged.target[place] == judged.predicted[place]) & known).sum())
    return numbers.share(hits / max(1, int(known.sum())))
