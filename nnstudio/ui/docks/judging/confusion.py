"""Confusion: which classes are taken for which, the rows behind each cell, and the figures of each class."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from nnstudio.project.judging.classes import accuracy, behind, by_class, confusion, mean_of
from nnstudio.project.judging.explaining import visible
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


class ConfusionPage(Page):
    """The matrix at the left; at the right the classes' figures, or the rows behind the cell that is chosen."""

    title = "Confusion"
    kinds = ("classes", "places")

    def __init__(self, assessing: Assessing) -> None:
        super().__init__(assessing)
        self.head = ElidedLabel("", "heading")
        self.matrix, self.samples = MatrixView(), SamplesView()
        self.matrix.chosen.connect(self._choose)
        self.samples.chosen.connect(self.explained)
        self.back = tool("By class", "Precision and recall of each class")
        self.back.clicked.connect(self._show_classes)
        self.classes = FiguresTable(HEADS, WIDTHS, "Figures of each class")
        self.left = left = QWidget()
        right, inside = QWidget(), QWidget()
        left.setLayout(column(self.head, self.matrix, spacing=2, margins=(16, 4, 4, 6)))
        left.layout().setStretch(1, 1)
        self.stack = QStackedLayout(inside)
        self.stack.addWidget(self.classes)
        self.stack.addWidget(self.samples)
        right.setLayout(column(row(self.back, 1, margins=(8, 2, 8, 0)), inside, spacing=0))
        right.layout().setStretch(1, 1)
        whole = row(left, line(vertical=True), right, spacing=0)
        whole.setStretch(2, 1)
        self.setLayout(whole)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The matrix gets the room it has use for, and its figures theirs, up to most of the page."""
        wanted = max(self.matrix.width_for(self.height() - theme.scaled(34)), self.head.sizeHint().width()) + 24
        self.left.setFixedWidth(min(wanted, int(0.62 * self.width())))

    def draw(self) -> None:
        assert self.judged is not None
        found = confusion(self.judged)
        figures = by_class(found)
        what = "accuracy" if self.judged.kind == "classes" else "accuracy by place"
        mean = ("F1", mean_of(figures, "f1")) if self.judged.kind == "classes" else ("IoU", mean_of(figures, "iou"))
        self.head.setText(f"{what} {numbers.figure(accuracy(found))} · mean {mean[0]} {numbers.figure(mean[1])}")
        self.matrix.show_matrix(replace(found, classes=tuple(map(visible, found.classes))))
        self.classes.show_lines(
            [
                (
                    visible(each.name),
                    f"{each.count:,}",
                    *map(numbers.figure, (each.precision, each.recall, each.f1, each.iou)),
                )
                for each in figures
            ]
        )
        self._fit()
        self._show_classes()

    def _show_classes(self) -> None:
        self.stack.setCurrentWidget(self.classes)
        self.back.setVisible(False)
        self.matrix.cell = (-1, -1)
        self.matrix.update()

    def _choose(self, true: int, said: int) -> None:
        judged, dataset = self.judged, self.assessing.session.dataset
        if judged is None or dataset is None:
            return
        title, codes = self.matrix.told((true, said)).partition(":")[0], self.matrix.matrix.codes
        found = behind(judged, int(codes[true]), int(codes[said]))
        self.samples.show_places(dataset, judged, found, title)
        self.back.setVisible(True)
        self.stack.setCurrentWidget(self.samples)
