"""Objects: how well those of each class are found, and the rows where some are missed or made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtWidgets import QWidget

from nnstudio.project.judging.judge import OBJECTS, Judge, Judged, Progress
from nnstudio.project.judging.objects import ObjectFigures, by_object, matched, mean_average_precision
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.judging.assessing import Assessing
from nnstudio.ui.docks.judging.figures_table import FiguresTable
from nnstudio.ui.docks.judging.page import Page
from nnstudio.ui.docks.judging.samples import SamplesView
from nnstudio.ui.parts import ElidedLabel, column, line, row

HEADS = ("class", "objects", "found", "missed", "made up", "precision", "recall", "average precision")
WIDTHS = (90, 62, 62, 62, 66, 72, 62, 120)


class ObjectsPage(Page):
    """The classes' figures at the left, the rows of the class that is chosen at the right."""

    title = "Objects"
    kinds = OBJECTS

    def __init__(self, assessing: Assessing) -> None:
        super().__init__(assessing)
        self.head, self.samples = ElidedLabel("", "heading"), SamplesView()
        self.samples.chosen.connect(self.explained)
        self.classes = FiguresTable(HEADS, WIDTHS, "How well objects of each class are found")
        self.classes.picked.connect(self._show_rows)
        self.left = QWidget()
        self.left.setLayout(column(self.head, self.classes, spacing=2, margins=(16, 4, 4, 6)))
        self.left.layout().setStretch(1, 1)
        whole = row(self.left, line(vertical=True), self.samples, spacing=0)
        whole.setStretch(0, 1)
        whole.setStretch(2, 1)
        self.setLayout(whole)

    def draw(self) -> None:
        judged = self.judged
        assert judged is not None

        def work(_: Judge, progress: Progress) -> list[ObjectFigures]:
            progress(0.0)
            return by_object(judged)

        def done(figures: list[ObjectFigures]) -> None:
            if judged is self.judged:
                self._show(figures)

        self.assessing.do("objects", "Counting objects", work, done)

    def _show(self, figures: list[ObjectFigures]) -> None:
        assert self.judged is not None
        if self.judged.kind == "boxes":
            self.head.setText(
                f"mean average precision {numbers.figure(mean_average_precision(figures))} at half overlap"
            )
        else:
            self.head.setText("outlined objects, found where more than half overlaps")
        lines = []
        for each in figures:
            counts = (f"{count:,}" for count in (each.count, each.found, each.missed, each.made_up))
            shares = map(numbers.figure, (each.precision, each.recall, each.average_precision))
            lines.append((each.name, *counts, *shares))
        self.classes.setColumnHidden(len(HEADS) - 1, self.judged.kind != "boxes")
        self.classes.show_lines(lines)
        self.left.setMinimumWidth(min(self.classes.needed + 20, int(0.6 * self.width())))
        self._show_rows()

    def _show_rows(self) -> None:
        """Show the rows where objects (of the class that is chosen) are missed or made up, the worst first."""
        judged, dataset = self.judged, self.assessing.session.dataset
        if judged is None or dataset is None:
            return
        name = self.classes.chosen
        wrong = _wrong(judged, name)
        places = np.array([place for place in judged.worst.tolist() if wrong[place]], np.int64)
        title = f"{name}: missed or made up" if name and judged.kind == "boxes" else "Missed or made up"
        self.samples.show_places(dataset, judged, places, title)


def _wrong(judged: Judged, name: str) -> np.ndarray:
    """Of each row, whether objects of a class (of any, where none is named) are missed or made up in it."""
    if name and judged.kind == "boxes" and name in judged.subject.classes:
        code = judged.subject.classes.index(name)
        target, predicted = judged.target.copy(), judged.predicted.copy()
        for boxes in (target, predicted):
            boxes[np.rint(boxes[:, :, 4]) != code] = -1.0
        judged = replace(judged, target=target, predicted=predicted)
    found = matched(judged)
    return np.asarray((found.found < found.count) | (found.made_up > 0))
