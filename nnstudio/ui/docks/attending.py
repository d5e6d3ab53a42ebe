"""What attention looks at: the tokens at its places, or the patches of a picture."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage

from nnstudio.graph import Network
from nnstudio.ui import theme
from nnstudio.ui.docks.data_pictures import image_of

#: Ports by which what looks comes in, and what is looked at.
LOOKS, LOOKED_AT = ("query", "input", "target"), ("key", "value", "memory", "source")
#: What fills a sequence up.
PAD = "<pad>"
#: Pixels of the longer side of a picture under an attention map.
SIDE = 224


def sides(
    network: Network, node: str, sequences: Mapping[str, Sequence[str]], queries: int, keys: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:  # fmt: skip
    """The tokens at the places that look, and at those that are looked at; () where they are none of an Input.

    sequences: the tokens of the sample by field.
    """
    looked_at = names_behind(network, node, sequences, keys, LOOKED_AT)
    looks = names_behind(network, node, sequences, queries, LOOKS)
    return looks, looked_at or (looks if queries == keys else names_behind(network, node, sequences, keys))


def names_behind(
    network: Network, node: str, sequences: Mapping[str, Sequence[str]], places: int, ports: Sequence[str] = ()
) -> tuple[str, ...]:  # fmt: skip
    """The tokens of the nearest Input that feeds a node, by these ports where any are given: of so many places, of one
    more (what is read one step behind), or of more that only fill it up."""
    starts = [wire.source for wire in network.incoming.get(node, ()) if not ports or wire.input in ports]
    waiting, seen = deque(starts), set(starts)
    while waiting:
        at = waiting.popleft()
        names = sequences.get(str(getattr(network.nodes[at].layer, "field", "")))
        if names is not None and places <= len(names) and set(names[places + 1 :]) <= {PAD}:
            return tuple(names[:places])
        for wire in network.incoming.get(at, ()):
            if wire.source not in seen:
                seen.add(wire.source)
                waiting.append(wire.source)
    return ()


def said(names: Sequence[str]) -> int:
    """How many places there are up to the last that is not filled up."""
    return max((place + 1 for place, name in enumerate(names) if name != PAD), default=len(names))


def patches(weights: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """How much each patch of a square picture is looked at, rows × columns, from weights (heads, queries, keys): by the
    class token where there is one place more than patches, else by all. None where the places are no square."""
    _, queries, keys = weights.shape
    for extra in (1, 0):
        side = math.isqrt(keys - extra)
        if side > 1 and side * side == keys - extra and queries == keys:
            looked = weights[:, 0, 1:] if extra else weights.mean(axis=1)
            return np.asarray(looked.mean(axis=0).reshape(side, side), np.float32)
    return None


def over(picture: QImage, shares: NDArray[np.float32]) -> QImage:
    """The picture, dark where nothing looks and with the colour of attention where much does."""
    size = picture.size().scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio)
    fast, smooth = Qt.TransformationMode.FastTransformation, Qt.TransformationMode.SmoothTransformation
    base = _pixels(picture.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, fast))
    low, high = float(shares.min()), float(shares.max())
    grey = image_of((255 * (shares - low) / max(high - low, 1e-9)).astype(np.uint8))
    much = _pixels(grey.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, smooth))[..., :1] / 255.0
    color = QColor(theme.current().families["attention"])
    tint = np.array([color.red(), color.green(), color.blue()], np.float64)
    made = base * (0.3 + 0.5 * much) + tint * (0.55 * much)
    return image_of(np.clip(made, 0, 255).astype(np.uint8))


def _pixels(image: QImage) -> NDArray[np.float64]:
    """H×W×3."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return lines[:, : 3 * plain.width()].reshape(plain.height(), plain.width(), 3).astype(np.float64)
