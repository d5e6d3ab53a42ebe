"""Residuals: how far predicted numbers lie from what was right, over what was predicted, and how often how far."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF

from nnstudio.project.judging.judge import Judged
from nnstudio.project.judging.numbers import cells, error_histogram, number_figures, residuals
from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.controls import Choice
from nnstudio.ui.docks.curves import y_range
from nnstudio.ui.docks.judging.assessing import Assessing
from nnstudio.ui.docks.judging.page import Page
from nnstudio.ui.docks.judging.plotting import Cloud, Columns, Level, Lines
from nnstudio.ui.docks.overlays import Reading
from nnstudio.ui.parts import row

#: Numbers of a prediction that are offered one by one at most.
MOST = 64


class ResidualsPage(Page):
    """Errors over predictions at the left, their histogram at the right."""

    title = "Residuals"
    kinds = ("numbers",)

    def __init__(self, assessing: Assessing) -> None:
        super().__init__(assessing)
        self.cells = np.zeros(0, np.int64)
        self.which = Choice("Which number of the prediction")
        self.which.chosen.connect(lambda _: self.draw())
        self.errors = Lines("Error over prediction", "predicted")
        self.histogram = Lines("How large errors are", "predicted − right")
        self.cloud, self.level = Cloud(self.errors.plot.view), Level(self.errors.plot.view)
        self.bars = Columns(self.histogram.plot.view)
        self.histogram.plot.left.show_scale(whole=True)
        self.errors.add_control(self.which)
        self.errors.plot.hovered.connect(self._hovered)
        self.errors.plot.clicked.connect(self._clicked)
        layout = row(self.errors, self.histogram, spacing=0)
        layout.setStretch(0, 1)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    @classmethod
    def suits(cls, judged: Judged) -> bool:
        return super().suits(judged) and judged.target.shape[1] > 0

    def draw(self) -> None:
        assert self.judged is not None
        painted, width = self.judged.subject.painted, self.judged.target.shape[1]
        single = [f"Number {at + 1}" for at in range(min(width, MOST))] if width > 1 and not painted else []
        self.which.offer(single)
        self.which.show_index(min(max(0, self.which.index), len(single) - 1) if single else -1)
        self.cells = cells(self.judged, max(0, self.which.index))
        predicted, errors = residuals(self.judged, self.cells)
        found = number_figures(self.judged)
        told = {"R²": found.r2, "mean absolute error": found.absolute, "bias": found.bias}
        self.errors.note.setText(" · ".join(f"{name} {numbers.figure(value)}" for name, value in told.items()))
        x = y_range([predicted], log=False)
        known = np.abs(errors[np.isfinite(errors)])
        reach = numbers.nice_top(1.02 * float(known.max(initial=1e-12)))
        self.errors.show_lines({}, x, (-reach, reach))
        self.errors.shown = {"error": (predicted, errors)}
        self.cloud.show_points(predicted, errors)
        edges, counts = error_histogram(errors)
        some = f"{len(errors):,} pixels · " if painted else ""
        self.histogram.note.setText(f"{some}root mean squared error {numbers.figure(found.root)}")
        top = numbers.nice_top(float(counts.max(initial=1)))
        self.histogram.show_lines({}, (float(edges[0]), float(edges[-1])), (0.0, top))
        self.histogram.shown = {"rows": (edges[:-1], counts.astype(np.float64))}
        self.bars.show_bars(edges, counts.astype(np.float64))

    def _cell(self, place: QPointF | None) -> int | None:
        """Which number's point is there, counted row by row."""
        point = self.cloud.nearest(place.x(), place.y()) if place is not None else None
        if point is None or self.judged is None:
            return None
        return int(self.cells[point * max(1, -(-len(self.cells) // max(1, len(self.cloud.along))))])

    def _hovered(self, place: QPointF | None) -> None:
        cell = self._cell(place)
        if cell is None or self.judged is None or place is None:
            self.errors.reader.point(None)
            return
        muted = theme.current().muted
        found = cell // self.judged.target.shape[1]
        right, said = float(self.judged.target.reshape(-1)[cell]), float(self.judged.predicted.reshape(-1)[cell])
        told = {"right": right, "predicted": said, "error": said - right}
        readings = [Reading(name, numbers.figure(value), muted) for name, value in told.items()]
        self.errors.reader.point(place.x(), f"row {self.judged.rows[found]:,}", readings, lined=False)

    def _clicked(self, at: QPointF) -> None:
        cell = self._cell(self.errors.plot.place(at))
        if cell is not None and self.judged is not None:
            self.explained.emit(cell // self.judged.target.shape[1])
