"""Editors of one input by column: a sheet to draw on, a slider, a choice, a text; else the value is the row's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QLocale, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QDoubleValidator, QFontMetricsF, QImageReader, QPainter, QPaintEvent, QPen, QValidator
from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QSizePolicy, QSlider, QWidget

from nnstudio.data.lazy import is_lazy
from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.controls import tool
from nnstudio.ui.docks.try_pad import DrawingPad, fitted
from nnstudio.ui.parts import column as stacked
from nnstudio.ui.parts import label, row

if TYPE_CHECKING:
    from nnstudio.data.columns import Column
    from nnstudio.data.dataset import Dataset

Put = Callable[[str, Any], object]
#: Places of a slider; rows that tell a column's range; milliseconds after the last key until a text counts.
PLACES, SAMPLED, PAUSE_MS = 400, 5000, 200
#: Lines that are drawn of an array; numbers that are slid one by one at most.
LINES = 12
#: The largest side of a picture that is read from a file.
LARGEST_SIDE = 12_000


class Editor(QWidget):
    """Edits one column. ``put(column, value)`` is called with what the person chose."""

    def __init__(self, column: Column, put: Put) -> None:
        super().__init__()
        self.column, self._put = column, put

    def show_value(self, value: Any) -> None:
        """Show a value without putting it."""
        raise NotImplementedError

    def put(self, value: Any) -> None:
        """Tell what was chosen."""
        self._put(self.column.name, value)


class _NumberOrNothing(QDoubleValidator):
    """Takes a number, with a point whatever the system writes, or nothing: a missing value."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setLocale(QLocale.c())

    def validate(self, text: str, place: int) -> object:
        return (QValidator.State.Acceptable, text, place) if not text.strip() else super().validate(text, place)


class NumberEditor(Editor):
    """A slider over the range of the training rows, and a field for any number."""

    def __init__(self, column: Column, dataset: Dataset, put: Put) -> None:
        super().__init__(column, put)
        self.low, self.high = _range(column, dataset)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, PLACES)
        self.slider.setAccessibleName(f"{column.name}, over the range of the training rows")
        self.field = QLineEdit()
        self.field.setAccessibleName(column.name)
        self.field.setValidator(_NumberOrNothing(self.field))
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.field.setFixedWidth(theme.scaled(76))
        self.setLayout(row(self.slider, self.field, spacing=8))
        self.setToolTip(f"{numbers.figure(self.low)} to {numbers.figure(self.high)} in the training rows")
        self.slider.valueChanged.connect(self._slid)
        self.field.editingFinished.connect(self._entered)

    def show_value(self, value: Any) -> None:
        number = float("nan") if value is None else float(value)
        self.slider.blockSignals(True)
        share = (number - self.low) / (self.high - self.low) if math.isfinite(number) else 0.5
        self.slider.setValue(round(PLACES * min(1.0, max(0.0, share))))
        self.slider.blockSignals(False)
        self.field.setText("" if not math.isfinite(number) else f"{number:.6g}")
        self.field.setCursorPosition(0)  # of a long number its beginning is seen
        self.field.setPlaceholderText("missing")

    def _slid(self, place: int) -> None:
        number = self.low + (self.high - self.low) * place / PLACES
        self.field.setText(f"{number:.4g}")
        self.put(number)

    def _entered(self) -> None:
        text = self.field.text().strip()
        value = float(text) if text and self.field.hasAcceptableInput() else None
        self.show_value(value)
        self.put(value)


class CategoryEditor(Editor):
    """A list of the categories; another can be typed, which is then told to be none that was met."""

    def __init__(self, column: Column, put: Put) -> None:
        super().__init__(column, put)
        self.box = QComboBox()
        self.box.setAccessibleName(column.name)
        self.box.addItems(list(column.categories))
        self.box.setMinimumContentsLength(8)  # thousands of categories are not measured
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setEditable(True)
        self.box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.box.lineEdit().setAccessibleName(column.name)
        completer = self.box.completer()
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(completer.CompletionMode.PopupCompletion)
        self.setLayout(row(self.box, spacing=0))
        self.box.activated.connect(lambda place: self.put(self.column.categories[place]))
        self.box.lineEdit().editingFinished.connect(self._typed)
        self._known: str | None = None

    def show_value(self, value: Any) -> None:
        self._known = value
        known = value in self.column.categories
        self.box.setCurrentIndex(self.column.categories.index(value) if known else -1)
        self.box.setEditText("" if value is None else str(value))
        self.box.lineEdit().setCursorPosition(0)

    def put(self, value: Any) -> None:
        if value != self._known:
            self._known = value
            super().put(value)

    def _typed(self) -> None:
        self.put(self.box.currentText().strip() or None)


class MomentEditor(Editor):
    """A day, with a time of day where there is one, written as 2024-12-31 18:30."""

    def __init__(self, column: Column, put: Put) -> None:
        super().__init__(column, put)
        self.field = QLineEdit()
        self.field.setAccessibleName(column.name)
        self.field.setPlaceholderText("missing")
        self.field.setToolTip("A date such as 2024-12-31, or 2024-12-31 18:30")
        self.setLayout(row(self.field, spacing=0))
        self.field.editingFinished.connect(self._entered)

    def show_value(self, value: Any) -> None:
        self.field.setText(_written(value))
        self.field.setModified(False)

    def _entered(self) -> None:
        if self.field.isModified():
            self.field.setModified(False)
            self.put(self.field.text().strip() or None)


class TextEditor(Editor):
    """A few lines of text."""

    def __init__(self, column: Column, put: Put) -> None:
        super().__init__(column, put)
        self.text = QPlainTextEdit()
        self.text.setAccessibleName(column.name)
        self.text.setTabChangesFocus(True)
        self.text.setPlaceholderText("Type a text")
        self.text.setMinimumHeight(theme.scaled(64))
        self._soon = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._soon.timeout.connect(lambda: self.put(self.text.toPlainText()))
        self.setLayout(row(self.text, spacing=0))
        self.text.textChanged.connect(self._soon.start)

    def show_value(self, value: Any) -> None:
        if value != self.text.toPlainText():
            self.text.blockSignals(True)
            self.text.setPlainText("" if value is None else str(value))
            self.text.blockSignals(False)


class PictureEditor(Editor):
    """A sheet to draw on, which begins with the row's picture; a picture file can be dropped on it."""

    def __init__(self, column: Column, dataset: Dataset, put: Put, fail: Callable[[str], object]) -> None:
        super().__init__(column, put)
        self._fail = fail
        self.pad = DrawingPad(f"{column.name}, to draw on")
        self.pad.paper, self.pad.ink = _paper(column, dataset)
        self.clear = tool("Clear", "An empty sheet to draw on (Delete)")
        self.clear.clicked.connect(self.pad.clear)
        self.setLayout(stacked(self.pad, row(self.clear, 1), spacing=4))
        layout = self.layout()
        assert layout is not None
        layout.setStretch(0, 1)  # type: ignore[attr-defined]
        self.pad.drawn.connect(lambda: self.put(self.pad.pixels * self.column.divisor))
        self.pad.dropped.connect(self.read)

    def show_value(self, value: Any) -> None:
        self.pad.show_pixels(np.asarray(value, np.float32) / self.column.divisor)

    def read(self, path: str) -> None:
        """Take a picture from a file."""
        reader = QImageReader(path)
        reader.setAutoTransform(True)
        size = reader.size()
        if size.isValid() and max(size.width(), size.height()) > LARGEST_SIDE:
            self._fail(f"{path} is {size.width()} × {size.height()} pixels; make it smaller than {LARGEST_SIDE}")
            return
        image = reader.read()
        if image.isNull():
            self._fail(f"{path} is no picture that can be read ({reader.errorString()}); drop a PNG or JPEG file")
            return
        shape = tuple(self.pad.pixels.shape)
        self.pad.show_pixels(fitted(image, (shape[0], shape[1], shape[2])))
        self.put(self.pad.pixels * self.column.divisor)


class ArrayEditor(Editor):
    """Numbers that are not edited by hand: drawn over time, as the row has them. names: of the lines, where they have
    some."""

    def __init__(self, column: Column, put: Put, names: tuple[str, ...] = ()) -> None:
        super().__init__(column, put)
        self.view, self.text = ArrayView(f"{column.name}, as the row has it", names), label("", "faint", wrap=True)
        self.setLayout(stacked(self.view, self.text, spacing=4))

    def show_value(self, value: Any) -> None:
        values = np.asarray(value)
        able = values.dtype.kind in "iufb" and values.ndim in (1, 2) and values.size > 1
        self.view.setVisible(able)
        if able:
            self.view.show_values(values.astype(np.float64))
        told = (
            f"{len(values):,} numbers"
            if values.ndim == 1
            else f"{len(values):,} moments of {values.shape[-1]:,} numbers"
        )
        self.text.setText(f"{told if able else 'A value'}, as the row has it")


class ArrayView(QWidget):
    """One line for each feature of T×F numbers, or one of T, each over its own range and beside its name."""

    LINE = 12

    def __init__(self, name: str, names: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.values, self.names = np.zeros((2, 1)), names
        self.setAccessibleName(f"{name}: {', '.join(names)}" if names else name)
        self.setMinimumHeight(max(theme.scaled(96), min(len(names), LINES) * theme.scaled(self.LINE)))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_values(self, values: np.ndarray) -> None:
        """Show these."""
        self.values = values.reshape(len(values), -1)
        self.update()

    def left(self) -> float:
        """Where lines begin: beside the longest name."""
        if len(self.names) != self.values.shape[1]:
            return 0.0
        metrics = QFontMetricsF(theme.ui_font(10))
        return min(0.45 * self.width(), max(metrics.horizontalAdvance(name) for name in self.names) + 10)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            count, lines = self.values.shape
            shown = min(lines, LINES)
            high, colors = self.height() / shown, (theme.current().accent, theme.current().muted)
            left, metrics = self.left(), QFontMetricsF(theme.ui_font(10))
            across = np.linspace(left, self.width(), count)
            for at in range(shown):
                own = np.nan_to_num(self.values[:, at])
                low, span = own.min(), float(np.ptp(own)) or 1.0
                up = (at + 0.9) * high - 0.8 * high * (own - low) / span
                painter.setPen(QPen(QColor(colors[at % 2]), 1.2))
                points = [QPointF(x, y) for x, y in zip(across.tolist(), up.tolist(), strict=True)]
                painter.drawPolyline(points)
                if left:
                    painter.setFont(theme.ui_font(10))
                    painter.setPen(QColor(theme.current().muted))
                    name = metrics.elidedText(self.names[at], Qt.TextElideMode.ElideRight, left - 8)
                    painter.drawText(QRectF(0, at * high, left, high), int(Qt.AlignmentFlag.AlignVCenter), name)
        finally:
            painter.end()


def editor(column: Column, dataset: Dataset, put: Put, fail: Callable[[str], object]) -> Editor:
    """The editor that suits a column."""
    match column.kind:
        case "number":
            return NumberEditor(column, dataset, put)
        case "category":
            return CategoryEditor(column, put)
        case "time":
            return MomentEditor(column, put)
        case "text":
            return TextEditor(column, put)
        case "image":
            return PictureEditor(column, dataset, put, fail)
        case "sound":
            from nnstudio.ui.docks.try_sound import SoundEditor

            return SoundEditor(column, put, fail)
        case "array" if column.values.ndim == 2 and 1 < column.values.shape[1] <= LINES and not is_lazy(column.values):
            from nnstudio.ui.docks.try_sliders import VectorEditor

            return VectorEditor(column, dataset, put)
    windowed = dataset.prepared.reshaping if column.name == "past" else None
    return ArrayEditor(column, put, tuple(getattr(windowed, "columns", ())))


def _written(moment: Any) -> str:
    """Seconds since 1970 as a person writes a moment, shortly; "" where there are none."""
    if moment is None or isinstance(moment, str):
        return moment or ""
    try:
        when = datetime(1970, 1, 1) + timedelta(seconds=float(moment))
    except (ValueError, OverflowError):  # no number, or none of a year that has four digits
        return ""
    shown = when.strftime("%Y-%m-%d %H:%M:%S")
    return shown.removesuffix(":00").removesuffix(" 00:00")


def _range(column: Column, dataset: Dataset) -> tuple[float, float]:
    """The limits of a sample of the training rows."""
    rows = dataset.indices("train")
    return limits(np.asarray(column.values[rows[:: max(1, len(rows) // SAMPLED)]], np.float64))


def limits(values: np.ndarray) -> tuple[float, float]:
    """The least and the greatest of these that is a number; some room around a single one."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _paper(column: Column, dataset: Dataset) -> tuple[float, float]:
    """The shade of the sheet, that of the corners of the training pictures, and the ink that stands out on it."""
    rows = dataset.indices("train")[:32]
    pictures = np.asarray(column.values[rows], np.float64) / column.divisor
    corners = pictures[..., [0, 0, -1, -1], [0, -1, 0, -1]]
    paper = float(np.clip(np.median(corners), 0, 1)) if corners.size else 0.0
    return paper, 1.0 if paper < 0.5 else 0.0
