"""What the network answers: classes with how sure it is, numbers, pictures, texts; one part for each output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from nnstudio.ui import theme
from nnstudio.ui.announce import describe
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.data_pictures import image_of
from nnstudio.ui.docks.scene_marks import MarkedPicture, marks_of_answer
from nnstudio.ui.parts import empty, label

#: Classes that are shown, the likeliest first; numbers that are written out.
CLASSES, NUMBERS = 10, 24


class ClassBars(QWidget):
    """Shares of the likeliest classes as bars, the first in the accent's colour."""

    LINE = 22

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[tuple[str, float]] = []
        self.setAccessibleName("Certainty by class")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(220), theme.scaled(self.LINE) * max(1, len(self.rows)))

    def show_shares(self, shares: Mapping[str, float]) -> None:
        """Show these, by class."""
        self.rows = sorted(shares.items(), key=lambda each: -each[1])[:CLASSES]
        describe(self, ", ".join(f"{name} {numbers.share(share)}" for name, share in self.rows))
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            font = theme.ui_font(12)
            painter.setFont(font)
            metrics, high = QFontMetricsF(font), theme.scaled(self.LINE)
            names = max((metrics.horizontalAdvance(name) for name, _ in self.rows), default=0.0)
            left = min(0.45 * self.width(), names + 12)
            right = metrics.horizontalAdvance("100.0 %") + 8
            for place, (name, share) in enumerate(self.rows):
                self._line(painter, QRectF(0, place * high, self.width(), high), name, share, left, right, place == 0)
        finally:
            painter.end()

    def _line(
        self, painter: QPainter, box: QRectF, name: str, share: float, left: float, right: float, first: bool
    ) -> None:  # fmt: skip
        tokens, metrics = theme.current(), QFontMetricsF(painter.font())
        flags = int(Qt.AlignmentFlag.AlignVCenter)
        painter.setPen(QColor(tokens.text if first else tokens.muted))
        elided = metrics.elidedText(name, Qt.TextElideMode.ElideRight, left - 8)
        painter.drawText(QRectF(box.left(), box.top(), left, box.height()), flags, elided)
        track = QRectF(box.left() + left, box.center().y() - 4, max(4.0, box.width() - left - right), 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(track, 4, 4)
        if share > 0.001:
            painter.setBrush(QColor(tokens.accent if first else tokens.faint))
            painter.drawRoundedRect(QRectF(track.left(), track.top(), max(4.0, track.width() * share), 8), 4, 4)
        painter.setPen(QColor(tokens.text if first else tokens.muted))
        end = QRectF(box.right() - right, box.top(), right, box.height())
        painter.drawText(end, flags | int(Qt.AlignmentFlag.AlignRight), numbers.share(share))


class Picture(QWidget):
    """A picture that the network painted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = image_of(np.zeros((1, 1), np.uint8))
        self.setAccessibleName("The picture that the network paints")
        self.setMinimumSize(72, 72)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_pixels(self, values: np.ndarray) -> None:
        """Show C×H×W; from 0 to 1, or stretched where it goes beyond."""
        low, high = float(values.min()), float(values.max())
        if low < -0.25 or high > 1.25:
            values = (values - low) / max(high - low, 1e-9)
        pixels = np.clip(values * 255, 0, 255).astype(np.uint8)
        self._image = image_of(np.moveaxis(pixels[:3], 0, 2) if len(pixels) >= 3 else pixels[0])
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            area = QRectF(0, 0, size.width(), size.height())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._image.width() >= area.width())
            painter.drawImage(area, self._image, QRectF(self._image.rect()))
        finally:
            painter.end()


class AnswersView(QWidget):
    """All outputs under one another: name, the answer, and how sure it is. picture: in which boxes and areas lie;
    classes: of boxes, in the order of their colours."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = QImage()
        self.classes: tuple[str, ...] = ()
        self._forms: tuple[tuple[str, str], ...] = ()
        self._parts: dict[str, list[QWidget]] = {}
        self.headlines: dict[str, str] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)

    def show_answers(self, answers: Mapping[str, Mapping[str, Any]]) -> None:
        """Show these; the widgets stay as long as the outputs are of the same kinds."""
        forms = tuple((name, _form(answer)) for name, answer in answers.items())
        if forms != self._forms:
            self._build(forms)
        for name, form in forms:
            self._fill(name, form, answers[name])

    def _build(self, forms: tuple[tuple[str, str], ...]) -> None:
        empty(self._column)
        self._forms, self._parts = forms, {}
        for name, form in forms:
            head = label("", "title", wrap=True)
            head.setObjectName(f"answer_{name}")
            parts: list[QWidget] = [label(name, "muted"), head]
            if form == "classes":
                parts.append(ClassBars())
            elif form == "picture":
                parts.append(Picture())
            elif form == "marks":
                parts.append(MarkedPicture())
            self._parts[name] = parts
            for part in parts:
                self._column.addWidget(part, 1 if isinstance(part, Picture | MarkedPicture) else 0)
        self._column.addStretch(1 if not any(form in ("picture", "marks") for _, form in forms) else 0)

    def _fill(self, name: str, form: str, answer: Mapping[str, Any]) -> None:
        head = self._parts[name][1]
        text = headline(form, answer)
        self.headlines[name] = text
        head.setText(text)  # type: ignore[attr-defined]
        head.setVisible(bool(text))
        shown = self._parts[name][-1]
        if isinstance(shown, ClassBars):
            shown.show_shares(answer["probabilities"])
        elif isinstance(shown, Picture):
            shown.show_pixels(np.asarray(answer["value"], np.float64))
        elif isinstance(shown, MarkedPicture):
            shown.show_marks(self.picture, marks_of_answer(answer, self.classes))


def _form(answer: Mapping[str, Any]) -> str:
    if "probabilities" in answer:
        return "classes"
    if "boxes" in answer or "mask" in answer:
        return "marks"
    value = answer.get("value")
    if isinstance(value, list) and np.ndim(value) == 3 and np.shape(value)[0] in (1, 3):
        return "picture"
    return "text"


def headline(form: str, answer: Mapping[str, Any]) -> str:
    """The answer in a few words."""
    if form == "classes":
        return str(answer["class"])
    if form == "picture":
        return ""
    if form == "marks":
        return numbers.count(len(answer["boxes"]), "object") if "boxes" in answer else ""
    value = answer.get("text", answer.get("value"))
    if isinstance(value, float):
        return numbers.figure(value)
    if isinstance(value, list):
        flat = np.asarray(value, dtype=object).reshape(-1).tolist()
        told = ", ".join(numbers.figure(each) if isinstance(each, float) else str(each) for each in flat[:NUMBERS])
        return told + (f", … ({len(flat):,} in all)" if len(flat) > NUMBERS else "")
    return str(value)
