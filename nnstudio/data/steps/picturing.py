"""Pictures in another size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, Column
from nnstudio.data.errors import DataError
from nnstudio.data.lazy import Lazy, Mapped, is_lazy

if TYPE_CHECKING:
    from nnstudio.data.steps.media import Crop, Resize

#: Rows that are worked on together.
TOGETHER = 512


def changed(column: Column, change: Callable[[Array], Array]) -> Any:
    """The values of a column after ``change``, which takes some rows: as they are asked for where the column's are,
    else now, some rows at a time."""
    if is_lazy(column.values):
        return Mapped(cast(Lazy, column.values), change)
    count = len(column.values)
    if not count:
        return change(column.values)
    parts = [change(column.values[start : start + TOGETHER]) for start in range(0, count, TOGETHER)]
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def resized(step: Resize, columns: Mapping[str, Column]) -> dict[str, Column]:
    """Pictures by area and straight lines between pixels, masks by the nearest pixel."""
    made = dict(columns)
    for name in step.columns:
        if name in columns:
            column = columns[name]
            height, width = column.values.shape[-2:]
            if column.kind == "mask":
                rows, across = _nearest(height, step.height), _nearest(width, step.width)
                change = _picking(rows, across)
            else:
                change = _mixing(_weights(height, step.height), _weights(width, step.width))
            made[name] = replace(column, values=changed(column, change))
    return made


def cropped(step: Crop, columns: Mapping[str, Column]) -> dict[str, Column]:
    """The middle of pictures and masks."""
    made = dict(columns)
    for name in step.columns:
        if name in columns:
            column = columns[name]
            height, width = column.values.shape[-2:]
            change = _picking(_middle(height, step.height), _middle(width, step.width))
            made[name] = replace(column, values=changed(column, change))
    return made


def check_boxes(step: Crop, columns: Mapping[str, Column]) -> None:
    """DataError where there are boxes, which would stay where they were."""
    boxes = next((n for n, c in columns.items() if c.kind == "boxes" and c.role != "ignored"), "")
    if boxes:
        raise DataError(f"The step “{step.title}” would leave “{boxes}” where they were; resize the pictures instead")


def _picking(rows: NDArray[np.int64], across: NDArray[np.int64]) -> Callable[[Array], Array]:
    return lambda values: np.ascontiguousarray(values[..., rows[:, None], across])


def _mixing(down: NDArray[np.float32], across: NDArray[np.float32]) -> Callable[[Array], Array]:
    """down: new height × old height; across: new width × old width."""

    def change(values: Array) -> Array:
        mixed = down @ values.astype(np.float32) @ across.T
        if values.dtype.kind not in "iub":
            return np.asarray(mixed.astype(values.dtype))
        low, high = np.iinfo(values.dtype).min, np.iinfo(values.dtype).max
        return np.asarray(np.clip(np.rint(mixed), low, high).astype(values.dtype))

    return change


def _weights(old: int, new: int) -> NDArray[np.float32]:
    """How much of each old pixel a new one takes: a triangle as wide as the larger of the two pixels, so that nothing
    is passed over where a picture shrinks (Pillow's ``BILINEAR``)."""
    ratio = old / new
    reach = max(1.0, ratio)
    centres = (np.arange(new) + 0.5) * ratio - 0.5
    weights = np.maximum(0.0, 1.0 - np.abs(np.arange(old) - centres[:, None]) / reach)
    return np.asarray((weights / weights.sum(axis=1, keepdims=True)).astype(np.float32))


def _nearest(old: int, new: int) -> NDArray[np.int64]:
    return np.minimum((np.arange(new) + 0.5) * old / new, old - 1).astype(np.int64)


def _middle(old: int, new: int) -> NDArray[np.int64]:
    return np.clip(np.arange(new) + (old - new) // 2, 0, old - 1).astype(np.int64)
