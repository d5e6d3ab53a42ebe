"""Numbers that are slid one by one: those of a short array, and the first ones of a source of noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.controls import tool
from nnstudio.ui.docks.try_editors import PLACES, SAMPLED, Editor, Put, limits
from nnstudio.ui.parts import ElidedLabel, label, row
from nnstudio.ui.parts import column as stacked

if TYPE_CHECKING:
    from nnstudio.data.columns import Column
    from nnstudio.data.dataset import Dataset

#: Numbers of a source of noise that have a slider.
LATENT = 8
#: So many sliders stand under one another; of more, two beside one another.
ONE_COLUMN = 5


class VectorEditor(Editor):
    """A few numbers side by side, each with a slider over its range in the training rows."""

    def __init__(self, column: Column, dataset: Dataset, put: Put) -> None:
        super().__init__(column, put)
        rows = dataset.indices("train")
        some = np.asarray(column.values[rows[:: max(1, len(rows) // SAMPLED)]], np.float64)
        ranges = np.array([limits(each) for each in some.T])
        self.low, self.high = ranges[:, 0], ranges[:, 1]
        self.values = np.zeros(len(ranges))
        self.sliders: list[QSlider] = []
        self.figures: list[QLabel] = []
        grid = _grid()
        for place in range(len(self.values)):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(0, PLACES)
            slider.setAccessibleName(f"{column.name}, number {place + 1}")
            slider.valueChanged.connect(lambda at, place=place: self._slid(place, at))
            number, figure = label(f"{place + 1}", "faint"), label("", "faint")
            number.setFixedWidth(theme.scaled(18))
            figure.setFixedWidth(theme.scaled(52))
            figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.sliders.append(slider)
            self.figures.append(figure)
            grid.addLayout(row(number, slider, figure, spacing=4), *_cell(place, len(self.values)))
        self.setLayout(grid)

    def show_value(self, value: Any) -> None:
        self.values = np.array(value, np.float64)
        shares = (self.values - self.low) / (self.high - self.low)
        for place, (slider, share) in enumerate(zip(self.sliders, np.nan_to_num(shares), strict=True)):
            slider.blockSignals(True)
            slider.setValue(round(PLACES * min(1.0, max(0.0, float(share)))))
            slider.blockSignals(False)
            self.figures[place].setText(numbers.figure(float(self.values[place])))

    def _slid(self, place: int, at: int) -> None:
        self.values = self.values.copy()
        self.values[place] = self.low[place] + (self.high[place] - self.low[place]) * at / PLACES
        self.figures[place].setText(numbers.figure(float(self.values[place])))
        self.put(self.values)


class NoiseEditor(QWidget):
    """The first numbers of a source of noise as sliders, and a button that draws others."""

    def __init__(
        self, node: str, name: str, count: int, put: Callable[[str, int, float], object], draw: Callable[[], object]
    ) -> None:  # fmt: skip
        super().__init__()
        self.node, self.count = node, count
        shown = min(count, LATENT)
        self.title = f"{name}: {f'the first {shown} of ' if shown < count else ''}{numbers.count(count, 'number')}"
        self.sliders: list[QSlider] = []
        grid = _grid()
        for place in range(shown):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(-300, 300)
            slider.setAccessibleName(f"{name}, number {place + 1}")
            slider.valueChanged.connect(lambda value, place=place: put(node, place, value / 100))
            self.sliders.append(slider)
            grid.addWidget(slider, *_cell(place, shown))
        self.again = tool("Draw others", "Draw other noise")
        self.again.clicked.connect(draw)
        head = row(ElidedLabel(self.title, "muted"), self.again, spacing=4)
        head.setStretch(0, 1)
        self.setLayout(stacked(head, grid, spacing=4))

    def show_values(self, values: np.ndarray) -> None:
        """Show these without putting them."""
        for slider, value in zip(self.sliders, values.tolist(), strict=False):
            slider.blockSignals(True)
            slider.setValue(round(100 * max(-3.0, min(3.0, value))))
            slider.setToolTip(numbers.figure(value))
            slider.blockSignals(False)


def _grid() -> QGridLayout:
    """Sliders in lines, the lines as close as they can be pressed."""
    made = QGridLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setHorizontalSpacing(10)
    made.setVerticalSpacing(1)
    return made


def _cell(place: int, count: int) -> tuple[int, int]:
    """Line and column of one of so many sliders; of more than a few in two columns, the first one first."""
    lines = -(-count // 2) if count > ONE_COLUMN else count
    return place % lines, place // lines
