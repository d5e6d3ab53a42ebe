"""Worst samples: the rows with the greatest losses first; and by position, where a sequence goes wrong."""

from __future__ import annotations

import numpy as np

from nnstudio.project.judging.judge import Judged
from nnstudio.project.judging.places import by_position
from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.judging.assessing import Assessing
from nnstudio.ui.docks.judging.page import Page
from nnstudio.ui.docks.judging.plotting import Lines
from nnstudio.ui.docks.judging.samples import SamplesView
from nnstudio.ui.parts import column


class WorstPage(Page):
    """Rows by their own loss."""

    title = "Worst samples"

    def __init__(self, assessing: Assessing) -> None:
        super().__init__(assessing)
        self.samples = SamplesView()
        self.samples.chosen.connect(self.explained)
        self.setLayout(column(self.samples, margins=(8, 0, 0, 0)))

    def draw(self) -> None:
        dataset = self.assessing.session.dataset
        if self.judged is not None and dataset is not None:
            self.samples.show_places(dataset, self.judged, self.judged.worst, "The greatest losses first")


class PositionsPage(Page):
    """The share of right tokens at each position of a sequence."""

    title = "Positions"
    kinds = ("places",)

    def __init__(self, assessing: Assessing) -> None:
        super().__init__(assessing)
        self.frame = Lines("Accuracy by position", "position in the sequence")
        self.frame.plot.left.show_scale(percent=True)
        self.frame.plot.bottom.show_scale(whole=True)
        self.setLayout(column(self.frame))

    @classmethod
    def suits(cls, judged: Judged) -> bool:
        return super().suits(judged) and judged.target.ndim == 2 and judged.target.shape[1] > 1

    def draw(self) -> None:
        assert self.judged is not None
        shares, counts = by_position(self.judged)
        at = np.arange(1, len(shares) + 1, dtype=np.float64)
        last = int(np.flatnonzero(counts)[-1]) + 1 if counts.any() else len(at)
        tokens = theme.current()
        self.frame.show_lines({"right": (at, shares, tokens.accent)}, (0.5, max(2.0, last) + 0.5), (0.0, 1.06))
        self.frame.dots.show_points(list(zip(at.tolist(), shares.tolist(), strict=True)), tokens.accent)
        self.frame.note.setText(numbers.count(int(counts.sum()), "place that counts", "places that count"))
