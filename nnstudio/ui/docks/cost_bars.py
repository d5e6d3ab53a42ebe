"""A bar of shares: where parameters, memory or time go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from nnstudio.ui import theme

#: Pixels: the bar, a part that is drawn by itself, and one whose name is written into it.
HEIGHT, LEAST, NAMED = 20, 1.5, 44


@dataclass(frozen=True, slots=True)
class Share:
    """One part: what it stands for (ids, several where it is a family), its name, colour, size and its text."""

    ids: tuple[str, ...]
    name: str
    color: str
    size: float
    text: str


class ShareBar(QWidget):
    """Parts side by side, as wide as they are large, in the order they come. ``chosen(ids)`` when one is clicked;
    the tip names what is under the pointer."""

    chosen = Signal(tuple)

    def __init__(self) -> None:
        super().__init__()
        self.shares: tuple[Share, ...] = ()
        self.selected: frozenset[str] = frozenset()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("shares")

    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT)

    def show_shares(self, shares: Sequence[Share], selected: frozenset[str]) -> None:
        """Show these parts; those with a selected id are marked."""
        self.shares = tuple(share for share in shares if share.size > 0)
        self.selected = selected
        largest = sorted(self.shares, key=lambda share: -share.size)[:5]
        total = self.total
        told = (f"{share.name} {share.size / total:.0%}" for share in largest)
        self.setAccessibleDescription(", ".join(told))
        self.update()

    @property
    def total(self) -> float:
        """The size of all parts together."""
        return sum(share.size for share in self.shares) or 1.0

    def rects(self) -> list[tuple[Share, QRectF]]:
        """The parts and where they are; parts narrower than a line are left out, the ground shows there."""
        scale, left, found = self.width() / self.total, 0.0, []
        for share in self.shares:
            wide = share.size * scale
            if wide >= LEAST:
                found.append((share, QRectF(left, 0, wide, HEIGHT)))
            left += wide
        return found

    def share_at(self, at: QPointF) -> Share | None:
        """What is at a place; parts too narrow to be drawn are found too."""
        target, left = at.x() * self.total / max(1, self.width()), 0.0
        for share in self.shares:
            left += share.size
            if target < left:
                return share
        return None

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, painter = theme.current(), QPainter(self)
        try:
            painter.fillRect(QRectF(0, 0, self.width(), HEIGHT), QColor(tokens.raised))
            painter.setFont(theme.ui_font(11))
            for share, rect in self.rects():
                self._paint_share(painter, share, rect)
        finally:
            painter.end()

    def _paint_share(self, painter: QPainter, share: Share, rect: QRectF) -> None:
        tokens = theme.current()
        chosen = not self.selected.isdisjoint(share.ids)
        # a surface on which the theme's text can be read
        painter.fillRect(rect, theme.mixed(tokens.panel, share.color, 0.75 if chosen else 0.38))
        painter.fillRect(QRectF(rect.left(), HEIGHT - 3, rect.width(), 3), QColor(share.color))
        painter.fillRect(QRectF(rect.right() - 1, 0, 1, HEIGHT), QColor(tokens.panel))
        if rect.width() >= NAMED:
            painter.setPen(QColor(tokens.text))
            inside = rect.adjusted(6, 0, -4, -3)
            text = painter.fontMetrics().elidedText(share.name, Qt.TextElideMode.ElideRight, int(inside.width()))
            painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self.share_at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if found else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        found = self.share_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and found is not None:
            self.chosen.emit(found.ids)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self.share_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.tip(found) if found is not None else "", self)
            return True
        return super().event(event)

    def tip(self, share: Share) -> str:
        """What is said of a part."""
        return f"{share.name}: {share.text}, {share.size / self.total:.1%}"
