"""Arrays of a file that come in parts, such as ``x_train`` and ``x_test``, joined, and the part of each row."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from nnstudio.data.columns import Array
from nnstudio.data.splitting import PARTS

_WORD = "|".join(sorted(PARTS, key=len, reverse=True))
#: A part before or behind a name, parted from it, or alone: x_train, train_images, testX, test.
_NAME = re.compile(rf"(?:(?<=[_.\- ])|(?<=^[xyXY]))(?i:{_WORD})$|^(?i:{_WORD})(?=[_.\- A-Z]|$)")


def parted(arrays: Mapping[str, Array]) -> tuple[dict[str, Array], list[str]] | None:
    """The arrays by their names without the part, those of each part one after the other, and the part of each row.

    None where an array names no part, none is for training, or the arrays of a part differ in length, those of a name
    in the shape of their entries.
    """
    found: dict[str, dict[str, Array]] = {}
    for key, array in arrays.items():
        match = _NAME.search(key)
        if match is None:
            return None
        name = (key[: match.start()] + key[match.end() :]).strip("_.- ") or "data"
        mine = found.setdefault(name, {})
        part = PARTS[match.group().lower()]
        if part in mine:
            return None
        mine[part] = array
    sizes = {part: len(array) for part, array in next(iter(found.values()), {}).items()}
    if "train" not in sizes or len(sizes) < 2:
        return None
    for mine in found.values():
        if {part: len(array) for part, array in mine.items()} != sizes:
            return None
        if len({(array.shape[1:], array.dtype.kind) for array in mine.values()}) > 1:
            return None
    joined = {name: np.concatenate([mine[part] for part in sizes]) for name, mine in found.items()}
    return joined, [part for part, size in sizes.items() for _ in range(size)]
