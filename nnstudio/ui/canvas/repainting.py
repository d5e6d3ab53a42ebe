"""What has to be painted anew after an edit: the surroundings of what changed; where that is much, everything."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF

from nnstudio.graph import Network, Wire
from nnstudio.graph.changes import swapped
from nnstudio.graph.places import Box
from nnstudio.ui.canvas.face import MARGIN, SURROUNDINGS
from nnstudio.ui.canvas.node_table import Rows

if TYPE_CHECKING:
    from nnstudio.compile.resolve import Resolution
    from nnstudio.ui.canvas.scene import CanvasScene

#: With more nodes or wires than these that look otherwise, everything that is seen is painted.
_NODES, _WIRES = 60, 60


class Repainting:
    """Collects what a change touches: :meth:`begin` before the tables change, :meth:`end` after it."""

    def __init__(self, scene: CanvasScene) -> None:
        self._scene = scene
        self._boxes: list[Box] = []
        self._new: list[Wire] = []
        self._whole = False

    def begin(self, nodes: Rows, old: Network, network: Network, slots: Set[str]) -> None:
        """These nodes will change or go, and the scene will show another network, with other wires at the ports for
        many of ``slots``."""
        scene, table = self._scene, self._scene.wires.table
        self._boxes = []
        self._whole = not len(scene.table)
        if self._whole:
            return
        gone, self._new = swapped(old.wires, network.wires)
        shown = self._nodes_in_sight(nodes)
        self._whole = self._special() or len(shown) > _NODES or len(gone) + len(self._new) > _WIRES
        if not self._whole:
            targets = {wire.target for wire in (*gone, *self._new)} | slots  # there, other wires may make room
            mates = [wire for id in targets for wire in old.incoming.get(id, ())]
            known = np.union1d(table.rows_of((*gone, *mates)), table.at_nodes(nodes))
            self._new = [*self._new, *mates]
            self._add_nodes(np.union1d(shown, scene.table.rows_of(targets)))
            self._add_wires(self._wires_in_sight(known))

    def leaving(self, wires: Rows) -> None:
        """These wires may go elsewhere."""
        if self._whole:
            return
        near = self._wires_in_sight(wires)
        self._whole = len(near) > _WIRES
        if not self._whole:
            self._add_wires(near)

    def end(self, nodes: Rows, forgotten: Rows | None) -> None:
        """Paint what these nodes and wires, whose ways have to be found anew, looked like and look like now."""
        layer, nodes = self._scene.wires, self._nodes_in_sight(nodes)
        if forgotten is None or self._whole or len(nodes) > _NODES:
            self.everything()
            return
        known = np.unique(np.concatenate([forgotten, layer.table.rows_of(self._new)]))
        near = self._wires_in_sight(known)
        if len(near) > _WIRES:
            self.everything()
            return
        layer.decide(near)  # as far as there is time; the others go about so, and are painted again when it is known
        self._add_nodes(nodes)
        self._add_wires(near)
        self._boxes += layer.pills.mend(known, self._boxes)
        if layer.pills.waiting:
            layer.finish()
        self._tell()

    def show(self, boxes: list[Box]) -> None:
        """Paint these parts of the scene."""
        self._boxes = boxes
        if boxes:
            self._tell()

    def resolved(self, before: Resolution | None, badges: npt.NDArray[np.uint8], bad: frozenset[Wire]) -> None:
        """Paint what another resolution shows otherwise than before, when nodes had these badges and wires were bad."""
        scene, layer = self._scene, self._scene.wires
        turned = np.flatnonzero(badges != scene.table.badge)
        wires = bad ^ scene.bad_wires
        changed = layer.pills.retold() if before is not None and not scene.session.scope.block else None
        few = len(turned) <= _NODES and len(wires) <= _WIRES
        if changed is None or not few or scene.comparison.shown:
            self.everything()
            return
        self._boxes = changed
        self._add_nodes(turned)
        self._add_wires(layer.table.rows_of(wires))
        self._tell()

    def deciding(self, rows: Rows) -> None:
        """The ways of these wires, which are seen, will be worked out."""
        self._boxes, self._whole = [], len(rows) > _WIRES or self._special()
        if not self._whole:
            self._add_wires(rows)

    def decided(self, rows: Rows) -> None:
        """Paint these wires, whose ways were worked out."""
        if self._whole:
            self.everything()
        elif len(rows):
            self._add_wires(rows)
            self._boxes += self._scene.wires.pills.mend(rows, self._boxes)
            self._tell()

    def _nodes_in_sight(self, nodes: Rows) -> Rows:
        """Those of these nodes that are seen, or may be; what is out of sight need not be painted."""
        seen = self._scene.seen
        return nodes if seen is None else self._scene.table.inside(seen, SURROUNDINGS, nodes)

    def _wires_in_sight(self, wires: Rows) -> Rows:
        seen = self._scene.seen
        return wires if seen is None else self._scene.wires.table.near(seen, wires)

    def _special(self) -> bool:
        """Whether something is shown that reaches further than nodes and wires."""
        scene = self._scene
        return (
            bool(scene.session.view.frames) or scene.comparison.shown or scene.lit is not None or len(scene.moving) > 0
        )

    def everything(self) -> None:
        """Paint all of it, and place the labels of wires anew."""
        self._scene.wires.pills.forget()
        self._scene.redraw()

    def _add_nodes(self, rows: Rows) -> None:
        for left, top, right, bottom in self._scene.table.boxes(rows):
            if left == left:  # it stands somewhere
                self._boxes.append((left - SURROUNDINGS, top - MARGIN, right + MARGIN, bottom + MARGIN))

    def _add_wires(self, rows: Rows) -> None:
        table = self._scene.wires.table
        for row in rows.tolist():
            self._boxes += table.parts(row)

    def _tell(self) -> None:
        """Have what was collected painted, as far as it is seen."""
        scene, seen = self._scene, self._scene.seen
        boxes, self._boxes = self._boxes, []
        if seen is not None:
            boxes = [box for box in boxes if _overlap(box, seen)]
        scene.revision += 1
        if boxes:
            scene.touched_all.emit([QRectF(QPointF(*box[:2]), QPointF(*box[2:])) for box in boxes])


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and a[2] > b[0] and a[1] < b[3] and a[3] > b[1]
