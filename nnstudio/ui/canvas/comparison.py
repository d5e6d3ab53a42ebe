"""Another version of the drawing laid over the one being edited: what is new, gone and changed, in colour and sign."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen

from nnstudio.graph import Network, Wire
from nnstudio.graph.arrange import complete
from nnstudio.graph.compare import Difference, difference
from nnstudio.graph.places import box_of, node_size, port_height
from nnstudio.graph.view import Position
from nnstudio.project.sheet import Sheet
from nnstudio.ui import theme
from nnstudio.ui.canvas import face as faces
from nnstudio.ui.canvas.routing import curve

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
SIGNS = {ADDED: "+", REMOVED: "−", CHANGED: "~"}
_RADIUS = 8.0


def color_of(kind: str) -> QColor:
    """The colour of what was added, removed or changed."""
    tokens = theme.current()
    return QColor({ADDED: tokens.good, REMOVED: tokens.problem, CHANGED: tokens.validation}[kind])


@dataclass(frozen=True)
class _Before:
    """The version before, as far as it is shown: the open scope's network and where its nodes stood."""

    network: Network
    places: dict[str, Position]

    def box(self, id: str) -> QRectF:
        left, top, right, bottom = box_of(self.places[id], node_size(self.network.nodes[id].layer))
        return QRectF(QPointF(left, top), QPointF(right, bottom))


class Comparison(QObject):
    """Compares the open scope with a version of it, again after each edit. ``changed`` when it shows something else."""

    changed = Signal()

    def __init__(self, scene: CanvasScene) -> None:
        super().__init__(scene)
        self._scene = scene
        self.session = scene.session
        self._sheet: Sheet | None = None
        self._before: _Before | None = None
        self.title = ""
        self.difference = Difference()
        scene.beneath.append(self._paint_gone)
        scene.above.append(self._paint_new)
        scene.session.changed.connect(self._refresh)
        scene.session.scope_changed.connect(self._refresh)

    @property
    def shown(self) -> bool:
        """Whether a version is laid over."""
        return self._sheet is not None

    def begin(self, sheet: Sheet, title: str) -> None:
        """Compare with this sheet; ``title`` says which it is."""
        self._sheet, self.title = sheet, title
        self._refresh()

    def end(self) -> None:
        """Compare no longer."""
        if self._sheet is not None:
            self._sheet = None
            self._refresh()

    def extent(self) -> QRectF:
        """The rectangle around the nodes that are no more; empty where there are none."""
        rect = QRectF()
        for id in self.difference.removed if self._before is not None else ():
            rect = rect.united(self._before.box(id))
        return rect

    def counts(self) -> dict[str, int]:
        """How many nodes were added, removed and changed."""
        found = self.difference
        return {ADDED: len(found.added), REMOVED: len(found.removed), CHANGED: len(found.changed)}

    def lines(self, id: str) -> list[str]:
        """What a tip says of a node: what about it is not as it was."""
        if id in self.difference.added:
            return [f"not in {self.title}"]
        return [
            f"{each.what}: {each.before} → {each.after}" if each.before else f"{each.what}: {each.after}"
            for each in self.difference.changed.get(id, ())
        ]

    def of_selected(self) -> str:
        """What about the one selected node is not as it was, in a sentence; "" where nothing is, or not one is."""
        chosen = self.session.selection
        return self.told(next(iter(chosen))) if len(chosen) == 1 else ""

    def told(self, id: str) -> str:
        """What about a node is not as it was, in a sentence; "" where nothing is."""
        node = self.session.network.nodes.get(id)
        lines = self.lines(id) if self.shown else []
        return f"{node.name}: {', '.join(lines)}" if node is not None and lines else ""

    def all(self) -> list[tuple[str, str, str]]:
        """Every node that is new, changed or gone: of which kind, its id, and a sentence."""
        found = [(ADDED, id) for id in self.difference.added] + [(CHANGED, id) for id in self.difference.changed]
        rank = {id: place for place, id in enumerate(self.session.network.nodes)}
        found.sort(key=lambda each: rank.get(each[1], len(rank)))
        before = self._before.network.nodes if self._before is not None else {}
        gone = [id for id in before if id in self.difference.removed]
        told = [(kind, id, self.told(id)) for kind, id in found]
        return told + [(REMOVED, id, f"{before[id].name}: only in {self.title}") for id in gone]

    def area(self, id: str) -> QRectF:
        """The rectangle of a node that is, or of one that is gone."""
        if id in self._scene.places:
            return self._scene.content_rect([id])
        return self._before.box(id) if self._before is not None and id in self._before.places else QRectF()

    def _refresh(self, change: object = None) -> None:
        if self._sheet is None and self._before is None:
            return
        if getattr(change, "why", "") == "reset":  # another project
            self._sheet = None
        self._before, self.difference = None, Difference()
        if self._sheet is not None:
            scopes, session = self._scene.session.scopes, self._scene.session
            if not scopes.scope.block or scopes.scope.block in self._sheet.network.blocks:
                network, view = scopes.network(self._sheet), scopes.view(self._sheet)
            else:
                network, view = Network(), type(session.view)()
            self.difference = difference(network, session.network)
            now = self._scene.places  # what was never put anywhere stands where it stands now, not elsewhere
            stands = {old: now[new] for new, old in self.difference.twins.items() if new in now}
            known = {id: at for id, at in view.positions.items() if id in network.nodes}
            self._before = _Before(network, complete(network, {**stands, **known}))
        self._scene.redraw()
        self.changed.emit()

    # -- painting -------------------------------------------------------------------------------------------------

    def _paint_gone(self, painter: QPainter, area: QRectF, scale: float) -> None:
        before = self._before
        if before is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for wire in self.difference.wires_removed:
            self._paint_gone_wire(painter, wire, before, scale)
        for id in self.difference.removed:
            box = before.box(id)
            if box.intersects(area):
                self._paint_ghost(painter, box, before.network.nodes[id].name, scale)

    def _paint_gone_wire(self, painter: QPainter, wire: Wire, before: _Before, scale: float) -> None:
        """A wire that is no more, between where its ends are now or, where they are gone, where they were."""
        start = self._end(wire.source, wire.output, "outputs", before)
        end = self._end(wire.target, wire.input, "inputs", before)
        if start is None or end is None:
            return
        pen = QPen(color_of(REMOVED), max(1.6, 1.2 / scale))
        pen.setDashPattern([4.0, 3.0])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(curve((start.x(), start.y()), (end.x(), end.y())).path)

    def _end(self, id: str, port: str, side: str, before: _Before) -> QPointF | None:
        now = {old: new for new, old in self.difference.twins.items()}.get(id)
        if now is not None and now in self._scene.items_by_id:
            return self._scene.port_at(now, side, port)
        if id not in before.places:
            return None
        box, names = before.box(id), list(getattr(before.network.nodes[id].layer, side))
        below = port_height(names.index(port), len(names)) if port in names else 0.0
        return QPointF(box.left() if side == "inputs" else box.right(), box.center().y() + below)

    def _paint_ghost(self, painter: QPainter, box: QRectF, name: str, scale: float) -> None:
        color = color_of(REMOVED)
        pen = QPen(color, max(1.4, 1.2 / scale))
        pen.setDashPattern([4.0, 3.0])
        painter.setPen(pen)
        fill = QColor(color)
        fill.setAlphaF(0.10)
        painter.setBrush(fill)
        painter.drawRoundedRect(box, faces.RADIUS, faces.RADIUS)
        if scale >= faces.BATCH_SCALE:
            painter.setFont(faces.name_font())
            painter.setPen(color)
            painter.drawText(box.adjusted(faces.TEXT_LEFT, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, name)
            _paint_sign(painter, box.topLeft(), REMOVED)

    def _paint_new(self, painter: QPainter, area: QRectF, scale: float) -> None:
        if self._before is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        layer = self._scene.wires
        pen = QPen(color_of(ADDED), max(2.0, 1.4 / scale))
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for wire in self.difference.wires_added:
            row = layer.table.rows.get(wire)
            if row is not None:
                painter.drawPath(layer.route(row, exactly=False).path)
        self._paint_outlines(painter, self.difference.added, ADDED, area, scale)
        self._paint_outlines(painter, self.difference.changed, CHANGED, area, scale)

    def _paint_outlines(self, painter: QPainter, ids: Iterable[str], kind: str, area: QRectF, scale: float) -> None:
        for id in ids:
            if id not in self._scene.items_by_id:
                continue
            box = self._scene.content_rect([id])
            if box.intersects(area):
                painter.setPen(QPen(color_of(kind), max(2.0, 1.4 / scale)))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(box.adjusted(-2, -2, 2, 2), faces.RADIUS + 2, faces.RADIUS + 2)
                if scale >= faces.BATCH_SCALE:
                    _paint_sign(painter, box.topLeft(), kind)


def _paint_sign(painter: QPainter, at: QPointF, kind: str) -> None:
    """A disc with a sign, so that colour is not all that tells them apart."""
    painter.setPen(QPen(QColor(theme.current().canvas), 1.5))
    painter.setBrush(color_of(kind))
    painter.drawEllipse(at, _RADIUS, _RADIUS)
    painter.setPen(QColor(theme.current().canvas))
    painter.setFont(theme.sheet_font(12, 700))
    square = QRectF(at.x() - _RADIUS, at.y() - _RADIUS, 2 * _RADIUS, 2 * _RADIUS)
    painter.drawText(square, Qt.AlignmentFlag.AlignCenter, SIGNS[kind])
