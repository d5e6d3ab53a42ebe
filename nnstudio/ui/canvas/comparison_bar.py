"""What the colours of a comparison mean, how much there is of each, and the button that ends it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nnstudio.ui import theme
from nnstudio.ui.canvas.comparison import SIGNS, Comparison, color_of

_WORDS = {"added": "new", "removed": "gone", "changed": "changed"}


class _Sign(QWidget):
    """The disc that stands on nodes of one kind."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind
        self.setFixedSize(theme.scaled(18), theme.scaled(18))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color_of(self._kind))
            middle, reach = QRectF(self.rect()).center(), self.width() / 2 - 1
            painter.drawEllipse(QPointF(middle), reach, reach)
            painter.setPen(QColor(theme.current().canvas))
            painter.setFont(theme.ui_font(12, 700))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, SIGNS[self._kind])
        finally:
            painter.end()


class ComparisonBar(QWidget):
    """Floats at the canvas' upper edge while a comparison is shown."""

    def __init__(self, comparison: Comparison, parent: QWidget) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self.title = QLabel()
        self.title.setProperty("role", "strong")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        layout = QHBoxLayout()
        layout.setSpacing(8)
        layout.addWidget(self.title)
        self._counts: dict[str, QLabel] = {}
        for kind in SIGNS:
            self._counts[kind] = QLabel()
            layout.addSpacing(6)
            layout.addWidget(_Sign(kind))
            layout.addWidget(self._counts[kind])
        self.button = QPushButton("End")
        self.button.setToolTip("Compare no longer")
        self.button.setAccessibleName("End comparison")
        self.button.clicked.connect(comparison.end)
        layout.addSpacing(6)
        layout.addWidget(self.button)
        self.told = QLabel()
        self.told.setObjectName("comparison_told")
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setWordWrap(True)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(12, 6, 8, 6)
        lines.setSpacing(4)
        lines.addLayout(layout)
        lines.addWidget(self.told)
        comparison.changed.connect(self.refresh)
        comparison.session.selection_changed.connect(self.refresh)
        theme.changed.connect(self.refresh)
        self.hide()

    def refresh(self) -> None:
        """Show the present counts and what has changed of the selected node, or nothing."""
        if not self._comparison.shown and self.isHidden():
            return
        self.setVisible(self._comparison.shown)
        counts = self._comparison.counts()
        self.title.setText(f"Compared with {self._comparison.title}")
        for kind, label in self._counts.items():
            label.setText(f"{counts[kind]} {_WORDS[kind]}")
        self.told.setText(self._comparison.of_selected())
        self.told.setVisible(bool(self.told.text()))
        told = ", ".join(label.text() for label in self._counts.values())
        self.setAccessibleName(f"{self.title.text()}: {told}")
        self.setAccessibleDescription(self.told.text())
        self.adjustSize()
        self.move(max(8, (self.parentWidget().width() - self.width()) // 2), 10)
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            tokens = theme.current()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(tokens.line), 1.0))
            painter.setBrush(QColor(tokens.panel))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 7, 7)
        finally:
            painter.end()
