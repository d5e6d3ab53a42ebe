"""What the inspector shows live of the selected node: its activations now, its gradient over time. Painted by hand,
so that the inspector needs no pyqtgraph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnstudio.train.events import Histogram
from nnstudio.ui import theme
from nnstudio.ui.afterwards import Afterwards
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.live import Live

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

HEAD, FOOT = 22, 16
#: Milliseconds after something changed in which it is seen whether there is anything to draw.
SOON = 12


class NodeView(Live):
    """A small figure of the one node that is selected: a title, a value at its right, and the drawing below."""

    TITLE = ""
    HEIGHT = 96

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.node = ""
        self.value = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.TITLE)
        for signal in (session.events_arrived, session.run_changed, session.selection_changed, session.changed):
            signal.connect(self.refresh_soon)
        session.moment_changed.connect(self.refresh_soon)
        self._appearing = Afterwards(self, self.appear, SOON)
        for signal in (session.selection_changed, session.changed, session.events_arrived, session.resolved):
            signal.connect(self._appear_soon)

    def _appear_soon(self, *_: object) -> None:
        if not self._appearing.isActive():
            self._appearing.soon()

    def appear(self) -> None:
        """Stand there only where there is, or will be, something to draw for the node."""
        if self.parent() is not None:
            self.setHidden(not (self.expected() or self.known()))

    def chosen(self) -> str:
        """The id under which the run tells of the one node that is selected; "" where it tells of none, or several."""
        ids = self.session.selection
        flat = self.session.flat_ids(next(iter(ids))) if len(ids) == 1 else ()
        return flat[0] if len(flat) == 1 else ""

    def expected(self) -> bool:
        """Whether a run of the network as it is would have something to draw."""
        chosen = self.session.selection
        node = self.session.network.nodes.get(next(iter(chosen))) if len(chosen) == 1 else None
        return node is not None and node.layer.role == "layer" and not node.bypassed

    def known(self) -> bool:
        """Whether the run that is shown has told of the node."""
        raise NotImplementedError

    def sizeHint(self) -> QSize:
        return QSize(220, self.HEIGHT)

    def refresh(self) -> None:
        self.node = self.chosen()
        self.take()
        self.setAccessibleDescription(self.value)
        self.update()

    def take(self) -> None:
        """Read what is drawn from the session's history, and set ``value``."""
        raise NotImplementedError

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw yet."""
        raise NotImplementedError

    def title(self) -> str:
        """What stands over the figure."""
        return self.TITLE

    def color(self) -> QColor:
        """The family's colour of the node."""
        node = self.session.network.nodes.get(next(iter(self.session.selection), ""))
        return theme.family_color(node.layer) if node is not None else QColor(theme.current().muted)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            tokens = theme.current()
            head = QRectF(0, 0, self.width(), HEAD - 6)
            painter.setFont(theme.ui_font(12, 600))
            painter.setPen(QColor(tokens.text))
            painter.drawText(head, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), self.title())
            painter.setFont(theme.ui_font(11))
            painter.setPen(QColor(tokens.muted))
            body = QRectF(0, HEAD, self.width(), self.height() - HEAD)
            if self.is_empty:
                painter.drawText(body, int(Qt.AlignmentFlag.AlignCenter), "Appears here while training")
                return
            painter.drawText(head, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), self.value)
            self.draw(painter, body)
        finally:
            painter.end()

    def draw(self, painter: QPainter, body: QRectF) -> None:
        """Paint the figure into ``body``."""
        raise NotImplementedError

    def ends(self, painter: QPainter, body: QRectF, low: str, high: str) -> None:
        """Write the two ends of the x axis below the figure."""
        painter.setFont(theme.mono_font(10))
        painter.setPen(QColor(theme.current().muted))
        row = QRectF(body.left(), body.bottom() - FOOT + 4, body.width(), FOOT - 4)
        painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), low)
        painter.drawText(row, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), high)


class NodeHistogram(NodeView):
    """How the selected node's outputs are distributed over the last batch, and how many of them are zero."""

    TITLE = "Activations now"
    HEIGHT = 104

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        self.histogram: Histogram | None = None
        super().__init__(session, parent)

    def title(self) -> str:
        return f"Activations {self.session.moment.when}"

    def known(self) -> bool:
        return self.chosen() in self.session.history.activations

    def take(self) -> None:
        self.histogram = self.session.moment.snapshot.activations.get(self.node)
        self.value = f"{numbers.share(self.histogram.zeros)} zero" if self.histogram is not None else ""

    @property
    def is_empty(self) -> bool:
        return self.histogram is None

    def draw(self, painter: QPainter, body: QRectF) -> None:
        histogram = self.histogram
        assert histogram is not None
        counts = np.asarray(histogram.counts, dtype=np.float64)
        high = body.height() - FOOT
        each = body.width() / max(1, len(counts))
        order = np.sort(counts)
        top = (
            min(order[-1], 2.2 * order[-2]) if len(order) > 1 and order[-2] > 0 else (order[-1] if len(order) else 1.0)
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.color())
        gap = 1.0 if each >= 3 else 0.0
        for index, count in enumerate(counts):
            if count > 0:
                tall = max(1.0, high * min(1.0, count / top))
                painter.drawRect(QRectF(body.left() + index * each, body.top() + high - tall, each - gap, tall))
        self.ends(painter, body, numbers.figure(histogram.low), numbers.figure(histogram.high))


class NodeGradient(NodeView):
    """How the selected node's gradient magnitude has gone since the run began (logarithmic), and what it is now."""

    TITLE = "Gradient over time"
    HEIGHT = 84

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        self.steps = self.logs = np.empty(0)
        super().__init__(session, parent)

    def expected(self) -> bool:
        id = next(iter(self.session.selection), "")
        resolution = self.session.resolution
        resolved = resolution.nodes.get(id) if resolution is not None else None
        weights = resolved is None or resolved.parameters > 0
        return super().expected() and weights and not self.session.network.nodes[id].frozen

    def known(self) -> bool:
        return self.chosen() in self.session.history.gradients

    def take(self) -> None:
        history = self.session.history
        steps, values = history.gradient_history(self.node) if self.node in history.gradients else ((), ())
        self.steps = np.asarray(steps, dtype=np.float64)
        self.logs = numbers.log10(np.asarray(values, dtype=np.float64))
        now = self.session.moment.snapshot.gradients.get(self.node)
        self.value = numbers.figure(now) if len(self.steps) and now is not None else ""

    @property
    def is_empty(self) -> bool:
        return not np.isfinite(self.logs).any()

    def draw(self, painter: QPainter, body: QRectF) -> None:
        good = np.isfinite(self.logs)
        steps, logs = self.steps[good], self.logs[good]
        low, high = float(logs.min()), float(logs.max())
        if high - low < 0.3:
            low, high = (low + high) / 2 - 0.15, (low + high) / 2 + 0.15
        inside = body.adjusted(1, 4, -1, -FOOT - 2)
        span = max(1.0, float(steps[-1] - steps[0]))
        x = inside.left() + (steps - steps[0]) * (inside.width() / span)
        y = inside.bottom() - (logs - low) * (inside.height() / (high - low))
        painter.setPen(QPen(self.color(), 1.5))
        points = [QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        if len(points) == 1:
            painter.drawEllipse(points[0], 1.5, 1.5)
        painter.drawPolyline(QPolygonF(points))
        moment = self.session.moment.step
        if moment is not None:
            at = inside.left() + min(max(moment - float(steps[0]), 0.0), span) * inside.width() / span
            painter.setPen(QPen(QColor(theme.current().muted), 1.0))
            painter.drawLine(QPointF(at, inside.top()), QPointF(at, inside.bottom()))
        self.ends(painter, body, f"step {int(steps[0]):,}", f"{int(steps[-1]):,}")
