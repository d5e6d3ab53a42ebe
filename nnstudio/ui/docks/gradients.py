"""Gradients: how strongly each layer is pulled, how far it moves and how sure its pull is, now and over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

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
from nnstudio.ui.docks.layer_lines import LayerLines
from nnstudio.ui.docks.live import SNAPSHOTS, Live
from nnstudio.ui.docks.overlays import Band, Cursor, Reading
from nnstudio.ui.docks.quantities import GRADIENT, GRADIENTS, Quantity
from nnstudio.ui.docks.rows import Row, rows_of, select, selected
from nnstudio.ui.docks.run_panel import RunPanel

if TYPE_CHECKING:
    from nnstudio.train.history import History
    from nnstudio.ui.session import Session


class GradientsNow(Live):
    """A bar for each layer, from the input side to the output side, with its greatest value so far as a dashed tick."""

    pace = SNAPSHOTS

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.quantity = GRADIENT
        self.rows: list[Row] = []
        self.values = self.peaks = np.empty(0)
        self._followed: tuple[object, object] = (None, None)
        self._tops: dict[str, float] = {}
        self._spanned: tuple[object, object] = (None, None)
        self._span_ends: tuple[float, ...] = ()
        self._span: tuple[float, float] = (-5.0, -1.0)
        self._place: QPointF | None = None
        self.frame = PlotFrame(GRADIENT.title, note=GRADIENT.note, caption="input side → output side", table=self.table)
        plot = self.frame.plot
        plot.left.show_scale(log=True)
        self.band, self.item, self.reader = Band(plot.view), BarsItem(plot.view), Cursor(plot.view)
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
        self.frame.rename(quantity.title)
        self.refresh_soon()

    def restyle(self) -> None:
        self.frame.restyle()

    def refresh(self) -> None:
        history, plot = self.session.history, self.frame.plot
        latest = self.quantity.latest(self.session.moment.snapshot)
        self.rows = rows_of(self.session, latest)
        self.values = np.array([latest[row.node] for row in self.rows], dtype=np.float64)
        self.peaks = self._greatest(history)
        low, high = numbers.decades(np.concatenate([self.values, self.peaks, np.array(self.quantity.usual or ())]))
        self.band.show_usual(self.quantity.usual, log=True)
        self._widen(history)
        y, tops = numbers.log10(self.values), numbers.log10(self.peaks)
        bars = []
        for row, value, at, top in zip(self.rows, self.values, y, tops, strict=True):
            color = theme.magnitude_color((at - self._span[0]) / (self._span[1] - self._span[0])).name()
            bars.append(
                Bar(row.node, row.name, color, float(np.maximum(at, low + 0.02)), float(top), zero=bool(value == 0))
            )
        self.item.show_bars(bars, selected(self.session))
        plot.view.show_range((0.0, float(max(1, len(bars)))), (float(low), float(high)))
        plot.bottom.name(self._names())
        missing = history.gradients and not latest
        then = "" if self.session.moment.live else f" · {self.session.moment.when}"
        self.frame.note.setText(self.quantity.missing if missing else self.quantity.note + then)
        self._hovered(self._place)

    def _greatest(self, history: History) -> np.ndarray:
        """The greatest value of each row so far. What a run was like before is asked for once."""
        if (history.started, self.quantity) != self._followed:
            self._followed, self._tops = (history.started, self.quantity), {}
        for row, value in zip(self.rows, self.values, strict=True):
            before = self._tops.get(row.node)
            top = self.quantity.peak(history, row.node) if before is None else before
            self._tops[row.node] = float(np.fmax(top, value)) if np.isfinite(value) else top
        return np.array([self._tops[row.node] for row in self.rows], dtype=np.float64)

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
            select(self.session, self.rows[index].node)

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


class GradientsPanel(RunPanel):
    """Each layer's gradient magnitude, how far its weights move for their size, or how much of its gradient is noise:
    now and over time."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.now, self.over_time = GradientsNow(session), LayerLines(session)
        self.quantity, self.quantity_now = Choice("What is shown over time"), Choice("What is shown now")
        for choice, view in ((self.quantity, self.over_time), (self.quantity_now, self.now)):
            choice.offer([quantity.name for quantity in GRADIENTS])
            choice.show_index(0)
            choice.chosen.connect(self._choose)
            view.frame.add_control(choice)
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
        if isinstance(index, int) and 0 <= index < len(GRADIENTS):
            self._choose(index)

    def _choose(self, index: int) -> None:
        self.quantity.show_index(index)
        self.quantity_now.show_index(index)
        self.chose.emit()
        self.now.show_quantity(GRADIENTS[index])
        self.over_time.show_quantity(GRADIENTS[index])

    def refresh(self) -> None:
        self.show_plots(bool(self.session.history.gradients))
