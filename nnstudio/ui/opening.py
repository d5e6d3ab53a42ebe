"""Says over the window's page what is being opened, from the click until it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from nnstudio.ui import theme
from nnstudio.ui.announce import describe
from nnstudio.ui.parts import ElidedLabel, Resized, column

if TYPE_CHECKING:
    from nnstudio.ui.project_files import ProjectFiles


class Opening(QFrame):
    """``Opening VAE …`` over a bar that moves, in the middle of a widget, while files are read. Clicks go through to
    what lies below, so that another project can be chosen."""

    def __init__(self, over: QWidget, files: ProjectFiles) -> None:
        super().__init__(over)
        self._over, self._stays = over, False
        self.setObjectName("opening")
        self.setProperty("role", "notice")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("What is being opened")
        self.text = ElidedLabel("", "")
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 0)
        self.setLayout(column(self.text, self._bar, spacing=10, margins=(24, 16, 24, 18)))
        self.hide()
        Resized(over, self._place)
        files.opening.connect(self._follow)

    def _follow(self, title: str) -> None:
        if title:
            self.say(title)
        elif not self._stays:
            self.hide()

    def leave(self) -> None:
        """Go."""
        self._stays = False
        self.hide()

    def stay(self, title: str) -> None:
        """Stay until :meth:`leave`, also when the file has been read; what has not been said is said now."""
        if self.isHidden():
            self.say(title)
        self._stays = True

    def say(self, title: str) -> None:
        """Show what is being opened, at once: what follows may hold the window up."""
        self._stays = False
        self.text.setText(f"Opening {title} …")
        describe(self, self.text.text())
        self._place()
        self.show()
        self.raise_()
        self.repaint()

    def _place(self) -> None:
        self.resize(min(theme.scaled(360), self._over.width() - 24), self.sizeHint().height())
        self.move((self._over.width() - self.width()) // 2, (self._over.height() - self.height()) // 2)
