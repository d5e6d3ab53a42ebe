"""Notices: one sentence at the foot of the canvas, which leaves by itself unless it is bad news."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from nnstudio.ui.icons import icon
from nnstudio.ui.parts import Resized, button, column, label, row

#: How long a notice stays at least, by its level, and for each character that is to be read; 0: until it is closed.
STAY_MS, READ_MS = {"info": 4000, "warning": 9000, "error": 0}, 70
_ICONS = {"info": ("info", "accent"), "warning": ("warning", "validation"), "error": ("warning", "problem")}
MOST = 3

Onwards = tuple[str, Callable[[], object]]
"""A title, and what is done."""


class Notice(QFrame):
    """One sentence with its level's sign, a button that leads on where there is one, and one that closes it. Under the
    pointer it stays."""

    def __init__(self, level: str, sentence: str, onwards: Onwards | None = None) -> None:
        super().__init__()
        self.setProperty("role", "notice")
        self.level, self.sentence = level, sentence
        name, token = _ICONS[level]
        sign = QLabel()
        sign.setPixmap(icon(name, token).pixmap(QSize(18, 18)))
        text = label(sentence, wrap=True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        text.setMinimumWidth(min(440, text.fontMetrics().horizontalAdvance(sentence) + 8))
        close = QToolButton()
        close.setIcon(icon("close", "muted"))
        close.setAccessibleName("Close")
        close.clicked.connect(self.leave)
        told = column(text, row(self._leading(*onwards), 1), spacing=2) if onwards is not None else column(text)
        line = row(sign, told, close, spacing=10, margins=(12, 7, 6, 7))
        line.setStretch(1, 1)
        self.setLayout(line)
        self.staying: QTimer | None = None
        if STAY_MS[level]:
            self.staying = QTimer(self)  # its own, so that it goes with the notice
            self.staying.setSingleShot(True)
            least = STAY_MS["warning" if onwards is not None else level]  # a button is come by less quickly
            self.staying.setInterval(max(least, READ_MS * len(sentence)))
            self.staying.timeout.connect(self.leave)
            self.staying.start()

    def _leading(self, title: str, do: Callable[[], object]) -> QPushButton:
        def go() -> None:
            self.leave()
            do()

        return button(title, go, "link")

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        if self.staying is not None:
            self.staying.stop()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if self.staying is not None and not self.isHidden():
            self.staying.start()

    def leave(self) -> None:
        """Go."""
        self.hide()
        parent = self.parentWidget()
        self.deleteLater()
        if isinstance(parent, Notices):
            parent.arrange()


class Notices(QWidget):
    """The notices over a widget, the latest at the bottom. ``foot``: how far from its lower edge they stand between two
    columns of it, in pixels. ``onwards``: where a notice of this level with this sentence leads, a title and what is
    done; None: nowhere."""

    def __init__(
        self, over: QWidget, foot: Callable[[int, int], int] = lambda *_: 0,
        onwards: Callable[[str, str], Onwards | None] = lambda *_: None,
    ) -> None:  # fmt: skip
        super().__init__(over)
        self._over, self._foot, self._onwards = over, foot, onwards
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        Resized(over, self.arrange)
        self.hide()

    @property
    def shown(self) -> list[Notice]:
        """The notices that stand there now, the oldest first."""
        return [n for n in self.findChildren(Notice) if not n.isHidden()]

    def say(self, level: str, sentence: str) -> None:
        """Show a notice; the same sentence is not shown twice."""
        for known in self.shown:
            if known.sentence == sentence:
                known.leave()
        for old in self.shown[: 1 - MOST] if len(self.shown) >= MOST else ():
            old.leave()
        made = Notice(level, sentence, self._onwards(level, sentence))
        self._column.addWidget(made, 0, Qt.AlignmentFlag.AlignHCenter)
        made.show()  # now: what joins a visible parent counts as hidden until later, and would get no room
        self.arrange()

    def clear(self) -> None:
        """Take all away."""
        for notice in self.shown:
            notice.leave()

    def arrange(self) -> None:
        """Stand at the foot of what the notices are over."""
        if not self.shown:
            self.hide()
            return
        self.show()
        self.raise_()
        width = min(560, self._over.width() - 24)
        height = (
            self._column.totalHeightForWidth(width) if self._column.hasHeightForWidth() else self.sizeHint().height()
        )
        left = (self._over.width() - width) // 2
        foot = self._foot(left, left + width)
        self.setGeometry(left, self._over.height() - foot - height - 16, width, height)
