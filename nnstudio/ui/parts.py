"""Small widgets that several panels are made of."""

from __future__ import annotations

from collections.abc import Callable, Container

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from nnstudio.ui.icons import icon


def label(text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
    """A label of a role of the style sheet. Its text is never taken for markup."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


def button(
    text: str, pressed: Callable[[], object] | None = None, role: str = "", icon_name: str = "", tooltip: str = ""
) -> QPushButton:
    """A push button of a role of the style sheet (``primary``, ``quiet``, ``link``)."""
    made = QPushButton(text)
    if role:
        made.setProperty("role", role)
    if icon_name:
        made.setIcon(icon(icon_name, "on_accent" if role == "primary" else "text"))
        made.setIconSize(QSize(16, 16))
    if role in ("link", "quiet"):
        made.setCursor(Qt.CursorShape.PointingHandCursor)
    if tooltip:
        made.setToolTip(tooltip)
    made.setAutoDefault(False)
    if pressed is not None:
        made.clicked.connect(lambda _=False: pressed())
    return made


def line(*, vertical: bool = False) -> QFrame:
    """A hairline."""
    made = QFrame()
    made.setProperty("role", "line")
    (made.setFixedWidth if vertical else made.setFixedHeight)(1)
    return made


def column(*parts: QWidget | QLayout | int, spacing: int = 8, margins: tuple[int, ...] = (0, 0, 0, 0)) -> QVBoxLayout:
    """A vertical layout; numbers are stretches."""
    return _filled(QVBoxLayout(), parts, spacing, margins)


def row(*parts: QWidget | QLayout | int, spacing: int = 8, margins: tuple[int, ...] = (0, 0, 0, 0)) -> QHBoxLayout:
    """A horizontal layout; numbers are stretches."""
    return _filled(QHBoxLayout(), parts, spacing, margins)


def _filled(layout, parts, spacing, margins):  # type: ignore[no-untyped-def]
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    for part in parts:
        if isinstance(part, int):
            layout.addStretch(part)
        elif isinstance(part, QWidget):
            layout.addWidget(part)
        else:
            layout.addLayout(part)
    return layout


def panel(layout: QBoxLayout, role: str = "panel") -> QFrame:
    """A frame of a surface of the theme around a layout."""
    made = QFrame()
    made.setProperty("role", role)
    made.setLayout(layout)
    return made


def show_if(widget: QWidget, wanted: object) -> None:
    """Show or hide a widget. One that has no parent yet is seen with the one that it gets: shown now, it would be a
    window for a moment, and take the focus from the one that is used."""
    if wanted and widget.parentWidget() is None:
        widget.setAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)
    else:
        widget.setVisible(bool(wanted))


def empty(layout: QBoxLayout) -> None:
    """Take everything out of a layout and destroy its widgets when the event loop is back."""
    while layout.count():
        item = layout.takeAt(0)
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif isinstance(inner, QBoxLayout):
            empty(inner)


class ElidedLabel(QLabel):
    """A label that ends in … where it has no room, and tells the whole text as its tooltip then."""

    def __init__(self, text: str = "", role: str = "") -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if role:
            self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.shorter = ""

    def say_shortly(self, text: str) -> None:
        """What is written in place of the text while there is no room for all of it; "" cuts the text."""
        self.shorter = text
        self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = self.fontMetrics().elidedText(self.shorter or self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.setToolTip(self.text() if shown != self.text() else "")
        painter = QPainter(self)
        try:
            painter.setPen(self.palette().color(self.foregroundRole()))
            painter.drawText(self.contentsRect(), self.alignment() | Qt.AlignmentFlag.AlignVCenter, shown)
        finally:
            painter.end()


class Swatch(QWidget):
    """A small rounded square in a colour, such as a layer family's."""

    def __init__(self, color: Callable[[], object], size: int = 14) -> None:
        super().__init__()
        self._color = color
        self.setFixedSize(size, size)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._color())  # type: ignore[call-overload]
            painter.drawRoundedRect(self.rect(), 3, 3)
        finally:
            painter.end()


class Resized(QObject):
    """Calls a function whenever a widget has got another size."""

    def __init__(self, widget: QWidget, callback: Callable[[], object]) -> None:
        super().__init__(widget)
        self._callback = callback
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._callback()
        return False


def capital(text: str, names: Container[str] = ()) -> str:
    """With a capital at its beginning, unless it begins with the name of a file, a parameter or one of ``names``."""
    first = text.split(maxsplit=1)[0].rstrip(",:;") if text.strip() else ""
    if first in names or any(not letter.isalpha() for letter in first):
        return text
    return text[:1].upper() + text[1:]
