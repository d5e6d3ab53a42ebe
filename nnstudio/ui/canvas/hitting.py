"""What is at a point of the scene: a port, a node, a wire, or nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from nnstudio.ui.canvas.face import BATCH_SCALE, PORT_RADIUS
from nnstudio.ui.canvas.fitting import End
from nnstudio.ui.canvas.lit import Hit

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene


def find(scene: CanvasScene, at: QPointF, scale: float) -> Hit:
    """What is at a point of a scene that is shown at this scale."""
    reach = min(max(PORT_RADIUS + 5.0, 7.0 / scale), 18.0)
    x, y = at.x(), at.y()
    rows = scene.table.inside((x, y, x, y), reach)[::-1].tolist()  # the topmost first
    for row in rows if scale >= BATCH_SCALE else ():  # far away there are only nodes and wires
        end = _port_near(scene, scene.table.ids[row], at, reach)
        if end is not None:
            return Hit(scene.table.ids[row], end)
    for row in rows:
        left, top, right, bottom = scene.table.box(row)
        if left <= x <= right and top <= y <= bottom:
            return Hit(scene.table.ids[row])
    return Hit(wire=scene.wires.at(x, y, min(max(5.0, 6.0 / scale), 16.0)))


def _port_near(scene: CanvasScene, id: str, at: QPointF, reach: float) -> End | None:
    item = scene.items_by_id[id]
    middle, face = item.pos(), item.face
    best, found = reach, None
    for side, names in (("inputs", face.inputs), ("outputs", face.outputs)):
        for name in names:
            away = at - middle - face.port(side, name)
            beside = scene.slots.span(id, name) if side == "inputs" else 0.0
            distance = math.hypot(away.x(), max(0.0, abs(away.y()) - beside))
            if distance <= best:
                best, found = distance, End(id, side, name)
    return found
