"""A picture of numbers beside others: what was fed, what of it counts, what an attack changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.tiles import Tiles, TilesItem


class PictureFrame(PlotFrame):
    """One picture (rows, columns), as large as there is room for, with a scale of its colours."""

    def __init__(self, title: str) -> None:
        super().__init__(title, table=self.numbers)
        self.plot.left.hide()
        self.plot.bottom.hide()
        self.plot.view.show_range((0.0, 1.0), (0.0, 1.0))
        self.item = TilesItem(self.plot.view)
        self.values: NDArray[np.float32] = np.zeros((0, 0), np.float32)

    def show_picture(self, values: NDArray[np.floating], note: str = "") -> None:
        """Show a picture (C, H, W), the channels' mean, or (H, W)."""
        flat = np.asarray(values, np.float32)
        self.values = flat.mean(axis=0) if flat.ndim == 3 else flat
        self.item.show_tiles(Tiles(np.ascontiguousarray(self.values)[None], "picture"))
        self.note.setText(note)

    def numbers(self) -> Table:
        """Each pixel."""
        rows, columns = np.indices(self.values.shape).reshape(2, -1)
        return {"row": rows, "column": columns, "value": self.values.reshape(-1)}
