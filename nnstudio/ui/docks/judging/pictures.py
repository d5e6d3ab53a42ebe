"""A picture of numbers beside others: what was fed, what of it counts, what an attack changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from nnstudio.ui.docks.data_pictures import image_of
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.plots import Overlay, View
from nnstudio.ui.docks.tiles import Tiles, TilesItem


class Photograph(Overlay):
    """Paints a picture in its own greys or colours, as large as there is room for."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.image = QImage()

    def show_image(self, image: QImage) -> None:
        """Show this one."""
        self.image = image
        self.update()

    def draw(self, painter: QPainter, width: float, height: float) -> None:
        if self.image.isNull():
            return
        size = self.image.size().scaled(int(width), int(height), Qt.AspectRatioMode.KeepAspectRatio)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.image.width() > 64)
        painter.drawImage(QRectF(0, 0, size.width(), size.height()), self.image)


class PictureFrame(PlotFrame):
    """One picture: as it is, or of numbers with a scale of their colours."""

    def __init__(self, title: str) -> None:
        super().__init__(title, table=self.numbers)
        self.plot.left.hide()
        self.plot.bottom.hide()
        self.plot.view.show_range((0.0, 1.0), (0.0, 1.0))
        self.item, self.photograph = TilesItem(self.plot.view), Photograph(self.plot.view)
        self.values: NDArray[np.float32] = np.zeros((0, 0), np.float32)

    def show_photograph(self, values: NDArray[np.floating], span: tuple[float, float], note: str = "") -> None:
        """Show a picture (C, H, W) in greys, or in colours where it has three channels. span: what is black and what
        is white."""
        low, high = span
        self.values = np.asarray(values, np.float32).mean(axis=0)
        shares = np.clip((np.asarray(values, np.float32) - low) / max(high - low, 1e-9), 0, 1)
        pixels = (255 * shares + 0.5).astype(np.uint8)
        self.photograph.show_image(image_of(pixels[:3].transpose(1, 2, 0) if len(pixels) >= 3 else pixels[0]))
        self.item.show_tiles(None)
        self.note.setText(note)

    def show_picture(self, values: NDArray[np.floating], note: str = "") -> None:
        """Show numbers (C, H, W), the channels' mean, or (H, W)."""
        self.photograph.show_image(QImage())
        flat = np.asarray(values, np.float32)
        self.values = flat.mean(axis=0) if flat.ndim == 3 else flat
        against = bool((self.values < 0).any())
        self.item.show_tiles(Tiles(np.ascontiguousarray(self.values)[None], "picture", diverging=against))
        self.note.setText(note)

    def numbers(self) -> Table:
        """Each pixel."""
        rows, columns = np.indices(self.values.shape).reshape(2, -1)
        return {"row": rows, "column": columns, "value": self.values.reshape(-1)}
