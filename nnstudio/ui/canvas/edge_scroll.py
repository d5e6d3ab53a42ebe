"""While something is dragged near the edge of the view, the sheet moves on under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, QTimer

from nnstudio.ui.canvas.tools import PanTool

if TYPE_CHECKING:
    from nnstudio.ui.canvas.view import CanvasView

#: How near the edge it begins, and the most that the sheet moves at a time, in pixels; how often, in milliseconds.
NEAR, FASTEST, PACE = 28, 22, 16


class EdgeScroll(QObject):
    """Moves the sheet for the gesture in progress; :meth:`follow` is told where the pointer is."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self._at = QPoint()
        self._keys = Qt.KeyboardModifier.NoModifier
        self._timer = QTimer(self)
        self._timer.setInterval(PACE)
        self._timer.timeout.connect(self.go_on)

    def follow(self, at: QPoint, keys: Qt.KeyboardModifier) -> None:
        """The pointer is there, in the view's pixels, with a gesture in progress."""
        self._at, self._keys = at, keys
        tool = self._view.tool
        if tool is None or isinstance(tool, PanTool) or not tool.dragged or self._step().isNull():
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()

    def stop(self) -> None:
        """The gesture has ended."""
        self._timer.stop()

    def go_on(self) -> None:
        """Move the sheet once, and the gesture with it."""
        tool, step = self._view.tool, self._step()
        if tool is None or step.isNull():
            self._timer.stop()
            return
        before = self._view.mapFromScene(0.0, 0.0)
        self._view.pan(step.x(), step.y())
        tool.start += self._view.mapFromScene(0.0, 0.0) - before  # where it began is a place on the sheet
        tool.move(self._at, self._keys)

    def _step(self) -> QPoint:
        area = self._view.viewport().rect()
        return QPoint(
            _speed(self._at.x() - area.left(), area.right() - self._at.x()),
            _speed(self._at.y() - area.top(), area.bottom() - self._at.y()),
        )


def _speed(before: int, behind: int) -> int:
    """How far the sheet moves with so many pixels to the edges before and behind the pointer."""
    if min(before, behind) >= NEAR:
        return 0
    reach = min(NEAR, NEAR - min(before, behind))
    by = max(2, round(FASTEST * reach / NEAR))
    return by if before < behind else -by
