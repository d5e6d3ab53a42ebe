"""What is marked in a picture: boxes around objects with their class, masks in a colour for each class or object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnstudio.ui import theme
from nnstudio.ui.announce import describe
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.flowing import Flowing
from nnstudio.ui.docks.rows import color_apart

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset

#: How much of a mask's colour covers the picture, of 255; pixels of width from which names are written beside boxes.
COVERING, NAMED = 130, 100


@dataclass(frozen=True, slots=True)
class Box:
    """A box: centre and size as shares of the picture; code: its class, for its colour; text: what stands by it."""

    x: float
    y: float
    width: float
    height: float
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Marks:
    """What is marked in one picture. mask: H×W codes, 0 is not coloured; None where there is none."""

    boxes: tuple[Box, ...] = ()
    mask: NDArray[np.int64] | None = field(default=None, compare=False)

    def described(self) -> str:
        """In words: how many boxes of what."""
        names = [box.text for box in self.boxes]
        counted = [f"{names.count(name)} {name}" for name in dict.fromkeys(names)]
        return ", ".join(counted[:12]) if names else "nothing is marked" if self.mask is None else "areas are marked"

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Paint them over a picture that fills an area."""
        if self.mask is not None:
            painter.drawImage(area, mask_image(self.mask))
        for box in self.boxes:
            _paint_box(painter, area, box)


def _paint_box(painter: QPainter, area: QRectF, box: Box) -> None:
    color = QColor(color_apart(box.code))
    rect = QRectF(
        area.left() + (box.x - box.width / 2) * area.width(), area.top() + (box.y - box.height / 2) * area.height(),
        box.width * area.width(), box.height * area.height(),
    )  # fmt: skip
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color, theme.scaled(2) if area.width() >= NAMED else 1))
    painter.drawRect(rect)
    if area.width() < NAMED or not box.text:
        return
    font = theme.ui_font(10, 600)
    metrics = QFontMetricsF(font)
    label = QRectF(rect.left() - 1, 0, metrics.horizontalAdvance(box.text) + 6, metrics.height())
    above = rect.top() - label.height() >= area.top()
    label.moveTop(rect.top() - label.height() if above else min(rect.bottom(), area.bottom() - label.height()))
    label.moveLeft(min(label.left(), area.right() - label.width()))
    painter.fillRect(label, color)
    painter.setFont(font)
    painter.setPen(QColor("black" if color.lightnessF() > 0.5 else "white"))
    painter.drawText(label, int(Qt.AlignmentFlag.AlignCenter), box.text)


def mask_image(codes: NDArray[Any]) -> QImage:
    """A mask as a picture that lets what is below it through: a colour for each code, nothing for code 0."""
    table = np.zeros((256, 4), np.uint8)
    for code in range(1, 256):
        color = QColor(color_apart(code - 1))
        table[code] = color.blue(), color.green(), color.red(), COVERING
    colors = np.ascontiguousarray(table[np.asarray(codes).astype(np.int64) % 256])
    height, width = colors.shape[:2]
    return QImage(colors.tobytes(), width, height, 4 * width, QImage.Format.Format_ARGB32).copy()


def is_marked(dataset: Dataset) -> bool:
    """Whether the data has boxes or masks."""
    return any(column.kind in ("boxes", "mask") and column.role != "ignored" for column in dataset.columns.values())


def marks_of(dataset: Dataset, rows: NDArray[np.int64]) -> list[Marks]:
    """What is marked in the pictures of these rows: the boxes, or without such the masks with most classes."""
    columns = [column for column in dataset.columns.values() if column.role != "ignored"]
    boxed = next((column for column in columns if column.kind == "boxes"), None)
    masks = [column for column in columns if column.kind == "mask"]
    if masks:
        return [Marks(mask=mask) for mask in max(masks, key=lambda each: len(each.categories)).values[rows]]
    if boxed is not None:
        return [Marks(tuple(_boxes(boxes, boxed.categories))) for boxes in boxed.values[rows]]
    return [Marks() for _ in rows]


def _boxes(boxes: NDArray[np.float32], names: Sequence[str]) -> list[Box]:
    return [
        Box(x, y, width, height, int(code), names[int(code)] if int(code) < len(names) else f"class {int(code)}")
        for x, y, width, height, code in boxes.tolist()
        if code >= 0
    ]


def marks_of_answer(answer: Mapping[str, Any], names: Sequence[str] = ()) -> Marks:
    """What an answer of `project.answers` marks: its boxes, with how sure each is, or its mask."""
    if "mask" in answer:
        return Marks(mask=np.asarray(answer["mask"], np.int64))
    told = answer.get("boxes", ())
    known = list(names) or sorted({box["class"] for box in told})
    return Marks(
        tuple(
            Box(
                box["x"], box["y"], box["width"], box["height"],
                known.index(box["class"]) if box["class"] in known else 0,
                f"{box['class']} {100 * box['score']:.0f} %" if "score" in box else box["class"],
            )
            for box in told
        )
    )  # fmt: skip


class MarkedPicture(QWidget):
    """A picture with what is marked in it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.marks = Marks()
        self._image = QImage()
        self.setAccessibleName("What the network finds in the picture")
        self.setMinimumSize(96, 96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(118), theme.scaled(118))  # it grows where there is room

    def show_marks(self, image: QImage, marks: Marks) -> None:
        """Show these in a picture; where there is none, on an empty sheet of the mask's size."""
        if image.isNull():
            height, width = marks.mask.shape if marks.mask is not None else (64, 64)
            image = QImage(width, height, QImage.Format.Format_Grayscale8)
            image.fill(0)
        self._image, self.marks = image, marks
        describe(self, marks.described())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            area = QRectF(QPointF(0, 0), size.toSizeF())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._image.width() >= area.width())
            painter.drawImage(area, self._image, QRectF(self._image.rect()))
            self.marks.paint(painter, area)
        finally:
            painter.end()


class AreasLegend(Flowing):
    """Which colour of a mask stands for what, and the share of the picture that it covers; the largest first."""

    LINE, SWATCH, BETWEEN = 18, 10, 14

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[tuple[int, str]] = []
        self.setAccessibleName("What the colours stand for")

    def show_areas(self, mask: NDArray[Any], names: Sequence[str]) -> None:
        """Show what occurs in a mask H×W; code 0 is not coloured. Where there are more codes than names, they are the
        numbers of objects."""
        codes, counts = np.unique(np.asarray(mask, np.int64), return_counts=True)
        found = sorted(zip(counts.tolist(), codes.tolist(), strict=True), reverse=True)
        size = max(1, int(counts.sum()))
        named = int(codes.max(initial=0)) < len(names)
        self.rows = [
            (code, f"{names[code] if named else f'object {code}'} {numbers.share(count / size)}")
            for count, code in found if code > 0
        ]  # fmt: skip
        describe(self, ", ".join(text for _, text in self.rows) or "nothing is marked")
        self.reflow()

    def flow(self, painter: QPainter | None) -> int:
        font = theme.ui_font(12)
        metrics, high, side = QFontMetricsF(font), theme.scaled(self.LINE), theme.scaled(self.SWATCH)
        x, y = 0.0, 0.0
        for code, text in self.rows:
            wide = side + 6 + metrics.horizontalAdvance(text)
            if x and x + wide > self.width():
                x, y = 0.0, y + high
            if painter is not None:
                painter.setFont(font)
                painter.fillRect(QRectF(x, y + (high - side) / 2, side, side), QColor(color_apart(code - 1)))
                painter.setPen(QColor(theme.current().muted))
                box = QRectF(x + side + 6, y, wide, high)
                painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), text)
            x += wide + theme.scaled(self.BETWEEN)
        return int(y + high) if self.rows else 0
