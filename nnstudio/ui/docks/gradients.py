"""Gradients: how strongly each layer is pulled, now and over time, on a log axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.bars import Bar, BarsItem
from nnstudio.ui.docks.controls import Choice
from nnstudio.ui.docks.folding import Folding
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.live import SLOW, SNAPSHOTS, Live
from nnstudio.ui.docks.overlays import Cursor, EndLabels, Label, Reading
from nnstudio.ui.docks.plots import curve, line
from nnstudio.ui.docks.rows import Row, rows_of
from nnstudio.ui.docks.run_panel import RunPanel

if TYPE_CHECKING:
    from nnstudio.train.history import History
    from nnstudio.train.snapshots import Snapshot
    from nnstudio.ui.session import Session


@dataclass(frozen=True, slots=True)
class Quantity:
    """What the bars and lines show: its title, its note, and how a history tells it.

    latest: the values at a moment by node id. series: steps and values of a node. peak: the greatest value of a node
    so far.
    """

    title: str
    note: str
    latest: Callable[[History | Snapshot], Mapping[str, float]]
    series: Callable[[History, str], tuple[np.ndarray, np.ndarray]]
    peak: Callable[[History, str], float]


def _greatest_ratio(history: History, node: str) -> float:
    values = np.append(history.ratio_history(node)[1], history.ratios.get(node, np.nan))
    good = values[np.isfinite(values)]
    return float(good.max()) if len(good) else float("nan")


GRADIENT = Quantity(
    "Gradient magnitude by layer",
    "log scale, ‖∇w‖₂",
    lambda snapshot: snapshot.gradients,
    lambda history, node: history.gradient_history(node),
    lambda history, node: history.peaks.get(node, float("nan")),
)
RATIO = Quantity(
    "Update ÷ weight by layer",
    "log scale, ‖Δw‖₂ ÷ ‖w‖₂",
    lambda snapshot: snapshot.ratios,
    lambda history, node: history.ratio_history(node),
    _greatest_ratio,
)
QUANTITIES = (GRADIENT, RATIO)


class GradientsNow(Live):
    """A bar for each layer, from the input side to the output side, with its greatest value so far as a dashed tick."""

    pace = SNAPSHOTS

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.quantity = GRADIENT
        self.rows: list[Row] = []
        self.values = self.peaks = np.empty(0)
        self._spanned: tuple[object, object] = (None, None)
        self._span_ends: tuple[float, ...] = ()
        self._span: tuple[float, float] = (-5.0, -1.0)
        self._place: QPointF | None = None
        self.frame = PlotFrame(GRADIENT.title, note=GRADIENT.note, caption="input side → output side", table=self.table)
        plot = self.frame.plot
        plot.left.show_scale(log=True)
        self.item, self.reader = BarsItem(plot.view), Cursor(plot.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        plot.view.sigResized.connect(self.refresh_soon)
        plot.clicked.connect(self._clicked)
        plot.hovered.connect(self._hovered)
        for signal in (session.events_arrived, session.run_changed, session.selection_changed, session.changed):
            signal.connect(self.refresh_soon)
        session.moment_changed.connect(self.refresh_soon)

    def show_quantity(self, quantity: Quantity) -> None:
        """Show gradients or another quantity."""
        self.quantity = quantity
        self.frame.title.setText(quantity.title)
        self.refresh_soon()

    def restyle(self) -> None:
        self.frame.restyle()

    def refresh(self) -> None:
        history, plot = self.session.history, self.frame.plot
        latest = self.quantity.latest(self.session.moment.snapshot)
        self.rows = rows_of(self.session, latest)
        self.values = np.array([latest[row.node] for row in self.rows], dtype=np.float64)
        self.peaks = np.array([self.quantity.peak(history, row.node) for row in self.rows], dtype=np.float64)
        low, high = numbers.decades(np.concatenate([self.values, self.peaks]))
        self._widen(history)
        y, tops = numbers.log10(self.values), numbers.log10(self.peaks)
        bars = []
        for row, value, at, top in zip(self.rows, self.values, y, tops, strict=True):
            color = theme.magnitude_color((at - self._span[0]) / (self._span[1] - self._span[0])).name()
            bars.append(
                Bar(row.node, row.name, color, float(np.maximum(at, low + 0.02)), float(top), zero=bool(value == 0))
            )
        self.item.show_bars(bars, self.session.selection)
        plot.view.show_range((0.0, float(max(1, len(bars)))), (float(low), float(high)))
        plot.bottom.name(self._names())
        missing = history.gradients and not latest
        then = "" if self.session.moment.live else f" · {self.session.moment.when}"
        self.frame.note.setText("not measured for so many parameters" if missing else self.quantity.note + then)
        self._hovered(self._place)

    def _widen(self, history: History) -> None:
        """Let the span of the colours (exponents) take in what is shown. It only grows during a run, as the canvas's
        does, so that a magnitude has the same colour in both."""
        seen = [self.values, np.array(self._span_ends)]
        if (history.started, self.quantity) != self._spanned:
            self._spanned = (history.started, self.quantity)
            seen = [self.values, *(self.quantity.series(history, row.node)[1] for row in self.rows)]
        every = np.concatenate(seen)
        good = every[np.isfinite(every) & (every > 0)]
        if len(good):
            self._span_ends = (float(good.min()), float(good.max()))
            low, high = np.floor(np.log10(self._span_ends[0])), np.ceil(np.log10(self._span_ends[1]))
            self._span = (min(low, high - 2), high)

    def _names(self) -> list[tuple[float, str]]:
        """Names under the bars, cut to the room that they have; every second, third … where there is little."""
        each = self.frame.plot.view.width() / max(1, len(self.rows))
        every = max(1, int(np.ceil(40 / max(each, 1))))
        letter = QFontMetricsF(theme.ui_font(11)).averageCharWidth()
        most = max(4, int((each * every - 6) / letter))
        return [(index + 0.5, numbers.cut(row.name, most)) for index, row in enumerate(self.rows) if index % every == 0]

    def _clicked(self, position: QPointF) -> None:
        index = self.item.index_at(self.frame.plot.view.mapSceneToView(position).x())
        if index is not None:
            self.session.select({self.rows[index].node})

    def _hovered(self, place: QPointF | None) -> None:
        self._place = place
        index = None if place is None else self.item.index_at(place.x())
        self.item.hover(-1 if index is None else index)
        if place is None or index is None:
            self.reader.point(None)
            return
        figures = (("now", self.values[index]), ("greatest", self.peaks[index]))
        readings = [Reading(name, numbers.figure(float(value)), theme.current().muted) for name, value in figures]
        self.reader.point(place.x(), self.rows[index].name, readings, lined=False)

    def table(self) -> Table:
        """Each layer's value now and its greatest so far."""
        return {"layer": np.array([row.name for row in self.rows]), "now": self.values, "greatest": self.peaks}


class GradientsOverTime(Live):
    """A line for each layer in its family's colour; the selected ones stand out. A drag zooms."""

    pace = SLOW

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.quantity = GRADIENT
        self.rows: list[Row] = []
        self.lines: list[tuple[np.ndarray, np.ndarray]] = []
        self.zoomed = False
        self._run: object = None
        self._near = ""
        self._place: QPointF | None = None
        self.frame = PlotFrame("Over time", caption="epoch", zooms=True, table=self.table)
        plot = self.frame.plot
        plot.left.show_scale(log=True)
        self.items: list[Any] = []
        self.labels, self.reader = EndLabels(plot.view), Cursor(plot.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        plot.view.sigResized.connect(self.refresh_soon)
        plot.view.sigRangeChangedManually.connect(self._zoomed_by_hand)
        plot.clicked.connect(self._clicked)
        plot.scene().sigMouseClicked.connect(lambda event: self.reset_zoom() if event.double() else None)
        plot.hovered.connect(self._hovered)
        self.frame.reset.connect(self.reset_zoom)
        for signal in (session.events_arrived, session.run_changed, session.selection_changed, session.changed):
            signal.connect(self.refresh_soon)

    def show_quantity(self, quantity: Quantity) -> None:
        """Show gradients or another quantity."""
        self.quantity = quantity
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

    def restyle(self) -> None:
        self.frame.restyle()

    def refresh(self) -> None:
        history = self.session.history
        if history.started is not self._run:
            self._run, self.zoomed = history.started, False
            self.frame.unzoom.hide()
        self.rows = rows_of(self.session, self.quantity.latest(history))
        per_epoch = history.started.steps_per_epoch if history.started else 1
        self.lines = []
        for row in self.rows:
            steps, values = self.quantity.series(history, row.node)
            self.lines.append((steps / per_epoch, numbers.log10(values)))
        while len(self.items) < len(self.rows):
            self.items.append(self.frame.plot.add(curve()))
        if not self.zoomed:
            self._show_all()
        self._draw()

    def _show_all(self) -> None:
        ends = [x[-1] for x, _ in self.lines if len(x)]
        values = [10 ** y[np.isfinite(y)] for _, y in self.lines]
        low, high = numbers.decades(np.concatenate(values) if values else np.empty(0))
        width = max(80.0, self.frame.plot.view.width())
        room = width / max(40.0, width - 76)
        self.frame.plot.view.show_range((0.0, float(max(ends, default=1.0)) * room or 1.0), (float(low), float(high)))

    def _draw(self) -> None:
        wanted = self.session.selection & {row.node for row in self.rows} or ({self._near} if self._near else set())
        labels = []
        for index, item in enumerate(self.items):
            item.setVisible(index < len(self.rows))
            if index >= len(self.rows):
                continue
            row, (x, y) = self.rows[index], self.lines[index]
            stands_out = row.node in wanted
            item.setPen(line(row.color, 2 if stands_out else 1, alpha=255 if stands_out or not wanted else 110))
            item.setZValue(5 if stands_out else 1)
            item.setData(x, y)
            good = np.flatnonzero(np.isfinite(y))
            if len(good):
                labels.append(Label(float(x[good[-1]]), float(y[good[-1]]), row.name, row.color, float(stands_out)))
        self.labels.show_labels(labels)
        self._read()

    def _nearest(self, place: QPointF) -> tuple[int, float] | None:
        """The line that is nearest to a place in the plot, within 24 pixels along y, and its value there."""
        best: tuple[float, int, float] | None = None
        for index, (x, y) in enumerate(self.lines):
            if not len(x):
                continue
            value = float(y[np.argmin(np.abs(x - place.x()))])
            away = abs(float(self.labels.y_of(value) - self.labels.y_of(place.y())))
            if away < 24 and (best is None or away < best[0]):
                best = (away, index, value)
        return None if best is None else best[1:]

    def _hovered(self, place: QPointF | None) -> None:
        self._place = place
        near = self._nearest(place) if place is not None else None
        node = self.rows[near[0]].node if near is not None else ""
        if node != self._near:
            self._near = node
            self._draw()
        else:
            self._read()

    def _read(self) -> None:
        near = self._nearest(self._place) if self._place is not None else None
        if self._place is None or near is None:
            self.reader.point(None)
            return
        row, value = self.rows[near[0]], near[1]
        reading = Reading(row.name, numbers.figure(10**value), row.color, value)
        self.reader.point(self._place.x(), f"epoch {self._place.x():.2f}", [reading])

    def _clicked(self, position: QPointF) -> None:
        place = self.frame.plot.place(position)
        near = self._nearest(place) if place is not None else None
        if near is not None:
            self.session.select({self.rows[near[0]].node})

    def table(self) -> Table:
        """Each layer's values: epoch, layer, value."""
        names = [np.full(len(x), row.name) for row, (x, _) in zip(self.rows, self.lines, strict=True)]
        if not names:
            return {"layer": np.empty(0), "epoch": np.empty(0), "value": np.empty(0)}
        epochs, values = (np.concatenate([each[axis] for each in self.lines]) for axis in (0, 1))
        return {"layer": np.concatenate(names), "epoch": epochs, "value": 10**values}


class GradientsPanel(RunPanel):
    """Each layer's gradient magnitude, or how far its weights move for their size: now and over time."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.now, self.over_time = GradientsNow(session), GradientsOverTime(session)
        self.quantity = Choice("What is shown")
        self.quantity.offer(["Gradient", "Update ÷ weight"])
        self.quantity.show_index(0)
        self.quantity.chosen.connect(self._choose)
        self.over_time.frame.add_control(self.quantity)
        folding = Folding([("Now", self.now, 2), ("Over time", self.over_time, 3)], wide=760)
        self.stack_up(
            folding,
            "No gradients yet",
            "While a network trains, this shows how strongly each layer is pulled: vanishing and exploding gradients "
            "stand out at a glance.",
        )

    @property
    def choices(self) -> dict[str, object]:
        return {"quantity": self.quantity.index}

    def choose_again(self, choices: Mapping[str, object]) -> None:
        index = choices.get("quantity")
        if isinstance(index, int) and 0 <= index < len(QUANTITIES):
            self.quantity.show_index(index)
            self._choose(index)

    def _choose(self, index: int) -> None:
        self.chose.emit()
        for view in (self.now, self.over_time):
            view.show_quantity(QUANTITIES[index])

    def refresh(self) -> None:
        self.stack.setCurrentWidget(self.folding if self.session.history.gradients else self.empty)
        self.empty.button.setEnabled(self.session.run_state == "idle")
