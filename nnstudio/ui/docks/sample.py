"""The sample that is looked into: its picture or its row, what it is and what is predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnstudio.ui import theme
from nnstudio.ui.announce import describe
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.data_pictures import image_of, picture_field

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset, Field
    from nnstudio.train.events import Inside

#: The picture is at most so many pixels wide and high, at 100 %.
SIDE = 120
#: The least height of the picture that leaves its texts below it.
LOW = 40


class SampleView(QWidget):
    """Paints a row of the data: its picture where it has one, then its values, as many as there is room for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: list[tuple[str, str, str]] = []
        self._image = QImage()
        self._of: tuple[object, int] = (None, -1)
        self._cells: list[tuple[str, str]] = []
        self.setAccessibleName("The sample that is looked into")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(180), theme.scaled(140))

    def show_row(self, dataset: Dataset | None, row: int, more: list[tuple[str, str, str]]) -> None:
        """Show a row of the file. more: what stands over its values: name, text and the token of its colour."""
        if (dataset, row) != self._of:
            self._of, self._image, self._cells = (dataset, row), QImage(), []
            if dataset is not None and row >= 0:
                self._read(dataset, row)
        lines = [*more, *((name, text, "text") for name, text in self._cells)]
        if lines != self.lines:
            self.lines = lines
            describe(self, ", ".join(f"{name} {text}" for name, text, _ in lines[:12]))
        self.update()

    def _read(self, dataset: Dataset, row: int) -> None:
        field = picture_field(dataset)
        if field:
            self._image = image_of(dataset.pictures([row], field)[0])
        columns = dataset.columns.values()
        shown = [column for column in columns if column.name != field and column.role == "input"]
        cells = dict(zip(dataset.columns, next(iter(dataset.cells(row, row + 1)), ()), strict=False))
        self._cells = [(column.name, _sequence(column.values[row]) or cells.get(column.name, "")) for column in shown]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._texts(painter, self._picture(painter))
        finally:
            painter.end()

    def _picture(self, painter: QPainter) -> QRectF:
        """Paint the picture, and say where texts go: below it where there is room for some, else beside it."""
        whole = QRectF(self.rect())
        if self._image.isNull():
            return whole
        line = theme.scaled(17)
        below = self.height() >= theme.scaled(LOW) + 3 * line
        room = min(self.width(), self.height() - 3 * line) if below else min(0.45 * self.width(), self.height())
        side = int(min(theme.scaled(SIDE), room))
        size = self._image.size().scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._image.width() >= side)
        painter.drawImage(QRectF(0, 0, size.width(), size.height()), self._image)
        gap = 6.0 if below else 10.0
        return whole.adjusted(0, size.height() + gap, 0, 0) if below else whole.adjusted(size.width() + gap, 0, 0, 0)

    def _texts(self, painter: QPainter, place: QRectF) -> None:
        tokens, font = theme.current(), theme.ui_font(12)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        high, elided = metrics.height() + 2, Qt.TextElideMode.ElideRight
        room = int(place.height() // high)
        shown = self.lines if len(self.lines) <= room else self.lines[: max(0, room - 1)]
        names = max([metrics.horizontalAdvance(name) for name, _, _ in shown], default=0.0)
        left = min(0.55 * place.width(), names + 10)
        flags = int(Qt.AlignmentFlag.AlignVCenter)
        for at, (name, text, color) in enumerate(shown):
            box = QRectF(place.left(), place.top() + at * high, place.width(), high)
            painter.setPen(QColor(tokens.muted))
            painter.drawText(box, flags, metrics.elidedText(name, elided, left - 6))
            painter.setPen(QColor(getattr(tokens, color)))
            box.setLeft(place.left() + left)
            painter.drawText(box, flags, metrics.elidedText(text, elided, box.width()))
        if len(shown) < len(self.lines) and room > 0:
            painter.setPen(QColor(tokens.muted))
            rest = QRectF(place.left(), place.top() + len(shown) * high, place.width(), high)
            painter.drawText(rest, flags, f"… and {len(self.lines) - len(shown)} more")


def target_of(dataset: Dataset) -> Field | None:
    """The first field that is to be predicted."""
    return next((field for field in dataset.fields.values() if field.role == "target"), None)


def answers(dataset: Dataset, split: str, sample: int, output: Inside | None) -> list[tuple[str, str, str]]:
    """What the sample is and what the network makes of it: name, text and the token of its colour."""
    field = target_of(dataset)
    if field is None or field.kind not in ("category", "number"):
        return []
    right = dataset.decode(field.name, dataset.arrays(split)[field.name][sample : sample + 1])[0]
    lines = [(field.name, _text(right), "text")]
    values = output.values.reshape(-1) if output is not None and output.kind == "vector" else np.empty(0)
    if field.classes and len(values) == len(field.classes):
        guess = field.classes[int(np.argmax(values))]
        lines.append(("predicted", guess, "good" if guess == str(right) else "problem"))
    elif not field.classes and len(values) == 1:
        guessed = dataset.decode(field.name, values.astype(np.float32).reshape(1, 1))[0]
        lines.append(("predicted", _text(guessed), "text"))
    return lines


def code_of(dataset: Dataset, split: str, sample: int) -> tuple[tuple[str, ...], int]:
    """The names of the target's classes and which of them the sample is; ((), −1) where it has no classes."""
    field = target_of(dataset)
    if field is None or not field.classes:
        return (), -1
    return field.classes, int(np.asarray(dataset.arrays(split)[field.name][sample]).reshape(-1)[0])


def sequences_of(dataset: Dataset, split: str, sample: int) -> dict[str, tuple[str, ...]]:
    """The tokens of each field of codes of a sample, as names."""
    found = {}
    for name, field in dataset.fields.items():
        if field.kind == "codes" and len(field.columns) == 1:
            codes = np.asarray(dataset.arrays(split)[name][sample]).reshape(-1).tolist()
            found[name] = tuple(named(dataset, name, codes))
    return found


def named(dataset: Dataset, field: str, codes: list[int]) -> list[str]:
    """The tokens that codes of a field stand for; where they have no names, the codes."""
    names = dataset.fed[dataset.fields[field].columns[0]].categories
    return [names[code] if 0 <= code < len(names) else str(code) for code in codes]


def _sequence(values: object) -> str:
    """A sequence of numbers as a text; "" where it is none."""
    if not isinstance(values, np.ndarray) or values.ndim != 1 or values.dtype.kind not in "iuf":
        return ""
    return " ".join(_text(value) for value in values[:64].tolist())


def _text(value: object) -> str:
    return numbers.figure(value) if isinstance(value, float) else str(value)
