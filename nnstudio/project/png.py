"""Reading a PNG without a picture library: grey, colour and palette, 8 bits a channel or fewer, not interlaced.

Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)", sections 5, 7, 9 and 11.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

from nnstudio.project.errors import ProjectError

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PIXEL_LIMIT = 64 * 2**20


def read_png(data: bytes, name: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The picture as channel × height × width in 0..1, 1 or 3 channels; what is transparent counts as black.

    ProjectError where it is no PNG, is damaged, or is of a kind that is not read.
    """
    try:
        chunks = _chunks(data)
        width, height, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
        if depth > 8 or interlace or color not in _CHANNELS:
            raise ProjectError(f"{name} is a PNG with {depth} bits or interlacing; save it with 8 bits a channel.")
        channels = _CHANNELS[color]
        stride = (width * channels * depth + 7) // 8
        if not 0 < width * height <= _PIXEL_LIMIT:
            raise ProjectError(f"{name} has {width}×{height} pixels, which is too many for a prediction.")
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(chunks[b"IDAT"], height * (stride + 1))
        samples = _samples(_unfiltered(raw, height, stride, max(1, channels * depth // 8)), depth, width * channels)
        pixels = samples.reshape(height, width, channels)
    except ProjectError:
        raise
    except (KeyError, struct.error, zlib.error, ValueError, IndexError) as error:
        raise ProjectError(f"{name} is not a whole PNG picture; save it again.") from error
    return _colors(pixels, depth, color, chunks.get(b"PLTE", b""), name)


def fitted(picture: np.ndarray[Any, Any], channels: int, height: int, width: int) -> np.ndarray[Any, Any]:
    """The picture (C×H×W) with as many channels, rows and columns, each pixel the mean of what it covers."""
    if channels == 1 and picture.shape[0] == 3:
        picture = np.tensordot(np.array([0.299, 0.587, 0.114]), picture, 1)[None]  # ITU-R BT.601 luma
    elif channels != picture.shape[0]:
        picture = np.repeat(picture[:1], channels, 0)
    rows, columns = _covering(picture.shape[1], height), _covering(picture.shape[2], width)
    return np.asarray(rows @ picture @ columns.T, dtype=np.float32)


def _covering(size: int, wanted: int) -> np.ndarray[Any, Any]:
    """A wanted×size matrix that averages over the part of ``size`` pixels that each wanted one covers."""
    edges = np.linspace(0, size, wanted + 1)
    cells = np.arange(size)
    overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    overlap = np.clip(overlap, 0, None)
    return np.asarray(overlap / overlap.sum(1, keepdims=True))


def _chunks(data: bytes) -> dict[bytes, bytes]:
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("no PNG")
    found: dict[bytes, bytes] = {}
    pixels: list[bytes] = []
    at = 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)  # struct.error where it was cut off
        if checksum != zlib.crc32(kind + content):
            raise ValueError("damaged")
        if kind == b"IDAT":
            pixels.append(content)
        else:
            found.setdefault(kind, content)
        at += 12 + length
    return {**found, b"IDAT": b"".join(pixels)}


def _unfiltered(raw: bytes, height: int, stride: int, step: int) -> np.ndarray[Any, Any]:
    """Undo the filter of each row. ``step``: bytes from a sample to the one left of it."""
    if len(raw) < height * (stride + 1):
        raise ValueError("too short")
    rows = np.zeros((height, stride), np.uint8)
    above = bytes(stride)
    for y in range(height):
        start = y * (stride + 1)
        row = bytearray(raw[start + 1 : start + 1 + stride])
        _unfilter(raw[start], row, above, step)
        above = bytes(row)
        rows[y] = np.frombuffer(above, np.uint8)
    return rows


def _unfilter(kind: int, row: bytearray, above: bytes, step: int) -> None:
    if kind > 4:
        raise ValueError("unknown filter")
    if kind == 0:
        return
    for x in range(len(row)):
        left = row[x - step] if x >= step else 0
        corner = above[x - step] if x >= step else 0
        guess = (0, left, above[x], (left + above[x]) // 2, _paeth(left, above[x], corner))[kind]
        row[x] = (row[x] + guess) & 0xFF


def _paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    distances = (abs(estimate - left), abs(estimate - above), abs(estimate - corner))
    return (left, above, corner)[distances.index(min(distances))]


def _samples(rows: np.ndarray[Any, Any], depth: int, count: int) -> np.ndarray[Any, Any]:
    """Samples of each row, unpacked where several share a byte."""
    if depth == 8:
        return rows[:, :count]
    bits = np.unpackbits(rows, axis=1).reshape(len(rows), -1, depth)
    return np.asarray(bits @ (1 << np.arange(depth)[::-1]))[:, :count]


def _colors(pixels: np.ndarray[Any, Any], depth: int, color: int, palette: bytes, name: str) -> np.ndarray[Any, Any]:
    if color == 3:
        table = np.frombuffer(palette, np.uint8).reshape(-1, 3) if len(palette) % 3 == 0 else np.zeros((0, 3))
        if pixels.max(initial=0) >= len(table):
            raise ProjectError(f"{name} is not a whole PNG picture; save it again.")
        pixels, depth = table[pixels[..., 0]], 8
    values = pixels.astype(np.float32) / float(2**depth - 1)
    if color in (4, 6):
        values = values[..., :-1] * values[..., -1:]
    return np.ascontiguousarray(values.transpose(2, 0, 1))
