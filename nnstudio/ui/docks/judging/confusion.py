"""Confusion: which classes are taken for which, the rows behind each cell, and the figures of each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from nnstudio.project.judging.classes import ClassFigures, Confusion, accuracy, behind, by_class, confusion, mean_of
from nnstudio.project.judging.explaining import visible
from nnstudio.project.judging.judge import Judge, Progress
from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.controls import tool
from nnstudio.ui.docks.judging.assessing import Assessing
from nnstudio.ui.docks.judging.figures_table import FiguresTable
from nnstudio.ui.docks.judging.matrix_view import MatrixView
from nnstudio.ui.docks.judging.page import Page
from nnstudio.ui.docks.judging.samples import SamplesView
from nnstudio.ui.parts import ElidedLabel, column, line, row

HEADS = ("class", "samples", "precision", "recall", "F1", "IoU")
WIDTHS = (110, 74, 74, 74, 74, 74)
#: Pixels that rows take at least beside the figures of the classes.
ROWS = 260
NONE = (-1, -1)
MOST = 16_777_215  # QWIDGETSIZE_MAX


class ConfusionPage(Page):
    """The matrix at the left; beside it the classes' figures and the rows that are wrong, or those behind the cell that
    is chosen. Where there is room for one of both only, the rows stand there while a cell is chosen."""

    title = "Confusion"
    kinds = ("classes", "places")

    def __init__(self, assessing: Assessing) -> None:
        super().__init__(assessing)
        self.wrong = np.zeros(0, np.int64)
        self.head = ElidedLabel("", "heading")
        self.matrix, self.samples = MatrixView(), SamplesView()
        self.matrix.chosen.connect(self._choose)
        self.samples.chosen.connect(self.explained)
        self.back = tool("", "No cell of the matrix any more")
        self.back.clicked.connect(self._choose_none)
        self.samples.head.addWidget(self.back)
        self.table = FiguresTable(HEADS, WIDTHS, "Figures of each class")
        self.left, self.classes = QWidget(), QWidget()
        self.left.setLayout(column(self.matrix, margins=(16, 4, 4, 6)))
        self.classes.setLayout(column(self.head, self.table, spacing=2, margins=(12, 4, 0, 0)))
        self.classes.layout().setStretch(1, 1)
        self.border = line(vertical=True)
        whole = row(self.left, line(vertical=True), self.classes, self.border, self.samples, spacing=0)
        whole.setStretch(2, 1)
        whole.setStretch(4, 1)
        self.setLayout(whole)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The matrix gets the room it has use for, the figures theirs, the rows the rest; without a rest they take
        turns."""
        needed, chosen = self.table.needed + 12, self.matrix.cell != NONE
        most = max(int(0.4 * self.width()), min(int(0.62 * self.width()), self.width() - needed - 2))
        left = min(self.matrix.width_for(self.height() - 10) + 20, most)
        self.left.setFixedWidth(left)
        both = self.width() - left - needed >= theme.scaled(ROWS)
        self.classes.setMinimumWidth(needed if both else 0)
        self.classes.setMaximumWidth(needed if both else MOST)
        self.classes.setVisible(both or not chosen)
        self.samples.setVisible(both or chosen)
        self.border.setVisible(both)
        self.back.setText("All errors" if both else "By class")
        self.back.setVisible(chosen)

    def draw(self) -> None:
        judged = self.judged
        assert judged is not None

        def work(_: Judge, progress: Progress) -> tuple[Confusion, list[ClassFigures], NDArray[np.int64]]:
            progress(0.0)
            found, worst = confusion(judged), judged.worst
            return found, by_class(found), worst[~judged.right[worst]]

        def done(found: tuple[Confusion, list[ClassFigures], NDArray[np.int64]]) -> None:
            if judged is self.judged:
                self._show(*found)

        self.assessing.do("confusion", "Counting classes", work, done)

    def _show(self, found: Confusion, figures: Sequence[ClassFigures], wrong: NDArray[np.int64]) -> None:
        assert self.judged is not None
        self.wrong = wrong
        what = "accuracy" if self.judged.kind == "classes" else "accuracy by place"
        mean = ("F1", mean_of(figures, "f1")) if self.judged.kind == "classes" else ("IoU", mean_of(figures, "iou"))
        self.head.setText(f"{what} {numbers.figure(accuracy(found))} · mean {mean[0]} {numbers.figure(mean[1])}")
        self.matrix.show_matrix(replace(found, classes=tuple(map(visible, found.classes))))
        self.table.show_lines(figures, _told)
        self._choose_none()

    def _choose_none(self) -> None:
        """No cell: the rows that are wrong, the worst first."""
        judged, dataset = self.judged, self.assessing.session.dataset
        self.matrix.cell = NONE
        self.matrix.update()
        if judged is not None and dataset is not None:
            self.samples.show_places(dataset, judged, self.wrong, "Wrong, the worst first")
        self._fit()

    def _choose(self, true: int, said: int) -> None:
        judged, dataset = self.judged, self.assessing.session.dataset
        if judged is None or dataset is None or self.matrix.matrix is None:
            return
        title, codes = self.matrix.told((true, said)).partition(":")[0], self.matrix.matrix.codes
        found = behind(judged, int(codes[true]), int(codes[said]))
        self.samples.show_places(dataset, judged, found, title)
        self._fit()


def _told(each: ClassFigures) -> tuple[str, ...]:
    """The figures of a class as texts."""
    shares = map(numbers.figure, (each.precision, each.recall, each.f1, each.iou))
    return (visible(each.name), f"{each.count:,}", *shares)
