"""Samples as they are in the data and as they are trained on: pictures, sounds and tokens."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from nnstudio.ui import theme
from nnstudio.ui.announce import describe
from nnstudio.ui.docks.data_pictures import image_of
from nnstudio.ui.docks.try_sound import draw_wave

if TYPE_CHECKING:
    from nnstudio.train.augmenting_shown import Tokens

#: Samples in the preview, the edge of a picture and the gap between two in pixels, and of how much a title has.
SHOWN, SIDE, GAP, TITLE = 6, 56, 6, 44
#: Sounds and texts that there is room for, and characters of a text.
WAVES, TEXTS, LONG = 3, 3, 160

Pair = tuple[NDArray[Any], NDArray[Any]]


class Comparison(QWidget):
    """Two rows of pictures: as they are in the data, and as they are trained on."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[Any] = []
        self.after: list[Any] = []
        self.setAccessibleName("Pictures before and after augmentation")
        self.setMinimumSize(self.sizeHint())

    def sizeHint(self) -> QSize:
        return QSize(TITLE + SHOWN * (SIDE + GAP), 2 * (SIDE + GAP))

    def show_pictures(self, preview: Pair | None) -> None:
        """Show these, uint8 N×H×W or N×H×W×3; None: nothing."""
        self.before = [image_of(pixels) for pixels in preview[0]] if preview is not None else []
        self.after = [image_of(pixels) for pixels in preview[1]] if preview is not None else []
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setFont(theme.ui_font(11))
            painter.setPen(QColor(theme.current().muted))
            for line, (title, images) in enumerate((("before", self.before), ("after", self.after))):
                top = line * (SIDE + GAP)
                if images:
                    painter.drawText(QRect(0, top, TITLE, SIDE), int(Qt.AlignmentFlag.AlignVCenter), title)
                for place, image in enumerate(images):
                    box = QRect(TITLE + place * (SIDE + GAP), top, SIDE, SIDE)
                    target = QRect(box.topLeft(), image.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio))
                    target.moveCenter(box.center())
                    painter.drawImage(target, image)
        finally:
            painter.end()


class Waves(QWidget):
    """Two rows of sounds: as they are in the data, and as they are trained on, drawn as loud as one another."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[NDArray[np.float32]] = []
        self.after: list[NDArray[np.float32]] = []
        self.setAccessibleName("Sounds before and after augmentation")
        self.setMinimumSize(self.sizeHint())
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(TITLE + SHOWN * (SIDE + GAP), 2 * (SIDE + GAP))

    def show_sounds(self, preview: Pair | None) -> None:
        """Show the first of these, N×T; None: nothing."""
        self.before = list(preview[0][:WAVES]) if preview is not None else []
        self.after = list(preview[1][:WAVES]) if preview is not None else []
        self.setVisible(bool(self.before))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setFont(theme.ui_font(11))
            wide = (self.width() - TITLE) / max(1, len(self.before)) - GAP
            for place, pair in enumerate(zip(self.before, self.after, strict=True)):
                reach = max(1e-6, *(float(np.abs(wave).max(initial=0.0)) for wave in pair))
                for line, wave in enumerate(pair):
                    box = QRectF(TITLE + place * (wide + GAP), line * (SIDE + GAP), wide, SIDE)
                    draw_wave(painter, wave, box, reach)
            painter.setPen(QColor(theme.current().muted))
            for line, title in enumerate(("before", "after") if self.before else ()):
                painter.drawText(QRect(0, line * (SIDE + GAP), TITLE, SIDE), int(Qt.AlignmentFlag.AlignVCenter), title)
        finally:
            painter.end()


class Dropped(QLabel):
    """Texts token by token, those that are dropped struck through."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setAccessibleName("Texts, with the tokens that are dropped struck through")
        self.hide()

    def show_tokens(self, tokens: Tokens | None) -> None:
        """Show the first of these; None: nothing."""
        lines, gone, faint = [], [], theme.current().muted
        for row, dropped in list(zip(tokens.rows, tokens.dropped, strict=True))[:TEXTS] if tokens is not None else ():
            kept, length = [], 0
            for token, is_dropped in zip(row, dropped, strict=True):
                length += len(token) + 1
                if length > LONG:
                    kept.append("…")
                    break
                told = html.escape(token).replace("\n", "⏎")
                kept.append(f'<span style="color: {faint}"><s>{told}</s></span>' if is_dropped else told)
                gone += [token] if is_dropped else []
            lines.append((tokens.joiner if tokens is not None else " ").join(kept))
        self.setText("<br>".join(lines))
        describe(self, f"dropped: {', '.join(gone)}" if gone else "no token is dropped")
        self.setVisible(bool(lines))
