"""Explain: which parts of one row's input made the network say what it says."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from nnstudio.project.judging.explaining import WAYS, Explained, Part, explained, visible
from nnstudio.project.judging.judge import Judge, Progress
from nnstudio.project.judging.telling import answer_texts
from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.controls import Choice, RowField, tool
from nnstudio.ui.docks.judging.assessing import Assessing
from nnstudio.ui.docks.judging.page import Page, heard
from nnstudio.ui.docks.judging.parts_view import PartsView
from nnstudio.ui.docks.judging.pictures import PictureFrame
from nnstudio.ui.parts import column, label, line, row

TIPS = {
    "gradients": "How much each part added on the way from nothing to this input; they add up to the score",
    "saliency": "How strongly the score answers to a small change of each part",
    "occlusion": "What the score loses when a part is covered up",
}


class ExplainPage(Page):
    """The row is chosen at the left; the input and what of it counts stand beside it."""

    title = "Explain"
    kinds = ("classes", "places", "numbers", "boxes")

    def __init__(self, assessing: Assessing) -> None:
        super().__init__(assessing)
        self.place, self.code, self.at = 0, -1, -1
        self.places: list[int] = []
        self.found: Explained | None = None
        self.number, self.many = RowField("Which row of the split"), QLabel()
        self.number.chosen.connect(lambda number: self.explain(number - 1))
        self.many.setProperty("role", "faint")
        before, after = tool("‹", "The row before"), tool("›", "The next row")
        before.clicked.connect(lambda: self.number.step(-1))
        after.clicked.connect(lambda: self.number.step(1))
        self.way = Choice("How it is explained", px=12)
        self.way.offer([name[:1].upper() + name[1:] for name in WAYS.values()])
        self.way.show_index(0)
        self.way.chosen.connect(lambda _: self._ask())
        self.which = Choice("Which answer is explained", px=12)
        self.which.chosen.connect(self._choose_class)
        self.told, self.tip = label("", "", wrap=True), label("", "faint", wrap=True)
        for text in (self.told, self.tip):
            text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.fields = Choice("Which input is shown", px=12)
        self.fields.chosen.connect(lambda _: self._show_part())
        self.left = _scrolled(
            column(
                row(before, self.number, self.many, after, spacing=2), row(self.way, 1), row(self.which, 1),
                row(self.fields, 1), self.told, self.tip, 1, spacing=6, margins=(0, 2, 0, 4),
            )
        )  # fmt: skip
        self.input, self.picture = PictureFrame("The picture"), PictureFrame("What counts in it")
        self.parts = PartsView()
        pictures, bars, inside = QWidget(), QWidget(), QWidget()
        both = row(self.input, self.picture, spacing=0)
        for frame in (self.input, self.picture):
            frame.setMinimumWidth(110)
        both.setStretch(0, 1)
        both.setStretch(1, 1)
        pictures.setLayout(both)
        self.heading = label("", "heading")
        bars.setLayout(column(self.heading, self.parts, spacing=6, margins=(14, 6, 14, 8)))
        bars.layout().setStretch(1, 1)
        self.stack = QStackedLayout(inside)
        for widget in (pictures, bars):
            self.stack.addWidget(widget)
        whole = row(self.left, line(vertical=True), inside, spacing=12, margins=(16, 4, 0, 0))
        whole.setStretch(2, 1)
        self.setLayout(whole)
        self._fit()

    def _fit(self) -> None:
        self.left.setFixedWidth(theme.scaled(228))

    def restyle(self) -> None:
        self._fit()
        super().restyle()

    def draw(self) -> None:
        assert self.judged is not None
        self.place = min(self.place, len(self.judged.rows) - 1)
        judged = self.judged
        if judged.kind == "classes" or (judged.target.ndim > 2 and judged.subject.link in ("softmax", "exp")):
            self.places = []
            classes = list(self.judged.classes)
            self.which.offer([f"Why {name}?" for name in ("this", *classes)])
            self.which.show_index(self.code + 1 if self.code < len(classes) else 0)
        else:
            self._offer_places()
        self._ask()

    def _offer_places(self) -> None:
        """The answers at the places of a sequence, each of which can be explained."""
        judged = self.judged
        assert judged is not None
        sequence = judged.kind == "places" and judged.target.ndim == 2 and judged.subject.link in ("softmax", "exp")
        self.places = np.flatnonzero(judged.target[self.place] >= 0).tolist() if sequence else []
        self.at = self.at if self.at in self.places else -1
        said = [judged.classes[code] for code in judged.predicted[self.place][self.places].tolist()]
        told = [f"Why “{visible(name)}” at place {at + 1}?" for at, name in zip(self.places, said, strict=True)]
        self.which.offer(["Why this?", *told] if told else [])
        self.which.show_index(self.places.index(self.at) + 1 if self.at >= 0 else 0 if told else -1)

    def explain(self, place: int) -> None:
        """Explain the answer to this row."""
        self.place, self.code, self.at = place, -1, -1
        if self.judged is not None:
            self.draw()

    def _choose_class(self, index: int) -> None:
        if self.places:
            self.at = self.places[index - 1] if index else -1
        else:
            self.code = index - 1
        self._ask()

    def _ask(self) -> None:
        judged = self.judged
        if judged is None:
            return
        self.number.show_value(self.place + 1, len(judged.rows))
        self.many.setText(f"of {len(judged.rows):,}")
        place, way, code, name = self.place, list(WAYS)[self.way.index], self.code, judged.subject.name
        at = self.at
        self.tip.setText(TIPS[way])
        right, said = answer_texts(judged, place)
        self.told.setText(f"Row {judged.rows[place]:,} of the data\nright: {right}\npredicted: {said}")
        split = judged.split

        def work(judge: Judge, progress: Progress) -> Explained:
            progress(0.0)
            return explained(judge, place, way, split, name, code, at=at)

        self.assessing.do("explain", "Explaining", work, self._explained)

    def _explained(self, found: Explained) -> None:
        self.found = found
        self.fields.offer([part.field for part in found.parts] if len(found.parts) > 1 else [])
        self.fields.show_index(max(0, self.fields.index) % len(found.parts) if len(found.parts) > 1 else -1)
        self._show_part()

    def _show_part(self) -> None:
        found = self.found
        if found is None:
            return
        part = found.parts[max(0, self.fields.index)]
        why = f"What counts for {found.told}"
        if part.kind == "image" or (part.kind == "array" and part.values.ndim >= 2 and not part.names):
            values = part.values.reshape(-1, part.values.shape[-1]).T if part.kind == "array" else part.values
            sound, fed = heard(self.assessing.session.dataset, part.field), part.input
            values = values[..., ::-1, :] if sound else values  # high tones on top
            self.input.setVisible(fed is not None)
            self.input.rename("The spectrogram, high tones on top" if sound else "The picture")
            if fed is not None:
                fed = fed[:, ::-1] if sound else fed
                span = (float(min(0.0, fed.min())), float(max(1.0, fed.max())))
                self.input.show_photograph(fed, span, part.field)
            self.picture.rename(why)
            axes = f"{len(values)} numbers down, {values.shape[1]} moments across · " if part.kind == "array" else ""
            self.picture.show_picture(values, axes + self._sum(found))
            self.stack.setCurrentIndex(0)
            return
        self.heading.setText(f"{why} in {part.field} · {self._sum(found)}")
        self.parts.show_part(part, self._texts(part))
        self.stack.setCurrentIndex(1)

    def _sum(self, found: Explained) -> str:
        if found.way != "gradients" or found.baseline != found.baseline:  # codes that no gradient reaches do not add up
            return f"score {numbers.figure(found.score)}"
        total = sum(float(part.values.sum()) for part in found.parts)
        side = "above" if total >= 0 else "below"
        return f"score {numbers.figure(found.score)}, {numbers.figure(abs(total))} {side} that of an empty input"

    def _texts(self, part: Part) -> tuple[str, ...]:
        """What stood in the columns of the row."""
        dataset, judged = self.assessing.session.dataset, self.judged
        if dataset is None or judged is None or part.kind != "columns":
            return ()
        at = int(judged.rows[self.place])
        cells = dict(zip(dataset.columns, next(iter(dataset.cells(at, at + 1)), ()), strict=False))
        return tuple(str(cells.get(name, "")) for name in part.names)


def _scrolled(layout: QVBoxLayout) -> QScrollArea:
    """What is laid out so, scrolled up and down where there is too little room."""
    inner, area = QWidget(), QScrollArea(widgetResizable=True)
    inner.setProperty("role", "scrolled")
    inner.setLayout(layout)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inner)
    return area
