"""Slices: every figure by group, the worst first, with the rows behind the group that is chosen."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget

from nnstudio.project.judging.judge import Judge, Progress
from nnstudio.project.judging.slices import Sliced, columns_to_slice, sliced
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.controls import Choice
from nnstudio.ui.docks.judging.assessing import Assessing
from nnstudio.ui.docks.judging.page import Page
from nnstudio.ui.docks.judging.samples import SamplesView
from nnstudio.ui.docks.judging.slices_view import SlicesView
from nnstudio.ui.parts import ElidedLabel, column, line, row


class SlicesPage(Page):
    """Groups at the left, the rows of one at the right."""

    title = "Slices"

    def __init__(self, assessing: Assessing) -> None:
        super().__init__(assessing)
        self.columns = Choice("What groups are of", px=12, weight=600)
        self.columns.chosen.connect(self._choose_column)
        self.figures = Choice("Which figure is shown, the worst group first")
        self.figures.chosen.connect(self._choose_figure)
        self.column = self.figure = ""
        self.note = ElidedLabel("", "faint")
        self.view, self.samples = SlicesView(), SamplesView()
        self.view.chosen.connect(self._choose_group)
        self.view.setProperty("role", "scrolled")
        self.samples.chosen.connect(self.explained)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.view)
        left = QWidget()
        head = row(self.columns, self.figures, self.note, spacing=8)
        head.setStretch(2, 1)
        left.setLayout(column(head, scroll, spacing=2, margins=(12, 2, 4, 4)))
        left.layout().setStretch(1, 1)
        whole = row(left, line(vertical=True), self.samples, spacing=0)
        whole.setStretch(0, 6)
        whole.setStretch(2, 5)
        self.setLayout(whole)

    def draw(self) -> None:
        judged, dataset = self.judged, self.assessing.session.dataset
        if judged is None or dataset is None:
            return
        usable = columns_to_slice(judged, dataset)
        self.columns.offer(list(usable))
        if self.column not in usable:
            self.column = usable[0] if usable else ""
        self.columns.show_index(usable.index(self.column) if usable else -1)
        if not usable:
            return
        of, figure = self.column, self.figure

        def work(_: Judge, progress: Progress) -> Sliced:
            progress(0.0)
            try:
                return sliced(judged, dataset, of, figure)
            except ValueError:
                if not figure:
                    raise
                return sliced(judged, dataset, of)  # another output has other figures

        self.assessing.do("slices", "Sorting into groups", work, self._show)

    def _show(self, found: Sliced) -> None:
        names = list(found.whole.figures)
        self.figure = found.figure
        self.figures.offer([name[:1].upper() + name[1:] for name in names])
        self.figures.show_index(names.index(found.figure))
        self.view.show_sliced(found)
        gap = found.gap(found.figure)
        odd = sum(found.stands_out(each) for each in found.slices)
        told = f"{numbers.count(odd, 'group')} worse than chance explains" if odd else "no group clearly worse"
        differ = f" · {gap.least} and {gap.most} are {numbers.figure(gap.difference)} apart" if gap is not None else ""
        self.note.setText(told + differ)
        self.note.setToolTip("Lines: 95 % confidence intervals; red: all of it is worse than the figure of all rows")
        if found.slices:
            self.view.choose(0)

    def _choose_column(self, index: int) -> None:
        self.column = self.columns.items[index]
        self.draw()

    def _choose_figure(self, index: int) -> None:
        if self.view.sliced is not None:
            self.figure = list(self.view.sliced.whole.figures)[index]
            self.draw()

    def _choose_group(self, place: int) -> None:
        judged, dataset, found = self.judged, self.assessing.session.dataset, self.view.sliced
        if judged is None or dataset is None or found is None:
            return
        each = found.slices[place]
        inside = set(each.places.tolist())
        worst = judged.worst
        behind = worst[[at in inside for at in worst.tolist()]]
        self.samples.show_places(dataset, judged, behind, f"{found.column}: {each.name}, worst first")
