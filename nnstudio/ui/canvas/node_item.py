"""Nodes by id, as others ask for them: where each is shown and what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from nnstudio.ui.canvas.face import Face

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene


class NodeItem:
    """One node as it is shown. Made when asked for; it holds nothing itself."""

    __slots__ = ("_scene", "id")

    def __init__(self, scene: CanvasScene, id: str) -> None:
        self._scene, self.id = scene, id

    @property
    def face(self) -> Face:
        """What it shows."""
        return self._scene.face(self.id)

    def pos(self) -> QPointF:
        """Its centre."""
        return QPointF(*self._scene.table.at(self._scene.table.rows[self.id]))

    def x(self) -> float:
        """Its centre."""
        return self.pos().x()

    def y(self) -> float:
        """Its centre."""
        return self.pos().y()


class Items(Mapping[str, NodeItem]):
    """The nodes that are drawn, by id."""

    def __init__(self, scene: CanvasScene) -> None:
        self._scene = scene

    def __getitem__(self, id: str) -> NodeItem:
        if id not in self._scene.table.rows:
            raise KeyError(id)
        return NodeItem(self._scene, id)

    def __iter__(self) -> Iterator[str]:
        return iter(self._scene.table.rows)

    def __len__(self) -> int:
        return len(self._scene.table)
