"""The still picture: what stands still on the sheet, kept as an image, so that a frame is a copy of it.

Panning moves the image and paints the strips that come into sight. Small changes paint their rectangles anew. While a
person zooms, the image is shown scaled until the sheet rests; then it is painted crisply, once.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, QRectF, QSize
from PySide6.QtGui import QImage, QPainter, QRegion

from nnstudio.ui.canvas.near import Sight
from nnstudio.ui.canvas.raster import pixels_of, scroll

#: Pictures that took longer than so many milliseconds to paint are shown scaled while a person zooms.
QUICK = 6.0
#: To paint one more rectangle takes as long as so many more pixels; of more rectangles, one around all is painted.
_BESIDES, _MOST = 90_000, 12


class Shot(NamedTuple):
    """What a picture shows: its size in device pixels, how the scene is seen, and all else that it depends on."""

    size: QSize
    sight: Sight
    look: Hashable


class Still:
    """``paint(image, rect, sight)`` paints a rectangle of the image, in device pixels."""

    def __init__(self, paint: Callable[[QImage, QRect, Sight], None]) -> None:
        self._paint = paint
        self._image = QImage()
        self._shown: Shot | None = None
        self.cost = 0.0  # of the last whole picture, in milliseconds

    def drop(self) -> None:
        """Paint all of it when it is next wanted."""
        self._shown = None

    def shows(self) -> bool:
        """Whether there is a picture."""
        return self._shown is not None

    def covers(self, rect: QRect, sight: Sight) -> bool:
        """Whether the picture, scaled to how the scene is seen now, covers a rectangle of device pixels."""
        if self._shown is None:
            return False
        old, by = self._shown.sight, sight.scale / self._shown.sight.scale
        left, top = sight.dx - old.dx * by, sight.dy - old.dy * by
        return QRectF(left, top, self._image.width() * by, self._image.height() * by).contains(QRectF(rect))

    def scaled_onto(self, painter: QPainter, sight: Sight) -> None:
        """Paint the picture as it is, moved and scaled to how the scene is seen now."""
        assert self._shown is not None
        old = self._shown.sight
        by = sight.scale / old.scale
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.translate(sight.dx - old.dx * by, sight.dy - old.dy * by)
        painter.scale(by, by)
        painter.drawImage(0, 0, self._image)
        painter.restore()

    def picture(self, shot: Shot, dirty: Iterable[QRectF] = ()) -> QImage:
        """The picture of a shot. ``dirty`` are rectangles of the scene where it has changed."""
        before = self._shown
        same = before is not None and before.size == shot.size and before.look == shot.look
        if before is None or not same or before.sight.scale != shot.sight.scale:
            self._paint_all(shot)
            return self._image
        shift = QPoint(round(shot.sight.dx - before.sight.dx), round(shot.sight.dy - before.sight.dy))
        whole = QRect(QPoint(0, 0), shot.size)
        if not whole.intersects(whole.translated(shift)):
            self._paint_all(shot)
            return self._image
        fresh: list[QRect] = []
        if not shift.isNull():
            self._scroll(shift)
            fresh += rects_of(QRegion(whole).subtracted(QRegion(whole.translated(shift))))
        self._shown = shot
        fresh += [_device(area, shot.sight).intersected(whole) for area in dirty]
        for rect in gathered(fresh):
            self._paint(self._image, rect, shot.sight)
        return self._image

    def _paint_all(self, shot: Shot) -> None:
        start = time.perf_counter()
        if self._image.size() != shot.size:
            self._image = QImage(shot.size, QImage.Format.Format_RGB32)
        self._paint(self._image, QRect(QPoint(0, 0), shot.size), shot.sight)
        self._shown = shot
        self.cost = 1000 * (time.perf_counter() - start)

    def _scroll(self, by: QPoint) -> None:
        scroll(pixels_of(self._image), by.x(), by.y())


def _device(area: QRectF, sight: Sight) -> QRect:
    s = sight.scale
    return QRectF(area.x() * s + sight.dx, area.y() * s + sight.dy, area.width() * s, area.height() * s).toAlignedRect()


def rects_of(region: QRegion) -> Iterator[QRect]:
    """The rectangles that a region is made of."""
    return iter(region)  # type: ignore[call-overload, no-any-return]  # the stubs lack it


def gathered(rects: Iterable[QRect]) -> list[QRect]:
    """Few rectangles that cover these: one is put for several where little more is painted then."""
    left: list[QRect] = []
    for rect in rects:
        if rect.isEmpty():
            continue
        others, grew = left, True
        while grew:
            grew = False
            for other in others:
                both = rect.united(other)
                if _size(both) <= _size(rect) + _size(other) + _BESIDES:
                    rect, others, grew = both, [each for each in others if each is not other], True
                    break
        left = [*others, rect]
    return left if len(left) <= _MOST else [functools.reduce(QRect.united, left)]


def _size(rect: QRect) -> int:
    return rect.width() * rect.height()


__all__ = ["QUICK", "Shot", "Still", "gathered", "rects_of"]
