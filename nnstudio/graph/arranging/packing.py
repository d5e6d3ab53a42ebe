"""Parts on a page: drawings side by side on shelves, and boxes that nothing is linked to in a grid."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nnstudio.graph.arranging.drawing import Drawing
from nnstudio.graph.arranging.rows import COLUMN_GAP, HIGH, NODE_GAP, ROW_GAP, WIDE
from nnstudio.graph.places import Size
from nnstudio.graph.view import Position


def grid(sizes: Sequence[Size], width: float) -> Drawing:
    """Boxes in rows of the width of what stands above, those of about the same height together."""
    pitch = max(wide for wide, _ in sizes) + COLUMN_GAP
    across = max(round((width + COLUMN_GAP) / pitch), min(len(sizes), 4), math.ceil(math.sqrt(len(sizes) / 2)), 1)
    positions: list[Position] = []
    top = 0.0
    for first in range(0, len(sizes), across):
        row = sizes[first : first + across]
        high = max(height for _, height in row)
        positions += [(place * pitch + (pitch - COLUMN_GAP) / 2, top + high / 2) for place in range(len(row))]
        top += high + NODE_GAP
    return Drawing(positions, min(across, len(sizes)) * pitch - COLUMN_GAP, top - NODE_GAP)


def stacked(parts: Sequence[Drawing]) -> tuple[list[Position], Size]:
    """The upper left corner of each part, beside one another on shelves of a page like a screen, and their size."""
    area = sum((part.width + COLUMN_GAP) * (part.height + ROW_GAP) for part in parts)
    page = max(max((part.width for part in parts), default=0.0), math.sqrt(area * WIDE / HIGH))
    corners: list[Position] = []
    x = y = shelf = wide = 0.0
    for part in parts:
        if x and x + part.width > page:
            x, y, shelf = 0.0, y + shelf + ROW_GAP, 0.0
        corners.append((x, y))
        wide = max(wide, x + part.width)
        x, shelf = x + part.width + COLUMN_GAP, max(shelf, part.height)
    return corners, (wide, y + shelf)
