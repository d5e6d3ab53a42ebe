"""A picture file that a prediction is asked for, as its network saw pictures in training."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnstudio.project.errors import ProjectError

if TYPE_CHECKING:
    import numpy as np

    from nnstudio.data.columns import Array
    from nnstudio.data.encoding import ColumnEncoding
    from nnstudio.data.reference import DataReference

#: How pictures of the data are brought to their size, by its kind: cut around the middle, or all of each.
_FITS = {"pictures": "crop", "labelled": "crop", "coco": "stretch", "voc": "stretch", "yolo": "stretch",
         "masks": "stretch"}  # fmt: skip
#: Pixels of a picture at most.
_MOST_PIXELS = 64 * 2**20
_PNG = b"\x89PNG\r\n\x1a\n"


def picture(path: Path, column: ColumnEncoding, reference: DataReference | None) -> Array:
    """The picture's values as they would stand in the data, in the size of those there. Where the data is a folder of
    pictures it is read as they are; else all of it is brought to the size, each pixel the mean of what it covers.

    ProjectError where it is no picture that can be read.
    """
    kind = str(reference.options.get("format", "")) if reference is not None else ""
    if kind in _FITS:
        return _as_in_training(path, column, _FITS[kind])
    from nnstudio.project.png import fitted

    made: Array = fitted(_seen(path.read_bytes(), path.name), *column.shape) * column.divisor
    return made


def _as_in_training(path: Path, column: ColumnEncoding, fit: str) -> Array:
    import numpy as np

    from nnstudio.data.pictures_decode import Pictures

    channels, height, width = column.shape
    files = Pictures(path.parent, [path.name], (height, width), channels, fit)
    values: Array = files.take(np.array([0]))[0]
    if files.broken:
        raise _unreadable(path.name)
    return values


def _seen(content: bytes, name: str) -> np.ndarray[Any, Any]:
    """Channel × height × width in 0..1. Of a PNG that our own reader takes, what is transparent counts as black."""
    from nnstudio.project.png import read_png

    plain = content[:8] == _PNG and len(content) > 28 and content[24] <= 8 and not content[28]
    return read_png(content, name) if plain else _photograph(content, name)


def _photograph(content: bytes, name: str) -> np.ndarray[Any, Any]:
    """A picture of another kind, by Pillow."""
    import numpy as np
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ProjectError(
                    f"{name} has {image.width}×{image.height} pixels, and at most {_MOST_PIXELS:,} can be read; make "
                    "it smaller."
                )
            turned = ImageOps.exif_transpose(image)
            if turned.mode.startswith("I"):  # 16 bits
                return np.asarray(turned, np.float32)[None] / 65535
            pixels = np.asarray(turned.convert("RGB"), np.float32) / 255
    except ProjectError:
        raise
    except Exception as error:  # Pillow raises whatever its readers raise
        raise _unreadable(name) from error
    return np.moveaxis(pixels, 2, 0)


def _unreadable(name: str) -> ProjectError:
    return ProjectError(f"{name} is cut short, or no picture that can be read; save it again as PNG.")
