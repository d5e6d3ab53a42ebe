"""One number of each layer over time: a line for each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks import curves, numbers
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.live import SLOW
from nnstudio.ui.docks.overlays import Band, Cursor, EndLabels, Label, Reading, Upright
from nnstudio.ui.docks.plots import curve, draw_with, line
from nnstudio.ui.docks.quantities import GRADIENT, Quantity
from nnstudio.ui.docks.rows import Row, rows_of, select, selected, thinned
from nnstudio.ui.docks.zooming import Zooming

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Lines that are drawn at most: more could not be told apart.
MOST = 24


class LayerLines(Zooming):
    """A line for each layer in its family's colour; the selected ones stand out. A drag zooms."""

    pace = SLOW

    def __init__(self, session: Session, parent: QWidget | None = None, *, title: str = "Over time") -> None:
        super().__init__(session, parent)
        self.quantity = GRADIENT
        self.rows: list[Row] = []
        self.lines: list[tuple[np.ndarray, np.ndarray]] = []
        self._run: object = None
        self._near = ""
        self._place: QPointF | None = None
        self.frame = PlotFrame(title, caption="epoch", zooms=True, table=self.table)
        plot = self.frame.plot
        plot.left.show_scale(log=True)
        self.items: list[Any] = []
        self.band, self.moment = Band(plot.view), Upright(plot.view)
        self.labels, self.reader = EndLabels(plot.view), Cursor(plot.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        self.follow_zoom()
        plot.clicked.connect(self._clicked)
        plot.hovered.connect(self._hovered)
        for signal in (
            session.events_arrived, session.run_changed, session.selection_changed, session.changed,
            session.moment_changed,
        ):  # fmt: skip
            signal.connect(self.refresh_soon)

    def show_quantity(self, quantity: Quantity) -> None:
        """Show another quantity."""
        self.quantity = quantity
        self.frame.plot.left.show_scale(log=quantity.log, percent=quantity.share)
        self.reset_zoom()

    def restyle(self) -> None:
        self.frame.restyle()

    # --- drawing ------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        history, quantity = self.session.history, self.quantity
        if history.started is not self._run:
            self._run = history.started
            self.forget_zoom()
        rows = rows_of(self.session, quantity.latest(history.at()))
        trained = history.started.trained if history.started is not None else ()
        self.rows = thinned(rows, MOST, {*selected(self.session)} or trained)
        per_epoch = history.started.steps_per_epoch if history.started else 1
        self.lines = []
        for row in self.rows:
            steps, values = quantity.series(history, row.node)
            self.lines.append((steps / per_epoch, self._y(values)))
        while len(self.items) < len(self.rows):
            self.items.append(self.frame.plot.add(curve()))
        if not self.zoomed:
            self._show_all()
        self.band.show_usual(quantity.usual, log=quantity.log)
        step = self.session.moment.step
        self.moment.stand_at(None if step is None else step / per_epoch)
        fewer = f"{len(self.rows)} of {len(rows)} layers" if len(self.rows) < len(rows) else ""
        self.frame.note.setText(fewer if rows else quantity.missing)
        self._draw()

    def _y(self, values: np.ndarray) -> np.ndarray:
        if self.quantity.log:
            return numbers.log10(values)
        return np.where(np.isfinite(values), values, np.nan)

    def _show_all(self) -> None:
        ends = [x[-1] for x, _ in self.lines if len(x)]
        values = [y[np.isfinite(y)] for _, y in self.lines]
        low: float
        high: float
        if self.quantity.log:
            usual = np.array(self.quantity.usual or ())
            low, high = numbers.decades(np.concatenate([usual, *(10**each for each in values)]))
        elif self.quantity.share:
            low, high = 0.0, max([numbers.nice_top(1.1 * float(each.max())) for each in values if len(each)] or [1.0])
            high = min(1.0, high)
        else:
            low, high = curves.y_range(values, log=False)
        width = max(80.0, self.frame.plot.view.width())
        room = width / max(40.0, width - theme.scaled(76))
        self.frame.plot.view.show_range((0.0, float(max(ends, default=1.0)) * room or 1.0), (float(low), float(high)))

    def _draw(self) -> None:
        wanted = selected(self.session) & {row.node for row in self.rows} or ({self._near} if self._near else set())
        labels = []
        for index, item in enumerate(self.items):
            item.setVisible(index < len(self.rows))
            if index >= len(self.rows):
                continue
            row, (x, y) = self.rows[index], self.lines[index]
            stands_out = row.node in wanted
            draw_with(item, line(row.color, 2 if stands_out else 1, alpha=255 if stands_out or not wanted else 110))
            item.setZValue(5 if stands_out else 1)
            item.setData(x, y)
            good = np.flatnonzero(np.isfinite(y))
            if len(good):
                labels.append(Label(float(x[good[-1]]), float(y[good[-1]]), row.name, row.color, float(stands_out)))
        self.labels.show_labels(labels)
        self._read()

    # --- the mouse ----------------------------------------------------------------------------------------------

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
        reading = Reading(row.name, self._told(value), row.color, value)
        self.reader.point(self._place.x(), f"epoch {self._place.x():.2f}", [reading])

    def _told(self, value: float) -> str:
        if self.quantity.share:
            return numbers.share(value)
        return numbers.figure(10**value if self.quantity.log else value)

    def _clicked(self, position: QPointF) -> None:
        place = self.frame.plot.place(position)
        near = self._nearest(place) if place is not None else None
        if near is not None:
            select(self.session, self.rows[near[0]].node)

    def table(self) -> Table:
        """Each layer's values: epoch, layer, value."""
        names = [np.full(len(x), row.name) for row, (x, _) in zip(self.rows, self.lines, strict=True)]
        if not names:
            return {"layer": np.empty(0), "epoch": np.empty(0), "value": np.empty(0)}
        epochs, values = (np.concatenate([each[axis] for each in self.lines]) for axis in (0, 1))
        values = 10**values if self.quantity.log else values
        return {"layer": np.concatenate(names), "epoch": epochs, "value": values}
