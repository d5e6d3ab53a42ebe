"""Rows: columns that would not fit a wide screen go on in a new row, as text does."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Sequence

from nnstudio.graph.arranging.layers import Layers

#: The surface that a drawing should fit without being made smaller, as it is in a window of 1600×1000.
WIDE, HIGH = 1180.0, 560.0
#: Free width between two columns, room for a wire with its tensor type; free height between nodes, and between rows.
COLUMN_GAP, NODE_GAP, ROW_GAP = 96.0, 32.0, 88.0
#: How much larger the drawing must be shown for one row to become several.
_WRAP = 1.15
#: Room that a further wire between two rows takes, and for how many there is room anyway.
LANE, FREE_LANES, _MOST_LANES = 12.0, 3, 40

Row = tuple[int, int]


def cut_rows(
    columns: Sequence[Sequence[int]], layers: Layers, widths: Sequence[float], heights: Sequence[float]
) -> list[Row]:
    """Columns by row, (first, end) each, such that the drawing is shown as large as it can be."""
    tall = []
    for column in columns:
        boxes = [heights[vertex] for vertex in column if vertex < layers.real]
        tall.append(sum(boxes) + NODE_GAP * (len(boxes) - 1))
    crossing = wires_before(layers, len(columns))
    ends = list(itertools.accumulate((width + COLUMN_GAP for width in widths), initial=0.0))
    options: dict[int, tuple[float, list[Row]]] = {}

    def shown(count: int) -> float:
        """How large the drawing would be shown in so many rows; less than 0 where its width is what limits it."""
        if count not in options:
            rows = _cut(ends, count, crossing)
            wide = (max(ends[end] - ends[first] for first, end in rows) - COLUMN_GAP) / WIDE
            high = (sum(max(tall[first:end]) + ROW_GAP for first, end in rows) - ROW_GAP) / HIGH
            options[count] = min(1.0, 1.0 / max(wide, high)), rows
            limits[count] = wide - high
        return limits[count]

    limits: dict[int, float] = {}
    few, many = 1, len(columns)
    shown(1)
    while many - few > 1:  # the width falls and the height grows with the number of rows
        middle = (few + many) // 2
        few, many = (middle, many) if shown(middle) > 0 else (few, middle)
    for count in range(max(1, few - 2), min(len(columns), many + 2) + 1):
        shown(count)
    least = min(options, key=lambda count: (-round(options[count][0], 9), count))
    return options[least if options[least][0] > options[1][0] * _WRAP else 1][1]


def wires_before(layers: Layers, count: int) -> list[int]:
    """How many links run into or past each column from those before it."""
    change = [0] * (count + 1)
    for vertex, onward in enumerate(layers.after):
        for target in onward:
            change[layers.column[vertex] + 1] += 1
            change[min(layers.column[target] + 1, count)] -= 1
    return list(itertools.accumulate(change))


def _cut(ends: Sequence[float], count: int, crossing: Sequence[int]) -> list[Row]:
    """``count`` rows of about the same width, cut one column earlier or later where fewer wires are in the way."""
    columns = len(ends) - 1
    cuts = [0]
    for row in range(1, count):
        goal = ends[cuts[-1]] + (ends[-1] - ends[cuts[-1]]) / (count - row + 1)
        ideal = bisect_left(ends, goal - 1e-6, cuts[-1] + 1, columns)
        options = [at for at in (ideal, ideal - 1, ideal + 1) if cuts[-1] < at < columns - (count - row) + 1]
        cuts.append(min(options or [cuts[-1] + 1], key=lambda at: (crossing[at] > 1, crossing[at])))
    cuts.append(columns)
    return [(first, end) for first, end in itertools.pairwise(cuts) if end > first]


def gap_above(crossing: int) -> float:
    """Free height above a row into which so many wires run from the rows before."""
    return ROW_GAP + LANE * min(_MOST_LANES, max(0, crossing - FREE_LANES))
