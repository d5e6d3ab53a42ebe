"""What is selected: how its value and gradient come about; of a weight also its slider, its loss curve, its slope."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QSlider, QWidget

from nnstudio.train.learning import Check
from nnstudio.train.learning_words import backward, forward, told, update, weight_slope
from nnstudio.ui import theme
from nnstudio.ui.learning.curve import LossCurve, range_around
from nnstudio.ui.learning.learner import Learner
from nnstudio.ui.learning.number_field import NumberField
from nnstudio.ui.learning.tables import DIGITS, GridView
from nnstudio.ui.parts import column, label, line, row

#: Steps of the slider; the height of the curve.
SLIDER, CURVE = 400, 168
NOTHING = (
    "Click a unit or a weight of the drawing, or go to it with the arrow keys and Page down. Here you then see how its "
    "number comes about; a weight gets a slider and the curve of the loss over it."
)


class Formulas(QLabel):
    """Lines of formulas, to be read and copied."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAccessibleName(name)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self.setFont(theme.mono_font(12))

    def say(self, lines: list[str]) -> None:
        """Show these lines."""
        self.setText("\n".join(lines))


class WeightPanel(QWidget):
    """A weight: its value to be typed or pulled, the loss over it, its slope by differences beside the other."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        self.learner = learner
        self._stints = itertools.count()
        self._stint = 0
        self._place: int | None = None
        self.low = NumberField("From", digits=4)
        self.high = NumberField("To", digits=4)
        self.value = NumberField("Value of the weight")
        self.epsilon = NumberField("ε, the distance for the differences", positive=True)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, SLIDER)
        self.slider.setAccessibleName("Weight")
        self.slider.setToolTip("Pull the weight and see the loss")
        self.curve = LossCurve(learner)
        self.check = GridView("Slope of the loss along this weight")
        self.check.setSelectionMode(GridView.SelectionMode.NoSelection)
        self.check.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.value.entered.connect(self._typed)
        self.epsilon.entered.connect(learner.set_epsilon)
        for field in (self.value, self.epsilon, self.low, self.high):
            field.refused.connect(learner.refused)
        for field in (self.low, self.high):
            field.entered.connect(lambda _: self._range_typed())
        self.slider.valueChanged.connect(self._pulled)
        self.slider.sliderPressed.connect(self._next_stint)
        self.setLayout(column(
            row(label("Value", "muted"), self.value, spacing=8),
            row(self.low, self.slider, self.high, spacing=6),
            self.curve,
            row(label("Slope by differences, w ± ε, with ε =", "muted"), self.epsilon, 1, spacing=6),
            self.check, spacing=8,
        ))  # fmt: skip

        theme.changed.connect(self._fit_text)
        self._fit_text()

    def _fit_text(self) -> None:
        for field, width in ((self.low, 62), (self.high, 62), (self.epsilon, 90)):
            field.setFixedWidth(theme.scaled(width))
        self.curve.plot.setFixedHeight(theme.scaled(CURVE))
        if self._place is not None:
            self.show_weight(self._place)

    def show_weight(self, place: int) -> None:
        """Show this weight as it is now."""
        value = float(self.learner.course.state.weights[place])
        if place != self._place:
            self._place = place
            self._stint = next(self._stints)
            self._take_range(*range_around(value))
        elif not self.low.value <= value <= self.high.value:
            self._take_range(*range_around(value))
        self.value.show_number(value)
        self.epsilon.show_number(self.learner.epsilon)
        self._show_slider(value)
        self.curve.show_weight(place, self.low.value, self.high.value)
        self._show_check(place)

    def _take_range(self, low: float, high: float) -> None:
        self.low.show_number(low)
        self.high.show_number(high)

    def _show_slider(self, value: float) -> None:
        share = (value - self.low.value) / (self.high.value - self.low.value)
        at = round(SLIDER * share)
        if at != self.slider.value():
            self.slider.blockSignals(True)
            self.slider.setValue(at)
            self.slider.blockSignals(False)

    def _range_typed(self) -> None:
        if self.low.value >= self.high.value:
            self.learner.refused.emit("The range goes from a smaller to a larger number; it is as it was")
            self._take_range(*range_around(self.value.value))
        if self._place is not None:
            self.show_weight(self._place)

    def _typed(self, value: float) -> None:
        if self._place is not None:
            self.learner.set_weight(self._place, value)

    def _next_stint(self) -> None:
        self._stint = next(self._stints)

    def _pulled(self, at: int) -> None:
        if self._place is not None:
            low, high = self.low.value, self.high.value
            value = float(f"{low + (high - low) * at / SLIDER:.6g}")
            self.learner.set_weight(self._place, value, stint=("slider", self._place, self._stint))

    def _show_check(self, place: int) -> None:
        course = self.learner.course
        (check,) = course.lesson.checks(course.present, self.learner.epsilon, [place])
        rows, other = len(course.rows), {"mean": "sum", "sum": "mean"}[course.reduction]
        factor = {"mean": float(rows), "sum": 1 / rows}[course.reduction]
        checks = {course.reduction: check}
        if rows > 1:
            checks[other] = check.times(factor)
        lines = [(name, [read(one) for one in checks.values()]) for name, read in LINES]
        heads = ["", *(checks if rows > 1 else ["loss"])]
        self.check.grid.show_rows(heads, [[name, *numbers] for name, numbers in lines])
        tall = self.check.horizontalHeader().sizeHint().height() + len(lines) * theme.scaled(24) + 2
        self.check.setFixedHeight(tall)


def _figure(name: str) -> Callable[[Check], str]:
    return lambda check: told(float(getattr(check, name)), DIGITS)


def _apart(check: Check) -> str:
    return told(check.difference, 2)


#: The lines of the comparison: what they are called, and how they are read off a check.
LINES: tuple[tuple[str, Callable[[Check], str]], ...] = (
    ("L(w − ε)", _figure("below")), ("L(w)", _figure("here")), ("L(w + ε)", _figure("above")),
    ("slope by differences", _figure("slope")), ("by backpropagation", _figure("backpropagated")),
    ("difference", _apart),
)  # fmt: skip


class SelectedPanel(QFrame):
    """Title, for a weight its panel, and the formulas with their numbers."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        self.learner = learner
        self.setProperty("role", "panel")
        self.setObjectName("learning_selected")
        self.title, self.kind = label("", "title", wrap=True), label("", "muted", wrap=True)
        self.weight = WeightPanel(learner)
        self.value_head, self.gradient_head = label("Value", "heading"), label("Gradient", "heading")
        self.update_head = label("Update", "heading")
        self.value = Formulas("How the value comes about")
        self.gradient = Formulas("How the gradient comes about")
        self.update_line = Formulas("The update")
        self.line = line()
        inside = QWidget()
        inside.setProperty("role", "scrolled")
        inside.setLayout(column(
            self.title, self.kind, self.weight, self.line, self.value_head, self.value, self.gradient_head,
            self.gradient, self.update_head, self.update_line, 1, spacing=8, margins=(16, 14, 16, 14),
        ))  # fmt: skip
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setLayout(column(area))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        learner.changed.connect(self.refresh)
        learner.selected_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is selected, as it is now."""
        selected = self.learner.selected
        self.weight.setVisible(isinstance(selected, int))
        if selected is None:
            self._say("Look closer", NOTHING, [], [], [])
        elif isinstance(selected, int):
            self._show_weight(selected)
        else:
            self._show_unit(selected)

    def _show_weight(self, place: int) -> None:
        course = self.learner.course
        weight = course.anatomy.weights[place]
        known = course.knows_slope(place)
        slope = weight_slope(course, place) if known else ["comes with the stages backward"]
        kind = f"{weight.key}[{', '.join(map(str, weight.index))}]"
        self._say(weight.name, kind, [], slope, [update(course, place)] if known else [])
        self.weight.show_weight(place)

    def _show_unit(self, place: tuple[str, int]) -> None:
        course = self.learner.course
        part = course.anatomy.by_id[place[0]]
        shown = f"sample {course.state.row + 1}"
        value = forward(course, place) if course.knows_value(part.id) else ["comes with the stages forward"]
        slope = backward(course, place) if course.knows_gradient(part.id) else []
        if not slope and part.role in ("layer", "input"):
            slope = ["comes with the stages backward"]
        self._say(course.anatomy.unit_name(place), f"{part.name} · {part.kind} · {shown}", value, slope, [])

    def _say(self, title: str, kind: str, value: list[str], slope: list[str], change: list[str]) -> None:
        self.title.setText(title)
        self.kind.setText(kind)
        for head, formulas, lines in (
            (self.value_head, self.value, value), (self.gradient_head, self.gradient, slope),
            (self.update_head, self.update_line, change),
        ):  # fmt: skip
            head.setVisible(bool(lines))
            formulas.setVisible(bool(lines))
            formulas.say(lines)
        self.line.setVisible(bool(value or slope or change))
