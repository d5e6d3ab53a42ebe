"""The empty state: what a panel will show, and the one button that makes it so."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from nnstudio.ui.parts import show_if


class EmptyState(QWidget):
    """A title, one sentence and, where something can be done, one button."""

    def __init__(
        self, title: str, sentence: str, button: str = "", action: Callable[[], object] | None = None,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.title = QLabel(title, alignment=Qt.AlignmentFlag.AlignCenter)
        self.title.setProperty("role", "heading")
        self.sentence = QLabel(sentence, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.sentence.setProperty("role", "muted")
        for text in (self.title, self.sentence):
            text.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QPushButton(button)
        self.button.setProperty("role", "primary")
        show_if(self.button, button)
        if action is not None:
            self.button.clicked.connect(lambda: action())
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addStretch(3)
        column.addWidget(self.title)
        column.addWidget(self.sentence)
        column.addSpacing(4)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(4)

    def say(self, title: str, sentence: str) -> None:
        """Show another title and sentence."""
        self.title.setText(title)
        self.sentence.setText(sentence)
