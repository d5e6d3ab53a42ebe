"""The tables: samples, slopes of all weights beside those by differences, and every number of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from nnstudio.train.learning import Check, Part
from nnstudio.train.learning_course import Course
from nnstudio.train.learning_words import told
from nnstudio.ui import theme
from nnstudio.ui.learning.learner import InTurns, Learner, Selected

Index = QModelIndex | QPersistentModelIndex
Row = Sequence[str]
_NONE = QModelIndex()
#: What the error of a sample is called, by the loss's type.
ERRORS = {"MSELoss": "squared error", "L1Loss": "absolute error"}
#: Digits of what is compared.
DIGITS = 6


class Grid(QAbstractTableModel):
    """Texts in rows and columns; the last ``totals`` rows are sums."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.headers: list[str] = []
        self.rows: Sequence[Row] = []
        self.totals = 0
        #: so many columns from the left are names, all others numbers
        self.names = 1

    def show_rows(self, headers: Sequence[str], rows: Sequence[Row], totals: int = 0) -> None:
        """Show these texts. What is selected stays where the shape does."""
        same = list(headers) == self.headers and len(rows) == len(self.rows)
        if not same:
            self.beginResetModel()
        self.headers, self.rows, self.totals = list(headers), rows, totals
        if same:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(headers) - 1))
        else:
            self.endResetModel()

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.headers)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.headers[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side(section)
        return None

    def _side(self, section: int) -> Qt.AlignmentFlag:
        return (
            Qt.AlignmentFlag.AlignRight if section >= self.names else Qt.AlignmentFlag.AlignLeft
        ) | Qt.AlignmentFlag.AlignVCenter

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side(index.column())
        total = index.row() >= len(self.rows) - self.totals
        if role == Qt.ItemDataRole.FontRole:
            if index.column() < self.names:
                return theme.ui_font(12, 600 if total else QFont.Weight.Normal)
            return theme.mono_font(12, 600 if total else 400)
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(theme.current().text if index.column() >= self.names or total else theme.current().muted)
        return None


class GridView(QTableView):
    """A quiet table of a :class:`Grid`, worked with the keyboard."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.grid = Grid(self)
        #: whether a row is being selected to show what is selected elsewhere
        self.showing = False
        self.setModel(self.grid)
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setResizeContentsPrecision(0)  # the rows that are seen; else a thousand, each time
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setStretchLastSection(False)
        self.horizontalHeader().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        theme.changed.connect(self._fit_text)
        self._fit_text()

    def _fit_text(self) -> None:
        self.verticalHeader().setMinimumSectionSize(theme.scaled(18))
        self.verticalHeader().setDefaultSectionSize(theme.scaled(24))

    def show_selected(self, row: int) -> None:
        """Select a row without being told of it; −1 for none."""
        model = self.selectionModel()
        if row == self.currentIndex().row() and (row < 0 or model.isRowSelected(row)):
            return
        self.showing = True
        try:
            if row < 0:
                model.clear()
            else:
                flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
                model.setCurrentIndex(self.grid.index(row, 0), flags)
                self.scrollTo(self.grid.index(row, 0))
        finally:
            self.showing = False


class SamplesTable(GridView):
    """A row for each sample of the round: inputs, target, prediction, error; then their sum and mean."""

    def __init__(self, learner: Learner) -> None:
        super().__init__("Samples: inputs, target, prediction and error")
        self.learner = learner
        learner.changed.connect(self.refresh)
        self.selectionModel().currentRowChanged.connect(lambda now, _: self._chosen(now.row()))
        self.refresh()

    def refresh(self) -> None:
        """Show what the person has come to."""
        course = self.learner.course
        rows = SampleRows(course)
        self.grid.show_rows(rows.headers, rows, rows.totals)
        self.show_selected(course.at)

    def _chosen(self, row: int) -> None:
        rows = self.learner.course.rows
        if 0 <= row < len(rows) and not self.showing:
            self.learner.show_row(int(rows[row]))


class SampleRows(Sequence[Row]):
    """The rows of the table of samples, each written when it is asked for. What the person has not come to is empty.

    totals: how many of the last rows are sums.
    """

    def __init__(self, course: Course) -> None:
        anatomy, self._passage = course.anatomy, course.passage
        loss = anatomy.of_role("loss")[0]
        ends = [anatomy.by_id[id] for id in loss.sources]
        predictions = [part for part in ends if part.role not in ("input", "target")]
        self._parts = [*anatomy.of_role("input"), *anatomy.of_role("target"), *predictions]
        self._known = [course.knows_value(part.id) for part in self._parts]
        self._told = course.knows_value(loss.id)
        named = [head for part in self._parts for head in _heads(part, number=loss.kind in ERRORS)]
        self.headers = ["sample", *named, ERRORS.get(loss.kind, "loss")]
        self.totals = 2 if len(self._passage.rows) > 1 else 0
        self._last: tuple[int, Row] = (-1, ())

    def __len__(self) -> int:
        return len(self._passage.rows) + self.totals

    def __getitem__(self, at: Any) -> Any:
        passage, count = self._passage, len(self._passage.rows)
        if at >= len(self):
            raise IndexError(at)
        if at >= count:
            name, figure = (("sum", passage.sum), ("mean", passage.mean))[at - count]
            return [name, *[""] * (len(self.headers) - 2), told(figure, DIGITS) if self._told else ""]
        if self._last[0] != at:  # a table asks for a row cell by cell
            self._last = (at, self._written(at))
        return self._last[1]

    def _written(self, at: int) -> Row:
        passage, row = self._passage, [str(self._passage.rows[at] + 1)]
        for part, known in zip(self._parts, self._known, strict=True):
            row += [_text(part, float(value)) if known else "" for value in passage.values[part.id][at]]
        return [*row, told(float(passage.row_losses[at]), DIGITS) if self._told else ""]


def _heads(part: Part, *, number: bool) -> list[str]:
    if part.role == "layer" and number and len(part.units) == 1:
        return ["prediction"]
    return [part.name] if len(part.units) == 1 and part.role != "input" else list(part.units)


def _text(part: Part, value: float) -> str:
    if part.classes and value == int(value) and 0 <= value < len(part.classes):
        return part.classes[int(value)]
    return told(value, DIGITS)


class SlopesTable(GridView):
    """For each weight the slope by differences beside that by backpropagation. It is worked out while it is seen."""

    HEADERS = ("weight", "w", "L(w − ε)", "L(w + ε)", "slope by differences", "by backpropagation", "difference")

    def __init__(self, learner: Learner) -> None:
        super().__init__("Slope of the loss along each weight, by differences and by backpropagation")
        self.learner = learner
        self._work = InTurns(self)
        self._key: tuple[object, ...] = ()
        self._rows: list[Row] = []
        learner.changed.connect(self.refresh)
        learner.selected_changed.connect(self._select)
        self.selectionModel().currentRowChanged.connect(lambda now, _: self._chosen(now.row()))

    @property
    def busy(self) -> bool:
        """Whether slopes are still being worked out."""
        return self._work.busy

    def _chosen(self, row: int) -> None:
        if 0 <= row < len(self._rows) and not self.showing:
            self.learner.select(row)

    def refresh(self) -> None:
        """Work all slopes out anew where something they depend on has changed."""
        course = self.learner.course
        key = (course.state.weights.tobytes(), course.rows.tobytes(), course.reduction, self.learner.epsilon)
        if key == self._key or not self.isVisible():
            return
        self._key = key
        checks = course.lesson.checks(course.present, self.learner.epsilon)
        found: list[Row] = []
        self._work.run(checks, lambda some: self._take(found, some))

    def _take(self, found: list[Row], some: list[Check]) -> None:
        found += [self._row(check) for check in some]
        self._rows = found + self._rows[len(found) :]
        if len(found) == len(self.learner.anatomy.weights):
            self._rows = found
        self.grid.show_rows(self.HEADERS, self._rows)
        self._select()

    def _row(self, check: Check) -> Row:
        numbers = (check.value, check.below, check.above, check.slope, check.backpropagated)
        return [
            self.learner.anatomy.weights[check.place].name,
            *(told(number, DIGITS) for number in numbers),
            told(check.difference, 2),
        ]

    def _select(self) -> None:
        selected = self.learner.selected
        self.show_selected(selected if isinstance(selected, int) and selected < len(self._rows) else -1)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: Any) -> None:
        super().hideEvent(event)
        if self._work.busy:
            self._work.stop()
            self._key = ()


class NumbersTable(GridView):
    """Every unit and every weight with its value and gradient, as far as the person has come: the drawing as a list."""

    HEADERS = ("unit or weight", "layer", "value", "gradient", "before the update")

    def __init__(self, learner: Learner) -> None:
        super().__init__("Every unit and weight with its value and gradient")
        self.learner = learner
        self._places: list[Selected] = []
        self.grid.names = 2
        learner.changed.connect(self.refresh)
        learner.selected_changed.connect(self._select)
        self.selectionModel().currentRowChanged.connect(lambda now, _: self._chosen(now.row()))

    def _chosen(self, row: int) -> None:
        if 0 <= row < len(self._places) and not self.showing:
            self.learner.select(self._places[row])

    def refresh(self) -> None:
        """Show what the person has come to, where it is seen."""
        if not self.isVisible():
            return
        course, anatomy = self.learner.course, self.learner.anatomy
        self._places = [place for part in anatomy.parts for place in part.places] + list(range(len(anatomy.weights)))
        self.grid.show_rows(self.HEADERS, [number_row(course, one) for one in self._places])
        self._select()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()

    def _select(self) -> None:
        selected = self.learner.selected
        self.show_selected(self._places.index(selected) if selected in self._places else -1)


def number_row(course: Course, one: Selected) -> Row:
    """A unit's or a weight's row: name, layer, value, gradient, and what it was before the update that is shown."""
    anatomy, passage = course.anatomy, course.passage
    if isinstance(one, int):
        weight, old = anatomy.weights[one], course.state.old
        gradient = told(float(passage.weight_gradients[one]), DIGITS) if course.knows_slope(one) else ""
        before = told(float(old[one]), DIGITS) if old is not None else ""
        return [weight.name, weight.key, told(float(course.state.weights[one]), DIGITS), gradient, before]
    assert one is not None
    part, unit = anatomy.by_id[one[0]], one[1]
    value, gradient = "", ""
    if course.knows_value(part.id):
        number = passage.loss if part.role == "loss" and len(passage.losses) == 1 else float(
            passage.values[part.id][course.at, unit]
        )  # fmt: skip
        value = _text(part, number)
    if course.knows_gradient(part.id):
        gradient = told(float(passage.gradients[part.id][course.at, unit]), DIGITS)
    return [part.units[unit], f"{part.name} · {part.kind}", value, gradient, ""]
