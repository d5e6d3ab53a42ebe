"""Calibration: whether what is said with 80 % certainty is right four times of five."""

from __future__ import annotations

import numpy as np

from nnstudio.project.judging.classes import calibration
from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.controls import Choice
from nnstudio.ui.docks.judging.assessing import Assessing
from nnstudio.ui.docks.judging.page import Page
from nnstudio.ui.docks.judging.plotting import Columns, Lines
from nnstudio.ui.docks.overlays import Label
from nnstudio.ui.parts import row


class CalibrationPage(Page):
    """How often it was right over how sure it was, and how often it was how sure."""

    title = "Calibration"
    kinds = ("classes",)

    def __init__(self, assessing: Assessing) -> None:
        super().__init__(assessing)
        self.which = Choice("Which probabilities are looked at")
        self.which.chosen.connect(lambda _: self.draw())
        self.reliability = Lines("Reliability", "how sure it was")
        self.sureness = Lines("How sure it was", "probability")
        self.bars, self.counts = Columns(self.reliability.plot.view), Columns(self.sureness.plot.view)
        for frame in (self.reliability, self.sureness):
            frame.plot.bottom.show_scale(percent=True)
        self.reliability.plot.left.show_scale(percent=True)
        self.sureness.plot.left.show_scale(whole=True)
        self.reliability.add_control(self.which)
        layout = row(self.reliability, self.sureness, spacing=0)
        layout.setStretch(0, 1)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def draw(self) -> None:
        assert self.judged is not None
        self.which.offer(["The class that was said", *(f"Class {name}" for name in self.judged.classes)])
        self.which.show_index(min(max(0, self.which.index), len(self.which.items) - 1))
        found, tokens = calibration(self.judged, 10, self.which.index - 1), theme.current()
        known = found.counts > 0
        diagonal = np.array([0.0, 1.0])
        self.reliability.note.setText(f"expected calibration error {numbers.figure(found.error)}")
        self.reliability.show_lines(
            {"right": (found.certainty[known], found.right[known], tokens.accent),
             "· calibrated": (diagonal, diagonal, tokens.muted)},
            (0.0, 1.03), (0.0, 1.02), [Label(0.3, 0.3, "perfectly calibrated", tokens.muted)],
        )  # fmt: skip
        self.bars.show_bars(found.edges, found.right, 0.25)
        points = list(zip(found.certainty[known].tolist(), found.right[known].tolist(), strict=True))
        self.reliability.dots.show_points(points, tokens.accent)
        top = numbers.nice_top(float(found.counts.max()))
        self.sureness.note.setText(numbers.count(int(found.counts.sum()), "row"))
        self.sureness.show_lines({}, (0.0, 1.03), (0.0, top))
        self.counts.show_bars(found.edges, found.counts.astype(np.float64))
        self.sureness.shown = {"rows": (found.edges[:-1], found.counts.astype(np.float64))}
