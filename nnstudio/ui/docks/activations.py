"""Activations: how each layer's outputs are distributed, now and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from nnstudio.train.events import Histogram
from nnstudio.ui import theme
from nnstudio.ui.docks import distributions, numbers
from nnstudio.ui.docks.controls import Choice, tool
from nnstudio.ui.docks.folding import Folding
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.heat import HeatItem
from nnstudio.ui.docks.live import SLOW, SNAPSHOTS, Live
from nnstudio.ui.docks.overlays import Cursor, Reading
from nnstudio.ui.docks.ridge import Ridge, RidgeItem
from nnstudio.ui.docks.rows import Row, rows_of, thinned
from nnstudio.ui.docks.run_panel import RunPanel

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Pixels that a row of the ridge needs at least, and in the panel that shows all of them.
ROW, TALL_ROW = 17, 30


class ActivationsNow(Live):
    """A ridge: one distribution for each layer, over the last batch. A click selects the layer's node.

    detailed: every layer with its figures, scrolled where there are many; else as many layers as there is room for.
    """

    pace = SNAPSHOTS

    def __init__(self, session: Session, parent: QWidget | None = None, *, detailed: bool = False) -> None:
        super().__init__(session, parent)
        self.detailed = detailed
        self.ridges: list[Ridge] = []
        self._range: tuple[float, float] | None = None
        self._run: object = None
        self.frame = PlotFrame("Activations by layer", caption="activation", table=self.table)
        plot = self.frame.plot
        plot.left.gridded = False
        self.item, self.reader = RidgeItem(plot.view, told=detailed), Cursor(plot.view)
        self.own = tool("own scale", "Each layer on its own scale", checkable=True)
        self.own.toggled.connect(self._scale)
        if detailed:
            self.frame.add_control(self.own)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        plot.view.sigResized.connect(self.refresh_soon)
        plot.clicked.connect(self._clicked)
        plot.hovered.connect(self._hovered)
        session.events_arrived.connect(self.refresh_soon)
        session.moment_changed.connect(self.refresh_soon)
        session.run_changed.connect(self.refresh_soon)
        session.selection_changed.connect(self.refresh_soon)
        session.changed.connect(self.refresh_soon)

    def _scale(self, own: bool) -> None:
        self.item.own = own
        self.frame.caption.setText("activation, each layer from its least to its greatest" if own else "activation")
        self.frame.plot.bottom.setStyle(showValues=not own)
        self.item.update()

    def restyle(self) -> None:
        self.frame.restyle()

    def refresh(self) -> None:
        history, plot = self.session.history, self.frame.plot
        if history.started is not self._run:
            self._run, self._range = history.started, None
        activations, when = self.session.moment.snapshot.activations, self.session.moment.when
        rows = rows_of(self.session, activations)
        if self.detailed:
            self.setMinimumHeight(90 + TALL_ROW * len(rows))
            self.frame.note.setText(f"{when}, over the last batch" if rows else "")
        else:
            trained = history.started.trained if history.started is not None else ()
            shown = thinned(rows, max(3, int(plot.view.height()) // ROW), trained)
            some = f"{len(shown)} of {len(rows)} layers · " if len(shown) < len(rows) else ""
            self.frame.note.setText(f"{some}{when}, over the last batch" if rows else "")
            rows = shown
        self.ridges = [Ridge(row, activations[row.node]) for row in rows]
        self._range = distributions.common_range([r.histogram for r in self.ridges], self._range)
        self.item.show_ridges(self.ridges, self.session.selection)
        plot.view.show_range(self._range, (0.0, float(max(1, len(rows)))))
        names = [row.name for row in rows]
        plot.fit_left(names)
        plot.left.name([(self.item.base(index) + 0.22, numbers.cut(name, 20)) for index, name in enumerate(names)])

    def _clicked(self, position: QPointF) -> None:
        index = self.item.index_at(self.frame.plot.view.mapSceneToView(position).y())
        if index is not None:
            self.session.select({self.ridges[index].row.node})

    def _hovered(self, place: QPointF | None) -> None:
        index = None if place is None else self.item.index_at(place.y())
        if place is None or index is None:
            self.reader.point(None)
            return
        ridge, tokens = self.ridges[index], theme.current()
        histogram = ridge.histogram
        figures = (
            ("mean", numbers.figure(histogram.mean)), ("std", numbers.figure(histogram.std)),
            ("zero", numbers.share(histogram.zeros)),
            ("range", f"{numbers.figure(histogram.low)} … {numbers.figure(histogram.high)}"),
        )  # fmt: skip
        readings = [Reading(name, value, tokens.muted) for name, value in figures]
        self.reader.point(place.x(), ridge.row.name, readings, lined=False)

    def table(self) -> Table:
        """The histograms as they are shown: layer, bin's edges and count."""
        layers, low, high, counts = [], [], [], []
        for ridge in self.ridges:
            bins = len(ridge.histogram.counts)
            edges = np.linspace(ridge.histogram.low, ridge.histogram.high, bins + 1)
            layers += [ridge.row.name] * bins
            low += edges[:-1].tolist()
            high += edges[1:].tolist()
            counts += np.asarray(ridge.histogram.counts).tolist()
        return {"layer": np.array(layers), "from": np.array(low), "to": np.array(high), "count": np.array(counts)}


class ActivationsOverTime(Live):
    """A heat map: how the distribution of one layer has moved since the run began.

    The layer is the one that is selected on the canvas, else the one that was shown last, else the first.
    """

    pace = SLOW

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.node = ""
        self._layers: list[Row] = []
        self._of: tuple[object, ...] = ()
        self._strip = distributions.Strip()
        self.frame = PlotFrame("Over time", caption="epoch", table=self.table)
        plot = self.frame.plot
        plot.left.gridded = False
        self.item = HeatItem(plot.view)
        self.choice = Choice("Which layer is shown", px=12)
        self.choice.chosen.connect(self._choose)
        self.frame.head.insertWidget(1, self.choice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        for signal in (session.events_arrived, session.run_changed, session.selection_changed, session.changed):
            signal.connect(self.refresh_soon)
        plot.view.sigResized.connect(self.refresh_soon)

    def _choose(self, index: int) -> None:
        self.session.select({self._layers[index].node})
        self.node = self._layers[index].node
        self.refresh_soon()

    def restyle(self) -> None:
        self.frame.restyle()

    def refresh(self) -> None:
        history, plot = self.session.history, self.frame.plot
        layers = rows_of(self.session, history.activations)
        nodes = [row.node for row in layers]
        chosen = [node for node in nodes if node in self.session.selection]
        self.node = chosen[0] if chosen else self.node if self.node in nodes else nodes[0] if nodes else ""
        self._layers = layers
        self.choice.offer([row.name for row in layers])
        self.choice.show_index(nodes.index(self.node) if self.node else -1)
        steps, histograms = self._seen()
        per_epoch = history.started.steps_per_epoch if history.started else 1
        columns = max(40, min(400, int(plot.view.width())))
        if (self.node, history.started) != self._of:
            self._of, self._strip = (self.node, history.started), distributions.Strip()
        shares = self._strip.image(steps, histograms, columns)
        x = (float(steps[0]) / per_epoch, float(max(steps[-1], steps[0] + 1)) / per_epoch) if len(steps) else (0.0, 1.0)
        self.item.show_shares(shares, x, self._strip.range)
        plot.view.show_range(x, self._strip.range)
        self.frame.note.setText("value by epoch; the lighter, the more values" if len(steps) else "")

    def _seen(self) -> tuple[np.ndarray, list[Histogram]]:
        """Steps of the snapshots in which the shown layer was seen, and its histograms."""
        history = self.session.history
        pairs = zip(history.activation_steps, history.activation_history(self.node), strict=True)
        seen = [(step, histogram) for step, histogram in pairs if histogram is not None]
        return np.array([step for step, _ in seen], dtype=np.float64), [histogram for _, histogram in seen]

    def table(self) -> Table:
        """Mean, standard deviation and share of zeros of the shown layer at each snapshot."""
        steps, histograms = self._seen()
        figures = {name: np.array([getattr(h, name) for h in histograms]) for name in ("mean", "std", "zeros")}
        return {"step": steps, **figures}


class ActivationsPanel(RunPanel):
    """Activations of every layer now, and of one layer over time."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.now, self.over_time = ActivationsNow(session, detailed=True), ActivationsOverTime(session)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName("Activations over time")
        scroll.setWidget(self.now)
        self.now.setProperty("role", "scrolled")
        folding = Folding([("Now", scroll, 3), ("Over time", self.over_time, 2)], wide=760)
        self.stack_up(
            folding,
            "No activations yet",
            "While a network trains, this shows how the outputs of each layer are distributed, now and over time.",
        )

    def refresh(self) -> None:
        self.stack.setCurrentWidget(self.folding if self.session.history.activations else self.empty)
        self.empty.button.setEnabled(self.session.run_state == "idle")
