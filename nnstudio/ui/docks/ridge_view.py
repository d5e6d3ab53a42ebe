"""Distributions now, one above the other: a row for each layer, or for each parameter of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nnstudio.train.events import Histogram
from nnstudio.ui import theme
from nnstudio.ui.docks import distributions, numbers
from nnstudio.ui.docks.controls import tool
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.live import SNAPSHOTS, Live
from nnstudio.ui.docks.overlays import Cursor, Reading
from nnstudio.ui.docks.ridge import Ridge, RidgeItem
from nnstudio.ui.docks.rows import Row, select, selected, thinned

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Pixels that a row of the ridge needs at least, and where all of them are shown.
ROW, TALL_ROW = 17, 30


class RidgeView(Live):
    """A ridge: one distribution for each row. A click selects the row's node.

    detailed: every row with its figures, to be scrolled where there are many; else as many as there is room for.
    Subclasses say what the rows are (:meth:`entries`).
    """

    pace = SNAPSHOTS
    TITLE, CAPTION, WHAT = "", "", "layer"

    def __init__(self, session: Session, parent: QWidget | None = None, *, detailed: bool = False) -> None:
        super().__init__(session, parent)
        self.detailed = detailed
        self.ridges: list[Ridge] = []
        self._range: tuple[float, float] | None = None
        self._run: object = None
        self.frame = PlotFrame(self.TITLE, caption=self.CAPTION, table=self.table)
        plot = self.frame.plot
        plot.left.gridded = False
        self.item, self.reader = RidgeItem(plot.view, told=detailed), Cursor(plot.view)
        self.own = tool("own scale", f"Each {self.WHAT} on its own scale", checkable=True)
        self.own.toggled.connect(self._scale)
        if detailed:
            self.frame.add_control(self.own)
        else:  # of it alone there is no button, and without a parent it would outlive the window
            self.own.setParent(self)
            self.own.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        plot.view.sigResized.connect(self.refresh_soon)
        plot.clicked.connect(self._clicked)
        plot.hovered.connect(self._hovered)
        for signal in (
            session.events_arrived, session.moment_changed, session.run_changed, session.selection_changed,
            session.changed,
        ):  # fmt: skip
            signal.connect(self.refresh_soon)

    def entries(self) -> list[tuple[Row, Histogram]]:
        """The rows and their distributions, at the moment of the run that is shown."""
        raise NotImplementedError

    def note(self, when: str) -> str:
        """What stands beside the title. when: ``now``, or at which step."""
        raise NotImplementedError

    def _scale(self, own: bool) -> None:
        self.item.own = own
        self.chose.emit()
        each = f"{self.CAPTION}, each {self.WHAT} from its least to its greatest"
        self.frame.caption.setText(each if own else self.CAPTION)
        self.frame.plot.bottom.setStyle(showValues=not own)
        self.item.update()

    def restyle(self) -> None:
        self.frame.restyle()

    def refresh(self) -> None:
        history, plot = self.session.history, self.frame.plot
        if history.started is not self._run:
            self._run, self._range = history.started, None
        entries = self.entries()
        note, some = self.note(self.session.moment.when) if entries else "", ""
        if self.detailed:
            self.setMinimumHeight(90 + theme.scaled(TALL_ROW) * len(entries))
        else:
            trained = history.started.trained if history.started is not None else ()
            most = max(3, int(plot.view.height()) // theme.scaled(ROW))
            shown = set(thinned([row for row, _ in entries], most, trained))
            some = f"{len(shown)} of {len(entries)} {self.WHAT}s · " if len(shown) < len(entries) else ""
            entries = [entry for entry in entries if entry[0] in shown]
        self.frame.note.setText(some + note)
        self.ridges = [Ridge(row, histogram) for row, histogram in entries]
        self._range = distributions.common_range([r.histogram for r in self.ridges], self._range)
        self.item.show_ridges(self.ridges, selected(self.session))
        plot.view.show_range(self._range, (0.0, float(max(1, len(entries)))))
        names = [numbers.cut(row.name, 24) for row, _ in entries]
        plot.fit_left(names, widest=theme.scaled(160))
        plot.left.name([(self.item.base(index) + 0.22, name) for index, name in enumerate(names)])

    def _clicked(self, position: QPointF) -> None:
        index = self.item.index_at(self.frame.plot.view.mapSceneToView(position).y())
        if index is not None:
            select(self.session, self.ridges[index].row.node)

    def _hovered(self, place: QPointF | None) -> None:
        index = None if place is None else self.item.index_at(place.y())
        if place is None or index is None:
            self.reader.point(None)
            return
        ridge, tokens = self.ridges[index], theme.current()
        readings = [Reading(name, value, tokens.muted) for name, value in figures_of(ridge.histogram)]
        self.reader.point(place.x(), ridge.row.name, readings, lined=False)

    def table(self) -> Table:
        """The histograms as they are shown: name, bin's edges and count."""
        names, low, high, counts = [], [], [], []
        for ridge in self.ridges:
            bins = len(ridge.histogram.counts)
            edges = np.linspace(ridge.histogram.low, ridge.histogram.high, bins + 1)
            names += [ridge.row.name] * bins
            low += edges[:-1].tolist()
            high += edges[1:].tolist()
            counts += np.asarray(ridge.histogram.counts).tolist()
        return {self.WHAT: np.array(names), "from": np.array(low), "to": np.array(high), "count": np.array(counts)}


def figures_of(histogram: Histogram) -> list[tuple[str, str]]:
    """A distribution in numbers: names and texts."""
    told = [
        ("mean", numbers.figure(histogram.mean)), ("spread", numbers.figure(histogram.std)),
        ("zeros", numbers.share(histogram.zeros)),
    ]  # fmt: skip
    told += [("saturated", numbers.share(histogram.saturated))] if histogram.saturated else []
    told += [("dead units", numbers.share(histogram.dead))] if histogram.dead else []
    told += [("not finite", f"{histogram.bad:,}")] if histogram.bad else []
    return [*told, ("range", f"{numbers.figure(histogram.low)} … {numbers.figure(histogram.high)}")]
