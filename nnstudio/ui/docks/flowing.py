"""A widget whose content flows: as high as it has to be for its width."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class Flowing(QWidget):
    """Painted by :meth:`flow`; :meth:`reflow` after its content has changed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def flow(self, painter: QPainter | None) -> int:
        """Paint the content (with no painter: nothing), and return how high it is at the present width, in pixels."""
        raise NotImplementedError

    def reflow(self) -> None:
        """Take the height that the content needs, and paint it anew."""
        self.setFixedHeight(self.flow(None))
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setFixedHeight(self.flow(None))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.flow(painter)
        finally:
            painter.end()
