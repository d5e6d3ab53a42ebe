"""Plain PNG and JPEG files decoded in half of Pillow's time: their headers are read here, their pixels by its decoders.

Most of the time of opening a small picture goes into Python around the decoder. What is not plain (a palette, 16 bits,
interlacing, transparency, a turned photograph, CMYK) is for Pillow.
"""

from __future__ import annotations

import os
import struct
from typing import Any

from nnstudio.data.columns import Array

_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
#: Larger files, in bytes, are for Pillow.
LARGEST = 1 << 22
#: Edges from here on, in pixels, are for Pillow, which decodes large JPEG files at a fraction of their size.
EDGE = 1024
#: Markers of a JPEG file: those that tell size and components of what can be decoded plainly.
_FRAMES = (0xC0, 0xC1, 0xC2)


def content(path: str) -> bytes:
    """What stands in a file; b"" where it is large. OSError where it cannot be read."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        data = os.read(handle, LARGEST + 1)
        return data if len(data) <= LARGEST and not os.read(handle, 1) else b""
    finally:
        os.close(handle)


def plain(data: bytes) -> Any:
    """A Pillow image of a plain picture, in mode L or RGB; None where it is not plain, or is damaged."""
    try:
        if data[:16] == _PNG:
            return _png(data)
        return _jpeg(data) if data[:3] == b"\xff\xd8\xff" else None
    except (ValueError, struct.error, IndexError):
        return None


def _png(data: bytes) -> Any:
    from PIL import Image

    width, height, depth, color, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    if depth != 8 or color not in (0, 2) or interlaced or not 0 < width < EDGE or not 0 < height < EDGE:
        return None
    parts, place = [], 33
    while place + 8 <= len(data):
        (size,), name = struct.unpack_from(">I", data, place), data[place + 4 : place + 8]
        if name == b"IDAT":
            parts.append(data[place + 8 : place + 8 + size])
        elif name in (b"tRNS", b"eXIf"):
            return None
        elif name == b"IEND":
            mode = "L" if color == 0 else "RGB"
            return Image.frombytes(mode, (width, height), b"".join(parts), "zip", (mode, False))
        place += 12 + size
    return None


def _jpeg(data: bytes) -> Any:
    from PIL import Image

    place = 2
    while True:
        marker, size = struct.unpack_from(">xBH", data, place)
        if marker == 0xE1 or marker == 0xEE:  # it may be turned, or in other colours
            return None
        if marker in _FRAMES:
            depth, height, width, components = struct.unpack_from(">BHHB", data, place + 4)
            break
        place += 2 + size
    if depth != 8 or components not in (1, 3) or not 0 < width < EDGE or not 0 < height < EDGE:
        return None
    mode = "L" if components == 1 else "RGB"
    return Image.frombytes(mode, (width, height), data, "jpeg", (mode, ""))


def pixels(image: Any, mode: str) -> Array:
    """Height × width (× 3) of an image, as it is or brought to another mode."""
    import numpy as np

    if image.mode != mode:
        image = image.convert(mode)
    shape = (image.height, image.width) if mode == "L" else (image.height, image.width, 3)
    return np.frombuffer(image.tobytes(), np.uint8).reshape(shape)
