"""Curves: one class against the rest at every threshold, with a slider that says what a threshold gives."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QLabel, QSlider, QWidget

from nnstudio.project.judging.curves import At, Curves, curves
from nnstudio.ui import theme
from nnstudio.ui.announce import describe
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.controls import Choice, tool
from nnstudio.ui.docks.judging.assessing import Assessing
from nnstudio.ui.docks.judging.page import Page
from nnstudio.ui.docks.judging.plotting import Lines
from nnstudio.ui.docks.overlays import Label, Reading
from nnstudio.ui.parts import column, label, row

#: Places of the slider.
STEPS = 1000
#: All shares along x, with room for the line at either end.
WHOLE = (-0.01, 1.01)


class CurvesPage(Page):
    """ROC at the left, precision and recall at the right, the slider below them."""

    title = "Curves"
    kinds = ("classes",)

    def __init__(self, assessing: Assessing) -> None:
        super().__init__(assessing)
        self.code = -1
        self.curves: Curves | None = None
        self.which = Choice("The class that is told from the rest", px=12, weight=600)
        self.which.chosen.connect(self._choose)
        self.roc = Lines("ROC", "false positive rate")
        self.precision = Lines("Precision and recall", "recall")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setValue(STEPS // 2)
        self.slider.setAccessibleName("Threshold")
        self.slider.setToolTip("From which probability on a row is taken for the class")
        self.slider.valueChanged.connect(lambda _: self._tell())
        self.told, self.counts = label("", "muted", wrap=True), label("", "", wrap=True)
        self.counts.setProperty("role", "mono")
        self.best = tool("Best F1", "The threshold with the greatest F1")
        self.best.clicked.connect(self._choose_best)
        for frame in (self.roc, self.precision):
            frame.plot.hovered.connect(lambda place, frame=frame: self._hovered(frame, place))
            frame.plot.clicked.connect(lambda at, frame=frame: self._clicked(frame, at))
        self.told.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.slider.setMinimumWidth(100)
        first = row(self.which, 1, self.best, spacing=10)
        inside = column(first, row(QLabel("Threshold"), self.slider, spacing=10), self.told, self.counts, 1,
                        spacing=4, margins=(8, 4, 14, 4))  # fmt: skip
        self.controls = QWidget()
        self.controls.setLayout(inside)
        layout = row(self.roc, self.precision, self.controls, spacing=0)
        for place in (0, 1):
            layout.setStretch(place, 1)
        self.setLayout(layout)
        self._fit()

    def _fit(self) -> None:
        self.controls.setFixedWidth(theme.scaled(262))

    def restyle(self) -> None:
        self._fit()
        super().restyle()

    @property
    def threshold(self) -> float:
        """Where the slider stands, from 0 to 1."""
        return self.slider.value() / STEPS

    def draw(self) -> None:
        assert self.judged is not None
        names = self.judged.classes
        self.which.offer(list(names))
        if not 0 <= self.code < len(names):
            self.code = 1 if len(names) == 2 else 0
        self.which.show_index(self.code)
        self.curves = found = curves(self.judged, self.code)
        tokens = theme.current()
        area = found.area
        sure = f"area {numbers.figure(area.value)} ({numbers.figure(area.low)} to {numbers.figure(area.high)}, 95 %)"
        self.roc.note.setText(sure)
        self.precision.note.setText(f"average precision {numbers.figure(found.average_precision)}")
        share = found.positives / max(1, found.positives + found.negatives)
        diagonal = np.array([0.0, 1.0])
        self.roc.show_lines(
            {"recall": (found.false_rate, found.recall, tokens.accent), "· chance": (diagonal, diagonal, tokens.muted)},
            WHOLE, (0.0, 1.02), [Label(0.62, 0.55, "chance", tokens.muted)],
        )  # fmt: skip
        self.precision.show_lines(
            {"precision": (found.recall, found.precision, tokens.accent),
             "· chance": (diagonal, np.full(2, share), tokens.muted)},
            WHOLE, (0.0, 1.02), [Label(0.02, share, "chance", tokens.muted)],
        )  # fmt: skip
        self._tell()

    def _choose(self, index: int) -> None:
        self.code = index
        self.draw()

    def _choose_best(self) -> None:
        if self.curves is not None:
            self.slider.setValue(int(self.curves.best() * STEPS))

    def _tell(self) -> None:
        """What the threshold gives."""
        if self.curves is None or self.judged is None:
            return
        at = self.curves.at(self.threshold)
        self.told.setText(
            f"From {numbers.share(at.threshold)} on: precision {numbers.figure(at.precision)}, "
            f"recall {numbers.figure(at.recall)}, F1 {numbers.figure(at.f1)}, accuracy {numbers.figure(at.accuracy)}"
        )
        self.counts.setText(
            f"{at.hits:,} found · {at.missed:,} missed · {at.false_alarms:,} false alarms · {at.passed:,} passed"
        )
        describe(self.slider, f"{self.told.text()}; {self.counts.text()}")
        color, precision = theme.current().text, at.precision if at.precision == at.precision else 1.0
        self.roc.dots.show_points([(at.false_rate, at.recall)], color)
        self.precision.dots.show_points([(at.recall, precision)], color)

    def _nearest(self, frame: Lines, place: QPointF) -> At | None:
        """What the threshold of the point of a curve gives that is nearest."""
        if self.curves is None:
            return None
        found = self.curves
        along, up = (found.false_rate, found.recall) if frame is self.roc else (found.recall, found.precision)
        best = int(np.argmin((along - place.x()) ** 2 + (up - place.y()) ** 2))
        return found.at(float(min(1.0, found.thresholds[best])))

    def _hovered(self, frame: Lines, place: QPointF | None) -> None:
        at = self._nearest(frame, place) if place is not None else None
        if place is None or at is None:
            frame.reader.point(None)
            return
        muted = theme.current().muted
        told = {"precision": at.precision, "recall": at.recall, "false positive rate": at.false_rate}
        readings = [Reading(name, numbers.figure(value), muted) for name, value in told.items()]
        frame.reader.point(place.x(), f"threshold {numbers.figure(at.threshold)}", readings, lined=False)

    def _clicked(self, frame: Lines, at: QPointF) -> None:
        place = frame.plot.place(at)
        found = self._nearest(frame, place) if place is not None else None
        if found is not None:
            self.slider.setValue(int(found.threshold * STEPS))
