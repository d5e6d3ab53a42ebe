"""The drawing of connected boxes: layers, order, rows and heights put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nnstudio.graph.arranging.heights import Heights
from nnstudio.graph.arranging.layers import Layers, Link, ask, layered, never
from nnstudio.graph.arranging.ordering import ordered
from nnstudio.graph.arranging.rows import COLUMN_GAP, Row, cut_rows, gap_above, wires_before
from nnstudio.graph.places import Size
from nnstudio.graph.view import Position

#: How far lanes of wires may reach above or below a row without taking room of their own.
_ALOOF = 40.0


@dataclass(frozen=True, slots=True)
class Drawing:
    """Centres of boxes by number; the upper left corner of all is (0, 0)."""

    positions: Sequence[Position]
    width: float
    height: float


def drawn(sizes: Sequence[Size], links: Sequence[Link], cancelled: Callable[[], bool] = never) -> Drawing:
    """Draw connected boxes from left to right. Cancelled where that is asked."""
    heights = [height for _, height in sizes]
    layers = layered(heights, links, cancelled)
    columns = ordered(layers, cancelled)
    ask(cancelled)
    widths = [max(sizes[vertex][0] for vertex in column if vertex < layers.real) for column in columns]
    rows = cut_rows(columns, layers, widths, heights)
    row = _row_of_each(layers, columns, rows)
    lifts = {(link.source, link.target): link.lift for link in reversed(links)}  # of several wires the first counts
    lifts = {ends: lift for ends, lift in lifts.items() if lift}
    settled = Heights(layers, heights, lifts, row)
    crossing = wires_before(layers, len(columns))
    positions: list[Position] = [(0.0, 0.0)] * len(sizes)
    top = width = 0.0
    for first, end in rows:
        band = [[vertex for vertex in column if row[vertex] >= 0] for column in columns[first:end]]
        settled.settle(band, cancelled)
        if first:
            top += gap_above(crossing[first])
        high, low = _extent(band, settled, layers.real)
        left = 0.0
        for column, wide in zip(band, widths[first:end], strict=True):
            for vertex in column:
                if vertex < layers.real:
                    positions[vertex] = left + wide / 2, settled.y[vertex] - high + top
            left += wide + COLUMN_GAP
        width = max(width, left - COLUMN_GAP)
        top += low - high
    return Drawing(positions, width, top)


def _row_of_each(layers: Layers, columns: Sequence[Sequence[int]], rows: Sequence[Row]) -> list[int]:
    """The row of each vertex; -1 for points of links between rows, which run in the gap between them."""
    row = [0] * len(layers.column)
    for number, (first, end) in enumerate(rows):
        for column in columns[first:end]:
            for vertex in column:
                row[vertex] = number
    for place, (source, target) in enumerate(layers.chain):
        if row[source] != row[target]:
            row[layers.real + place] = -1
    return row


def _extent(band: Sequence[Sequence[int]], settled: Heights, real: int) -> tuple[float, float]:
    """Upper and lower end of a row."""
    y, heights = settled.y, settled.heights
    high = min(y[vertex] - heights[vertex] / 2 for column in band for vertex in column if vertex < real)
    low = max(y[vertex] + heights[vertex] / 2 for column in band for vertex in column if vertex < real)
    lanes = [y[vertex] for column in band for vertex in column if vertex >= real]
    return min([high, *(lane + _ALOOF for lane in lanes)]), max([low, *(lane - _ALOOF for lane in lanes)])
