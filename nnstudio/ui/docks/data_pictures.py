"""Samples of an image field, side by side with their labels."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.controls import Choice
from nnstudio.ui.docks.data_rows import SPLIT_TITLES
from nnstudio.ui.docks.scene_marks import Marks, is_marked, marks_of

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset

#: Pixels: how large a picture is shown, what is between two, and the height of its label.
SIDE, GAP, LABEL = 60, 8, 16
#: How large a picture is shown in which something is marked.
MARKED = 116
#: Pictures that are kept ready.
KEPT = 2000


class Grid(QWidget):
    """Paints those pictures that are in sight, and fetches no others."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.dataset: Dataset | None = None
        self.field = ""
        self.rows = np.empty(0, dtype=np.int64)
        self.side = SIDE
        self._images: OrderedDict[int, QImage] = OrderedDict()
        self._marks: dict[int, Marks] = {}
        self._labels: list[str] = []

    def show_rows(self, dataset: Dataset | None, field: str, rows: np.ndarray) -> None:
        """Show these rows of an image field."""
        self.dataset, self.field, self.rows = dataset, field, rows
        self._images.clear()
        self._marks.clear()
        self.side = MARKED if dataset is not None and is_marked(dataset) else SIDE
        self._labels = labels_of(dataset, rows) if dataset is not None else []
        self._fit()
        self.update()

    @property
    def below(self) -> int:
        """How high what is written under a picture is: a line, or two where a label has two."""
        return LABEL * (2 if any("\n" in label for label in self._labels) else 1)

    @property
    def across(self) -> int:
        """How many pictures stand in a row."""
        return max(1, (self.width() - GAP) // (self.side + GAP))

    def _fit(self) -> None:
        lines = -(-len(self.rows) // self.across)
        self.setMinimumHeight(min(lines * (self.side + self.below + GAP) + GAP, 16_000_000))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def label(self, place: int) -> str:
        """What is written under the picture at a place."""
        return self._labels[place] if place < len(self._labels) else ""

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.dataset is None:
            return
        side, below = self.side, self.below
        high = side + below + GAP
        first = max(0, (event.rect().top() - GAP) // high) * self.across
        last = min(len(self.rows), ((event.rect().bottom() - GAP) // high + 1) * self.across)
        self._fetch(first, last)
        painter = QPainter(self)
        try:
            painter.setFont(theme.ui_font(11))
            painter.setPen(QColor(theme.current().muted))
            for place in range(first, last):
                line, at = divmod(place, self.across)
                box = QRect(GAP + at * (side + GAP), GAP + line * high, side, side)
                image = self._images[place]
                fitted = image.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
                target = QRect(box.topLeft(), fitted)
                target.moveCenter(box.center())
                painter.drawImage(target, image)
                if place in self._marks:
                    self._marks[place].paint(painter, QRectF(target))
                    painter.setFont(theme.ui_font(11))
                    painter.setPen(QColor(theme.current().muted))
                metrics, elided = painter.fontMetrics(), Qt.TextElideMode.ElideRight
                texts = [metrics.elidedText(text, elided, side) for text in self.label(place).split("\n")]
                under = QRect(box.left(), box.bottom() + 2, side, below)
                painter.drawText(under, int(Qt.AlignmentFlag.AlignHCenter), "\n".join(texts))
        finally:
            painter.end()

    def _fetch(self, first: int, last: int) -> None:
        wanted = [place for place in range(first, last) if place not in self._images]
        if not wanted or self.dataset is None:
            return
        pixels = self.dataset.pictures(self.rows[wanted], self.field)
        for place, array in zip(wanted, pixels, strict=True):
            self._images[place] = image_of(array)
        if self.side == MARKED:
            self._marks.update(zip(wanted, marks_of(self.dataset, self.rows[wanted]), strict=True))
        while len(self._images) > max(KEPT, last - first):
            self._marks.pop(self._images.popitem(last=False)[0], None)


def image_of(pixels: np.ndarray) -> QImage:
    """A picture of uint8 pixels, H×W (grey) or H×W×3."""
    pixels = np.ascontiguousarray(pixels)
    form = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(pixels.tobytes(), pixels.shape[1], pixels.shape[0], pixels.strides[0], form).copy()


def labels_of(dataset: Dataset, rows: np.ndarray) -> list[str]:
    """What is to be predicted for these rows, as texts; empty where nothing is."""
    target = next((column for column in dataset.columns.values() if column.role == "target"), None)
    if target is None or target.kind not in ("category", "number"):
        return []
    values = target.values[rows]
    if target.kind == "number":
        return [numbers.figure(float(value)) for value in values]
    return [target.categories[code] if code >= 0 else "" for code in values]


class PicturesView(QWidget):
    """A scrolled grid of samples, of all rows or of one split."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dataset: Dataset | None = None
        self.split = Choice("Which samples are shown")
        self.split.offer(["All rows", *(title for title, _ in SPLIT_TITLES.values())])
        self.split.show_index(0)
        self.split.chosen.connect(lambda _: self._show())
        self.count = QLabel()
        self.count.setProperty("role", "faint")
        self.grid = Grid()
        self.grid.setProperty("role", "scrolled")
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Samples")
        scroll.setWidget(self.grid)
        head = QHBoxLayout()
        head.setContentsMargins(4, 0, 8, 0)
        head.addWidget(self.split)
        head.addWidget(self.count)
        head.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(scroll, 1)

    def show_dataset(self, dataset: Dataset | None) -> None:
        """Show another data set."""
        self._dataset = dataset
        self._show()

    def _show(self) -> None:
        dataset, place = self._dataset, self.split.index
        field = picture_field(dataset) if dataset is not None else ""
        if dataset is None or not field:
            self.grid.show_rows(None, "", np.empty(0, dtype=np.int64))
            return
        rows = np.arange(dataset.total) if place == 0 else dataset.indices(list(SPLIT_TITLES)[place - 1])
        self.count.setText(numbers.count(len(rows), "picture"))
        self.grid.show_rows(dataset, field, rows)


def picture_field(dataset: Dataset) -> str:
    """The first column of pictures; "" where there is none."""
    return next((c.name for c in dataset.columns.values() if c.kind == "image" and c.role != "ignored"), "")
