"""Boxes around objects as values: what a column of them holds, and how they are given and told.

A row has room for K boxes, float32 K×5: x and y of the centre, width and height as shares of the picture, and the class
as a code; where a row has fewer, the rest have the class −1 and zeros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, quoted
from nnstudio.data.reference import DataError

#: Numbers of a box.
BOX = 5
#: How a box is given and told.
PARTS = ("x", "y", "width", "height")


def packed(rows: Sequence[Sequence[Sequence[float]]], most: int | None = None) -> NDArray[np.float32]:
    """Boxes (x, y, width, height, code) of each row as an array N×K×5, K being the most that a row has, or ``most``."""
    room = max(1, max((len(boxes) for boxes in rows), default=1)) if most is None else most
    made = np.zeros((len(rows), room, BOX), np.float32)
    made[:, :, 4] = -1.0
    for row, boxes in enumerate(rows):
        if boxes:
            made[row, : len(boxes[:room])] = np.asarray(boxes[:room], np.float32)
    return made


def told(array: Array, categories: Sequence[str]) -> list[list[dict[str, Any]]]:
    """The boxes of each row of N×K×5 (or, as a network finds them, N×K×6 with a score between 0 and 1 last), for a
    person: ``{"class": "cat", "x": 0.5, "y": 0.25, "width": 0.1, "height": 0.2}``."""
    made = []
    for row in np.asarray(array):
        boxes = []
        for box in row[row[:, 4] >= 0].tolist():
            code = round(box[4])
            name = categories[code] if code < len(categories) else f"class {code}"
            numbers = {part: round(value, 5) for part, value in zip(PARTS, box, strict=False)}
            boxes.append({"class": name, **numbers, **({"score": round(box[5], 5)} if len(box) > BOX else {})})
        made.append(boxes)
    return made


def read(name: str, values: Sequence[Any], room: int, categories: Sequence[str]) -> NDArray[np.float32]:
    """Boxes that a person gave, a list a row (as :func:`told` gives them, or five numbers each), as N×K×5. DataError
    where one is not such a box."""
    rows = []
    for value in values:
        boxes = value if isinstance(value, list | tuple | np.ndarray) else None
        if boxes is None:
            raise DataError(f"“{name}” must be a list of boxes for each row, not {value!r:.40}; give [] for none")
        rows.append([_box(name, box, categories) for box in boxes])
    return packed([[box for box in row if box[4] >= 0] for row in rows], room)


def _box(name: str, box: Any, categories: Sequence[str]) -> list[float]:
    if isinstance(box, Mapping):
        text = str(box.get("class", ""))
        if text not in categories:
            raise DataError(f"“{name}” has no class “{text}”; it must be one of {quoted(tuple(categories), 12)}")
        box = [*(box.get(part) for part in PARTS), categories.index(text)]
    try:
        numbers = [float(number) for number in box]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != BOX or not np.isfinite(numbers).all() or numbers[4] >= max(1, len(categories)):
        raise DataError(
            f"“{name}” must have boxes of x, y, width and height as shares of the picture and a class, not {box!r:.60}"
        )
    return numbers
