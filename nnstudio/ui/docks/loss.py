"""The loss plot: every step's loss, its mean, and the figures of each epoch for both splits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks import curves, numbers
from nnstudio.ui.docks.controls import Choice, tool
from nnstudio.ui.docks.curves import RATE, WINDOWS, Curves, Drawing
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.live import Live
from nnstudio.ui.docks.overlays import Cursor, Dots, EndLabels, Label, Reading
from nnstudio.ui.docks.plots import curve, line
from nnstudio.ui.docks.series import Series

if TYPE_CHECKING:
    from nnstudio.train.events import RunStarted
    from nnstudio.ui.session import Session

#: Pixels at the right of the plot that are kept for labels.
LABEL_ROOM = 68


class LossPlot(Live):
    """Draws ``session.history``: the raw loss faintly, its mean over it, validation joined by epoch.

    Controls: the figure, smoothing, log scale, steps or epochs along x, zoom by drag (double-click resets).
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.drawing = Drawing()
        self.series = Series()
        self.curves = Curves()
        self.zoomed = False
        self._run: RunStarted | None = None
        self.figures = ["loss"]
        self._hover: float | None = None
        self.frame = PlotFrame("Loss", caption="epoch", zooms=True, table=self.table)
        plot = self.frame.plot
        self.raw, self.training, self.validation = curve(smooth=False), curve(), curve()
        for item in (self.raw, self.training, self.validation):
            plot.add(item)
        self.training_dots, self.dots = Dots(plot.view), Dots(plot.view)
        self.labels, self.reader = EndLabels(plot.view), Cursor(plot.view)
        self._add_controls()
        column = QHBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        plot.view.sigRangeChangedManually.connect(self._zoomed_by_hand)
        plot.view.sigResized.connect(self.refresh_soon)
        plot.scene().sigMouseClicked.connect(self._clicked)
        plot.hovered.connect(self._hovered)
        self.frame.reset.connect(self.reset_zoom)
        session.events_arrived.connect(self.refresh_soon)
        session.run_changed.connect(self.refresh_soon)

    # --- controls -----------------------------------------------------------------------------------------------

    def _add_controls(self) -> None:
        self.figure = Choice("Which figure is plotted", px=12, weight=600)
        self.figure.setStyleSheet("padding-left: 0px; padding-right: 4px; border: none;")
        self.figure.chosen.connect(lambda index: self.show_figure(self.figures[index]))
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
        group = QActionGroup(self)
        self.along: dict[bool, QAction] = {}
        for text, by_step in (("Epochs along x", False), ("Steps along x", True)):
            action = QAction(text, group, checkable=True, checked=not by_step)
            action.triggered.connect(partial(self._count_by, by_step))
            self.along[by_step] = action
            self.frame.menu.insertAction(self.frame.extra, action)
        again = QAction("Reset zoom", self)
        again.triggered.connect(self.reset_zoom)
        self.frame.menu.insertAction(self.frame.extra, again)

    @property
    def choices(self) -> dict[str, object]:
        return {"log": self.drawing.log, "smoothing": self.drawing.smoothing, "by_step": self.drawing.by_step}

    def choose_again(self, choices: Mapping[str, object]) -> None:
        smoothing, by_step = choices.get("smoothing"), choices.get("by_step") is True
        if isinstance(smoothing, int) and 0 <= smoothing < len(WINDOWS):
            self.smoothing.setValue(smoothing)
        self.log.setChecked(choices.get("log") is True)
        self.along[by_step].setChecked(True)
        self._count_by(by_step)

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

    def _count_by(self, by_step: bool) -> None:
        self.drawing.by_step = by_step
        self.chose.emit()
        self.frame.caption.setText("step" if by_step else "epoch")
        self.reset_zoom()

    def show_figure(self, name: str) -> None:
        """Plot this figure: ``loss``, ``learning rate`` or the name of a metric."""
        self.drawing.name = name
        self.series = Series()
        self.frame.title.setText(title_of(name))
        self.smoothing.setVisible(name == "loss")
        self.reset_zoom()

    def reset_zoom(self) -> None:
        """Show the whole run again."""
        self.zoomed = False
        self.frame.unzoom.hide()
        self.refresh_soon()

    def _zoomed_by_hand(self, *_: object) -> None:
        self.zoomed = True
        self.frame.unzoom.show()
        self.refresh_soon()

    def _clicked(self, event: object) -> None:
        if event.double():  # type: ignore[attr-defined]
            self.reset_zoom()

    # --- drawing ------------------------------------------------------------------------------------------------

    def restyle(self) -> None:
        tokens = theme.current()
        self.frame.restyle()
        self.raw.setPen(line(tokens.training, 1, alpha=70 if tokens.name == "dark" else 80))
        self.validation.setPen(line(tokens.validation, 1.8))

    def refresh(self) -> None:
        history, drawing = self.session.history, self.drawing
        if history.started is not self._run:
            self._begin(history.started)
        self._offer_figures()
        self.series.show(history.learning_rates if drawing.name == RATE else history.losses)
        view = self.frame.plot.view
        drawing.pixels = max(50, int(view.width()))
        x, y = view.viewRange()
        if not self.zoomed:
            x = self._whole(drawing.pixels)
        drawing.first, drawing.last = x
        self.curves = drawing.curves(history, self.series)
        if not self.zoomed:
            shown = [self.curves.training[1], self.curves.validation[1]]
            y = curves.y_range(shown, log=drawing.log)
        view.show_range(tuple(x), tuple(y))
        self._draw()
        self._read()

    def _begin(self, run: RunStarted | None) -> None:
        self._run = run
        self.series = Series()
        self.zoomed = False
        self.frame.unzoom.hide()
        self._tell_smoothing()

    def _offer_figures(self) -> None:
        self.figures = curves.figures_of(self.session.history)
        self.figure.offer([title_of(name) for name in self.figures])
        if self.drawing.name not in self.figures:
            self.show_figure("loss")
        self.figure.show_index(self.figures.index(self.drawing.name))

    def _whole(self, pixels: int) -> tuple[float, float]:
        history = self.session.history
        scale = self.drawing.scale(history)
        steps = max(len(history.losses), history.epochs[-1].step if history.epochs else 0)
        planned = self._run.epochs * self._run.steps_per_epoch if self._run is not None else 1
        end = curves.far_end(steps / scale, max(planned, steps) / scale)
        return 0.0, end * pixels / max(20, pixels - LABEL_ROOM)

    def _draw(self) -> None:
        made, tokens = self.curves, theme.current()
        epochs = self.drawing.name not in ("loss", RATE)
        for item, points in ((self.raw, made.raw), (self.training, made.training), (self.validation, made.validation)):
            item.setData(*points)
        self.raw.setVisible(self.drawing.smoothing > 0)
        # A thick line through noise takes long to paint.
        self.training.setPen(line(tokens.training, 1.8 if epochs or self.drawing.smoothing > 1 else 1))
        self.dots.show_points(list(zip(*made.validation, strict=True)), tokens.validation)
        self.training_dots.show_points(list(zip(*made.training, strict=True)) if epochs else (), tokens.training)
        labels = []
        for text, points, color in (
            ("training", made.training, tokens.training), ("validation", made.validation, tokens.validation),
        ):  # fmt: skip
            x, y = last_point(*points)
            if x is not None and y is not None and self.drawing.name != RATE:
                labels.append(Label(x, y, text, color))
        self.labels.show_labels(labels)

    # --- the values under the mouse -----------------------------------------------------------------------------

    def _hovered(self, place: QPointF | None) -> None:
        self._hover = None if place is None else place.x()
        self._read()

    def _read(self) -> None:
        made, tokens = self.curves, theme.current()
        if self._hover is None or not (len(made.training[0]) or len(made.validation[0])):
            self.reader.point(None)
            return
        readings = []
        name = "mean" if self.drawing.name == "loss" and self.drawing.smoothing else "training"
        for label, points, color in (
            (name, made.training, tokens.training), ("validation", made.validation, tokens.validation),
        ):  # fmt: skip
            if len(points[0]):
                value = float(points[1][np.argmin(np.abs(points[0] - self._hover))])
                shown = 10**value if self.drawing.log else value
                readings.append(Reading(label, numbers.figure(shown), color, value))
        step = round(self._hover * self.drawing.scale(self.session.history)) - 1
        if self.drawing.name == "loss" and 0 <= step < len(self.series):
            readings.insert(
                0, Reading("this step", numbers.figure(float(self.session.history.losses[step])), tokens.muted)
            )
        unit = "step" if self.drawing.by_step else "epoch"
        at = f"{self._hover:,.0f}" if self.drawing.by_step else f"{self._hover:.2f}"
        self.reader.point(self._hover, f"{unit} {at}", readings)

    def table(self) -> Table:
        """Everything that was recorded of this figure."""
        history, name = self.session.history, self.drawing.name
        if name in ("loss", RATE):
            steps: Table = {
                "step": np.arange(1, len(history.losses) + 1), "loss": np.asarray(history.losses),
                "learning rate": np.asarray(history.learning_rates),
            }  # fmt: skip
        else:
            steps = {}
        figure = "loss" if name == RATE else name
        splits = {f"{split} {figure}": curves.per_epoch(history, split, figure) for split in ("training", "validation")}
        epochs = np.array([epoch.epoch for epoch in history.epochs])
        return {**steps, "epoch": epochs, **{key: values for key, (_, values) in splits.items()}}


def title_of(name: str) -> str:
    """What a figure is called over its plot."""
    return name[:1].upper() + name[1:].replace("_", " ")


def last_point(x: np.ndarray, y: np.ndarray) -> tuple[float | None, float | None]:
    """The last point that is finite; None where there is none."""
    good = np.flatnonzero(np.isfinite(y))
    return (float(x[good[-1]]), float(y[good[-1]])) if len(good) else (None, None)
