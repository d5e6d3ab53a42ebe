"""The loss plot: every step's loss, its mean, and the figures of each epoch for both splits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks import curves, numbers
from nnstudio.ui.docks.controls import Choice, tool
from nnstudio.ui.docks.curves import PARTS, RATE, WINDOWS, Drawing, Line
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.lanes import Lane, Points, lanes_of
from nnstudio.ui.docks.marks import MarksItem, marks_of
from nnstudio.ui.docks.overlays import Cursor, Dots, EndLabels, Label, Reading
from nnstudio.ui.docks.plots import curve, draw_with, line
from nnstudio.ui.docks.rows import color_apart
from nnstudio.ui.docks.run_curves import MANY, RunCurves
from nnstudio.ui.docks.zooming import Zooming

if TYPE_CHECKING:
    from nnstudio.train.events import RunStarted
    from nnstudio.ui.session import Session

#: Pixels at the right of the plot that are kept for labels.
LABEL_ROOM = 68


class LossPlot(Zooming):
    """Draws ``session.history``: the raw loss faintly, its mean over it, validation joined by epoch. With phases, there
    is a line for each; for each loss node where their parts are chosen.

    Controls: the figure, smoothing, log scales, steps or epochs along x, marks, zoom and pan by drag.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.drawing = Drawing()
        self.lanes: list[Lane] = []
        self.lines: list[Line] = []
        self._run: RunStarted | None = None
        self._lanes_of: tuple[object, ...] = ()
        self.figures = ["loss"]
        self._hover: float | None = None
        self.frame = PlotFrame("Loss", caption="epoch", zooms=True, table=self.table)
        plot = self.frame.plot
        self.marks = MarksItem(plot.view)
        self.items: list[tuple[Any, Any, Any]] = []
        self._need(1)
        self.raw, self.training, self.validation = self.items[0]
        self.training_dots, self.dots = Dots(plot.view), Dots(plot.view)
        self.labels, self.reader = EndLabels(plot.view), Cursor(plot.view)
        self.others = RunCurves(session, plot)
        self._add_controls()
        self._add_menu()
        column = QHBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        self.follow_zoom()
        plot.hovered.connect(self._hovered)
        for signal in (session.events_arrived, session.run_changed, session.moment_changed, session.runs.changed):
            signal.connect(self.refresh_soon)

    def _need(self, count: int) -> None:
        """Have curves for so many lines."""
        while len(self.items) < count:
            made = curve(smooth=False), curve(), curve()
            for item in made:
                self.frame.plot.add(item)
            self.items.append(made)

    # --- controls -----------------------------------------------------------------------------------------------

    def _add_controls(self) -> None:
        self.figure = Choice("Which figure is plotted", px=12, weight=600)
        self.figure.setStyleSheet("padding-left: 0px; padding-right: 4px; border: none;")
        self.figure.chosen.connect(lambda index: self._choose_figure(self.figures[index]))
        self.frame.head.insertWidget(0, self.figure)
        self.frame.title.hide()
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, len(WINDOWS) - 1)
        self.smoothing.setFixedWidth(64)
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setValue(self.drawing.smoothing)
        self.smoothing.valueChanged.connect(self._smooth)
        self.log = tool("log", "Logarithmic scale", checkable=True)
        self.log.toggled.connect(self._scale)
        self.frame.add_control(self.smoothing)
        self.frame.add_control(self.log)

    def _add_menu(self) -> None:
        group = QActionGroup(self)
        self.along: dict[bool, QAction] = {}
        for text, by_step in (("Epochs along x", False), ("Steps along x", True)):
            action = QAction(text, group, checkable=True, checked=not by_step)
            action.triggered.connect(partial(self._count_by, by_step))
            self.along[by_step] = action
        self.log_x = QAction("Logarithmic along x", self, checkable=True)
        self.log_x.toggled.connect(self._scale_x)
        self.marked = QAction("Changes and checkpoints", self, checkable=True, checked=True)
        self.marked.toggled.connect(self._mark)
        self.frame.menu.insertActions(self.frame.extra, [*self.along.values(), self.log_x, self.marked])

    @property
    def choices(self) -> dict[str, object]:
        drawing = self.drawing
        return {
            "log": drawing.log, "log_x": drawing.log_x, "smoothing": drawing.smoothing, "by_step": drawing.by_step,
            "figure": drawing.name, "marks": self.marked.isChecked(),
        }  # fmt: skip

    def choose_again(self, choices: Mapping[str, object]) -> None:
        smoothing, by_step = choices.get("smoothing"), choices.get("by_step") is True
        if isinstance(smoothing, int) and 0 <= smoothing < len(WINDOWS):
            self.smoothing.setValue(smoothing)
        self.log.setChecked(choices.get("log") is True)
        self.log_x.setChecked(choices.get("log_x") is True)
        self.marked.setChecked(choices.get("marks") is not False)
        self.along[by_step].setChecked(True)
        self._count_by(by_step)
        figure = choices.get("figure")
        if isinstance(figure, str):
            self._wished = figure

    #: A figure that is shown as soon as a run has it.
    _wished = ""

    def _choose_figure(self, name: str) -> None:
        self.show_figure(name)
        self._wished = ""
        self.chose.emit()

    def _smooth(self, choice: int) -> None:
        self.drawing.smoothing = choice
        self.chose.emit()
        self._tell_smoothing()
        self.refresh_soon()

    def _tell_smoothing(self) -> None:
        steps = self._run.steps_per_epoch if self._run is not None else 1
        window = curves.window_steps(self.drawing.smoothing, steps)
        self.smoothing.setToolTip(
            "No smoothing" if window == 1 else f"The line is the mean over {numbers.count(window, 'step')}"
        )

    def _scale(self, log: bool) -> None:
        self.drawing.log = log
        self.chose.emit()
        self.frame.plot.left.show_scale(log=log)
        self.reset_zoom()
        self.catch_up()  # the axis reads the old range as logarithms meanwhile

    def _scale_x(self, log: bool) -> None:
        self.drawing.log_x = log
        self.chose.emit()
        self.frame.plot.bottom.show_scale(log=log)
        self.reset_zoom()
        self.catch_up()

    def _mark(self, _: bool) -> None:
        self.chose.emit()
        self.refresh_soon()

    def _count_by(self, by_step: bool) -> None:
        self.drawing.by_step = by_step
        self.chose.emit()
        self.frame.caption.setText("step" if by_step else "epoch")
        self.reset_zoom()

    def show_figure(self, name: str) -> None:
        """Plot this figure: ``loss``, ``parts of the loss``, ``learning rate`` or the name of a metric."""
        self.drawing.name = name
        self.frame.rename(title_of(name))
        self.smoothing.setVisible(name in ("loss", PARTS))
        self.reset_zoom()

    # --- drawing ------------------------------------------------------------------------------------------------

    def restyle(self) -> None:
        self.frame.restyle()

    def refresh(self) -> None:
        history, drawing = self.session.history, self.drawing
        if history.started is not self._run:
            self._begin(history.started)
        self._offer_figures()
        self._take_values()
        view = self.frame.plot.view
        drawing.pixels = max(50, int(view.width()))
        x, y = view.viewRange()
        if not self.zoomed:
            x = self._whole(drawing.pixels)
        drawing.first, drawing.last = x
        self.lines = drawing.lines(history, self.lanes)
        others = self.others.take(drawing)
        if not self.zoomed:
            shown = [points[1] for made in self.lines for points in (made.mean, made.validation)]
            y = curves.y_range([*shown, *others], log=drawing.log)
        view.show_range(tuple(x), tuple(y))
        self._draw()
        self._read()

    def _begin(self, run: RunStarted | None) -> None:
        self._run = run
        self._lanes_of = ()
        self.forget_zoom()
        self._tell_smoothing()

    def _offer_figures(self) -> None:
        self.figures = list(dict.fromkeys([*curves.figures_of(self.session.history), *self.others.figures()]))
        self.figure.offer([title_of(name) for name in self.figures])
        if self._wished in self.figures and self._wished != self.drawing.name:
            self.show_figure(self._wished)
        elif self.drawing.name not in self.figures:
            self._wished = self._wished or self.drawing.name
            self.show_figure("loss")
        self.figure.show_index(self.figures.index(self.drawing.name))

    def _take_values(self) -> None:
        """Have a lane for each line, and give it the values of the run."""
        history, name = self.session.history, self.drawing.name
        phases = history.started.phases if history.started is not None else ()
        parts = history.parts if name == PARTS else {}
        if (name, history.started, *parts) != self._lanes_of:
            self._lanes_of = (name, history.started, *parts)
            names = dict(history.started.nodes) if history.started is not None else {}
            self.lanes = [Lane(names.get(id, id), gaps=not phases) for id in parts]
            if not parts:
                self.lanes = lanes_of(phases) if name == "loss" else [Lane("training")]
        if parts:
            for lane, values in zip(self.lanes, parts.values(), strict=True):
                lane.take(values)
        elif self.drawing.stepwise:
            for lane in self.lanes:
                lane.take(history.learning_rates if name == RATE else history.losses)

    def _whole(self, pixels: int) -> tuple[float, float]:
        history, drawing = self.session.history, self.drawing
        scale = drawing.scale(history)
        steps = max(
            len(history.losses), history.epochs[-1].step if history.epochs else 0, self.others.far(drawing) * scale
        )
        planned = float(history.steps_at(self._run.epochs)) if self._run is not None else 1.0
        room = pixels / max(20, pixels - theme.scaled(LABEL_ROOM))
        if drawing.log_x:
            first, last = np.log10(1 / scale), np.log10(max(steps, 10) / scale)
            if not drawing.stepwise:
                first = min(0.0, last - 0.5)
            return float(first), float(first + (last - first) * room)
        ends = np.array([steps, max(planned, steps)], np.float64)
        done, end = ends if drawing.by_step else history.epochs_at(ends)
        return 0.0, curves.far_end(float(done), float(end)) * room

    def _color(self, place: int) -> str:
        return color_apart(place) if len(self.lanes) > 1 else theme.current().training

    def _draw(self) -> None:
        tokens, drawing = theme.current(), self.drawing
        self._need(len(self.lines))
        labels = []
        for place, items in enumerate(self.items):
            shown = place < len(self.lines)
            made = self.lines[place] if shown else Line("")
            color = self._color(place)
            parts = drawing.name == PARTS
            self._style(items, made, color, color if parts else tokens.validation, dashed=parts)
            for item, points in zip(items, (made.raw, made.mean, made.validation), strict=True):
                item.setData(*points)
                item.setVisible(shown)
            items[0].setVisible(shown and drawing.smoothing > 0)
            labels += end_label(made.name, made.mean, color) if drawing.name != RATE else []
            labels += end_label("validation", made.validation, tokens.validation) if not parts else []
        first = self.lines[0] if self.lines else Line("")
        self.dots.show_points(_few(first.validation), self._dot_color())
        self.training_dots.show_points(_few(first.mean) if not drawing.stepwise else (), tokens.training)
        self.labels.show_labels([*labels, *self.others.draw()])
        self._draw_marks()

    def _dot_color(self) -> str:
        return self._color(0) if self.drawing.name == PARTS else theme.current().validation

    def _style(self, items: tuple[Any, Any, Any], made: Line, color: str, validation: str, *, dashed: bool) -> None:
        faint = 70 if theme.current().name == "dark" else 80
        # A thick line through noise, or through many points, takes long to paint.
        thick = not self.drawing.stepwise or self.drawing.smoothing > 1
        draw_with(items[0], line(color, 1, alpha=faint))
        draw_with(items[1], line(color, 1.8 if thick and len(made.mean[0]) <= MANY else 1))
        wide = 1 if len(made.validation[0]) > MANY else 1.4 if dashed else 1.8
        draw_with(items[2], line(validation, wide, dashed=dashed))

    def _draw_marks(self) -> None:
        history = self.session.history
        marks = marks_of(history, self._title) if self.marked.isChecked() else []
        self.marks.show_marks(marks, self.drawing.x(np.array([mark.step for mark in marks]), history).tolist())

    def _title(self, run: str) -> str:
        record = self.session.runs.record(run)
        return record.title if record is not None else f"the run {run}"

    # --- the values under the mouse -----------------------------------------------------------------------------

    def _hovered(self, place: QPointF | None) -> None:
        self._hover = None if place is None else place.x()
        self._read()

    def _read(self) -> None:
        alone = not any(len(made.mean[0]) or len(made.validation[0]) for made in self.lines)
        if self._hover is None or (alone and not self.others.figures()):
            self.reader.point(None)
            return
        readings, history, tokens = [], self.session.history, theme.current()
        done = self.drawing.done(self._hover, history)
        single, parts = len(self.lines) == 1, self.drawing.name == PARTS
        step = round(done) - 1
        if self.drawing.name == "loss" and 0 <= step < len(history.losses):
            readings.append(Reading("this step", numbers.figure(float(history.losses[step])), tokens.muted))
        for place, made in enumerate(self.lines):
            smooth = self.drawing.name == "loss" and self.drawing.smoothing and single
            readings += self._reading("mean" if smooth else made.name, made.mean, self._color(place))
            name = f"{made.name}, validation" if parts else "validation"
            readings += self._reading(name, made.validation, self._color(place) if parts else tokens.validation)
        readings += self.others.readings(self._hover, self.drawing)
        readings += [Reading(mark.text, "", tokens.muted) for mark in self.marks.near(self._hover)]
        unit = "step" if self.drawing.by_step else "epoch"
        at = f"{done:,.0f}" if self.drawing.by_step else f"{float(history.epochs_at(done)):.2f}"
        whose = f" of {self._title(history.run_at(done - 1))}" if 0 < done <= history.own_since else ""
        self.reader.point(self._hover, f"{unit} {at}{whose}", readings)

    def _reading(self, name: str, points: Points, color: str) -> list[Reading]:
        """The value of a line that is nearest to the mouse."""
        if self._hover is None or not len(points[0]):
            return []
        value = float(points[1][np.argmin(np.abs(points[0] - self._hover))])
        return [Reading(name, numbers.figure(10**value if self.drawing.log else value), color, value)]

    def table(self) -> Table:
        """Everything that was recorded of this figure."""
        history, name = self.session.history, self.drawing.name
        steps: dict[str, np.ndarray] = {}
        names = [name]
        if self.drawing.stepwise:
            steps = {"step": np.arange(1, len(history.losses) + 1), "loss": np.asarray(history.losses)}
            nodes = dict(history.started.nodes) if history.started is not None else {}
            if name == PARTS or (history.started is not None and history.started.phases):
                names = ["loss", *(nodes.get(id, id) for id in history.parts)]
                steps |= {f"{nodes.get(id, id)}, each step": np.asarray(part) for id, part in history.parts.items()}
            steps["learning rate"] = np.asarray(history.learning_rates)
        splits = {
            f"{split} {figure}": curves.per_epoch(history, split, figure)
            for figure in ("loss" if figure in (RATE, PARTS) else figure for figure in names)
            for split in ("training", "validation")
        }
        epochs = np.array([epoch.epoch for epoch in history.epochs])
        return {**steps, "epoch": epochs, **{key: values for key, (_, values) in splits.items()}}


def _few(points: Points) -> list[tuple[float, float]]:
    """The points, where they are few enough for dots."""
    return list(zip(*points, strict=True)) if len(points[0]) <= MANY else []


def title_of(name: str) -> str:
    """What a figure is called over its plot."""
    return name[:1].upper() + name[1:].replace("_", " ")


def end_label(name: str, points: Points, color: str) -> list[Label]:
    """What a line is called, at its last point that is finite; none where there is no such point."""
    good = np.flatnonzero(np.isfinite(points[1]))
    return [Label(float(points[0][good[-1]]), float(points[1][good[-1]]), name, color)] if len(good) else []
