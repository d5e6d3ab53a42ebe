"""The loss as a function of one weight alone: the curve, the present point on it and the tangent there."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from nnstudio.train.learning import Passage
from nnstudio.train.learning_words import samples, told
from nnstudio.ui import theme
from nnstudio.ui.docks.numbers import nice_top
from nnstudio.ui.docks.overlays import Dots, EndLabels, Label
from nnstudio.ui.docks.plots import Plot, curve, line
from nnstudio.ui.learning.learner import InTurns, Learner
from nnstudio.ui.parts import column, label

#: Points of the curve; the tangent's share of the width.
POINTS, TANGENT = 81, 0.36


def range_around(value: float) -> tuple[float, float]:
    """A range of a weight to look at: twice its size to both sides, at least 1."""
    half = nice_top(max(1.0, 2 * abs(value)))
    middle = round(value, 1 - math.floor(math.log10(half)))
    return middle - half, middle + half


class LossCurve(QWidget):
    """Draws the loss over one weight. The curve is worked out a little in each turn of the event loop, and only where
    something else than this weight has changed."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        self.learner = learner
        self.plot = Plot()
        self.plot.setAccessibleName("Loss over this weight")
        self.plot.setMinimumHeight(120)
        self.caption = label("", "faint", wrap=True)
        self.caption.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.curve, self.tangent = self.plot.add(curve()), self.plot.add(curve())
        self.point = Dots(self.plot.view)
        self.labels = EndLabels(self.plot.view)
        self.weights = self.losses = np.empty(0)
        self._work = InTurns(self)
        self._key: tuple[object, ...] = ()
        self._place = 0
        self._low, self._high = -1.0, 1.0
        self.setLayout(column(self.plot, self.caption, spacing=2))
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def busy(self) -> bool:
        """Whether the curve is still being worked out."""
        return self._work.busy

    def show_weight(self, place: int, low: float, high: float) -> None:
        """Show the loss over this weight, from ``low`` to ``high``."""
        course = self.learner.course
        self._place, self._low, self._high = place, low, high
        others = course.state.weights.copy()
        others[place] = 0.0
        key = (place, low, high, others.tobytes(), course.rows.tobytes(), course.reduction)
        if key != self._key:
            self._key = key
            x = np.linspace(low, high, POINTS)
            found: list[float] = []
            work = course.lesson.curve(course.state.weights, place, x, course.rows, course.reduction)
            self._work.run(work, lambda some: self._take(x, found, some))
        self._show_point()

    def _take(self, x: np.ndarray, found: list[float], some: list[float]) -> None:
        found += some
        if len(found) == len(x):
            self.weights, self.losses = x, np.array(found)
            self.curve.setData(self.weights, self.losses)
            self._show_point()

    def _show_point(self) -> None:
        """The present point and the tangent there; the part that is seen."""
        course = self.learner.course
        passage: Passage = course.present
        x, y, slope = float(passage.weights[self._place]), passage.loss, float(passage.weight_gradients[self._place])
        self.caption.setText(
            f"{course.reduction} of the loss over {samples(course)}" if len(course.rows) > 1 else
            f"loss of {samples(course)}"
        )  # fmt: skip
        good = self.losses[np.isfinite(self.losses)]
        low = min(float(good.min()), y) if len(good) else y - 1
        high = max(float(good.max()), y) if len(good) else y + 1
        room = 0.12 * (high - low) or 1.0
        self.plot.view.show_range((self._low, self._high), (low - room, high + room))
        half = TANGENT / 2 * (self._high - self._low)
        if slope:
            half = min(half, 0.45 * (high - low + 2 * room) / abs(slope))
        ends = np.array([x - half, x + half])
        self.tangent.setData(ends, y + slope * (ends - x))
        tokens = theme.current()
        self.point.show_points([(x, y)], tokens.text)
        self.labels.show_labels([Label(x, y, f"slope {told(slope)}", tokens.validation)])

    def _restyle(self) -> None:
        tokens = theme.current()
        self.plot.restyle()
        self.curve.setPen(line(tokens.training, 1.8))
        self.tangent.setPen(line(tokens.validation, 1.8))
        self.point.color = tokens.text

    def stop(self) -> None:
        """Drop what is being worked out."""
        if self._work.busy:
            self._work.stop()
            self._key = ()
