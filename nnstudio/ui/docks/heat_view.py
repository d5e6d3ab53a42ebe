"""One distribution over time, as a heat map: how it has moved since the run began."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nnstudio.train.events import Histogram
from nnstudio.ui import theme
from nnstudio.ui.docks import distributions
from nnstudio.ui.docks.controls import Choice
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.heat import HeatItem
from nnstudio.ui.docks.live import SLOW, Live
from nnstudio.ui.docks.overlays import Cursor, Reading, Upright
from nnstudio.ui.docks.ridge_view import figures_of
from nnstudio.ui.docks.rows import Row, select, selected

if TYPE_CHECKING:
    from nnstudio.ui.session import Session


class HeatView(Live):
    """The distribution of one row over time. It is one of the node that is selected on the canvas, else the one that
    was shown last, else the first. Subclasses say which there are, and what is known of one."""

    pace = SLOW
    WHICH, CAPTION = "", "value"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.row: Row | None = None
        self._rows: list[Row] = []
        self._of: tuple[object, ...] = ()
        self._strip = distributions.Strip()
        self._steps, self._seen = np.empty(0), list[Histogram]()
        self.frame = PlotFrame("Over time", caption="epoch", table=self.table)
        plot = self.frame.plot
        plot.left.gridded = False
        self.item, self.moment, self.reader = HeatItem(plot.view), Upright(plot.view), Cursor(plot.view)
        self.choice = Choice(self.WHICH, px=12)
        self.choice.chosen.connect(self._choose)
        self.frame.head.insertWidget(1, self.choice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        for signal in (
            session.events_arrived, session.run_changed, session.selection_changed, session.changed,
            session.moment_changed,
        ):  # fmt: skip
            signal.connect(self.refresh_soon)
        plot.view.sigResized.connect(self.refresh_soon)
        plot.hovered.connect(self._hovered)

    def rows(self) -> list[Row]:
        """What can be shown."""
        raise NotImplementedError

    def seen(self, row: Row) -> tuple[np.ndarray, list[Histogram]]:
        """Steps at which it was seen, and what it was like."""
        raise NotImplementedError

    @property
    def node(self) -> str:
        """The node that is shown, as events name it; "" for none."""
        return self.row.node if self.row is not None else ""

    def _choose(self, index: int) -> None:
        self.row = self._rows[index]
        select(self.session, self.row.node)
        self.refresh_soon()

    def restyle(self) -> None:
        self.frame.restyle()

    def _chosen(self) -> Row | None:
        """The row to show, of those that there are now."""
        wanted, shown = selected(self.session), (self.node, self.row.part if self.row is not None else "")
        same = next((row for row in self._rows if (row.node, row.part) == shown), None)
        if same is not None and (same.node in wanted or not wanted & {row.node for row in self._rows}):
            return same
        return next((row for row in self._rows if row.node in wanted), next(iter(self._rows), None))

    def refresh(self) -> None:
        history, plot = self.session.history, self.frame.plot
        self._rows = self.rows()
        self.row = self._chosen()
        self.choice.offer([row.name for row in self._rows])
        self.choice.show_index(self._rows.index(self.row) if self.row is not None else -1)
        self._steps, self._seen = self.seen(self.row) if self.row is not None else (np.empty(0), [])
        steps = self._steps
        per_epoch = history.started.steps_per_epoch if history.started else 1
        columns = max(40, min(400, int(plot.view.width())))
        of = (self.node, self.row.part if self.row is not None else "", history.started)
        if of != self._of:
            self._of, self._strip = of, distributions.Strip()
        shares = self._strip.image(steps, self._seen, columns)
        x = (float(steps[0]) / per_epoch, float(max(steps[-1], steps[0] + 1)) / per_epoch) if len(steps) else (0.0, 1.0)
        self.item.show_shares(shares, x, self._strip.range)
        plot.view.show_range(x, self._strip.range)
        step = self.session.moment.step
        self.moment.stand_at(None if step is None else step / per_epoch)
        self.frame.note.setText(f"{self.CAPTION} by epoch; the lighter, the more values" if len(steps) else "")

    def _hovered(self, place: QPointF | None) -> None:
        if place is None or not len(self._steps):
            self.reader.point(None)
            return
        per_epoch = self.session.history.started.steps_per_epoch if self.session.history.started else 1
        at = max(0, int(np.searchsorted(self._steps, place.x() * per_epoch, side="right")) - 1)
        readings = [Reading(name, value, theme.current().muted) for name, value in figures_of(self._seen[at])]
        self.reader.point(place.x(), f"step {self._steps[at]:,.0f}", readings)

    def table(self) -> Table:
        """Figures and quartiles of what is shown, at each snapshot."""
        names = ("mean", "std", "zeros", "saturated", "dead", "low", "high")
        figures = {name: np.array([getattr(each, name) for each in self._seen]) for name in names}
        return {"step": self._steps, **figures}
